//! The grid of one block: a line per backend, as many columns as there is room for.

use comfy_table::{Cell, Color};
use unicode_width::UnicodeWidthStr as _;

use super::blocks::{Block, Row};
use super::columns::{Column, Shown, Source, UNSUPPORTED, WIDE, columns_of};
use super::page::{self, GAP};
use super::table::TableOptions;
use super::wrap::shortened;
use crate::metric::Direction;

/// The most columns a backend's name takes.
pub(super) const NAME_WIDTH: usize = 24;

/// The grid of a block, drawn.
pub(super) struct Grid {
    /// Its lines.
    pub(super) text: String,
    /// The columns it shows.
    pub(super) columns: Vec<Column>,
    /// Titles of columns that had no room.
    pub(super) hidden: Vec<String>,
    /// Whether a percentile is marked as unsupported.
    pub(super) marked: bool,
}

/// Draws `block`; all lines are equally wide.
pub(super) fn grid(block: &Block<'_>, options: TableOptions) -> Grid {
    let mut columns = columns_of(block);
    let mut hidden = Vec::new();
    if !options.wide {
        let fits = which_fit(&columns, block, options.width);
        let left_out = |(column, fits): (&Column, &bool)| {
            (!fits && column.rank < WIDE).then(|| column.title())
        };
        hidden = columns.iter().zip(&fits).filter_map(left_out).collect();
        let mut fits = fits.into_iter();
        columns.retain(|_| fits.next().unwrap_or(false));
    }
    let shown = |row| columns.iter().map(move |column| column.shown(row));
    let marked = block.rows.iter().flat_map(shown).any(|s| s.text.starts_with(UNSUPPORTED));
    let text = draw(block, &columns, options.color);
    Grid { text, columns, hidden, marked }
}

/// For each column whether it fits the width, the most telling first.
fn which_fit(columns: &[Column], block: &Block<'_>, width: usize) -> Vec<bool> {
    let names = block.rows.iter().map(|row| name(row).width());
    let mut room = width.saturating_sub(names.chain([block.of.width()]).max().unwrap_or(0));
    let mut by_rank: Vec<usize> = (0..columns.len()).collect();
    by_rank.sort_by_key(|index| columns[*index].rank);
    let mut fits = vec![false; columns.len()];
    for index in by_rank {
        let needed = GAP + width_of(&columns[index], block);
        let rank = columns[index].rank;
        fits[index] = rank == 0 || rank < WIDE && needed <= room;
        if fits[index] {
            room = room.saturating_sub(needed);
        }
    }
    fits
}

fn draw(block: &Block<'_>, columns: &[Column], color: bool) -> String {
    let heads = columns.iter().map(|column| format!("{}\n{}", column.name, column.unit));
    let heads = std::iter::once(format!("\n{}", block.of)).chain(heads);
    let rows = block.rows.iter().map(|row| cells(row, block, columns));
    format!("{}\n", page::grid(heads, rows, false, color))
}

/// The cells of one backend; the best of each column is green, failures are red.
fn cells(row: &Row, block: &Block<'_>, columns: &[Column]) -> Vec<Cell> {
    let mut cells = vec![Cell::new(name(row))];
    for column in columns {
        let shown = column.shown(row);
        let failed = column.source == Source::Failed && shown.value > Some(0.0);
        let best = is_best(column, block, &shown);
        let cell = Cell::new(shown.text);
        cells.push(match (failed, best) {
            (true, _) => cell.fg(Color::Red),
            (false, true) => cell.fg(Color::Green),
            (false, false) => cell,
        });
    }
    cells
}

fn name(row: &Row) -> String {
    shortened(&row.label, NAME_WIDTH)
}

fn width_of(column: &Column, block: &Block<'_>) -> usize {
    let values = block.rows.iter().map(|row| column.shown(row).text.width());
    values.chain([column.name.width(), column.unit.width()]).max().unwrap_or(0)
}

/// Whether `shown` is the best of its column, among several that differ.
fn is_best(column: &Column, block: &Block<'_>, shown: &Shown) -> bool {
    let metric = match column.source {
        Source::Completed | Source::Failed => return false,
        Source::Window(metric) | Source::Figure(metric, _) => metric,
    };
    let Some(value) = shown.value else { return false };
    let all: Vec<_> = block.rows.iter().map(|row| column.shown(row)).collect();
    let mut others = all.iter().filter_map(|other| other.value);
    all.iter().any(|other| other.text != shown.text)
        && match metric.info().direction {
            Direction::Lower => others.all(|other| value <= other),
            Direction::Higher => others.all(|other| value >= other),
            Direction::Neither => false,
        }
}
