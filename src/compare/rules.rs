//! What decides a comparison, and from where on a difference matters.

use super::measure::{Measure, Scale};
use crate::metric::Metric;

/// The rules of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// From which relative size on a difference matters: 0.05 lets a time grow to 1.05 of what
    /// it was, or shrink to 1 / 1.05.
    pub tolerance: f64,
    /// Confidence of intervals; 1 − confidence is the level of the tests.
    pub confidence: f64,
    /// Whether a verdict asks for the whole interval beyond the tolerance, not the estimate.
    pub strict: bool,
    /// What decides; `None` for the usual of each endpoint.
    pub deciding: Option<Vec<Measure>>,
}

/// How far shares may lie apart before it matters: one percentage point.
pub const SHARE_TOLERANCE: f64 = 0.01;

impl Default for Rules {
    fn default() -> Self {
        Self { tolerance: 0.05, confidence: 0.95, strict: false, deciding: None }
    }
}

impl Rules {
    /// The tolerance on the scale of differences: a logarithm for ratios.
    pub(super) fn bar(&self, scale: Scale) -> f64 {
        match scale {
            Scale::Ratio => self.tolerance.ln_1p(),
            Scale::Difference => SHARE_TOLERANCE,
        }
    }

    /// The level of the tests.
    pub(super) fn level(&self) -> f64 {
        1.0 - self.confidence
    }

    /// Whether `measure` decides for an endpoint that `generates` text, or does not.
    pub(super) fn decides(&self, measure: Measure, generates: bool) -> bool {
        match &self.deciding {
            Some(chosen) => chosen.contains(&measure),
            None if generates => GENERATING.contains(&measure),
            None => OTHERS.contains(&measure),
        }
    }
}

/// What decides for endpoints that generate text.
const GENERATING: [Measure; 5] = [
    Measure::percentile(Metric::Ttft, 50.0),
    Measure::percentile(Metric::Tpot, 50.0),
    Measure::percentile(Metric::E2e, 95.0),
    Measure::window(Metric::OutputTokenThroughput),
    Measure::window(Metric::ErrorRate),
];

/// What decides for the others.
const OTHERS: [Measure; 5] = [
    Measure::percentile(Metric::E2e, 50.0),
    Measure::percentile(Metric::E2e, 95.0),
    Measure::window(Metric::EmbeddingThroughput),
    Measure::window(Metric::DocumentThroughput),
    Measure::window(Metric::ErrorRate),
];
