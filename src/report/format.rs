//! The formats of reports, by name.

use super::bencher::bencher;
use super::brief::brief;
use super::comparison::within;
use super::csv::summary_csv;
use super::flat::flat;
use super::html::{PageRun, RunRows, html};
use super::junit::junit;
use super::markdown::markdown;
use super::openmetrics::openmetrics;
use super::table::{TableOptions, table};
use crate::compare::Comparison;
use crate::result::{ResultError, RunResult};

/// A format of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportFormat {
    /// Tables for the terminal.
    Table,
    /// The same with every column.
    Wide,
    /// `summary.csv`: a row per cell.
    Csv,
    /// `result.json`: the result itself.
    Json,
    /// `summary.md`: for people.
    Markdown,
    /// A short Markdown: for a comment on a pull request.
    Comment,
    /// JUnit XML: for CI servers.
    Junit,
    /// Bencher's JSON: for continuous benchmarking.
    Bencher,
    /// A flat list of figures in JSON: for dashboards.
    Flat,
    /// `report.html`: a page for people, with pictures.
    Html,
    /// OpenMetrics text: for Prometheus.
    OpenMetrics,
}

/// What a report shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReportOptions<'a> {
    /// How tables of the terminal are drawn.
    pub table: TableOptions,
    /// Whether rounds stand apart in tables, instead of merged. CSV always has them apart.
    pub rounds_apart: bool,
    /// Whether JSON holds the histograms.
    pub histograms: bool,
    /// The rows beside the result, for pages; `None` where they are not at hand.
    pub rows: Option<&'a RunRows>,
}

impl Default for ReportOptions<'_> {
    fn default() -> Self {
        Self { table: TableOptions::default(), rounds_apart: false, histograms: true, rows: None }
    }
}

/// Why a report cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The result does not hold what the report needs.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// The XML cannot be written.
    #[error("the XML cannot be written: {0}")]
    Junit(#[from] quick_junit::SerializeError),
    /// The page cannot be filled in.
    #[error("the page cannot be filled in: {0}")]
    Page(#[from] minijinja::Error),
    /// The CSV cannot be written.
    #[error("the CSV cannot be written: {0}")]
    Csv(#[from] csv::Error),
}

/// The registry: adding a format means a line in each of these.
impl ReportFormat {
    /// Every format.
    pub const ALL: [Self; 11] = [
        Self::Table,
        Self::Wide,
        Self::Csv,
        Self::Json,
        Self::Markdown,
        Self::Comment,
        Self::Junit,
        Self::Bencher,
        Self::Flat,
        Self::Html,
        Self::OpenMetrics,
    ];

    /// Its name on the command line.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Wide => "wide",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Comment => "comment",
            Self::Junit => "junit",
            Self::Bencher => "bencher",
            Self::Flat => "flat",
            Self::Html => "html",
            Self::OpenMetrics => "openmetrics",
        }
    }

    /// `result` in this format.
    ///
    /// # Errors
    ///
    /// [`ReportError`] if the result does not hold what the report needs.
    pub fn render(
        self,
        result: &RunResult,
        options: &ReportOptions<'_>,
    ) -> Result<String, ReportError> {
        self.render_compared(result, None, options)
    }

    /// As [`ReportFormat::render`], and with what came of the comparison with a baseline: in the
    /// table, in Markdown, and in the formats for pipelines (comment, `JUnit`, flat).
    ///
    /// # Errors
    ///
    /// [`ReportError`] if the result does not hold what the report needs.
    pub fn render_compared(
        self,
        result: &RunResult,
        comparison: Option<&Comparison>,
        options: &ReportOptions<'_>,
    ) -> Result<String, ReportError> {
        match self {
            Self::Table => Ok(table(result, comparison, options.table, options.rounds_apart)?),
            Self::Wide => {
                let wide = TableOptions { wide: true, ..options.table };
                Ok(table(result, comparison, wide, options.rounds_apart)?)
            }
            Self::Csv => summary_csv(result),
            Self::Json if options.histograms => Ok(result.to_json()?),
            Self::Json => Ok(result.without_histograms().to_json()?),
            Self::Markdown => Ok(markdown(result, comparison, options.rounds_apart)?),
            Self::Comment => Ok(brief(result, comparison)?),
            Self::Junit => junit(result, comparison),
            Self::Bencher => bencher(result),
            Self::Flat => flat(result, comparison),
            Self::Html => {
                let mut comparisons = within(result);
                comparisons.extend(comparison.cloned());
                html(&[PageRun { result, rows: options.rows }], &comparisons)
            }
            Self::OpenMetrics => Ok(openmetrics(result)?),
        }
    }

    /// The format of that name, or `None`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.key() == key)
    }
}

#[cfg(test)]
mod tests {
    use super::ReportFormat;

    #[test]
    fn names_lead_back_to_their_formats() {
        for format in ReportFormat::ALL {
            assert_eq!(ReportFormat::from_key(format.key()), Some(format));
        }
        assert_eq!(ReportFormat::from_key("xml"), None);
    }
}
