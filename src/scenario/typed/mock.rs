//! How the simulated server answers.

use serde_json::{Value as Json, json};

use super::choice::{Choice, choices};
use super::decode::Decode;
use super::distribution::{DistributionFile, Seconds, Tokens};
use super::mapping::mapping;
use super::quantity::{Fraction, Positive, PositiveSpan, Whole};
use crate::scenario::problem::Problems;
use crate::scenario::tree::{Node, Value};
use crate::units::Share;

/// More streams than this no single machine serves.
const MOST_SLOTS: u64 = 1_000_000;
/// Tokens in one event.
const MOST_TOKENS_PER_EVENT: u64 = 10_000;
/// No model reads more at once.
const MOST_CONTEXT: u64 = 100_000_000;
const LARGEST_SEED: u64 = (1 << 53) - 1;

mapping! {
    /// How the simulated server answers.
    MockSettings {
        /// A profile to start from: `ollama` (few slots and a queue) or `batching` (continuous
        /// batching, as vLLM behind XInference).
        optional profile: MockProfile,
        /// Time from the request to its first token; with `slots`, on top of queue and prefill.
        optional ttft: DistributionFile<Seconds> = "40ms",
        /// Time between two tokens; not with `decode_rate`.
        optional gap: DistributionFile<Seconds> = "8ms",
        /// Tokens of an answer, unless the request's own limit is lower.
        optional output_tokens: DistributionFile<Tokens> = "64",
        /// Requests served at a time; the keys from `queue` to `batch_slowdown` need it.
        optional slots: Whole<1, MOST_SLOTS> = "all",
        /// Requests that may wait for a slot; one more is refused with 503.
        optional queue: Whole<0, MOST_SLOTS> = "no bound",
        /// Input tokens read per second.
        optional prefill_rate: Positive = "at once",
        /// Output tokens per second of a stream that is alone.
        optional decode_rate: Positive = "by `gap`",
        /// How much each further stream slows all: 0 not at all, 1 as if served in turn.
        optional batch_slowdown: Fraction = "0",
        /// Most tokens of a prompt; a longer one is cut to half of it without a word, as Ollama does.
        optional context: Whole<2, MOST_CONTEXT> = "no bound",
        /// Time to load a model, when a request first names it.
        optional load: PositiveSpan = "all are loaded",
        /// How long a loaded model is kept that nobody uses; with `load`.
        optional keep_alive: PositiveSpan = "5m",
        /// Share of requests answered with an error.
        optional errors: Share = "0%",
        /// Share of streams that pause once.
        optional stalls: Share = "0%",
        /// Length of such a pause.
        optional stall: DistributionFile<Seconds> = "1s",
        /// Tokens per streamed event.
        optional tokens_per_event: Whole<1, MOST_TOKENS_PER_EVENT> = "1",
        /// Seed of everything random in the server.
        optional seed: Whole<0, LARGEST_SEED> = "the seed of the scenario",
    }
    later {}
}

/// The mapping, or the name of a profile alone.
#[derive(Clone, Debug)]
pub(in crate::scenario) enum MockFile {
    /// A profile as it is.
    Profile(MockProfile),
    /// Single settings.
    Settings(Box<MockSettings>),
}

impl Decode for MockFile {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Text(_) => MockProfile::decode(node, problems).map(Self::Profile),
            _ => MockSettings::decode(node, problems).map(|file| Self::Settings(Box::new(file))),
        }
    }

    fn schema() -> Json {
        json!({"anyOf": [MockProfile::schema(), MockSettings::schema()]})
    }
}

/// A ready-made simulated server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum MockProfile {
    /// Few slots and a queue.
    Ollama,
    /// Continuous batching.
    Batching,
}

choices!(MockProfile);

impl Choice for MockProfile {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("ollama", Self::Ollama), ("batching", Self::Batching)]
    }
}
