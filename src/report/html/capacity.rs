//! Curves over the load: throughput with the law it follows, and the figures of the limits.

use super::PageRun;
use super::lines::{Line, line_of};
use super::plots::{Plot, PlotLine, Upright};
use super::short::short;
use crate::capacity::{Axis, Curve, CurvePoint, Sustained, capacity};
use crate::metric::{Scope, Threshold};
use crate::result::{ResultError, RunResult};
use crate::units::{count, float};

/// Loads below which there is no curve.
const FEWEST: usize = 3;
/// Points of a law.
const STEPS: usize = 40;

/// Curves of the first run of a page, for each workload that was measured at three loads or more.
///
/// # Errors
///
/// [`ResultError`] if rounds cannot be merged.
pub(super) fn capacity_plots(
    runs: &[PageRun<'_>],
    lines: &[Line],
) -> Result<Vec<Plot>, ResultError> {
    let Some(run) = runs.first() else { return Ok(Vec::new()) };
    let limits = limits(run.result);
    let curves = capacity(run.result, &limits)?;
    let curves: Vec<_> = curves.iter().filter(|curve| curve.points.len() >= FEWEST).collect();
    let mut plots = Vec::new();
    let mut known: Vec<(&str, Axis)> = Vec::new();
    for curve in &curves {
        let place = (curve.workload.as_str(), curve.axis);
        if known.contains(&place) {
            continue;
        }
        known.push(place);
        let own: Vec<_> = curves
            .iter()
            .filter(|other| (other.workload.as_str(), other.axis) == place)
            .filter_map(|other| Some((*other, line_of_curve(run.result, lines, other)?)))
            .collect();
        plots.push(throughput(place, &own));
        plots.extend(limits.iter().enumerate().filter_map(|it| figure(place, &own, it)));
    }
    Ok(plots)
}

/// What a load must keep to: what was searched for, or else the gates that are meant for every cell.
fn limits(result: &RunResult) -> Vec<Threshold> {
    if let Some(search) = result.searches.first() {
        return search.thresholds();
    }
    let gates = result.gates.iter().filter_map(|gate| gate.read().ok());
    gates.filter(|gate| gate.scope == Scope::default()).map(|gate| gate.threshold).collect()
}

fn line_of_curve(result: &RunResult, lines: &[Line], curve: &Curve) -> Option<usize> {
    let backend = (0..).zip(&result.backends).find(|(_, entry)| entry.name == curve.backend)?.0;
    line_of(lines, 0, backend)
}

fn axis_name(axis: Axis) -> String {
    match axis {
        Axis::Concurrency => "load, requests at a time".to_owned(),
        Axis::Rate => "load offered, req/s".to_owned(),
    }
}

/// Answers over the load; of closed loops with the law they follow, as far as it reaches.
fn throughput((workload, axis): (&str, Axis), own: &[(&Curve, usize)]) -> Plot {
    let mut drawn = Vec::new();
    for (curve, line) in own {
        let mut points = line_through(curve, *line, |point| Some(point.throughput_rps));
        points.knee = curve.points.iter().position(|point| curve.knee == Some(point.load));
        points.marks = vec![String::new(); points.points.len()];
        drawn.push(points);
        let law = curve.usl.iter().flat_map(|law| {
            let step = 2.0 * law.largest / float(count(STEPS));
            let load = move |place: usize| float(count(place + 1)) * step;
            (0..STEPS).filter_map(move |place| {
                Some((short(load(place)), short(law.throughput(load(place))?)))
            })
        });
        let law: Vec<_> = law.collect();
        if !law.is_empty() {
            drawn.push(PlotLine::dashed(*line, law));
        }
    }
    let title = format!("{workload}: answers over the load");
    Plot::joined(title, (axis_name(axis), "answered, req/s".to_owned()), drawn)
}

/// The figure of a limit over the load, with the limit and where it is crossed.
fn figure(
    (workload, axis): (&str, Axis),
    own: &[(&Curve, usize)],
    (place, limit): (usize, &Threshold),
) -> Option<Plot> {
    let lines: Vec<_> = own
        .iter()
        .map(|(curve, line)| line_through(curve, *line, |point| point.figures[place]))
        .filter(|line| line.len() >= FEWEST)
        .collect();
    // Nothing is to be seen of what never happened.
    let is_flat = lines.iter().all(|line| line.points.iter().all(|(_, value)| *value <= 0.0));
    if lines.is_empty() || is_flat {
        return None;
    }
    let unit = limit.figure.metric().unit().label();
    let (title, y) = (format!("{workload}: {limit}"), format!("{}, {unit}", limit.figure));
    let mut plot = Plot::joined(title, (axis_name(axis), y), lines);
    plot.levels.push((limit.limit, "limit".to_owned()));
    plot.uprights = own.iter().filter_map(|(curve, line)| upright(curve, *line)).collect();
    Some(plot)
}

/// Up to where the limits hold, and between which loads that lies.
fn upright(curve: &Curve, line: usize) -> Option<Upright> {
    let (low, at, high) = match &curve.sustained {
        Sustained::Between(held) => (held.low, held.load, held.high),
        Sustained::Searched(found) => {
            let (low, high) = found.interval.unwrap_or((found.load, found.load));
            (low, found.load, high)
        }
        Sustained::Unlimited | Sustained::None { .. } | Sustained::All { .. } => return None,
    };
    Some(Upright { line, at: short(at), low: short(low), high: short(high) })
}

fn line_through(
    curve: &Curve,
    line: usize,
    value: impl Fn(&CurvePoint) -> Option<f64>,
) -> PlotLine {
    let points = curve
        .points
        .iter()
        .filter_map(|point| Some(((short(point.load), short(value(point)?)), point.stage.clone())));
    let (points, labels) = points.unzip();
    PlotLine::labelled(line, points, labels)
}
