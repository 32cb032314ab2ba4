//! The scenario: text → what was typed → a checked [`Scenario`].
//!
//! After the check nothing is optional that is always there, and no name is left unresolved.
//! Files and the environment come in as values ([`Environment`]); nothing here touches them.

mod backend;
mod batch;
mod check;
mod course;
mod distribution;
mod environment;
mod flags;
mod gateway_pairs;
mod kind;
mod load;
mod mix;
mod mock;
mod network;
mod overrides;
mod parse;
mod place;
mod price;
mod probing;
mod problem;
mod prompt_file;
mod refusal;
mod schema;
mod secret;
mod selection;
mod shipped;
mod synthetic;
#[cfg(test)]
mod tests;
mod trace_file;
mod tree;
mod typed;
mod workload;

pub use backend::{
    ApiKey, Backend, BaseUrl, ColdStart, Connections, HttpVersion, KeySource, Login, MetricsSource,
    RateLimitRule, Target, Timeouts, TlsSettings,
};
pub use batch::{Batch, LARGEST_BATCH};
pub use check::UrlError;
pub use course::{Course, Step, Steps};
pub use distribution::Distribution;
pub use environment::{Environment, Origin};
pub use flags::{LoadSpan, ScenarioFlags, parse_goodput, scenario_text};
pub use gateway_pairs::GatewayPairs;
pub use kind::{BackendKind, LengthField, Preset, TokenLimitField};
pub use load::{ArrivalProcess, Bound, Hooks, Load, LoadProfile, Replay, Stage, StopRule, Warmup};
pub use mix::{CellWorkload, MOST_MEMBERS, Member, Mix, MixPart};
pub use mock::MockSpec;
pub use network::{Addresses, Network, ProxyAddress};
pub use overrides::Overrides;
pub use parse::LONGEST_TEXT;
pub use price::Price;
pub use probing::{LoadRange, Probing, ProbingPurpose, SearchRules};
pub use prompt_file::{AtEnd, CsvColumns, PromptFile, PromptFormat, PromptOrder};
pub use refusal::ScenarioErrors;
pub use schema::schema;
pub use secret::{Redactor, Secret};
pub use shipped::{quickstart, starter};
pub use synthetic::{Language, LengthPair, MOST_INPUT_TOKENS, SharedPrefix, Synthetic};
pub use trace_file::{TraceFile, TraceFormat};
pub use workload::{
    ConversationShape, ImageSource, Images, MOST_TURNS, PictureFormat, PromptSource, Slo, SloLimit,
    Workload,
};

use crate::metric::Gate;

/// A checked scenario: everything a run needs to know.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name; names the results folder.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The seed of everything random.
    pub seed: u64,
    /// The servers, in file order.
    pub backends: Vec<Backend>,
    /// What is sent, in file order, alone or in mixes.
    pub workloads: Vec<Workload>,
    /// The mixes of workloads, in file order.
    pub mixes: Vec<Mix>,
    /// How much of it, and when.
    pub load: Load,
    /// What every single request should keep to.
    pub slo: Slo,
    /// What a run must keep to.
    pub gates: Vec<Gate>,
    /// The paired requests that show what a gateway costs; `None`: none are sent.
    pub compare: Option<GatewayPairs>,
    /// Whether a run shows the full-screen view where there is a terminal.
    pub live: bool,
    /// The scenario as it was resolved, as YAML, without secrets: `scenario.yaml` of a run.
    pub stored_text: String,
}
