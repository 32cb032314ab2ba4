//! What is shown together: the lines of all runs under one workload at one stage.

use serde::Serialize;

use super::PageRun;
use super::lines::{Line, line_of};
use super::shapes::{Shapes, shapes};
use crate::metric::{Kind, Metric, Statistic};
use crate::report::blocks::{Block, blocks};
use crate::report::columns::{Column, MISSING, Source, UNSUPPORTED, columns_of};
use crate::report::comparison::metric_name;
use crate::report::contrast::who_was_ahead;
use crate::report::markdown::asked;
use crate::report::numbers::number;
use crate::report::remarks::{remarks, told_kinds, words_for};
use crate::result::{Figures, ResultError};

/// More curves than this on a page are too many: then each block has those of few metrics.
const MANY_CURVES: usize = 60;

/// The percentiles of the table behind the curves, as far as results keep them.
const SHOWN: [f64; 7] = [1.0, 25.0, 50.0, 90.0, 95.0, 99.0, 99.9];

/// A block, and which line of the page each of its rows is.
pub(super) struct Section<'a> {
    pub(super) block: Block<'a>,
    pub(super) lines: Vec<usize>,
}

/// The sections of a page: the blocks of the first run, with the rows of all others beside, and
/// then what only others have.
///
/// # Errors
///
/// [`ResultError`] if rounds cannot be merged.
pub(super) fn sections<'a>(
    runs: &[PageRun<'a>],
    lines: &[Line],
) -> Result<Vec<Section<'a>>, ResultError> {
    let mut sections: Vec<Section<'a>> = Vec::new();
    for (run, of) in runs.iter().enumerate() {
        for block in blocks(of.result, false)? {
            let own: Vec<_> = block
                .rows
                .iter()
                .map(|row| line_of(lines, run, row.cell.backend).unwrap_or_default())
                .collect();
            let like = |section: &&mut Section<'_>| {
                let other = &section.block;
                other.workload.name == block.workload.name
                    && other.workload.endpoint == block.workload.endpoint
                    && other.stage.label == block.stage.label
            };
            let mut block = block;
            for (row, line) in block.rows.iter_mut().zip(&own) {
                row.label.clone_from(&lines[*line].name);
            }
            match sections.iter_mut().find(like) {
                Some(section) => {
                    section.block.rows.append(&mut block.rows);
                    section.lines.extend(own);
                }
                None => sections.push(Section { block, lines: own }),
            }
        }
    }
    Ok(sections)
}

/// A section as the page shows it.
#[derive(Serialize)]
pub(super) struct SectionView {
    id: String,
    title: String,
    /// What was sent; `None` where the section before it was sent the same.
    asked: Option<String>,
    figures: TableView,
    /// Turns of conversations, or workloads of a mix; `None` where there are none.
    parts: Option<TableView>,
    remarks: Vec<String>,
    ahead: Option<String>,
    percentiles: TableView,
    /// Whether there are curves to draw.
    has_curves: bool,
}

/// A table of the page.
#[derive(Serialize)]
pub(super) struct TableView {
    pub(super) caption: String,
    pub(super) heads: Vec<HeadView>,
    pub(super) rows: Vec<RowView>,
}

/// The head of a column.
#[derive(Serialize)]
pub(super) struct HeadView {
    pub(super) title: String,
    /// Key of its metric, which leads to the definition; `None` where it shows none.
    pub(super) metric: Option<&'static str>,
    /// What it means, in a sentence; empty where it goes without saying.
    pub(super) definition: String,
}

/// A row of a table.
#[derive(Serialize)]
pub(super) struct RowView {
    pub(super) line: Option<usize>,
    pub(super) label: String,
    pub(super) cells: Vec<CellView>,
}

/// A value in a table.
#[derive(Serialize)]
pub(super) struct CellView {
    pub(super) text: String,
    /// The value itself, as the result holds it.
    pub(super) value: Option<f64>,
}

/// A kind of failure of a backend.
#[derive(Serialize)]
pub(super) struct FailureView {
    line: usize,
    label: String,
    place: String,
    count: u64,
    kind: String,
    words: &'static str,
    message: String,
}

/// `time to first token: first_token_at - sent_at; for streams with text`
pub(super) fn definition(metric: Metric) -> String {
    let info = metric.info();
    format!("{}: {}; for {}", info.name, info.formula, info.exists_for)
}

impl Section<'_> {
    /// The section with the number `place` on the page.
    pub(super) fn view(
        &self,
        place: usize,
        before: Option<&Self>,
        has_curves: bool,
        alone: bool,
    ) -> SectionView {
        let block = &self.block;
        let title = block.title();
        let is_new = before.is_none_or(|before| before.block.workload.name != block.workload.name);
        let asked = is_new.then(|| match block.shares() {
            Some(shares) => format!("A mix of {shares}."),
            None => asked(block.workload),
        });
        SectionView {
            id: format!("cell-{place}"),
            asked,
            figures: figures(block, &self.lines, title.clone()),
            parts: block.parts().map(|parts| {
                let caption = format!("{title}: its parts");
                figures(&parts, &[], caption)
            }),
            remarks: remarks(block),
            // Who is ahead of whom is told between backends, not between runs.
            ahead: if alone { who_was_ahead(block) } else { None },
            percentiles: self.percentiles(format!("{title}: distributions")),
            has_curves,
            title,
        }
    }

    /// The curves of the section, the most telling metric first.
    pub(super) fn curves(&self, all: usize) -> Vec<Shapes> {
        let many = all * self.lines.len() > MANY_CURVES;
        let metrics = self.metrics().into_iter().filter(|metric| {
            !many || matches!(metric, Metric::Ttft | Metric::Itl | Metric::Icl | Metric::E2e)
        });
        metrics
            .filter_map(|metric| shapes(&self.block, &self.lines, metric, metric_name(metric)))
            .collect()
    }

    /// The metrics whose distributions are drawn.
    fn metrics(&self) -> Vec<Metric> {
        let has = |metric: Metric| {
            self.block.rows.iter().any(|row| row.cell.measured.distribution(metric).is_some())
        };
        let gap = if has(Metric::Itl) { Metric::Itl } else { Metric::Icl };
        let open = self.block.stage.is_open();
        let due = [Metric::TtftDue, Metric::Response].into_iter().filter(|_| open);
        [Metric::Ttft, gap, Metric::Tpot, Metric::Stall, Metric::E2e]
            .into_iter()
            .chain(due)
            .filter(|metric| has(*metric))
            .collect()
    }

    /// Every distribution of every row with its percentiles, as the result holds them.
    fn percentiles(&self, caption: String) -> TableView {
        let statistics: Vec<_> =
            [Statistic::Count, Statistic::Mean, Statistic::Stddev, Statistic::Min]
                .into_iter()
                .chain(SHOWN.map(Statistic::Percentile))
                .chain([Statistic::Max])
                .collect();
        let plain = |title: &str| HeadView {
            title: title.to_owned(),
            metric: None,
            definition: String::new(),
        };
        let mut heads = vec![plain(self.block.of), plain("metric")];
        heads.extend(statistics.iter().map(|statistic| plain(&statistic.to_string())));
        let mut rows = Vec::new();
        for metric in Metric::distributions() {
            for (row, line) in self.block.rows.iter().zip(&self.lines) {
                let Some(figures) = row.cell.measured.distribution(metric) else { continue };
                let name = format!("{} {}", metric_name(metric), metric.unit().label());
                let mut cells = vec![CellView { text: name, value: None }];
                cells.extend(statistics.iter().map(|statistic| figure(figures, *statistic)));
                rows.push(RowView { line: Some(*line), label: row.label.clone(), cells });
            }
        }
        TableView { caption, heads, rows }
    }

    /// What failed in it, the most frequent first within each row.
    pub(super) fn failures(&self) -> Vec<FailureView> {
        let mut failures = Vec::new();
        for (row, line) in self.block.rows.iter().zip(&self.lines) {
            failures.extend(told_kinds(&row.cell.measured).into_iter().map(
                |(count, kind, message)| FailureView {
                    line: *line,
                    label: row.label.clone(),
                    place: format!("{}, {}", self.block.workload.name, self.block.stage.label),
                    count,
                    kind: kind.to_owned(),
                    words: words_for(kind),
                    message: message.unwrap_or_default().to_owned(),
                },
            ));
        }
        failures
    }

    /// The metrics it has values for.
    pub(super) fn has(&self, metric: Metric) -> bool {
        self.block.rows.iter().any(|row| {
            let measured = &row.cell.measured;
            match metric.info().kind {
                Kind::Distribution => measured.distribution(metric).is_some(),
                Kind::Window => measured.window(metric).is_some(),
            }
        })
    }
}

/// A figure of a distribution, marked where it rests on too few values.
fn figure(figures: &Figures, statistic: Statistic) -> CellView {
    let mark = if figures.supports(statistic) { "" } else { UNSUPPORTED };
    let value = figures.get(statistic);
    let text = match (statistic, value) {
        (Statistic::Count, _) => figures.count.to_string(),
        (_, Some(value)) => format!("{mark}{}", number(value)),
        (_, None) => MISSING.to_owned(),
    };
    CellView { text, value }
}

/// The figures of a block; `lines` may be shorter than its rows, which then have no colour.
fn figures(block: &Block<'_>, lines: &[usize], caption: String) -> TableView {
    let columns = columns_of(block);
    let of = HeadView { title: block.of.to_owned(), metric: None, definition: String::new() };
    let heads = columns.iter().map(|column| {
        let metric = metric_of(column);
        HeadView {
            title: column.title(),
            metric: metric.map(Metric::key),
            definition: metric.map(definition).unwrap_or_default(),
        }
    });
    let rows = block.rows.iter().enumerate().map(|(place, row)| RowView {
        line: lines.get(place).copied(),
        label: row.label.clone(),
        cells: columns
            .iter()
            .map(|column| {
                let shown = column.shown(row);
                CellView { text: shown.text, value: shown.value }
            })
            .collect(),
    });
    TableView { caption, heads: [of].into_iter().chain(heads).collect(), rows: rows.collect() }
}

/// The metric that a column shows; `None` for counts of requests.
const fn metric_of(column: &Column) -> Option<Metric> {
    match column.source {
        Source::Completed | Source::Failed => None,
        Source::Window(metric) | Source::Figure(metric, _) => Some(metric),
    }
}
