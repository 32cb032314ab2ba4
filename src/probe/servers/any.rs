//! Servers that tell no more than their list of models does.

use crate::openai::ModelEntry;
use crate::probe::control::Probe;
use crate::probe::facts::{ModelFacts, ServerFacts};

/// Asks for the list of models alone.
pub(in crate::probe) async fn any(probe: &Probe, facts: &mut ServerFacts) {
    let listed = listed(probe, facts).await;
    facts.describe(&listed, describe);
}

/// The list of models; an empty one where there is none.
pub(super) async fn listed(probe: &Probe, facts: &mut ServerFacts) -> Vec<ModelEntry> {
    probe.models().await.unwrap_or_else(|error| {
        facts.notes.push(error.to_string());
        Vec::new()
    })
}

/// What several servers write into their lists under the same names.
pub(super) fn describe(entry: &ModelEntry, model: &mut ModelFacts) {
    model.context_length = entry.context_length();
    model.quantization = entry.text(&["quantization"]).map(str::to_owned);
}
