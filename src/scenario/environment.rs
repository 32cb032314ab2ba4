//! What a scenario is read in: its place, the environment, files, and flags over it.

use std::path::{Path, PathBuf};
use std::{fmt, io};

/// Where the text of a scenario comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// How messages name it: the path as the user gave it, or `the command line`.
    pub name: String,
    /// The folder that files named in it are relative to; absolute where the stored scenario
    /// should find them again from elsewhere.
    pub folder: PathBuf,
}

impl Origin {
    /// The origin of a scenario made from flags; files are relative to `folder`.
    pub fn command_line(folder: impl Into<PathBuf>) -> Self {
        Self { name: "the command line".to_owned(), folder: folder.into() }
    }

    /// The name of a scenario that gives itself none: its file's, without the ending.
    pub(in crate::scenario) fn default_name(&self) -> &str {
        let stem = Path::new(&self.name).file_stem().and_then(|stem| stem.to_str());
        stem.map(str::trim).filter(|stem| !stem.is_empty()).unwrap_or("scenario")
    }
}

/// The outside world, as far as scenarios ask for it.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// The value of an environment variable; `None` if it is not set.
    pub var: &'a dyn Fn(&str) -> Option<String>,
    /// The text of a file.
    pub read: &'a dyn Fn(&Path) -> io::Result<String>,
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
