//! The columns of tables: what they show, and which go first where there is little room.

use super::blocks::{Block, Row};
use super::numbers::{number, percent};
use crate::metric::{Metric, Statistic, Unit};

/// One column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Column {
    /// First line of its header; may be empty.
    pub(super) name: &'static str,
    /// Second line: statistic and unit, or the whole of a short header.
    pub(super) unit: &'static str,
    /// Lower ones are kept where there is little room; 0 always is.
    pub(super) rank: u8,
    /// Where its values come from.
    pub(super) source: Source,
}

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    /// Requests with a whole answer.
    Completed,
    /// Failed requests.
    Failed,
    /// A window metric.
    Window(Metric),
    /// A figure of a distribution.
    Figure(Metric, Statistic),
}

/// A value as it stands in a table.
pub(super) struct Shown {
    /// Its text; `-` where it is missing.
    pub(super) text: String,
    /// The value itself; `None` where it is missing.
    pub(super) value: Option<f64>,
}

/// Marks a percentile that rests on too few values. ASCII, because the width of signs like
/// `≈` depends on the terminal's language.
pub(super) const UNSUPPORTED: &str = "~";
/// Stands where a value is missing.
pub(super) const MISSING: &str = "-";
/// The rank from which on a column is shown only where asked for, not where there is room.
pub(super) const WIDE: u8 = 20;

const fn count(name: &'static str, source: Source) -> Column {
    Column { name: "", unit: name, rank: 0, source }
}

const fn window(name: &'static str, unit: &'static str, rank: u8, metric: Metric) -> Column {
    Column { name, unit, rank, source: Source::Window(metric) }
}

const fn figure(
    (name, unit): (&'static str, &'static str),
    rank: u8,
    metric: Metric,
    percentile: f64,
) -> Column {
    let source = Source::Figure(metric, Statistic::Percentile(percentile));
    Column { name, unit, rank, source }
}

/// Every column, in the order of tables.
const COLUMNS: [Column; 29] = [
    count("ok", Source::Completed),
    count("failed", Source::Failed),
    window("", "req/s", 3, Metric::RequestThroughput),
    window("output", "tok/s", 1, Metric::OutputTokenThroughput),
    window("input", "items/s", 1, Metric::EmbeddingThroughput),
    window("ranked", "docs/s", 1, Metric::DocumentThroughput),
    window("input", "tok/s", WIDE, Metric::InputTokenThroughput),
    window("goodput", "req/s", 4, Metric::Goodput),
    window("SLO", "met", WIDE, Metric::SloAttainment),
    figure(("TTFT", "p50 ms"), 1, Metric::Ttft, 50.0),
    figure(("TTFT", "p95 ms"), 8, Metric::Ttft, 95.0),
    figure(("TTFT", "p99 ms"), 3, Metric::Ttft, 99.0),
    figure(("TTFT", "due p99"), 3, Metric::TtftDue, 99.0),
    figure(("TTFA", "p50 ms"), WIDE, Metric::Ttfa, 50.0),
    figure(("ITL", "p50 ms"), 9, Metric::Itl, 50.0),
    figure(("ITL", "p99 ms"), 6, Metric::Itl, 99.0),
    figure(("ICL", "p50 ms"), 9, Metric::Icl, 50.0),
    figure(("ICL", "p99 ms"), 6, Metric::Icl, 99.0),
    figure(("TPOT", "p50 ms"), 2, Metric::Tpot, 50.0),
    figure(("TPOT", "p99 ms"), WIDE, Metric::Tpot, 99.0),
    figure(("stall", "p99 ms"), WIDE, Metric::Stall, 99.0),
    figure(("E2E", "p50 ms"), 5, Metric::E2e, 50.0),
    figure(("E2E", "p95 ms"), 10, Metric::E2e, 95.0),
    figure(("E2E", "p99 ms"), 4, Metric::E2e, 99.0),
    figure(("response", "p99 ms"), 2, Metric::Response, 99.0),
    figure(("late", "p99 ms"), WIDE, Metric::ScheduleDelay, 99.0),
    window("in", "flight", WIDE, Metric::Concurrency),
    window("offered", "req/s", WIDE, Metric::OfferedRate),
    window("achieved", "req/s", WIDE, Metric::AchievedRate),
];

/// The columns that `block` has values for, in order.
///
/// Gaps are shown per token (ITL) where every backend tells tokens apart, else per chunk (ICL)
/// for all of them, so that like stands beside like. What counts from the due moment (response,
/// TTFT due) stands beside what counts from the send (E2E, TTFT) only in open loops, and goes
/// before most others there, so that coordinated omission cannot hide; in closed ones they are
/// the same.
pub(super) fn columns_of(block: &Block<'_>) -> Vec<Column> {
    let per_token = block.rows.iter().all(|row| {
        let has = |metric| row.cell.measured.distribution(metric).is_some();
        has(Metric::Itl) || !has(Metric::Icl)
    });
    let fits = |column: &&Column| match column.source {
        Source::Figure(Metric::Itl, _) => per_token,
        Source::Figure(Metric::Icl, _) => !per_token,
        Source::Figure(Metric::Response | Metric::TtftDue, _) => block.stage.is_open(),
        Source::Completed | Source::Failed | Source::Window(_) | Source::Figure(..) => true,
    };
    let generates = block.workload.generates();
    let has_value =
        |column: &&Column| block.rows.iter().any(|row| column.shown(row).value.is_some());
    let columns = COLUMNS.iter().filter(fits).filter(has_value);
    columns
        .map(|column| if generates { *column } else { column.of_items() })
        .map(|column| if block.stage.is_open() { column.of_open_loop() } else { column })
        .collect()
}

/// Pairs of what counts from the send and what counts from the due moment.
const PAIRED: [Metric; 4] = [Metric::Ttft, Metric::TtftDue, Metric::E2e, Metric::Response];

impl Column {
    /// The column with its rank in tables of embeddings and rankings, where the input is all that
    /// is computed.
    fn of_items(&self) -> Self {
        match self.source {
            Source::Window(Metric::InputTokenThroughput) => Self { rank: 2, ..*self },
            _ => *self,
        }
    }

    /// The column with its rank in tables of open loops.
    fn of_open_loop(&self) -> Self {
        match self.source {
            Source::Figure(metric, statistic)
                if PAIRED.contains(&metric) && statistic == Statistic::Percentile(99.0) =>
            {
                Self { rank: 1, ..*self }
            }
            Source::Figure(Metric::Tpot, _) => Self { rank: self.rank.max(4), ..*self },
            _ => *self,
        }
    }

    /// The column's value in `row`.
    pub(super) fn shown(&self, row: &Row) -> Shown {
        let measured = &row.cell.measured;
        let mut write: fn(f64) -> String = number;
        let (value, mark) = match self.source {
            Source::Completed => return whole(measured.outcomes.completed),
            Source::Failed => return whole(measured.outcomes.failures()),
            Source::Window(metric) => {
                if metric.unit() == Unit::Share {
                    write = percent;
                }
                (measured.window(metric), "")
            }
            Source::Figure(metric, statistic) => {
                let figures = measured.distribution(metric);
                let supported = figures.is_none_or(|figures| figures.supports(statistic));
                let mark = if supported { "" } else { UNSUPPORTED };
                (measured.figure(metric, statistic), mark)
            }
        };
        let text =
            value.map_or_else(|| MISSING.to_owned(), |value| format!("{mark}{}", write(value)));
        Shown { text, value }
    }

    /// Its header in one line, as `TTFT p50 ms`.
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.name, self.unit).trim().to_owned()
    }
}

fn whole(count: u64) -> Shown {
    Shown { text: count.to_string(), value: Some(crate::units::float(count)) }
}
