//! Points on a plane: latency over throughput, time to first token over input length, figures over
//! runs.

use std::collections::BTreeSet;

use serde::Serialize;

use super::PageRun;
use super::lines::{Line, run_labels};
use super::rows::InputPoint;
use super::section::Section;
use super::short::short;
use crate::metric::{Metric, Statistic};
use crate::report::columns::UNSUPPORTED;
use crate::report::comparison::metric_name;
use crate::report::numbers::number;
use crate::result::{Measured, RunResult, StageEntry};
use crate::units::{count, float};

/// Most points of one line.
const MOST_POINTS: usize = 400;
/// Most pictures of input lengths.
const MOST_LENGTH_PLOTS: usize = 12;
/// Fewest different input lengths that are worth a picture.
const FEWEST_LENGTHS: usize = 3;
/// Rows of the table of input lengths.
const LENGTH_ROWS: usize = 8;

/// Points, joined or not.
#[derive(Debug, Serialize)]
pub(super) struct Plot {
    pub(super) title: String,
    /// What the horizontal axis shows, with its unit.
    x: String,
    /// What the vertical axis shows, with its unit.
    y: String,
    /// Whether points of a line are joined in their order.
    joined: bool,
    /// Levels drawn across: where, and what it is.
    pub(super) levels: Vec<(f64, String)>,
    /// Places of the horizontal axis drawn upright.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) uprights: Vec<Upright>,
    /// Names of whole places of the horizontal axis; empty where it is a number.
    names: Vec<String>,
    lines: Vec<PlotLine>,
    /// What stands behind the picture: heads, then rows. Left out where the points are the table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    table: Vec<Vec<String>>,
}

/// A place of the horizontal axis, and between which others it lies.
#[derive(Debug, Serialize)]
pub(super) struct Upright {
    /// Whose it is.
    pub(super) line: usize,
    pub(super) at: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Points of one line of the page.
#[derive(Debug, Serialize)]
pub(super) struct PlotLine {
    line: usize,
    pub(super) points: Vec<(f64, f64)>,
    /// Whether it is no measurement, but what follows from some.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dashed: bool,
    /// What each point is; empty where that goes without saying.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    /// What stands beside each point; empty where nothing does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) marks: Vec<String>,
    /// The point at the knee of the line; `None` where it has none, or too few points for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) knee: Option<usize>,
}

impl PlotLine {
    fn new(line: usize, points: Vec<(f64, f64)>) -> Self {
        let (labels, marks) = (Vec::new(), Vec::new());
        Self { line, points, dashed: false, labels, marks, knee: None }
    }

    /// Points, each with what it is.
    pub(super) fn labelled(line: usize, points: Vec<(f64, f64)>, labels: Vec<String>) -> Self {
        Self { labels, ..Self::new(line, points) }
    }

    /// What follows from measurements.
    pub(super) fn dashed(line: usize, points: Vec<(f64, f64)>) -> Self {
        Self { dashed: true, ..Self::new(line, points) }
    }

    /// How many points it has.
    pub(super) const fn len(&self) -> usize {
        self.points.len()
    }
}

impl Plot {
    /// Lines over numbers, without levels.
    pub(super) fn joined(title: String, (x, y): (String, String), lines: Vec<PlotLine>) -> Self {
        Self {
            title,
            x,
            y,
            joined: true,
            levels: Vec::new(),
            uprights: Vec::new(),
            names: Vec::new(),
            lines,
            table: Vec::new(),
        }
    }
}

/// Fewest points of a line that can have a knee.
const FEWEST_FOR_KNEE: usize = 3;

/// The knee of latency (`y`) over throughput (`x`): the point with the most throughput for its
/// latency. `None` where that is the first or the last one: the line has not bent yet, or had bent before
/// it began.
///
/// # Source
///
/// Leonard Kleinrock, *Power and Deterministic Rules of Thumb for Probabilistic Problems in
/// Computer Communications* (1979): power, the throughput divided by the response time.
fn knee(points: &[(f64, f64)]) -> Option<usize> {
    if points.len() < FEWEST_FOR_KNEE {
        return None;
    }
    let power = |point: &(f64, f64)| point.0 / point.1;
    let all = points.iter().enumerate().filter(|(_, point)| point.1 > 0.0);
    let (place, _) = all.max_by(|left, right| power(left.1).total_cmp(&power(right.1)))?;
    (place > 0 && place + 1 < points.len()).then_some(place)
}

/// The figures that are drawn over throughput and over runs.
const FIGURES: [(Metric, f64); 5] = [
    (Metric::Ttft, 50.0),
    (Metric::Ttft, 99.0),
    (Metric::Tpot, 50.0),
    (Metric::E2e, 50.0),
    (Metric::E2e, 99.0),
];

/// How much of its work a backend does in a second: what stands on the horizontal axis.
const WORK: [Metric; 3] =
    [Metric::EmbeddingThroughput, Metric::DocumentThroughput, Metric::RequestThroughput];

/// Latency over throughput for each workload with several stages.
pub(super) fn load_curves(result: &RunResult, sections: &[Section<'_>]) -> Vec<Plot> {
    let mut workloads: Vec<&str> = Vec::new();
    for section in sections {
        if !workloads.contains(&section.block.workload.name.as_str()) {
            workloads.push(&section.block.workload.name);
        }
    }
    let mut plots = Vec::new();
    for workload in workloads {
        let own: Vec<_> =
            sections.iter().filter(|section| section.block.workload.name == workload).collect();
        if own.len() < 2 {
            continue;
        }
        let has = |metric: &Metric| {
            own.iter().any(|one| {
                one.block.rows.iter().any(|row| row.cell.measured.window(*metric).is_some())
            })
        };
        let Some(work) = WORK.into_iter().find(has) else { continue };
        for (metric, percentile) in FIGURES {
            let lines = curve(&own, work, metric, percentile);
            if lines.iter().all(|line| line.points.len() < 2) {
                continue;
            }
            let slo = result.slo.iter().filter(|limit| limit.metric == metric.key());
            plots.push(Plot {
                title: format!("{workload}: {} p{percentile}", metric_name(metric)),
                x: format!("{}, {}", work.info().name, work.unit().label()),
                y: format!("{} p{percentile}, {}", metric_name(metric), metric.unit().label()),
                joined: true,
                levels: slo.map(|limit| (limit.at_most_ms, "SLO".to_owned())).collect(),
                uprights: Vec::new(),
                names: Vec::new(),
                lines,
                table: Vec::new(),
            });
        }
    }
    plots
}

/// The points of each line, in the order of the stages.
fn curve(own: &[&Section<'_>], work: Metric, metric: Metric, percentile: f64) -> Vec<PlotLine> {
    let mut lines: Vec<PlotLine> = Vec::new();
    for section in own {
        for (row, line) in section.block.rows.iter().zip(&section.lines) {
            let measured = &row.cell.measured;
            let (Some(x), Some((y, mark))) =
                (measured.window(work), marked(measured, metric, percentile))
            else {
                continue;
            };
            let label = format!("{}{mark}", section.block.stage.label);
            let drawn = push(&mut lines, *line, (short(x), short(y)), label);
            drawn.marks.push(mark_of(section.block.stage));
        }
    }
    for line in &mut lines {
        line.knee = knee(&line.points);
    }
    lines
}

/// `16` for sixteen at a time, `20/s` for a rate; empty for loads that change.
fn mark_of(stage: &StageEntry) -> String {
    match (stage.concurrency, stage.rate_rps) {
        (Some(concurrency), _) => concurrency.to_string(),
        (None, Some(rate)) => format!("{rate}/s"),
        (None, None) => String::new(),
    }
}

/// Adds a point to a line, which is made if need be.
fn push(lines: &mut Vec<PlotLine>, line: usize, point: (f64, f64), label: String) -> &mut PlotLine {
    let place = lines.iter().position(|one| one.line == line).unwrap_or_else(|| {
        lines.push(PlotLine::new(line, Vec::new()));
        lines.len() - 1
    });
    lines[place].points.push(point);
    lines[place].labels.push(label);
    &mut lines[place]
}

/// A percentile, and ` (rests on few values)` where it does.
fn marked(measured: &Measured, metric: Metric, percentile: f64) -> Option<(f64, &'static str)> {
    let statistic = Statistic::Percentile(percentile);
    let figures = measured.distribution(metric)?;
    let mark = if figures.supports(statistic) { "" } else { " (rests on few values)" };
    Some((figures.get(statistic)?, mark))
}

/// The figures of each block over the runs, the oldest first; none with fewer than two runs.
pub(super) fn histories(
    runs: &[PageRun<'_>],
    lines: &[Line],
    sections: &[Section<'_>],
) -> Vec<Plot> {
    if runs.len() < 2 {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|run| &runs[*run].result.started_at);
    let labels = run_labels(runs);
    let names: Vec<_> = order.iter().map(|run| labels[*run].clone()).collect();
    let figures = [(Metric::Ttft, 99.0), (Metric::E2e, 50.0), (Metric::E2e, 99.0)];
    let mut plots = Vec::new();
    for (section, (metric, percentile)) in
        sections.iter().flat_map(|section| figures.map(|figure| (section, figure)))
    {
        let mut drawn: Vec<PlotLine> = Vec::new();
        for (place, run) in order.iter().enumerate() {
            let own = section.block.rows.iter().zip(&section.lines);
            for (row, line) in own.filter(|(_, line)| lines[**line].run == *run) {
                let value = marked(&row.cell.measured, metric, percentile);
                // Lines go over the runs, so they are those of the first run.
                let first = first_of_its_name(runs, lines, *line);
                let (Some((y, mark)), Some(first)) = (value, first) else { continue };
                let label = format!("{}{mark}", names[place]);
                push(&mut drawn, first, (float(count(place)), short(y)), label);
            }
        }
        if drawn.iter().any(|line| line.points.len() > 1) {
            let name = metric_name(metric);
            plots.push(Plot {
                title: format!("{}: {name} p{percentile}", section.block.title()),
                x: "run".to_owned(),
                y: format!("{name} p{percentile}, {}", metric.unit().label()),
                joined: true,
                levels: Vec::new(),
                uprights: Vec::new(),
                names: names.clone(),
                lines: drawn,
                table: Vec::new(),
            });
        }
    }
    plots
}

/// The first line of the page whose backend has the name of that of `line`.
fn first_of_its_name(runs: &[PageRun<'_>], lines: &[Line], line: usize) -> Option<usize> {
    let name = |line: &Line| {
        runs[line.run]
            .result
            .backends
            .get(crate::units::index(line.backend.into()))
            .map(|backend| &backend.name)
    };
    let wanted = name(&lines[line])?;
    lines.iter().position(|other| name(other) == Some(wanted))
}

/// Time to first token over input length, for each block whose inputs differ in length.
pub(super) fn input_lengths(
    runs: &[PageRun<'_>],
    lines: &[Line],
    sections: &[Section<'_>],
) -> Vec<Plot> {
    let plots = sections.iter().filter_map(|section| of_lengths(runs, lines, section));
    plots.take(MOST_LENGTH_PLOTS).collect()
}

/// The points of one block; `None` where its inputs hardly differ in length.
fn of_lengths(runs: &[PageRun<'_>], lines: &[Line], section: &Section<'_>) -> Option<Plot> {
    let mut drawn = Vec::new();
    let heads = ["backend", "input tokens", "requests", "TTFT p50 ms", "largest ms"];
    let mut table = vec![heads.map(str::to_owned).to_vec()];
    let mut seen = 0;
    for line in &section.lines {
        let of = &lines[*line];
        let (result, Some(rows)) = (runs[of.run].result, runs[of.run].rows) else { continue };
        let own = result.cells.iter().map(|cell| &cell.labels).filter(|labels| {
            labels.backend_index == of.backend
                && labels.workload == section.block.workload.name
                && labels.stage == section.block.stage.label
        });
        let mut points = Vec::new();
        for labels in own {
            points.extend(rows.inputs.of(labels.id));
            seen += rows.inputs.seen(labels.id);
        }
        if !points.is_empty() {
            table.extend(by_length(&of.name, &points));
            drawn.push(PlotLine::new(*line, spread(&points)));
        }
    }
    let points = || drawn.iter().flat_map(|line| &line.points);
    let lengths: BTreeSet<_> = points().map(|point| point.0.to_bits()).collect();
    if lengths.len() < FEWEST_LENGTHS {
        return None;
    }
    let shown = count(points().count());
    let part = if shown < seen { format!(" ({shown} of {seen} requests)") } else { String::new() };
    Some(Plot {
        title: format!(
            "{}, {}: TTFT by input length{part}",
            section.block.workload.name, section.block.stage.label
        ),
        x: "input tokens".to_owned(),
        y: "TTFT, ms".to_owned(),
        joined: false,
        levels: Vec::new(),
        uprights: Vec::new(),
        names: Vec::new(),
        lines: drawn,
        table,
    })
}

/// Points evenly taken, and the extremes in both directions.
fn spread(points: &[InputPoint]) -> Vec<(f64, f64)> {
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let mut kept: Vec<_> = points.iter().step_by(every).collect();
    if every > 1 {
        let by = |value: fn(&InputPoint) -> f64| {
            let order =
                move |left: &&InputPoint, right: &&InputPoint| value(left).total_cmp(&value(right));
            [points.iter().min_by(order), points.iter().max_by(order)]
        };
        kept.extend(
            [by(|point| point.input_tokens), by(|point| point.ttft_ms)]
                .into_iter()
                .flatten()
                .flatten(),
        );
    }
    kept.iter().map(|point| (short(point.input_tokens), short(point.ttft_ms))).collect()
}

/// Rows of the table behind the points: groups of equally many requests by input length.
fn by_length(name: &str, points: &[InputPoint]) -> Vec<Vec<String>> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|left, right| left.input_tokens.total_cmp(&right.input_tokens));
    let size = sorted.len().div_ceil(LENGTH_ROWS).max(1);
    let row = |group: &[InputPoint]| {
        let mut times: Vec<_> = group.iter().map(|point| point.ttft_ms).collect();
        times.sort_by(f64::total_cmp);
        let mark = if times.len() < 20 { UNSUPPORTED } else { "" };
        let median = times[(times.len() - 1) / 2];
        let largest = times.last().copied().unwrap_or(median);
        let (from, to) = (group[0].input_tokens, group[group.len() - 1].input_tokens);
        vec![
            name.to_owned(),
            if from < to { format!("{from} to {to}") } else { from.to_string() },
            group.len().to_string(),
            format!("{mark}{}", number(median)),
            number(largest),
        ]
    };
    sorted.chunks(size).map(row).collect()
}
