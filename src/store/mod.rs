//! The folder of a run: the one place that writes files.
//!
//! `results/<UTC time>-<scenario name>/` grows while the run goes on. `requests.csv`,
//! `timeseries.csv` and `histograms.hlog` are appended to and flushed; every other file is replaced as a whole, by a new file that is renamed over
//! the old one, so a reader (or a crash) never sees half of it.

mod baselines;
mod column_meanings;
mod cut;
mod folder;
mod gateway_pairs;
mod histogram_log;
mod host;
mod load;
mod merge;
mod page;
mod records;
mod replace;
mod requests;
mod resume;
mod rows;
mod run_rows;
mod server_metrics;
mod shelf;
mod table_schema;
mod tail;
mod text_file;
mod timeseries;

use std::io;
use std::path::{Path, PathBuf};

pub use baselines::{BaselineEntry, Baselines};
pub use folder::{RunFolder, folder_name};
pub use host::host_facts;
pub use load::{load, runs_at};
pub use merge::{MergedFolder, save_merged};
pub use page::page_of;
pub use records::RecordsPolicy;
pub use requests::request_values;
pub use resume::HeldFolder;
pub use run_rows::run_rows;
pub use shelf::{Shelf, is_running, open_file};
pub use table_schema::{RowsFile, table_schema};
pub use tail::SecondsTail;
pub use text_file::{is_newer, read_text, save_text};

use crate::report::ReportError;
use crate::result::ResultError;

/// Why a run cannot be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder cannot be written.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no run at a path.
    #[error("no run at `{path}`: {found}; name the folder of a run, or its `result.json`")]
    NoRun {
        /// The path.
        path: PathBuf,
        /// What is there instead.
        found: String,
    },
    /// A result cannot be used.
    #[error("`{path}`: {source}")]
    Result {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: ResultError,
    },
    /// A run still goes on.
    #[error(
        "the run in `{path}` still goes on: another process writes to it; wait for it, or stop it"
    )]
    GoesOn {
        /// Its folder.
        path: PathBuf,
    },
    /// A report of the run cannot be made.
    #[error("cannot make `{path}`: {source}")]
    Report {
        /// The file of the report.
        path: PathBuf,
        /// Why not.
        source: ReportError,
    },
}

impl StoreError {
    /// Makes an error of writing `path`.
    fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Write { path: path.to_owned(), source }
    }
}
