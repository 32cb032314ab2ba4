//! Comparisons as a forest plot: an estimate with its interval in each row of a table.

use serde::Serialize;

use crate::compare::{Comparison, Estimate, Scale, Verdict};
use crate::report::comparison::{fields, metric_name, sentences, verdict_line};
use crate::report::html::section::definition;

/// Half the width of a drawing.
const HALF: f64 = 100.0;
/// The smallest scale: differences of 10 % reach the edge.
const NARROWEST: f64 = 1.1;
/// The largest: what is more than 10 times as much is cut off at the edge.
const WIDEST: f64 = 10.0;

/// A comparison as the page shows it.
#[derive(Serialize)]
pub(super) struct ForestView {
    title: String,
    base: String,
    new: String,
    cells: Vec<CellForest>,
    caveats: Vec<String>,
    /// The left and right end of the axis.
    ends: [String; 2],
}

/// One workload at one stage.
#[derive(Serialize)]
struct CellForest {
    title: String,
    rows: Vec<ForestRow>,
    sentences: Vec<String>,
    caveats: Vec<String>,
}

/// One measure.
#[derive(Serialize)]
struct ForestRow {
    decides: bool,
    definition: String,
    /// Measure, base, new, ratio, interval, verdict.
    fields: [String; 6],
    /// `improved`, `regressed`, `unchanged`, `inconclusive` or `indicative`.
    class: &'static str,
    drawing: Option<Drawing>,
}

/// Where an estimate and its interval lie, from 0 to 200; 100 is no difference.
#[derive(Serialize)]
struct Drawing {
    at: f64,
    from: f64,
    to: f64,
    /// From where to where a difference does not matter.
    tolerated: [f64; 2],
}

/// `comparison` as a forest plot.
pub(super) fn forest(comparison: &Comparison) -> ForestView {
    let ratios = comparison.cells.iter().flat_map(|cell| &cell.estimates).flat_map(ratios);
    let reach = ratios.map(|ratio| ratio.max(1.0 / ratio)).filter(|ratio| ratio.is_finite());
    let reach = reach.fold(NARROWEST, f64::max).min(WIDEST);
    let cells = comparison.cells.iter().map(|cell| CellForest {
        title: if comparison.is_within_a_run() {
            format!("{}, {}", cell.workload, cell.stage)
        } else {
            format!("{}, {}, {}", cell.new_backend, cell.workload, cell.stage)
        },
        rows: cell.estimates.iter().map(|estimate| row(comparison, estimate, reach)).collect(),
        sentences: sentences(comparison, cell),
        caveats: cell.caveats.iter().map(|caveat| caveat.text.clone()).collect(),
    });
    let written = |ratio: f64| format!("{ratio:.2}");
    ForestView {
        title: verdict_line(comparison),
        base: comparison.base.label.clone(),
        new: comparison.new.label.clone(),
        cells: cells.collect(),
        caveats: comparison.caveats.iter().map(|caveat| caveat.text.clone()).collect(),
        ends: [written(1.0 / reach), written(reach)],
    }
}

/// What is drawn of an estimate: its ratio and the ends of the interval.
fn ratios(estimate: &Estimate) -> Vec<f64> {
    let Ok(effect) = &estimate.effect else { return Vec::new() };
    if effect.scale != Scale::Ratio {
        return Vec::new();
    }
    let ends = effect.interval.map(|interval| [interval.low, interval.high]);
    [effect.size]
        .into_iter()
        .chain(ends.into_iter().flatten())
        .filter(|ratio| *ratio > 0.0)
        .collect()
}

fn row(comparison: &Comparison, estimate: &Estimate, reach: f64) -> ForestRow {
    let metric = estimate.measure.metric();
    let place = |ratio: f64| {
        let at = HALF + HALF * ratio.max(f64::MIN_POSITIVE).ln() / reach.ln();
        (at.clamp(0.0, 2.0 * HALF) * 10.0).round() / 10.0
    };
    let tolerance = 1.0 + comparison.rules.tolerance;
    let drawing = match ratios(estimate).as_slice() {
        [] => None,
        [size, ends @ ..] => {
            let (from, to) = match ends {
                [low, high] => (place(*low), place(*high)),
                _ => (place(*size), place(*size)),
            };
            Some(Drawing {
                at: place(*size),
                from,
                to,
                tolerated: [place(1.0 / tolerance), place(tolerance)],
            })
        }
    };
    ForestRow {
        decides: estimate.decides,
        definition: format!("{} - {}", metric_name(metric), definition(metric)),
        fields: fields(estimate),
        class: estimate.verdict.map_or("indicative", Verdict::key),
        drawing,
    }
}
