//! How much of a comparison's table there is room for.

use comfy_table::Table;
use unicode_width::UnicodeWidthStr as _;

use crate::report::TableOptions;

/// What is said where intervals had no room.
pub(super) const NARROW: &str =
    "no room for intervals: a wider terminal shows them, and so does --wide";

/// The column of the intervals.
const INTERVAL: usize = 4;

/// What a table shows of each estimate; base, new, ratio and verdict always stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The most columns of the terminal that the name of a side takes.
    pub(super) names: usize,
    /// Whether verdicts say how many rounds would settle them; sentences below say it too.
    pub(super) rounds: bool,
    /// Whether it stands in the table why there is no ratio, and not below it.
    pub(super) reasons: bool,
    /// Whether there are intervals.
    pub(super) interval: bool,
}

impl Layout {
    /// Everything.
    pub(super) const WIDEST: Self = Self { names: 20, rounds: true, reasons: true, interval: true };

    /// From the widest on, what is given up first stands elsewhere too.
    const ALL: [Self; 7] = [
        Self::WIDEST,
        Self { names: 12, ..Self::WIDEST },
        Self { names: 12, rounds: false, ..Self::WIDEST },
        Self { names: 12, rounds: false, reasons: false, interval: true },
        Self { names: 10, rounds: false, reasons: false, interval: true },
        Self { names: 8, rounds: false, reasons: false, interval: true },
        Self { names: 8, rounds: false, reasons: false, interval: false },
    ];

    /// The widest layout that fits, with its table as `draw` draws it; the narrowest where none
    /// does, and the widest where everything is asked for.
    pub(super) fn fitting(options: TableOptions, draw: impl Fn(Self) -> Table) -> (Self, Table) {
        let [widest, narrower @ ..] = Self::ALL;
        let mut drawn = (widest, draw(widest));
        for layout in narrower {
            if options.wide || width(&drawn.1) <= options.width {
                break;
            }
            drawn = (layout, draw(layout));
        }
        drawn
    }

    /// Whether a column stands.
    pub(super) const fn shows(self, column: usize) -> bool {
        column != INTERVAL || self.interval
    }
}

/// Columns of the terminal that a table takes, without what a colour is asked for by.
fn width(table: &Table) -> usize {
    // The line below the heads has no colour and is as wide as the table.
    let lines = table.lines().filter(|line| line.starts_with('-'));
    lines.map(|line| line.width()).max().unwrap_or(0)
}
