//! Results as text: every format is a function from a [`RunResult`] to a string.
//!
//! Nothing here reads the live run, a terminal or a file, so no two formats can disagree and
//! every report can be made again from a stored result. A new format is a file here and a line
//! in the registry of [`ReportFormat`].
//!
//! [`RunResult`]: crate::result::RunResult

mod answer;
mod bencher;
mod blocks;
mod brief;
mod capacity;
mod capacity_csv;
mod client_error;
mod columns;
mod comparison;
mod contrast;
mod csv;
mod definitions;
mod figures;
mod findings;
mod flat;
mod format;
mod gates;
mod gateway_cost;
mod grid;
mod html;
mod junit;
mod markdown;
mod numbers;
mod openmetrics;
mod page;
mod remarks;
mod search;
mod shape;
mod side_table;
mod table;
mod verdicts;
mod wrap;

pub use bencher::bencher;
pub use brief::brief;
pub use capacity::{CapacityQuestion, capacity_text};
pub use capacity_csv::capacity_csv;
pub use comparison::{ComparisonFormat, sentence, verdict_line, within};
pub use csv::{guarded, summary_columns, summary_csv};
pub use flat::flat;
pub use format::{ReportError, ReportFormat, ReportOptions};
pub use gates::gates;
pub use html::{
    InputPoint, InputSample, PageRun, RowPlace, RunRows, SecondRow, Shelved, html, list_page,
    live_page,
};
pub use junit::junit;
pub use markdown::markdown;
pub use numbers::number;
pub use openmetrics::openmetrics;
pub use table::{TableOptions, table};
pub use verdicts::{lines_of, verdict_lines};
