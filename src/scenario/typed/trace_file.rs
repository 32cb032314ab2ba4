//! Recorded traffic that prompts are made by.

use super::choice::{Choice, choices};
use super::mapping::mapping;
use super::quantity::Whole;
use super::text::FilePath;
use crate::scenario::trace_file::TraceFormat;

/// More cells than this no run has.
const MOST_CELLS: u64 = 100_000;

mapping! {
    /// Texts of the lengths in a recording.
    TraceSource {
        /// The recording.
        required trace: TraceFileSource,
    }
    later {}
}

mapping! {
    /// A recording.
    TraceFileSource {
        /// The file, relative to the scenario's folder.
        required file: FilePath,
        /// How it is read: `mooncake`, `burstgpt`, `azure` or `pacemark` (a `requests.csv`).
        optional format: TraceFormat = "by the name: pacemark for requests.csv, and the others where the name says so",
        /// Which cell of a `requests.csv` is replayed.
        optional cell: Whole<0, MOST_CELLS> = "the only one",
        /// Whether rows that are no requests are left out and counted, instead of refused.
        optional skip_invalid: bool = "false",
    }
    later {}
}

choices!(TraceFormat);

impl Choice for TraceFormat {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.iter().map(|format| (format.key(), *format)).collect()
    }
}
