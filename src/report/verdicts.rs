//! A comparison in a few lines: for the end of a run, and for pipelines.
//!
//! What decides stands here, and nothing else; `pacemark compare` shows the rest.

use std::collections::BTreeSet;

use super::comparison::outcome;
use super::markdown::{escaped, table_head, table_row};
use super::numbers::{number, percent};
use crate::compare::{ComparedCell, Comparison, Estimate, Scale, Verdict};
use crate::metric::Unit;

/// What it came to, then each figure that decides and did not stay unchanged, the gravest first,
/// and what must be known beside it.
pub fn verdict_lines(comparison: &Comparison) -> Vec<String> {
    let mut lines = vec![headline(comparison)];
    for (cell, estimate) in by_gravity(comparison) {
        if estimate.verdict == Some(Verdict::Unchanged) {
            continue;
        }
        let mark = if estimate.verdict == Some(Verdict::Regressed) { "!" } else { "-" };
        let verdict = estimate.verdict.map(|verdict| format!(", {verdict}")).unwrap_or_default();
        lines.push(format!("{mark} {}: {}{verdict}", place(cell, estimate), words(estimate)));
    }
    lines.extend(caveats(comparison).map(|text| format!("- note: {text}")));
    lines
}

/// What decides, the gravest verdicts first.
fn by_gravity(comparison: &Comparison) -> Vec<(&ComparedCell, &Estimate)> {
    let mut deciding: Vec<_> = comparison.deciding().collect();
    deciding.sort_by_key(|(_, estimate)| std::cmp::Reverse(estimate.verdict));
    deciding
}

/// What must be known beside it, each once.
fn caveats(comparison: &Comparison) -> impl Iterator<Item = &str> {
    let texts: BTreeSet<_> = comparison.all_caveats().map(|caveat| caveat.text.as_str()).collect();
    texts.into_iter()
}

/// `against 6 stored runs of ci-smoke: regressed (1 of 5 deciding metrics regressed, 4 unchanged)`;
/// where there is no verdict, or it is withheld, why.
pub(super) fn headline(comparison: &Comparison) -> String {
    format!("against {}: {}", comparison.base.label, outcome(comparison))
}

/// `ttft.p50 of server, chat, concurrency 2, 30s`
pub(super) fn place(cell: &ComparedCell, estimate: &Estimate) -> String {
    let ComparedCell { workload, stage, new_backend, .. } = cell;
    format!("{} of {new_backend}, {workload}, {stage}", estimate.measure)
}

/// `52.3 ms against 40.1 ms, 1.304 times (1.201 to 1.412)`
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
    format!("{} against {}, {effect}", shown(estimate.new), shown(estimate.base))
}

/// What decides, where that verdict was given: `ttft.p50 of server, chat, concurrency 2: 52.3 ms
/// against 40.1 ms, …`.
pub fn lines_of(comparison: &Comparison, verdict: Verdict) -> Vec<String> {
    let such = comparison.deciding().filter(|(_, one)| one.verdict == Some(verdict));
    such.map(|(cell, one)| format!("{}: {}", place(cell, one), words(one))).collect()
}

/// The comparison in a document, below its verdict: a table of what decides, and what must be known
/// beside it. Ends with an empty line, unless it has none.
pub(super) fn verdict_table(comparison: &Comparison) -> Vec<String> {
    let mut page = Vec::new();
    let against =
        if comparison.is_within_a_run() { &comparison.base.label } else { "the baseline" };
    let rows = by_gravity(comparison).into_iter().map(|(cell, estimate)| {
        let verdict = estimate.verdict.map_or("-", Verdict::key).to_owned();
        table_row(&[place(cell, estimate), words(estimate), verdict])
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        page.extend(table_head(&["figure", &format!("against {against}"), "verdict"], 3));
        page.extend(rows);
        page.push(String::new());
    }
    let caveats: Vec<_> = caveats(comparison).map(|text| format!("- {}", escaped(text))).collect();
    if !caveats.is_empty() {
        page.extend(caveats);
        page.push(String::new());
    }
    page
}
