//! A comparison with a baseline in a few lines: for the end of a run, and for pipelines.
//!
//! What decides stands here, and nothing else; `pacemark compare` shows the rest.

use std::collections::BTreeSet;

use super::numbers::{number, percent};
use crate::compare::{Basis, ComparedCell, Comparison, Estimate, Scale, Verdict};
use crate::metric::Unit;

/// `against 6 stored runs of ci-smoke: regressed`, then what decided it and what must be known
/// beside it.
pub fn verdict_lines(comparison: &Comparison) -> Vec<String> {
    let mut lines = vec![headline(comparison)];
    for (cell, estimate) in comparison.deciding() {
        let mark = if estimate.verdict == Some(Verdict::Regressed) { "!" } else { "-" };
        lines.push(format!("{mark} {}: {}", place(cell, estimate), words(estimate)));
    }
    lines.extend(caveats(comparison).map(|text| format!("- note: {text}")));
    lines
}

/// What must be known beside it, each once.
pub(super) fn caveats(comparison: &Comparison) -> impl Iterator<Item = &str> {
    let texts: BTreeSet<_> = comparison.all_caveats().map(|caveat| caveat.text.as_str()).collect();
    texts.into_iter()
}

/// `against 6 stored runs of ci-smoke: regressed`; where there is no verdict, or it is withheld,
/// why.
pub(super) fn headline(comparison: &Comparison) -> String {
    let base = &comparison.base.label;
    let doubts: Vec<_> = comparison.doubts().into_iter().collect();
    match (&comparison.basis, comparison.verdict) {
        (Basis::Rounds(_) | Basis::Baseline(_), Some(verdict)) if !doubts.is_empty() => {
            format!("against {base}: {verdict}: withheld, {}", doubts.join("; "))
        }
        (Basis::Indicative(why), _) => format!("against {base}: indicative only, {why}"),
        (Basis::Rounds(_) | Basis::Baseline(_), Some(verdict)) => {
            format!("against {base}: {verdict}")
        }
        (Basis::Rounds(_) | Basis::Baseline(_), None) => format!("against {base}: no verdict"),
    }
}

/// `ttft.p50 of server, chat, concurrency 2, 30s`
pub(super) fn place(cell: &ComparedCell, estimate: &Estimate) -> String {
    let ComparedCell { workload, stage, new_backend, .. } = cell;
    format!("{} of {new_backend}, {workload}, {stage}", estimate.measure)
}

/// `52.3 ms against 40.1, 1.304 times (1.201 to 1.412), regressed`
pub(super) fn words(estimate: &Estimate) -> String {
    let unit = estimate.measure.metric().unit();
    let shown = |value: Option<f64>| match (value, unit) {
        (None, _) => "-".to_owned(),
        (Some(value), Unit::Share) => percent(value),
        (Some(value), unit) => format!("{} {}", number(value), unit.label()),
    };
    let effect = match &estimate.effect {
        Err(reason) => reason.to_string(),
        Ok(effect) => {
            let write = |size: f64| match effect.scale {
                Scale::Ratio => format!("{size:.3}"),
                Scale::Difference => format!("{:+.2}", size * 100.0),
            };
            let what = match effect.scale {
                Scale::Ratio => "times",
                Scale::Difference => "percentage points",
            };
            let interval = effect
                .interval
                .map(|interval| format!(" ({} to {})", write(interval.low), write(interval.high)));
            format!("{} {what}{}", write(effect.size), interval.unwrap_or_default())
        }
    };
    let verdict = estimate.verdict.map(|verdict| format!(", {verdict}")).unwrap_or_default();
    format!("{} against {}, {effect}{verdict}", shown(estimate.new), shown(estimate.base))
}

/// The rows of a document's table: measure, place, base, new, effect and verdict.
pub(super) fn verdict_rows(comparison: &Comparison) -> Vec<[String; 3]> {
    let rows = comparison.deciding().map(|(cell, estimate)| {
        let verdict = estimate.verdict.map_or("-".to_owned(), |verdict| verdict.to_string());
        [place(cell, estimate), words(estimate), verdict]
    });
    rows.collect()
}
