//! The figures of the view: a line for the last seconds of each backend under the load that runs,
//! and one for everything so far; below, the loads before.

use ratatui::layout::Constraint;
use ratatui::text::{Line, Text};
use ratatui::widgets::{Cell, Row, Table};
use unicode_width::UnicodeWidthStr as _;

use super::head::fitted;
use super::look::Look;
use crate::live::{LiveRun, Second, Series};
use crate::measure::{figure, supported};
use crate::metric::{Metric, Statistic};
use crate::report::number;
use crate::units::{float, seconds};

/// Columns of a name at most.
const NAME_COLUMNS: usize = 20;
/// Columns of the span a line is of.
const SPAN_COLUMNS: u16 = 5;
/// Columns of a figure.
const FIGURE_COLUMNS: u16 = 8;

/// Latencies that may have columns, those that matter most first, as tables call them.
pub(super) const LATENCIES: [(Metric, &str); 4] = [
    (Metric::Ttft, "TTFT"),
    (Metric::Itl, "ITL"),
    (Metric::E2e, "E2E"),
    (Metric::ScheduleDelay, "late"),
];
/// Percentiles of each.
const PERCENTILES: [f64; 2] = [50.0, 99.0];

/// The figures of a run as a table of at most `height` lines and `width` columns, and its height.
pub(super) fn figures(run: &LiveRun, look: Look, width: u16, height: u16) -> (Table<'static>, u16) {
    let series = in_order(run);
    let names = series.iter().map(|series| series.labels.backend.width()).max().unwrap_or(0);
    let name_columns = u16::try_from(names.clamp(7, NAME_COLUMNS)).unwrap_or(u16::MAX);
    let latencies = shown(&series, width.saturating_sub(name_columns));
    let figures = 2 + latencies.len() * PERCENTILES.len();
    let columns = u16::try_from(2 + figures).unwrap_or(u16::MAX);
    let mut lines = Vec::new();
    let running = run.current().map(|(series, _)| &series.labels);
    let mut load = None;
    for series in series {
        let labels = &series.labels;
        if !load.is_some_and(|load| labels.same_load(load)) {
            let title = format!("{}, {}", labels.workload, labels.stage);
            lines.push(Row::new([Cell::from(title).column_span(columns)]).style(Look::faint()));
            load = Some(labels);
        }
        let name = fitted(&labels.backend, NAME_COLUMNS);
        if running == Some(labels) {
            let recent = series.recent(&LATENCIES.map(|(metric, _)| metric));
            let span = format!("{:.0} s", seconds(recent.length));
            lines.push(line(name, span, &recent, &latencies).style(look.good()));
            lines.push(line(String::new(), "all".to_owned(), &series.whole, &latencies));
        } else {
            lines.push(line(name, "all".to_owned(), &series.whole, &latencies));
        }
    }
    lines.truncate(usize::from(height.saturating_sub(1)));
    let taken = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(1);
    let widths = [Constraint::Length(name_columns), Constraint::Length(SPAN_COLUMNS)]
        .into_iter()
        .chain(std::iter::repeat_n(Constraint::Length(FIGURE_COLUMNS), figures));
    let table = Table::new(lines, widths).column_spacing(1).header(header(&latencies));
    (table, taken)
}

/// The backends of the load that runs, or ran last, then those of the loads before, newest
/// first; within a load in the order in which they began.
fn in_order(run: &LiveRun) -> Vec<&Series> {
    let running = run.current().map(|(series, _)| &series.labels);
    let newest = running.or_else(|| run.series().last().map(|series| &series.labels));
    let Some(newest) = newest else { return Vec::new() };
    let mut loads = vec![newest];
    for series in run.series().iter().rev() {
        if !loads.iter().any(|load| load.same_load(&series.labels)) {
            loads.push(&series.labels);
        }
    }
    let of = |load| run.series().iter().filter(move |series| series.labels.same_load(load));
    loads.into_iter().flat_map(of).collect()
}

/// The latencies for which there is room, of those that have values.
fn shown(series: &[&Series], room: u16) -> Vec<(Metric, &'static str)> {
    let column = FIGURE_COLUMNS + 1;
    let taken = SPAN_COLUMNS + 1 + 2 * column;
    let pair = 2 * column;
    let most = usize::from(room.saturating_sub(taken) / pair);
    let has = |metric| series.iter().any(|series| series.whole.distribution(metric).is_some());
    LATENCIES.into_iter().filter(|(metric, _)| has(*metric)).take(most).collect()
}

fn header(latencies: &[(Metric, &str)]) -> Row<'static> {
    let mut cells = vec![Cell::from("backend"), right("last".to_owned())];
    cells.extend(["req/s", "tok/s"].map(|title| right(title.to_owned())));
    for (_, name) in latencies {
        let titles = PERCENTILES.map(|percentile| right(format!("{name} p{percentile}")));
        cells.extend(titles);
    }
    Row::new(cells).style(Look::strong())
}

fn line(name: String, span: String, of: &Second, latencies: &[(Metric, &str)]) -> Row<'static> {
    let mut cells = vec![Cell::from(name), right(span)];
    let length = seconds(of.length);
    let rate = |count| if length > 0.0 { number(float(count) / length) } else { "-".to_owned() };
    cells.extend([rate(of.activity.finished), rate(of.output_tokens)].map(right));
    for &(metric, _) in latencies {
        cells.extend(PERCENTILES.map(|percentile| right(latency(of, metric, percentile))));
    }
    Row::new(cells)
}

/// A percentile in ms, with `~` where it rests on too few values; `-` where there is none.
pub(super) fn latency(of: &Second, metric: Metric, percentile: f64) -> String {
    let Some(values) = of.distribution(metric) else { return "-".to_owned() };
    let mark = if supported(percentile, values.len()) { "" } else { "~" };
    match figure(values, metric.unit(), Statistic::Percentile(percentile)) {
        Some(value) => format!("{mark}{}", number(value)),
        None => "-".to_owned(),
    }
}

fn right(text: String) -> Cell<'static> {
    Cell::from(Text::from(Line::from(text).right_aligned()))
}
