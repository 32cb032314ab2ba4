//! How things look on this terminal.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::bar;

/// Bars of ASCII, each darker than the one before: they are one column wide everywhere.
const ASCII: bar::Set<'static> = bar::Set {
    full: "@",
    seven_eighths: "#",
    three_quarters: "*",
    five_eighths: "+",
    half: "=",
    three_eighths: "-",
    one_quarter: ":",
    one_eighth: ".",
    empty: " ",
};

/// What the terminal can show, and what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether colours may be used.
    pub color: bool,
    /// Whether signs like `▄` can be shown, and are one column wide.
    pub blocks: bool,
    /// Whether the help is shown in place of the figures.
    pub help: bool,
}

impl Look {
    pub(super) const fn bars(self) -> bar::Set<'static> {
        if self.blocks { bar::NINE_LEVELS } else { ASCII }
    }

    /// A full and an empty step of a progress bar.
    pub(super) const fn steps(self) -> [&'static str; 2] {
        if self.blocks { ["█", "░"] } else { ["#", "."] }
    }

    pub(super) const fn strong() -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) const fn faint() -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// The bar over everything, with or without colours.
    pub(super) const fn inverse() -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(super) const fn good(self) -> Style {
        if self.color { Style::new().fg(Color::Cyan) } else { Style::new() }
    }

    pub(super) const fn bad(self) -> Style {
        if self.color { Style::new().fg(Color::Red) } else { Self::strong() }
    }
}
