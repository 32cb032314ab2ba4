//! Results as text: every format is a function from a [`RunResult`] to a string.
//!
//! Nothing here reads the live run, a terminal or a file, so no two formats can disagree and
//! every report can be made again from a stored result. A new format is a file here and a line
//! in the registry of [`ReportFormat`].
//!
//! [`RunResult`]: crate::result::RunResult

mod blocks;
mod client_error;
mod columns;
mod comparison;
mod contrast;
mod csv;
mod findings;
mod format;
mod gates;
mod grid;
mod markdown;
mod numbers;
mod remarks;
mod table;
mod wrap;

pub use comparison::{ComparisonFormat, sentence, verdict_line};
pub use csv::{guarded, summary_columns, summary_csv};
pub use format::{ReportError, ReportFormat, ReportOptions};
pub use gates::gates;
pub use markdown::markdown;
pub use table::{TableOptions, table};
