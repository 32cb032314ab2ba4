//! vLLM: `/version`; its list of models holds `max_model_len` and the weights' name.

use super::any::listed;
use crate::openai::ModelEntry;
use crate::probe::control::Probe;
use crate::probe::facts::{ModelFacts, ServerFacts, text};

/// Asks vLLM.
pub(in crate::probe) async fn vllm(probe: &Probe, facts: &mut ServerFacts) {
    let version = facts.noted(probe.own("/version").await);
    facts.version = version.and_then(|version| text(&version, &["version"]));
    let listed = listed(probe, facts).await;
    facts.describe(&listed, describe);
}

fn describe(entry: &ModelEntry, model: &mut ModelFacts) {
    model.context_length = entry.context_length();
    // What was loaded, where it is served under another name.
    model.upstream = entry.text(&["root"]).filter(|root| *root != entry.id).map(str::to_owned);
}
