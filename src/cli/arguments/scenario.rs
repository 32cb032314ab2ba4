//! Where a scenario comes from: a file, or flags alone.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::metric::Unsupported;
use crate::openai::Endpoint;
use crate::scenario::{BackendKind, LoadSpan};
use crate::units::{Rate, parse_span};

#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArguments {
    #[command(flatten)]
    pub(in crate::cli) source: SourceArguments,
    /// Show so many requests of each workload, the lengths asked for, and totals of each cell
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "3")]
    pub(in crate::cli) show: Option<u64>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Where the scenario comes from, and what is changed in it.
#[derive(Debug, Args)]
pub(in crate::cli) struct SourceArguments {
    /// Scenario file; `-` reads it from stdin
    #[arg(value_name = "SCENARIO")]
    pub(in crate::cli) scenario: Option<PathBuf>,
    /// Change one value of the scenario, e.g. load.stages.0.concurrency=32; may be repeated
    #[arg(long, value_name = "PATH=VALUE", help_heading = "Changes to the scenario")]
    pub(in crate::cli) set: Vec<String>,
    /// Run only this backend; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Changes to the scenario")]
    pub(in crate::cli) backend: Vec<String>,
    /// Run only this workload; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Changes to the scenario")]
    pub(in crate::cli) workload: Vec<String>,
    /// Run the whole matrix this many times
    #[arg(long, value_name = "N", help_heading = "Changes to the scenario")]
    pub(in crate::cli) rounds: Option<u32>,
    /// The seed of everything random
    #[arg(long, value_name = "N", help_heading = "Changes to the scenario")]
    pub(in crate::cli) seed: Option<u64>,
    #[command(flatten)]
    pub(in crate::cli) gates: GateArguments,
    #[command(flatten)]
    pub(in crate::cli) flags: FlagArguments,
}

/// Gates besides those of the scenario.
#[derive(Debug, Args)]
pub(in crate::cli) struct GateArguments {
    /// A limit the run must keep to, e.g. 'ttft.p99 < 800ms' or 'goodput > 5/s where
    /// backend=ollama'; may be repeated
    #[arg(long, value_name = "GATE", help_heading = "Gates")]
    pub(in crate::cli) gate: Vec<String>,
    /// What becomes of a --gate whose percentile rests on too few values
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = UnsupportedGates::Fail,
        help_heading = "Gates")]
    pub(in crate::cli) unsupported: UnsupportedGates,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum UnsupportedGates {
    /// The gate fails
    Fail,
    /// It is held against the limit all the same
    Allow,
}

impl From<UnsupportedGates> for Unsupported {
    fn from(given: UnsupportedGates) -> Self {
        match given {
            UnsupportedGates::Fail => Self::Fail,
            UnsupportedGates::Allow => Self::Allow,
        }
    }
}

/// A scenario from flags alone.
#[derive(Debug, Args)]
#[command(next_help_heading = "A run without a scenario file")]
pub(in crate::cli) struct FlagArguments {
    /// Base URL of the server, with or without /v1
    #[arg(short, long, value_name = "URL", conflicts_with = "scenario")]
    pub(in crate::cli) url: Option<String>,
    /// Kind of the server; gives its usual URL and key variable
    #[arg(long, value_name = "KIND", value_parser = kind, conflicts_with = "scenario")]
    pub(in crate::cli) kind: Option<BackendKind>,
    /// Model, by the server's own name
    #[arg(short, long, value_name = "NAME", conflicts_with = "scenario")]
    pub(in crate::cli) model: Option<String>,
    /// chat, completions or embeddings
    #[arg(long, value_name = "ENDPOINT", value_parser = endpoint, conflicts_with = "scenario")]
    pub(in crate::cli) endpoint: Option<Endpoint>,
    /// Requests in flight (closed loop); a list makes one stage each: 1,4,16
    #[arg(long, value_name = "N", value_delimiter = ',', conflicts_with = "scenario")]
    pub(in crate::cli) concurrency: Vec<u32>,
    /// Requests per second (open loop); a list makes one stage each: 5,10 or 20/s
    #[arg(long, value_name = "RATE", value_delimiter = ',', value_parser = rate,
        conflicts_with_all = ["scenario", "concurrency"])]
    pub(in crate::cli) request_rate: Vec<Rate>,
    /// Loads from one to another, each measured: 1..64 in flight, or 1..50/s
    #[arg(long, value_name = "FROM..TO",
        conflicts_with_all = ["scenario", "concurrency", "request_rate"])]
    pub(in crate::cli) sweep: Option<LoadSpan>,
    /// Find the largest load that keeps to the limits: 1..64 in flight, or 1..50/s; --duration is
    /// that of one try
    #[arg(long, value_name = "FROM..TO", requires = "limit",
        conflicts_with_all = ["scenario", "concurrency", "request_rate", "requests", "sweep"])]
    pub(in crate::cli) search: Option<LoadSpan>,
    /// What must hold in a search, e.g. 'ttft.p99 < 500ms'; may be repeated
    #[arg(long, value_name = "LIMIT", requires = "search")]
    pub(in crate::cli) limit: Vec<String>,
    /// How arrivals are spread: constant, poisson or gamma
    #[arg(long, value_name = "PROCESS", conflicts_with = "scenario")]
    pub(in crate::cli) arrival: Option<String>,
    /// Shape of gamma arrivals: 1 is Poisson, below 1 burstier
    #[arg(long, value_name = "SHAPE", conflicts_with = "scenario")]
    pub(in crate::cli) burstiness: Option<f64>,
    /// Most requests in flight of an open loop
    #[arg(long, value_name = "N", requires = "request_rate")]
    pub(in crate::cli) max_in_flight: Option<u32>,
    /// End each stage after so many requests
    #[arg(long, visible_alias = "num-prompts", value_name = "N", conflicts_with = "scenario")]
    pub(in crate::cli) requests: Option<u64>,
    /// End each stage after so long, e.g. 30s
    #[arg(long, value_name = "TIME", value_parser = parse_span, conflicts_with = "scenario")]
    pub(in crate::cli) duration: Option<Duration>,
    /// Requests sent before each stage and not measured
    #[arg(long, value_name = "N", conflicts_with = "scenario")]
    pub(in crate::cli) warmup_requests: Option<u64>,
    /// A prompt; may be repeated
    #[arg(long, value_name = "TEXT", conflicts_with = "scenario")]
    pub(in crate::cli) prompt: Vec<String>,
    /// A file of prompts: text lines, or JSONL
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenario", "prompt"])]
    pub(in crate::cli) prompt_file: Option<PathBuf>,
    /// Most output tokens of an answer
    #[arg(long, value_name = "N", conflicts_with = "scenario")]
    pub(in crate::cli) max_tokens: Option<u32>,
    /// Ask for whole answers instead of streams
    #[arg(long, conflicts_with = "scenario")]
    pub(in crate::cli) no_stream: bool,
    /// Inputs per embedding request
    #[arg(long, value_name = "N", conflicts_with = "scenario")]
    pub(in crate::cli) batch: Option<u32>,
    /// What every request should keep to, in milliseconds, e.g. "ttft:500 tpot:50"
    #[arg(long, value_name = "LIMITS", conflicts_with = "scenario")]
    pub(in crate::cli) goodput: Option<String>,
    /// A header for every request, e.g. "x-team: bench"; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE", conflicts_with = "scenario")]
    pub(in crate::cli) header: Vec<String>,
    /// Environment variable that holds the key
    #[arg(long, value_name = "NAME", conflicts_with = "scenario")]
    pub(in crate::cli) api_key_env: Option<String>,
}

pub(super) fn kind(text: &str) -> Result<BackendKind, String> {
    BackendKind::from_key(text).ok_or_else(|| {
        let kinds: Vec<_> = BackendKind::ALL.iter().map(|kind| kind.key()).collect();
        format!("there are {}", kinds.join(", "))
    })
}

pub(super) fn endpoint(text: &str) -> Result<Endpoint, String> {
    let endpoints = Endpoint::ALL.map(Endpoint::key).join(", ");
    Endpoint::from_key(text).ok_or_else(|| format!("there are {endpoints}"))
}

/// A bare number is requests per second, as in other tools.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    match text.parse::<f64>() {
        Ok(number) => Rate::per_second(number).ok_or("a rate must be above 0".to_owned()),
        Err(_) => text.parse::<Rate>().map_err(|error| error.to_string()),
    }
}
