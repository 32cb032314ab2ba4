//! What the simulated server should do.

use std::time::Duration;

use super::distribution::Distribution;
use super::secret::Secret;
use crate::units::Share;

/// How the simulated server answers.
///
/// Without `slots` it is scripted: each answer takes `ttft`, then a token every `gap`. With
/// `slots` a small model of an engine decides: requests wait in a queue for a slot, a prompt is
/// read at `prefill_rate`, and tokens come at `decode_rate`, less as the batch grows.
#[derive(Clone, Debug, PartialEq)]
pub struct MockSpec {
    /// Seconds from the request to its first token (with `slots`: on top of queue and prefill).
    pub ttft: Distribution,
    /// Seconds between two tokens (with `decode_rate`: not used).
    pub gap: Distribution,
    /// Tokens of an answer, unless the request's own limit is lower.
    pub output_tokens: Distribution,
    /// Requests served at a time; `None`: all of them.
    pub slots: Option<u32>,
    /// Requests that may wait for a slot; one more is refused with 503. `None`: no bound.
    pub queue: Option<u32>,
    /// Input tokens read per second; `None`: at once.
    pub prefill_rate: Option<f64>,
    /// Output tokens per second of a stream that is alone; `None`: `gap` decides.
    pub decode_rate: Option<f64>,
    /// How much each further stream of a batch slows every one: the time of a step is
    /// `1 + batch_slowdown × (batch − 1)` times that of one stream. From 0 (free) to 1 (in turn).
    pub batch_slowdown: f64,
    /// Most tokens of a prompt; of a longer one the first are dropped until half of it is left,
    /// and nothing is said, as Ollama does. `None`: no bound.
    pub context: Option<u32>,
    /// How long it takes to load a model, which is then done by the first request that needs it;
    /// `None`: all are loaded from the start.
    pub load: Option<Duration>,
    /// How long a loaded model is kept that nobody uses.
    pub keep_alive: Duration,
    /// Share of requests answered with an error (half before the headers, half in the stream).
    pub errors: Share,
    /// Share of streams that pause once.
    pub stalls: Share,
    /// Seconds of such a pause.
    pub stall: Distribution,
    /// Tokens per streamed event; they come together, in the time that as many tokens take.
    pub tokens_per_event: u32,
    /// The models it serves, others get 404; empty: any model name is served.
    pub models: Vec<String>,
    /// The key it asks for, as `Authorization: Bearer …`; `None`: none is asked for.
    pub api_key: Option<Secret>,
    /// The seed of everything random in the server.
    pub seed: u64,
}

impl Default for MockSpec {
    fn default() -> Self {
        Self {
            ttft: Distribution::Constant(0.040),
            gap: Distribution::Constant(0.008),
            output_tokens: Distribution::Constant(64.0),
            slots: None,
            queue: None,
            prefill_rate: None,
            decode_rate: None,
            batch_slowdown: 0.0,
            context: None,
            load: None,
            keep_alive: KEEP_ALIVE,
            errors: Share::ZERO,
            stalls: Share::ZERO,
            stall: Distribution::Constant(1.0),
            tokens_per_event: 1,
            models: Vec::new(),
            api_key: None,
            seed: 0,
        }
    }
}

/// How long Ollama keeps a model that nobody uses.
const KEEP_ALIVE: Duration = Duration::from_mins(5);

/// Answers of both profiles, in tokens: the servers differ, the model that answers does not.
const ANSWER_LENGTH: Distribution =
    Distribution::Lognormal { mean: 32.0, stddev: 12.0, min: 8.0, max: 128.0 };

impl MockSpec {
    /// How many tokens are taken in of a prompt of so many.
    pub fn taken_in(&self, prompt_tokens: u64) -> u64 {
        match self.context.map(u64::from) {
            Some(context) if prompt_tokens > context => context / 2,
            _ => prompt_tokens,
        }
    }

    /// Few slots and a queue, as Ollama serves: one stream is quick, the rest wait.
    pub fn ollama() -> Self {
        Self {
            ttft: Distribution::Normal { mean: 0.015, stddev: 0.003, min: 0.008, max: 0.040 },
            output_tokens: ANSWER_LENGTH,
            slots: Some(4),
            queue: Some(512),
            prefill_rate: Some(4_000.0),
            decode_rate: Some(120.0),
            batch_slowdown: 0.15,
            ..Self::default()
        }
    }

    /// Continuous batching, as vLLM behind XInference serves: all start at once, each slower.
    pub fn batching() -> Self {
        Self {
            ttft: Distribution::Normal { mean: 0.025, stddev: 0.005, min: 0.012, max: 0.060 },
            output_tokens: ANSWER_LENGTH,
            slots: Some(256),
            queue: None,
            prefill_rate: Some(12_000.0),
            decode_rate: Some(90.0),
            batch_slowdown: 0.02,
            ..Self::default()
        }
    }
}
