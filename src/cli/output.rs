//! stdout and stderr, the program's two doors.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use super::exit::CommandError;
use super::scenario::variable;

/// Columns to assume where there is no terminal to ask.
const DEFAULT_WIDTH: u16 = 120;

/// Writes data to stdout. A closed pipe is no error: the reader has seen enough.
///
/// # Errors
///
/// Any other failure to write.
pub(super) fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes a line for people to stderr; nobody is told if that fails.
pub(super) fn say(line: &str) {
    writeln!(io::stderr().lock(), "{line}").unwrap_or_default();
}

/// What is known of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terminal {
    /// Columns.
    pub(super) width: u16,
    /// Whether colours may be used.
    pub(super) color: bool,
}

impl Terminal {
    /// Looks at stdout, `NO_COLOR`, `TERM` and `COLUMNS`.
    pub(super) fn of_stdout() -> Self {
        let size = terminal_size::terminal_size_of(io::stdout());
        Self::new(io::stdout().is_terminal(), size.map(|(width, _)| width.0))
    }

    /// Looks at stderr, `NO_COLOR`, `TERM` and `COLUMNS`.
    pub(super) fn of_stderr() -> Self {
        let size = terminal_size::terminal_size_of(io::stderr());
        Self::new(io::stderr().is_terminal(), size.map(|(width, _)| width.0))
    }

    fn new(is_terminal: bool, columns: Option<u16>) -> Self {
        let width = variable("COLUMNS")
            .and_then(|columns| columns.parse().ok())
            .or(columns)
            .unwrap_or(DEFAULT_WIDTH);
        let no_color = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = variable("TERM").is_some_and(|term| term == "dumb");
        Self { width, color: is_terminal && !no_color && !dumb }
    }
}
