//! What the loading of a model cost, where it was to be measured.

use super::catalogue::FindingKind;
use super::cell::CellFacts;
use super::finding::{Finding, Severity};
use crate::measure::{CellSummary, Figures};
use crate::metric::{Metric, Statistic};

pub(super) fn model_was_loaded(summary: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    if !facts.is_cold {
        return None;
    }
    let of = |metric: Metric| Figures::of(summary.distributions.get(&metric)?, metric.unit());
    let (what, figures) = match of(Metric::Ttft) {
        Some(figures) => ("first token", figures),
        None => ("answer", of(Metric::E2e)?),
    };
    let median = figures.get(Statistic::Percentile(50.0))?;
    let text = format!(
        "the model was unloaded before the cell, so its loading is in it: the slowest {what} came \
         after {:.0} ms, the median after {median:.0} ms",
        figures.max
    );
    Some(Finding::new(FindingKind::ColdStart, Severity::Note, text).measured(figures.max, median))
}
