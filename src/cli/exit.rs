//! Exit codes, and which one applies.

use std::fmt;

/// How the program ends. `docs/exit-codes.md` lists them; a test holds the two equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Done, and every gate held.
    Done,
    /// pacemark itself failed.
    Internal,
    /// The command line or the scenario is wrong; nothing was sent.
    Usage,
    /// A backend cannot be used; found before any load was sent.
    Unusable,
    /// Interrupted; what was measured is saved and marked partial.
    Interrupted,
    /// The run is not to be trusted.
    Untrusted,
    /// A gate failed.
    GateFailed,
    /// A regression against the baseline.
    Regression,
    /// Inconclusive, only where that was asked for.
    Inconclusive,
}

impl ExitCode {
    /// Every code, the gravest first: the first that applies is the one.
    pub const BY_GRAVITY: [Self; 9] = [
        Self::Internal,
        Self::Usage,
        Self::Unusable,
        Self::Interrupted,
        Self::Untrusted,
        Self::GateFailed,
        Self::Regression,
        Self::Inconclusive,
        Self::Done,
    ];

    /// The code the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Unusable => 3,
            Self::Untrusted => 4,
            Self::GateFailed => 5,
            Self::Regression => 6,
            Self::Inconclusive => 7,
            Self::Interrupted => 130,
        }
    }

    /// The graver of two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let applies = |code: &Self| *code == self || *code == other;
        Self::BY_GRAVITY.into_iter().find(applies).unwrap_or(self)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.code())
    }
}

/// A failure of a command: its exit code and what to say.
#[derive(Debug)]
pub(super) struct CommandError {
    pub(super) code: ExitCode,
    pub(super) error: anyhow::Error,
}

impl CommandError {
    pub(super) fn new(code: ExitCode, error: impl Into<anyhow::Error>) -> Self {
        Self { code, error: error.into() }
    }

    /// Something the user can put right on the command line or in a file.
    pub(super) fn usage(message: impl fmt::Display) -> Self {
        Self { code: ExitCode::Usage, error: anyhow::anyhow!("{message}") }
    }
}

/// Anything that is not sorted otherwise is a failure of our own.
impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        Self::new(ExitCode::Internal, error)
    }
}

#[cfg(test)]
mod tests {
    use super::ExitCode;

    #[test]
    fn the_worst_applies() {
        assert_eq!(ExitCode::Done.or(ExitCode::Untrusted), ExitCode::Untrusted);
        assert_eq!(ExitCode::Untrusted.or(ExitCode::Interrupted), ExitCode::Interrupted);
        assert_eq!(ExitCode::Interrupted.or(ExitCode::Internal), ExitCode::Internal);
        assert_eq!(ExitCode::Done.or(ExitCode::Done), ExitCode::Done);
    }
}
