//! Comparisons as text: a table for the terminal, Markdown, CSV and JSON, all from the same
//! [`Comparison`].
//!
//! [`Comparison`]: crate::compare::Comparison

mod csv;
mod format;
mod layout;
mod markdown;
mod rows;
mod table;
mod verdict;
mod words;

pub use format::ComparisonFormat;
pub(super) use verdict::closing;
pub use verdict::verdict_line;
pub use words::sentence;
