//! What is sent.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::metric::Metric;
use crate::openai::Endpoint;

/// One kind of request.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// The name tables show.
    pub name: String,
    /// The endpoint it is sent to.
    pub endpoint: Endpoint,
    /// An alias of the backends, or a model name sent as it is.
    pub model: String,
    /// Whether the answer is asked for as a stream; false for embeddings.
    pub stream: bool,
    /// System message of chats.
    pub system: Option<String>,
    /// Where the prompts come from.
    pub prompts: PromptSource,
    /// Most output tokens asked for.
    pub max_tokens: Option<u32>,
    /// Fields merged into the request body, after the backend's own; `null` deletes a field.
    pub body: Map<String, Value>,
    /// The backends that run it, as indices into [`super::Scenario::backends`]; never empty.
    pub backends: Vec<usize>,
    /// Input items per embedding request; 1 for other endpoints.
    pub batch: u32,
}

/// Where prompts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptSource {
    /// Written in the scenario; never empty.
    Inline(Vec<String>),
    /// A file beside the scenario.
    File {
        /// The file, resolved against the scenario's folder.
        path: PathBuf,
        /// How it is read.
        format: PromptFormat,
    },
}

/// How a file of prompts is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptFormat {
    /// A prompt per line of text; empty lines are left out.
    Lines,
    /// A JSON object per line, with `prompt`, `messages` or `input`.
    Jsonl,
}

/// What every single request should keep to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slo {
    /// The limits, each on a per-request metric in time; empty without an SLO.
    pub limits: Vec<SloLimit>,
}

/// One limit of an SLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SloLimit {
    /// `ttft`, `ttfa`, `tpot`, `stall`, `e2e` or `response`.
    pub metric: Metric,
    /// The longest that is good.
    pub at_most: Duration,
}
