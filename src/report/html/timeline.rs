//! The run second by second.

use serde::Serialize;

use super::PageRun;
use super::lines::Line;
use super::rows::{RowPlace, SecondRow};
use super::short::short;
use super::thin::thinned;
use crate::measure::CellPhase;
use crate::metric::{Metric, ServerMeter};
use crate::report::comparison::metric_name;
use crate::units::index;

/// Points of all series of one kind together; each line gets its part of them.
const POINTS: usize = 1_800;
/// Most points of one series.
const MOST_POINTS: usize = 450;
/// Fewest points of one series, however many lines there are.
const FEWEST_POINTS: usize = 90;

/// What happened over time.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    charts: Vec<TimeChart>,
    /// Warm-ups and drains: from, to (in seconds since the run's start), and which.
    bands: Vec<(f64, f64, &'static str)>,
    /// Cells: from, to, and what they are called.
    cells: Vec<(f64, f64, String)>,
}

/// Series that share their axes.
#[derive(Debug, Serialize)]
struct TimeChart {
    key: String,
    title: String,
    unit: &'static str,
    series: Vec<TimeSeries>,
}

/// One series of one line.
#[derive(Debug, Serialize)]
struct TimeSeries {
    line: usize,
    label: &'static str,
    dashed: bool,
    /// Seconds since the run's start.
    x: Vec<f64>,
    /// `null` ends a stretch.
    y: Vec<Option<f64>>,
}

impl TimeSeries {
    fn has_values(&self) -> bool {
        self.y.iter().any(Option::is_some)
    }
}

/// A second with its place on the axis, which is not its own where runs were merged.
struct Placed<'a> {
    row: &'a SecondRow,
    from: f64,
}

/// What happened over time in `runs`, each counted from its own start; `None` where no run has rows.
pub(super) fn timeline(runs: &[PageRun<'_>], lines: &[Line]) -> Option<Timeline> {
    let placed: Vec<_> = runs.iter().map(placed).collect();
    if placed.iter().all(Vec::is_empty) {
        return None;
    }
    let mut charts = Vec::new();
    for chart in CHARTS {
        charts.push(TimeChart {
            key: chart.key.to_owned(),
            title: chart.title.to_owned(),
            unit: chart.unit,
            series: every_series(runs, &placed, lines, chart.series),
        });
    }
    for chart in SERVER_CHARTS {
        let mut series = every_series(runs, &placed, lines, chart.series);
        series.retain(TimeSeries::has_values);
        if !series.is_empty() {
            let (key, title) = (chart.key.to_owned(), chart.title.to_owned());
            charts.push(TimeChart { key, title, unit: chart.unit, series });
        }
    }
    for (metric, specs) in latencies() {
        let series = every_series(runs, &placed, lines, &specs);
        if series.iter().any(TimeSeries::has_values) {
            charts.push(TimeChart {
                key: format!("latency.{}", metric.key()),
                title: metric_name(metric),
                unit: metric.unit().label(),
                series,
            });
        }
    }
    // Beside each other, phases of several runs would cover everything.
    let (bands, cells) = match placed.as_slice() {
        [only] => (bands(only), cells(&runs[0], only)),
        _ => (Vec::new(), Vec::new()),
    };
    Some(Timeline { charts, bands, cells })
}

/// A chart, and its series for each line.
struct ChartSpec {
    key: &'static str,
    title: &'static str,
    unit: &'static str,
    series: &'static [SeriesSpec],
}

/// A series of a chart.
struct SeriesSpec {
    label: &'static str,
    dashed: bool,
    value: Value,
}

/// What a series shows of a second.
#[derive(Clone, Copy)]
enum Value {
    /// What this makes of it.
    Of(fn(&SecondRow) -> Option<f64>),
    /// The percentile at this place of [`SecondRow::LATENCIES`].
    Latency(usize),
    /// A meter of the server.
    Server(ServerMeter),
}

impl Value {
    fn of(self, row: &SecondRow) -> Option<f64> {
        match self {
            Self::Of(value) => value(row),
            Self::Latency(place) => row.latencies[place],
            Self::Server(meter) => row.server.get(&meter).copied(),
        }
    }
}

const fn solid(label: &'static str, value: fn(&SecondRow) -> Option<f64>) -> SeriesSpec {
    SeriesSpec { label, dashed: false, value: Value::Of(value) }
}

const fn dashed(label: &'static str, value: fn(&SecondRow) -> Option<f64>) -> SeriesSpec {
    SeriesSpec { label, dashed: true, value: Value::Of(value) }
}

const CHARTS: [ChartSpec; 4] = [
    ChartSpec {
        key: "rate",
        title: "Offered and achieved rate",
        unit: "req/s",
        series: &[
            dashed("offered", |row| per_second(row.due, row)),
            solid("achieved", |row| per_second(row.sent, row)),
        ],
    },
    ChartSpec {
        key: "in_flight",
        title: "Requests in flight",
        unit: "requests",
        series: &[solid("in flight", |row| Some(row.in_flight))],
    },
    ChartSpec {
        key: "tokens",
        title: "Output tokens",
        unit: "tok/s",
        series: &[solid("output", |row| per_second(row.output_tokens, row))],
    },
    ChartSpec {
        key: "ended",
        title: "Answered and failed",
        unit: "req/s",
        series: &[
            solid("answered", |row| per_second(row.finished - row.failed, row)),
            dashed("failed", |row| per_second(row.failed, row)),
        ],
    },
];

const fn told(label: &'static str, dashed: bool, meter: ServerMeter) -> SeriesSpec {
    SeriesSpec { label, dashed, value: Value::Server(meter) }
}

/// What servers tell of themselves; drawn where they do.
const SERVER_CHARTS: [ChartSpec; 4] = [
    ChartSpec {
        key: "server.requests",
        title: "At the server: running and waiting",
        unit: "requests",
        series: &[
            told("running", false, ServerMeter::RequestsRunning),
            told("waiting", true, ServerMeter::RequestsWaiting),
        ],
    },
    ChartSpec {
        key: "server.kv_cache",
        title: "At the server: KV cache in use",
        unit: "share",
        series: &[told("in use", false, ServerMeter::KvCacheUse)],
    },
    ChartSpec {
        key: "server.gpu",
        title: "At the server: GPU in use",
        unit: "share",
        series: &[told("in use", false, ServerMeter::GpuUse)],
    },
    ChartSpec {
        key: "server.power",
        title: "At the server: GPU power",
        unit: "W",
        series: &[told("power", false, ServerMeter::GpuPower)],
    },
];

/// The series of each latency: its median, and dashed what lies above it.
fn latencies() -> Vec<(Metric, Vec<SeriesSpec>)> {
    let mut latencies: Vec<(Metric, Vec<SeriesSpec>)> = Vec::new();
    for (place, (metric, percentile)) in SecondRow::LATENCIES.into_iter().enumerate() {
        let is_median = percentile <= 50.0;
        let label = if is_median { "p50" } else { "p99" };
        let spec = SeriesSpec { label, dashed: !is_median, value: Value::Latency(place) };
        match latencies.last_mut() {
            Some((last, specs)) if *last == metric => specs.push(spec),
            _ => latencies.push((metric, vec![spec])),
        }
    }
    latencies
}

fn per_second(value: f64, row: &SecondRow) -> Option<f64> {
    (row.length_s > 0.0).then(|| value / row.length_s)
}

/// The seconds of a run in order, cells that overlap (of merged runs) behind each other.
fn placed<'a>(run: &PageRun<'a>) -> Vec<Placed<'a>> {
    let Some(rows) = run.rows else { return Vec::new() };
    let mut all: Vec<&SecondRow> = rows.seconds.iter().collect();
    all.sort_by(|left, right| {
        left.cell.cmp(&right.cell).then(left.start_s.total_cmp(&right.start_s))
    });
    let (mut end, mut shift, mut cell) = (0.0_f64, 0.0, None);
    let mut placed = Vec::with_capacity(all.len());
    for row in all {
        if cell != Some(row.cell) {
            cell = Some(row.cell);
            shift = (end - row.start_s).max(0.0);
        }
        let from = row.start_s + shift;
        end = end.max(from + row.length_s);
        placed.push(Placed { row, from });
    }
    placed
}

fn every_series(
    runs: &[PageRun<'_>],
    placed: &[Vec<Placed<'_>>],
    lines: &[Line],
    specs: &[SeriesSpec],
) -> Vec<TimeSeries> {
    let most = (POINTS / lines.len().max(1)).clamp(FEWEST_POINTS, MOST_POINTS);
    let mut series = Vec::new();
    for (line, of) in lines.iter().enumerate() {
        let name = &runs[of.run].result.backends[index(of.backend.into())].name;
        let own = placed[of.run].iter().filter(|second| second.row.place.backend == *name);
        let own: Vec<_> = own.collect();
        if own.is_empty() {
            continue;
        }
        for spec in specs {
            let (x, y) = points(&own, spec.value, most);
            series.push(TimeSeries { line, label: spec.label, dashed: spec.dashed, x, y });
        }
    }
    series
}

/// The points of a series, thinned, with a gap where another cell begins.
fn points(own: &[&Placed<'_>], value: Value, most: usize) -> (Vec<f64>, Vec<Option<f64>>) {
    let mut points = Vec::new();
    // The places before which a stretch ended.
    let mut ends = Vec::new();
    let mut cell = None;
    for second in own {
        if cell.is_some_and(|cell| cell != second.row.cell) {
            ends.push(points.len());
        }
        cell = Some(second.row.cell);
        if let Some(value) = value.of(second.row) {
            points.push((second.from + second.row.length_s / 2.0, value));
        }
    }
    let (mut x, mut y) = (Vec::new(), Vec::new());
    let mut ends = ends.into_iter().peekable();
    for place in thinned(&points, most) {
        let mut ended = false;
        while ends.next_if(|end| *end <= place).is_some() {
            ended = true;
        }
        let (at, value) = points[place];
        if let (true, Some(last)) = (ended, x.last().copied()) {
            x.push(tenths(f64::midpoint(last, at)));
            y.push(None);
        }
        x.push(tenths(at));
        y.push(Some(short(value)));
    }
    (x, y)
}

fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}

/// Stretches of warm-up and drain.
fn bands(seconds: &[Placed<'_>]) -> Vec<(f64, f64, &'static str)> {
    let mut bands: Vec<(f64, f64, &'static str)> = Vec::new();
    let mut last: Option<(u32, CellPhase)> = None;
    for second in seconds {
        let now = (second.row.cell, second.row.phase);
        let to = tenths(second.from + second.row.length_s);
        match (now.1, bands.last_mut()) {
            (CellPhase::Measure, _) => {}
            (_, Some(band)) if last == Some(now) => band.1 = to,
            (phase, _) => bands.push((tenths(second.from), to, phase.key())),
        }
        last = Some(now);
    }
    bands
}

/// Where each cell lies, and what it is called.
fn cells(run: &PageRun<'_>, seconds: &[Placed<'_>]) -> Vec<(f64, f64, String)> {
    let rounds = run.result.load.rounds;
    let mut cells: Vec<(u32, (f64, f64, String))> = Vec::new();
    for second in seconds {
        let to = tenths(second.from + second.row.length_s);
        match cells.last_mut() {
            Some((cell, place)) if *cell == second.row.cell => place.1 = to,
            _ => {
                let RowPlace { backend, workload, stage, round } = &*second.row.place;
                let round = match rounds {
                    0 | 1 => String::new(),
                    _ => format!(", round {}", round + 1),
                };
                let name = format!("{backend}, {workload}, {stage}{round}");
                cells.push((second.row.cell, (tenths(second.from), to, name)));
            }
        }
    }
    cells.into_iter().map(|(_, place)| place).collect()
}
