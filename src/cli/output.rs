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
    /// Whether signs like `▄` can be shown, and are one column wide.
    pub(super) blocks: bool,
}

impl Terminal {
    /// Looks at stdout, `NO_COLOR`, `TERM`, `COLUMNS` and the locale.
    pub(super) fn of_stdout() -> Self {
        let size = terminal_size::terminal_size_of(io::stdout());
        Self::new(io::stdout().is_terminal(), size.map(|(width, _)| width.0))
    }

    /// Looks at stderr, `NO_COLOR`, `TERM`, `COLUMNS` and the locale.
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
        let blocks = is_terminal && !dumb && narrow_unicode(&locale());
        Self { width, color: is_terminal && !no_color && !dumb, blocks }
    }
}

/// The locale of texts: the first that is set of those that may name it; empty where none is.
fn locale() -> String {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    names.into_iter().filter_map(variable).find(|value| !value.is_empty()).unwrap_or_default()
}

/// Whether a locale has Unicode, and signs of ambiguous width (East Asian Width `A`) are one
/// column wide in it: they are two in terminals set to Chinese, Japanese or Korean.
fn narrow_unicode(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    let unicode = locale.ends_with("utf-8") || locale.ends_with("utf8");
    unicode && !["zh", "ja", "ko"].iter().any(|language| locale.starts_with(language))
}

#[cfg(test)]
mod tests {
    use super::narrow_unicode;

    #[test]
    fn blocks_are_one_column_wide_only_in_unicode_outside_east_asia() {
        let narrow = ["en_US.UTF-8", "C.utf8", "de_DE.UTF-8"];
        assert!(narrow.into_iter().all(narrow_unicode));
        let other =
            ["", "C", "POSIX", "en_US.ISO-8859-1", "zh_CN.UTF-8", "ja_JP.utf8", "ko_KR.UTF-8"];
        assert!(!other.into_iter().any(narrow_unicode));
    }
}
