//! What `models`, `mock`, `calibrate` and `serve` take.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::scenario::kind;
use crate::scenario::BackendKind;
use crate::units::parse_span;

#[derive(Debug, Args)]
pub(in crate::cli) struct ModelsArguments {
    /// Base URL of the server, with or without /v1
    #[arg(short, long, value_name = "URL")]
    pub(in crate::cli) url: Option<String>,
    /// Kind of the server; gives its usual URL and key variable
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(in crate::cli) kind: Option<BackendKind>,
    /// Environment variable that holds the key
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) api_key_env: Option<String>,
    /// A header for every request; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    pub(in crate::cli) header: Vec<String>,
    /// Print JSON instead of one name a line
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ProbeArguments {
    /// Base URL of the server, with or without /v1
    #[arg(short, long, value_name = "URL")]
    pub(in crate::cli) url: Option<String>,
    /// Kind of the server; gives its usual URL and key variable
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(in crate::cli) kind: Option<BackendKind>,
    /// A model that generates; without it, the first listed that seems to
    #[arg(short, long, value_name = "NAME")]
    pub(in crate::cli) model: Option<String>,
    /// A model that embeds; without it, the first listed that seems to
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) embed_model: Option<String>,
    /// A model that ranks; without it, the first listed that seems to
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) rerank_model: Option<String>,
    /// Environment variable that holds the key
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) api_key_env: Option<String>,
    /// A header for every request; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    pub(in crate::cli) header: Vec<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MockArguments {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8100")]
    pub(in crate::cli) listen: std::net::SocketAddr,
    /// Behaviour to start from: ollama (few slots, a queue) or batching
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) profile: Option<String>,
    /// Any option of the simulated server as in a scenario, e.g. stalls=1%; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(in crate::cli) set: Vec<String>,
    /// Time to the first token, e.g. 40ms
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) ttft: Option<String>,
    /// Time between two tokens, e.g. 8ms
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) gap: Option<String>,
    /// Tokens of an answer
    #[arg(long, value_name = "N")]
    pub(in crate::cli) output_tokens: Option<u32>,
    /// Requests served at a time
    #[arg(long, value_name = "N")]
    pub(in crate::cli) slots: Option<u32>,
    /// Share of requests that fail, e.g. 5%
    #[arg(long, value_name = "SHARE")]
    pub(in crate::cli) errors: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CalibrateArguments {
    /// Fewer and shorter measurements: a few seconds in all, too short for a good p99
    #[arg(long)]
    pub(in crate::cli) quick: bool,
    /// How long each load is measured, e.g. 10s
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub(in crate::cli) duration: Option<Duration>,
    /// Measure once more while the full-screen view of `run --live` is drawn, to see what it costs
    #[arg(long, conflicts_with = "quiet")]
    pub(in crate::cli) live: bool,
    /// Print the stored calibration and measure nothing
    #[arg(long, conflicts_with_all = ["quick", "duration", "live"])]
    pub(in crate::cli) show: bool,
    /// File of the calibration instead of the one in the user's cache folder, which runs use
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ServeArguments {
    /// Folder that holds the runs
    #[arg(value_name = "RESULTS", default_value = "results")]
    pub(in crate::cli) results: PathBuf,
    /// Address to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8200")]
    pub(in crate::cli) listen: std::net::SocketAddr,
}
