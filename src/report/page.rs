//! A page of the terminal as it grows, and the grids on it.
//!
//! All decoration is ASCII, because the width of other signs depends on the terminal's language.

use comfy_table::{
    Attribute, Cell, CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, Table,
    TableStyle,
};

use super::table::TableOptions;
use super::wrap::wrapped;

/// Columns of the terminal between two columns of a grid.
pub(super) const GAP: usize = 2;

/// The style of what is there to be looked up.
pub(super) const FAINT: &str = "2";

/// The text of a page as it grows.
pub(super) struct Page {
    /// How it is drawn.
    pub(super) options: TableOptions,
    /// What stands on it.
    pub(super) text: String,
}

impl Page {
    /// An empty page.
    pub(super) const fn new(options: TableOptions) -> Self {
        Self { options, text: String::new() }
    }

    /// Adds a line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Adds `text` as prose, which fits the width.
    pub(super) fn say(&mut self, text: &str, indent: usize) {
        for line in wrapped(text, self.options.width, indent) {
            self.line(&line);
        }
    }

    /// Adds `text` as prose in bold.
    pub(super) fn heading(&mut self, text: &str) {
        self.styled(text, "1");
    }

    /// Adds `text` as prose in a style of the terminal, where colours may be used.
    pub(super) fn styled(&mut self, text: &str, style: &str) {
        for line in wrapped(text, self.options.width, 2) {
            let line =
                if self.options.color { format!("\x1b[{style}m{line}\x1b[0m") } else { line };
            self.line(&line);
        }
    }
}

/// A grid below its heads, which may have several lines: the first column stands to the left, the
/// others to the right, except for the last one where it holds `prose`.
pub(super) fn grid(
    heads: impl IntoIterator<Item = String>,
    rows: impl IntoIterator<Item = Vec<Cell>>,
    prose: bool,
    color: bool,
) -> Table {
    let mut table = Table::new();
    let lines = ContentLineStyle::none();
    table
        .load_style(
            TableStyle::new()
                .header_lines(lines)
                .header_separator(LineStyle::none().fill('-'))
                .content_lines(lines),
        )
        .set_content_arrangement(ContentArrangement::Disabled)
        .force_no_tty();
    if color {
        table.enforce_styling();
    }
    table.set_header(heads.into_iter().map(|head| Cell::new(head).add_attribute(Attribute::Bold)));
    table.add_rows(rows);
    let gap = u16::try_from(GAP).unwrap_or(u16::MAX);
    let last = table.column_count().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding(if index == 0 { (0, 0) } else { (gap, 0) });
        if index > 0 && !(prose && index == last) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
