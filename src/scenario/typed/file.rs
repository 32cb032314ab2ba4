//! The whole file.

use super::backend::BackendFile;
use super::gate::GateFile;
use super::list::{List, Named};
use super::load::LoadFile;
use super::mapping::mapping;
use super::mix::AnyWorkloadFile;
use super::quantity::{PositiveSpan, Whole};
use super::text::{FolderName, Name};

/// More servers than this in one table help nobody.
const MOST_BACKENDS: usize = 64;
/// More workloads than this in one table help nobody.
const MOST_WORKLOADS: usize = 256;
/// More gates than this are read by nobody.
const MOST_GATES: usize = 256;
/// More pairs than this take longer than anybody waits.
const MOST_PAIRS: u64 = 1_000_000;
/// More pairs at a time than this one thread cannot time.
const MOST_PAIRS_AT_A_TIME: u64 = 1_000;
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
        /// What a gateway costs: the same requests through it and past it.
        optional compare: CompareFile,
        /// Whether a run shows the full-screen view where there is a terminal, as with `--live`.
        optional live: bool = "false",
    }
    later {}
}

mapping! {
    /// The same requests through a gateway and to the server behind it, when all cells are over.
    CompareFile {
        /// The backend that is the gateway.
        required gateway: Name,
        /// The backend of the server behind it.
        required direct: Name,
        /// Pairs for each workload that both run.
        optional pairs: Whole<4, MOST_PAIRS> = "200",
        /// Pairs under way at a time.
        optional concurrency: Whole<1, MOST_PAIRS_AT_A_TIME> = "1",
    }
    later {}
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
