//! What a server tells of itself and its models.

use std::collections::BTreeMap;

use serde_json::Value;

use super::control::{Probe, ProbeError};
use super::residence::Residence;
use super::servers;
use crate::openai::{ModelEntry, short_line};
use crate::scenario::BackendKind;

/// What a server tells of itself; what it does not tell is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerFacts {
    /// Its version, in its own words.
    pub version: Option<String>,
    /// The models that were asked about, by the server's own names.
    pub models: BTreeMap<String, ModelFacts>,
    /// Questions it had no answer to.
    pub notes: Vec<String>,
}

/// What a server tells of a model; what it does not tell is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFacts {
    /// Digest of its weights and settings.
    pub digest: Option<String>,
    /// How its weights are quantised: `Q4_K_M`.
    pub quantization: Option<String>,
    /// How its weights are stored: `gguf`, `pytorch`.
    pub format: Option<String>,
    /// Number of its parameters, as the server writes it: `4.0B`.
    pub parameter_size: Option<String>,
    /// The family it belongs to: `qwen3`.
    pub family: Option<String>,
    /// What runs it inside the server: `vLLM`, `transformers`.
    pub engine: Option<String>,
    /// How many copies of it run.
    pub replicas: Option<u64>,
    /// What a gateway asks for in its place: `ollama/qwen3:4b`.
    pub upstream: Option<String>,
    /// Most tokens of prompt and answer, as it is served now.
    pub context_length: Option<u64>,
    /// Most tokens of prompt and answer that it was trained for.
    pub trained_context_length: Option<u64>,
    /// How it is held in memory; `None` where the server does not tell, or holds it not.
    pub residence: Option<Residence>,
}

impl Probe {
    /// Asks the server for what it tells of itself and of `models`, by its own names.
    ///
    /// Never fails: what is not told is absent, and why stands in the notes.
    pub async fn server_facts(&self, models: &[String]) -> ServerFacts {
        let mut facts = ServerFacts::default();
        for model in models {
            facts.models.insert(model.clone(), ModelFacts::default());
        }
        match self.kind {
            BackendKind::Ollama => servers::ollama(self, &mut facts).await,
            BackendKind::Xinference => servers::xinference(self, &mut facts).await,
            BackendKind::Litellm => servers::litellm(self, &mut facts).await,
            BackendKind::Vllm => servers::vllm(self, &mut facts).await,
            BackendKind::Sglang => servers::sglang(self, &mut facts).await,
            BackendKind::Tgi => servers::tgi(self, &mut facts).await,
            BackendKind::Llamacpp => servers::llamacpp(self, &mut facts).await,
            BackendKind::Openai
            | BackendKind::Openrouter
            | BackendKind::Together
            | BackendKind::Infinity
            | BackendKind::Generic
            | BackendKind::Mock => servers::any(self, &mut facts).await,
        }
        facts
    }
}

impl ServerFacts {
    /// The answer, or a note that there is none.
    pub(super) fn noted(&mut self, answer: Result<Value, ProbeError>) -> Option<Value> {
        answer.map_err(|error| self.notes.push(error.to_string())).ok()
    }

    /// What the list of models says of a model, for each that is listed.
    pub(super) fn describe(
        &mut self,
        listed: &[ModelEntry],
        describe: impl Fn(&ModelEntry, &mut ModelFacts),
    ) {
        for (name, facts) in &mut self.models {
            let entry = listed.iter().find(|entry| entry.id == *name);
            if let Some(entry) = entry {
                describe(entry, facts);
            }
        }
    }
}

/// A text found by field names from the outside in, on one line; `None` if there is none, or
/// nothing in it.
pub(super) fn text(value: &Value, path: &[&str]) -> Option<String> {
    let text = short_line(find(value, path)?.as_str()?);
    (!text.is_empty()).then_some(text)
}

/// A whole number found in the same way; `None` if there is none, or 0.
pub(super) fn number(value: &Value, path: &[&str]) -> Option<u64> {
    find(value, path)?.as_u64().filter(|number| *number > 0)
}

fn find<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, field| value.get(field))
}
