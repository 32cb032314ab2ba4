//! Checks of how many values the figures rest on.

use super::catalogue::FindingKind;
use super::cell::CellFacts;
use super::finding::{Finding, Severity};
use crate::measure::{CellSummary, supported};
use crate::metric::{Metric, Statistic};
use crate::units::float;

/// The percentiles that tables show of every latency.
pub(super) const SHOWN: [f64; 2] = [50.0, 99.0];

pub(super) fn too_few_for_the_percentiles(
    summary: &CellSummary,
    _: &CellFacts<'_>,
) -> Option<Finding> {
    // Every success has an end-to-end latency.
    let count = summary.distributions.get(&Metric::E2e)?.len();
    let percentile = SHOWN.into_iter().find(|percentile| !supported(*percentile, count))?;
    let [median, _] = SHOWN;
    let severity = if percentile <= median { Severity::Reservation } else { Severity::Note };
    let needed = Statistic::support(percentile);
    let shown = Statistic::Percentile(percentile);
    let text = format!(
        "latencies rest on {count} values; {shown} needs {needed} to be more than the luck of a \
         few requests"
    );
    let finding =
        Finding::new(FindingKind::FewSamples, severity, text).measured(float(count), needed);
    Some(finding)
}
