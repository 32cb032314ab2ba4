//! One thing that was asked, and how the answer stands to the API.

/// How an answer stands to the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is as the API has it.
    Yes,
    /// It works, but otherwise.
    Differs,
    /// It is not there.
    No,
    /// It could not be found out.
    Unknown,
}

impl Verdict {
    /// Its word in tables and files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Differs => "differs",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name in files.
    pub key: &'static str,
    /// What was asked, for people.
    pub question: &'static str,
    /// How the answer stands to the API.
    pub verdict: Verdict,
    /// What was found, in a short line.
    pub found: String,
}

impl Check {
    pub(super) fn new(
        (key, question): (&'static str, &'static str),
        verdict: Verdict,
        found: impl Into<String>,
    ) -> Self {
        Self { key, question, verdict, found: found.into() }
    }
}
