//! Comparisons as text: a table for the terminal, Markdown, CSV, JSON and what pipelines read, all
//! from the same [`Comparison`].
//!
//! [`Comparison`]: crate::compare::Comparison

mod comment;
mod csv;
mod format;
mod layout;
mod markdown;
mod rows;
mod table;
mod verdict;
mod words;

pub use format::ComparisonFormat;
pub(super) use rows::{fields, metric_name};
pub(super) use table::share;
pub(super) use verdict::{closing, outcome, verdicts};
pub use verdict::{verdict_line, within};
pub use words::sentence;
pub(super) use words::{amount, bounds, phrase, sentences};
