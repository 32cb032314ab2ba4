//! What can be wrong with a file of prompts or a trace.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::found::Fault;
use super::index::MAX_FILE_BYTES;
use super::open::HELD_BYTES;
use super::pictures::PictureError;
use super::split::MAX_ROW_BYTES;
use crate::workload::TokenizerError;

/// Why prompts cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DatasetError {
    /// The pictures that go with the prompts cannot be had.
    #[error(transparent)]
    Pictures(#[from] PictureError),
    /// The file is missing or may not be read.
    #[error("{}: cannot be opened: {source}; paths are taken from the scenario's folder", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// Reading failed.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// Nothing was read for a long time.
    #[error("{}: nothing could be read for {seconds} s", path.display())]
    Stuck {
        /// The file.
        path: PathBuf,
        /// How long.
        seconds: u64,
    },
    /// A row exceeds [`MAX_ROW_BYTES`].
    #[error(
        "{}:{line}: a row longer than {MAX_ROW_BYTES} bytes; is it a file in another format?",
        path.display()
    )]
    RowTooLong {
        /// The file.
        path: PathBuf,
        /// The line the row begins in.
        line: u64,
    },
    /// It is a pipe or the like, and brings too much to be held in memory.
    #[error("{}: not a file, and brings more than {HELD_BYTES} bytes; save it as a file", path.display())]
    NotAFile {
        /// Where it was read from.
        path: PathBuf,
    },
    /// The file exceeds [`MAX_FILE_BYTES`].
    #[error("{}: larger than {MAX_FILE_BYTES} bytes; split the file", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A row is no prompt.
    #[error("{}:{line}: found {found}; accepted is {accepted}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line the row begins in.
        line: u64,
        /// What stands there instead.
        found: String,
        /// What would be right.
        accepted: String,
    },
    /// So many rows are no prompts that it makes no sense to go on.
    #[error("{}: {count} rows are no prompts; the first one: {first}", path.display())]
    TooManyFaults {
        /// The file.
        path: PathBuf,
        /// How many.
        count: u64,
        /// The first one.
        first: String,
    },
    /// There is no prompt in the file.
    #[error("{}: holds no {what}", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// A trace holds more requests than can be kept.
    #[error(
        "{}: more than {most} requests; take a part of it with `replay: {{start: …, limit: …}}` or \
         split the file",
        path.display()
    )]
    TooManyArrivals {
        /// The file.
        path: PathBuf,
        /// Most requests that are kept.
        most: usize,
    },
    /// A tokenizer cannot be used.
    #[error("{}: {source}", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Arc<TokenizerError>,
    },
    /// A file is larger than a tokenizer ever is.
    #[error(
        "{}: larger than {limit} bytes, so no tokenizer; name the model's `tokenizer.json`",
        path.display()
    )]
    TokenizerTooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
    /// A `requests.csv` has several cells, and none is named.
    #[error(
        "{}: holds cell {first} and cell {other}; say which one to replay, as `cell: {first}`",
        path.display()
    )]
    SeveralCells {
        /// The file.
        path: PathBuf,
        /// One cell.
        first: u32,
        /// Another one.
        other: u32,
    },
    /// There is no prompt in the scenario.
    #[error("`prompts` is empty; write at least one text")]
    NoneInline,
}

impl DatasetError {
    /// The row that begins in `line` is no prompt.
    pub(super) fn row(path: &Path, line: u64, Fault { found, accepted }: Fault) -> Self {
        Self::Row { path: path.to_owned(), line, found, accepted }
    }
}
