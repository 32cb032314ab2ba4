//! The formats of comparisons.

use super::comment::comment;
use super::csv::csv;
use super::markdown::markdown;
use super::table::table;
use crate::compare::{Comparison, ComparisonDocument};
use crate::report::junit::junit_of;
use crate::report::{ReportError, TableOptions};
use crate::result::ResultError;

/// A format of comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonFormat {
    /// Tables for the terminal.
    Table,
    /// The versioned document.
    Json,
    /// Tables for a document.
    Markdown,
    /// A short Markdown: for a comment on a pull request.
    Comment,
    /// JUnit XML: for CI servers.
    Junit,
    /// A row for each measure of each cell.
    Csv,
}

impl ComparisonFormat {
    /// `comparisons` in this format, ending with a line break.
    ///
    /// # Errors
    ///
    /// [`ReportError`] if it cannot be written.
    pub fn render(
        self,
        comparisons: &[Comparison],
        options: TableOptions,
    ) -> Result<String, ReportError> {
        match self {
            Self::Table => Ok(table(comparisons, options)),
            Self::Markdown => Ok(markdown(comparisons)),
            Self::Comment => Ok(comment(comparisons)),
            Self::Junit => junit_of(comparisons),
            Self::Csv => csv(&ComparisonDocument::new(comparisons)),
            Self::Json => {
                let document = ComparisonDocument::new(comparisons);
                let text =
                    serde_json::to_string_pretty(&document).map_err(ResultError::NotAResult)?;
                Ok(text + "\n")
            }
        }
    }
}
