//! What a backend did with a workload at each load.

use std::collections::BTreeMap;

use super::little::Imbalance;
use super::sustained::{Searched, Sustained};
use super::usl::Usl;
use crate::metric::{Metric, Statistic, Threshold};
use crate::result::{PooledCell, ResultError, RunResult, StageEntry};
use crate::units::{float, index};

/// What the load of a curve is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Axis {
    /// Requests at a time, in closed loops.
    Concurrency,
    /// Requests per second, in open loops.
    Rate,
}

impl Axis {
    /// Its name in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Concurrency => "concurrency",
            Self::Rate => "rate",
        }
    }
}

/// One backend under one workload, load by load.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Name of the backend.
    pub backend: String,
    /// Name of the workload.
    pub workload: String,
    /// What the loads are counted in.
    pub axis: Axis,
    /// The loads, the least first.
    pub points: Vec<CurvePoint>,
    /// The load at the knee: the greatest quotient of throughput and response time.
    pub knee: Option<f64>,
    /// The least load whose throughput is within 5 % of the greatest; `None` where throughput
    /// still grew at the largest load.
    pub saturated_at: Option<f64>,
    /// The law of its throughput; of closed loops without thinking alone.
    pub usl: Option<Usl>,
    /// Loads at which the requests in flight do not add up.
    pub imbalances: Vec<Imbalance>,
    /// The largest load that keeps to the limits.
    pub sustained: Sustained,
    /// What an hour of the server costs, in US dollars.
    pub per_hour: Option<f64>,
}

/// What came of one load.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePoint {
    /// Label of the stage.
    pub stage: String,
    /// The load.
    pub load: f64,
    /// Requests per second.
    pub throughput_rps: f64,
    /// Mean response time: from when a request was due in an open loop, from when it was sent in
    /// a closed one; in seconds.
    pub response_s: f64,
    /// Output tokens per second; `None` where none are generated.
    pub output_tok_s: Option<f64>,
    /// What a million output tokens cost with the input they took, in US dollars, where tokens have
    /// a price.
    pub cost_per_million: Option<f64>,
    /// The figures of the limits, in their order; `None` where a figure is missing.
    pub figures: Vec<Option<f64>>,
    /// The same figures in each round.
    pub rounds: Vec<Vec<Option<f64>>>,
}

/// A point with its stage, and the requests in flight there.
type Staged<'a> = (CurvePoint, &'a StageEntry, f64);

/// Throughput this close to the greatest is as good as it.
const AS_GOOD: f64 = 0.95;

/// The curves of a run, against `limits`: one for each backend and workload that was measured at
/// two loads or more.
///
/// # Errors
///
/// [`ResultError`] if rounds cannot be merged, or a histogram is damaged.
pub fn capacity(result: &RunResult, limits: &[Threshold]) -> Result<Vec<Curve>, ResultError> {
    let apart = result.rounds_apart();
    let mut points: BTreeMap<(u32, u32, Axis), Vec<Staged<'_>>> = BTreeMap::new();
    let pooled = result.pooled()?;
    for cell in &pooled {
        let stage = &result.stages[index(cell.stage.into())];
        let Some((axis, load)) = load_of(stage) else { continue };
        let Some(mut point) = point(cell, (stage, axis, load), limits)? else { continue };
        let price = result.backends[index(cell.backend.into())].price;
        let tokens = &cell.measured.tokens;
        let output = tokens.output.filter(|output| *output > 0).map(float);
        let cost = price.and_then(|price| price.cost(tokens)).zip(output);
        point.cost_per_million = cost.map(|(cost, output)| cost / output * 1e6);
        for round in &apart {
            let place = |cell: &PooledCell| (cell.backend, cell.workload, cell.stage);
            if place(round) == place(cell) {
                point.rounds.push(figures(round, limits)?);
            }
        }
        let in_flight = cell.measured.window(Metric::Concurrency).unwrap_or_default();
        let place = (cell.backend, cell.workload, axis);
        points.entry(place).or_default().push((point, stage, in_flight));
    }
    let curves = points.into_iter().filter(|(_, points)| points.len() > 1);
    Ok(curves
        .map(|((backend, workload, axis), points)| {
            let names = (
                result.backends[index(backend.into())].name.clone(),
                result.workloads[index(workload.into())].name.clone(),
            );
            let mut curve = curve(names, axis, points, limits);
            curve.per_hour = result.backends[index(backend.into())].per_hour;
            let mut searches = result.searches.iter().filter(|search| {
                (search.backend, search.workload, search.axis.as_str())
                    == (backend, workload, axis.key())
            });
            let found = searches.find_map(|search| Searched::of(search, limits));
            if let Some(found) = found {
                curve.sustained = Sustained::Searched(found);
            }
            curve
        })
        .collect())
}

/// What a stage is counted in; `None` where it has no single load.
fn load_of(stage: &StageEntry) -> Option<(Axis, f64)> {
    match (stage.concurrency, stage.rate_rps) {
        (Some(concurrency), _) => Some((Axis::Concurrency, concurrency.into())),
        (None, Some(rate)) => Some((Axis::Rate, rate)),
        (None, None) => None,
    }
}

fn point(
    cell: &PooledCell,
    (stage, axis, load): (&StageEntry, Axis, f64),
    limits: &[Threshold],
) -> Result<Option<CurvePoint>, ResultError> {
    let measured = &cell.measured;
    let metric = match axis {
        Axis::Concurrency => Metric::E2e,
        Axis::Rate => Metric::Response,
    };
    let throughput = measured.window(Metric::RequestThroughput);
    let response = measured.figure(metric, Statistic::Mean);
    let (Some(throughput_rps), Some(response_ms)) = (throughput, response) else { return Ok(None) };
    Ok(Some(CurvePoint {
        stage: stage.label.clone(),
        load,
        throughput_rps,
        response_s: response_ms / 1e3,
        output_tok_s: measured.window(Metric::OutputTokenThroughput),
        cost_per_million: None,
        figures: figures(cell, limits)?,
        rounds: Vec::new(),
    }))
}

fn figures(cell: &PooledCell, limits: &[Threshold]) -> Result<Vec<Option<f64>>, ResultError> {
    limits.iter().map(|limit| Ok(cell.measured.value(limit.figure)?)).collect()
}

fn curve(
    (backend, workload): (String, String),
    axis: Axis,
    mut points: Vec<Staged<'_>>,
    limits: &[Threshold],
) -> Curve {
    points.sort_by(|(one, ..), (other, ..)| one.load.total_cmp(&other.load));
    let imbalances = points.iter().filter_map(|(point, stage, in_flight)| {
        // A user who thinks is not in flight, so the law holds for either.
        Imbalance::of(&stage.label, *in_flight, point.throughput_rps, point.response_s)
    });
    let imbalances = if axis == Axis::Concurrency { imbalances.collect() } else { Vec::new() };
    let thinks = points.iter().any(|(_, stage, _)| stage.think_time.is_some());
    let points: Vec<_> = points.into_iter().map(|(point, ..)| point).collect();
    let most = points.iter().map(|point| point.throughput_rps).fold(0.0, f64::max);
    let first_good = points.iter().position(|point| point.throughput_rps >= AS_GOOD * most);
    let power = |point: &&CurvePoint| point.throughput_rps / point.response_s;
    let knee = points.iter().max_by(|one, other| power(one).total_cmp(&power(other)));
    let of_law: Vec<_> = points.iter().map(|point| (point.load, point.throughput_rps)).collect();
    Curve {
        backend,
        workload,
        axis,
        knee: knee.map(|point| point.load),
        saturated_at: first_good
            .filter(|first| first + 1 < points.len())
            .map(|first| points[first].load),
        usl: Usl::fit(&of_law).filter(|_| axis == Axis::Concurrency && !thinks),
        imbalances,
        sustained: Sustained::of(&points, limits),
        per_hour: None,
        points,
    }
}

impl Curve {
    /// What `value` of a point is at a load between those that were measured, on a straight line.
    pub fn at(&self, load: f64, value: impl Fn(&CurvePoint) -> Option<f64>) -> Option<f64> {
        let known: Vec<_> =
            self.points.iter().filter_map(|point| Some((point.load, value(point)?))).collect();
        between(&known, load)
    }

    /// The greatest throughput that was measured.
    pub fn most_rps(&self) -> f64 {
        self.points.iter().map(|point| point.throughput_rps).fold(0.0, f64::max)
    }
}

/// The value at `at` on the lines between points in order; `None` outside of them.
pub(super) fn between(points: &[(f64, f64)], at: f64) -> Option<f64> {
    let exact = points.iter().find(|(load, _)| (load - at).abs() < 1e-9);
    if let Some((_, value)) = exact {
        return Some(*value);
    }
    points.windows(2).find_map(|pair| {
        let [(low, from), (high, to)] = [pair[0], pair[1]];
        (low < at && at < high).then(|| from + (to - from) * (at - low) / (high - low))
    })
}
