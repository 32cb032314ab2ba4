//! What decides a comparison, from where on a difference matters, and which verdicts fail.

use super::comparison::Verdict;
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
    /// Which verdicts count as failures.
    pub fail_on: FailOn,
}

/// Which verdicts count as failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailOn {
    /// A regression.
    #[default]
    Regression,
    /// A regression, and what is inconclusive or allows no verdict.
    Inconclusive,
    /// None: differences are shown only.
    Never,
}

/// Why a comparison, or a measure of it, counts as a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// It tells nothing, and that was to be a failure.
    Inconclusive,
    /// Something got worse.
    Regressed,
    /// It rests on what is not to be trusted.
    Untrusted,
}

impl FailOn {
    /// Why a measure of that verdict counts as a failure; `None` where it does not.
    pub const fn failure(self, verdict: Option<Verdict>) -> Option<Failure> {
        match (self, verdict) {
            (Self::Regression | Self::Inconclusive, Some(Verdict::Regressed)) => {
                Some(Failure::Regressed)
            }
            (Self::Inconclusive, Some(Verdict::Inconclusive) | None) => Some(Failure::Inconclusive),
            (Self::Regression, Some(Verdict::Inconclusive) | None)
            | (_, Some(Verdict::Improved | Verdict::Unchanged))
            | (Self::Never, _) => None,
        }
    }
}

impl Failure {
    /// Its name in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Inconclusive => "inconclusive",
            Self::Regressed => "regressed",
            Self::Untrusted => "untrusted",
        }
    }
}

/// How far shares may lie apart before it matters: one percentage point.
pub const SHARE_TOLERANCE: f64 = 0.01;

impl Default for Rules {
    fn default() -> Self {
        Self {
            tolerance: 0.05,
            confidence: 0.95,
            strict: false,
            deciding: None,
            fail_on: FailOn::default(),
        }
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
