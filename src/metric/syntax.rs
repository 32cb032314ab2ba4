//! What is wrong with the text of a gate, and at which column.

use std::fmt;
use std::ops::Range;

/// Why a text is not the figure or the gate it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The characters of the text it is about, counted from 0.
    pub at: Range<usize>,
    /// What is wrong, with what was found.
    pub message: String,
    /// One thing to try.
    pub hint: String,
}

/// `column 6: …; did you mean `p99`?`
impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}; {}", self.at.start + 1, self.message, self.hint)
    }
}

impl std::error::Error for SyntaxError {}

/// A part of a text that knows where in it it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'t> {
    /// The part.
    pub(super) text: &'t str,
    /// Characters before it.
    start: usize,
}

impl<'t> Part<'t> {
    /// The whole of a text.
    pub(super) const fn whole(text: &'t str) -> Self {
        Self { text, start: 0 }
    }

    /// The same without space around it.
    pub(super) fn trimmed(self) -> Self {
        let rest = self.text.trim_start();
        let lead = self.text[..self.text.len() - rest.len()].chars().count();
        Self { text: rest.trim_end(), start: self.start + lead }
    }

    /// What stands before the byte `at`, and what begins there.
    pub(super) fn split_at(self, at: usize) -> (Self, Self) {
        let (before, after) = self.text.split_at(at);
        let start = self.start + before.chars().count();
        (Self { text: before, start: self.start }, Self { text: after, start })
    }

    /// The same without its first `bytes` bytes.
    pub(super) fn skip(self, bytes: usize) -> Self {
        self.split_at(bytes).1
    }

    /// An error about this part; about the place where it would begin, if it is empty.
    pub(super) fn error(self, message: impl Into<String>, hint: impl Into<String>) -> SyntaxError {
        let at = self.start..self.start + self.text.chars().count();
        SyntaxError { at, message: message.into(), hint: hint.into() }
    }
}

/// Names as a sentence lists them, each in backticks.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
