//! The points of capacity curves as CSV: a row for each backend, workload and load.

use super::csv::guarded;
use super::format::ReportError;
use crate::capacity::{Curve, CurvePoint};
use crate::metric::Threshold;

/// Columns before those of the limits.
const COLUMNS: [&str; 12] = [
    "backend",
    "workload",
    "axis",
    "stage",
    "load",
    "throughput_rps",
    "response_mean_ms",
    "output_tok_s",
    "cost_usd_per_million_output_tokens",
    "knee",
    "saturated",
    "holds",
];

/// The points of `curves`, with the figure of each limit in a column of its own, in the unit that
/// gates have it in; `holds` says whether a load keeps to all of them, and is empty without any.
///
/// # Errors
///
/// [`ReportError`] cannot in fact happen: a text can always be written to.
pub fn capacity_csv(curves: &[Curve], limits: &[Threshold]) -> Result<String, ReportError> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let figures = limits.iter().map(|limit| limit.figure.to_string());
    csv.write_record(COLUMNS.map(str::to_owned).into_iter().chain(figures))?;
    for curve in curves {
        for point in &curve.points {
            csv.write_record(row(curve, point, limits))?;
        }
    }
    let bytes = csv.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn row(curve: &Curve, point: &CurvePoint, limits: &[Threshold]) -> Vec<String> {
    let flag = |load: Option<f64>| (load == Some(point.load)).to_string();
    let holds = limits
        .iter()
        .zip(&point.figures)
        .all(|(limit, value)| value.is_some_and(|value| limit.holds(value)));
    let cost = curve.per_hour.zip(point.output_tok_s.filter(|tokens| *tokens > 0.0));
    let cost = cost.map(|(per_hour, tokens)| per_hour / (tokens * 3_600.0) * 1e6);
    let number = |value: Option<f64>| value.map(|value| format!("{value:.6}")).unwrap_or_default();
    let own = [
        guarded(&curve.backend).into_owned(),
        guarded(&curve.workload).into_owned(),
        curve.axis.key().to_owned(),
        guarded(&point.stage).into_owned(),
        number(Some(point.load)),
        number(Some(point.throughput_rps)),
        number(Some(point.response_s * 1e3)),
        number(point.output_tok_s),
        number(point.cost_per_million.or(cost)),
        flag(curve.knee),
        flag(curve.saturated_at),
        if limits.is_empty() { String::new() } else { holds.to_string() },
    ];
    own.into_iter().chain(point.figures.iter().map(|value| number(*value))).collect()
}
