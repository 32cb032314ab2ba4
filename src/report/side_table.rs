//! A table that stands beside those of the cells: a title, rows of text, and remarks.

/// A table in words, for every report.
pub(super) struct SideTable {
    /// What it is about.
    pub(super) title: String,
    /// Names of the columns, each with its unit, or an empty one.
    pub(super) heads: Vec<(String, String)>,
    /// As many texts as there are heads, row by row.
    pub(super) rows: Vec<Vec<String>>,
    /// What must be said beside it.
    pub(super) remarks: Vec<String>,
}
