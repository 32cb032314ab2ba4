//! What is sent.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use super::batch::Batch;
use super::distribution::Distribution;
use super::prompt_file::PromptFile;
use super::synthetic::Synthetic;
use super::trace_file::TraceFile;
use crate::metric::Metric;
use crate::openai::Endpoint;

/// Most turns of a conversation.
pub const MOST_TURNS: u32 = 1_000;

/// One kind of request.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// The name tables show.
    pub name: String,
    /// The endpoint it is sent to.
    pub endpoint: Endpoint,
    /// An alias of the backends, or a model name sent as it is.
    pub model: String,
    /// Whether the answer is asked for as a stream; false for embeddings and rankings.
    pub stream: bool,
    /// System message of chats, instructions of responses.
    pub system: Option<String>,
    /// How its conversations go on; `None` where every request stands alone.
    pub conversation: Option<ConversationShape>,
    /// Where the prompts come from; of rankings, the queries.
    pub prompts: PromptSource,
    /// Where the documents of rankings come from; `None` where each prompt brings its own.
    pub documents: Option<PromptSource>,
    /// Pictures that go with each prompt of a chat.
    pub images: Option<Images>,
    /// Most output tokens asked for.
    pub max_tokens: Option<u32>,
    /// Tokens each answer is to have; `None`: the model decides.
    pub output_tokens: Option<Distribution>,
    /// The model's tokenizer, a `tokenizer.json`; `None`: tokens are counted by the server alone.
    pub tokenizer: Option<PathBuf>,
    /// Fields merged into the request body, after the backend's own; `null` deletes a field.
    pub body: Map<String, Value>,
    /// Whether it has cells of its own, besides the mixes that take it in.
    pub alone: bool,
    /// The backends that run it, as indices into [`super::Scenario::backends`]; never empty.
    pub backends: Vec<usize>,
    /// Texts per request for embeddings, documents per ranking; 1 for other endpoints.
    pub batch: Batch,
}

/// Pictures that go with the prompts of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// How many go into a request.
    pub per_request: u32,
    /// How closely they are to be looked at; `None` leaves it to the server.
    pub detail: Option<&'static str>,
    /// Where they come from.
    pub source: ImageSource,
}

/// Where pictures come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// Files, resolved against the scenario's folder, taken in turn; never empty.
    Files(Vec<PathBuf>),
    /// Painted, another picture each time.
    Painted {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// As what kind of file.
        format: PictureFormat,
    },
}

/// A kind of picture file that can be painted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PictureFormat {
    /// PNG: without loss.
    #[default]
    Png,
    /// JPEG, as cameras write it.
    Jpeg,
}

impl PictureFormat {
    /// Its name in scenarios.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
        }
    }
}

/// As tables show it: `2 of 512x512`, `1 of 3 files`.
impl fmt::Display for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of ", self.per_request)?;
        match &self.source {
            ImageSource::Files(files) if files.len() == 1 => f.write_str("1 file"),
            ImageSource::Files(files) => write!(f, "{} files", files.len()),
            ImageSource::Painted { width, height, format } => {
                write!(f, "{width}x{height}")?;
                if *format == PictureFormat::default() {
                    Ok(())
                } else {
                    write!(f, " {}", format.key())
                }
            }
        }
    }
}

impl Workload {
    /// Prompts that a request takes, or their mean: a batch of texts to embed is made of prompts,
    /// a query is one, however many documents go with it.
    pub fn prompts_per_request(&self) -> u32 {
        match self.endpoint {
            Endpoint::Embeddings => self.batch.typical(),
            _ => 1,
        }
    }
}

/// How the conversations of a workload go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConversationShape {
    /// Turns of a conversation, from 1 to [`MOST_TURNS`].
    pub turns: Distribution,
    /// Seconds between an answer and the next turn; `None`: the next turn follows at once.
    pub think_time: Option<Distribution>,
}

/// Where prompts come from.
#[derive(Clone, Debug, PartialEq)]
pub enum PromptSource {
    /// Written in the scenario; never empty.
    Inline(Vec<String>),
    /// A file beside the scenario.
    File(PromptFile),
    /// Made by the lengths asked for.
    Synthetic(Synthetic),
    /// Texts of the lengths in a recording.
    Trace(TraceFile),
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
