//! The whole file.

use super::backend::BackendFile;
use super::gate::GateFile;
use super::list::{List, Named};
use super::load::LoadFile;
use super::mapping::mapping;
use super::mix::AnyWorkloadFile;
use super::quantity::{PositiveSpan, Whole};
use super::text::FolderName;

/// More servers than this in one table help nobody.
const MOST_BACKENDS: usize = 64;
/// More workloads than this in one table help nobody.
const MOST_WORKLOADS: usize = 256;
/// More gates than this are read by nobody.
const MOST_GATES: usize = 256;
/// The largest seed that JSON and YAML readers everywhere keep exactly.
const LARGEST_SEED: u64 = (1 << 53) - 1;

mapping! {
    /// A scenario: which servers get which requests, how many, and when.
    ScenarioFile {
        /// Version of the format; this is version 1.
        required pacemark: Whole<1, 1>,
        /// Name of the scenario; also names the folder of its results.
        optional name: FolderName = "the name of the file",
        /// What the scenario is for; shown in reports.
        optional description: String,
        /// Seed of everything random: arrivals, order of prompts, the simulated server.
        optional seed: Whole<0, LARGEST_SEED> = "42",
        /// The servers, each under the name that tables show.
        required backends: Named<BackendFile, MOST_BACKENDS>,
        /// What is sent, each under the name that tables show.
        required workloads: Named<AnyWorkloadFile, MOST_WORKLOADS>,
        /// How much is sent, and when.
        required load: LoadFile,
        /// What every single request should keep to; makes goodput.
        optional slo: SloFile,
        /// What a run must keep to; a gate that fails decides the exit code.
        optional gates: List<GateFile, MOST_GATES>,
        /// Whether a run shows the full-screen view where there is a terminal, as with `--live`.
        optional live: bool = "false",
    }
    later {
        "compare": "paired comparison of a gateway",
    }
}

mapping! {
    /// What every single request should keep to; a request counts for goodput if it meets all.
    SloFile {
        /// Longest time to the first token.
        optional ttft: PositiveSpan,
        /// Longest time to the first token of the answer, thinking left out.
        optional ttfa: PositiveSpan,
        /// Longest time per output token after the first.
        optional tpot: PositiveSpan,
        /// Longest gap between two text events.
        optional stall: PositiveSpan,
        /// Longest time from sending to the last token.
        optional e2e: PositiveSpan,
        /// As `e2e`, but from when the request was due.
        optional response: PositiveSpan,
    }
    later {}
}
