//! llama.cpp's server: `/props`, and its list of models; it serves one under any name.

use super::any::listed;
use crate::openai::ModelEntry;
use crate::probe::control::Probe;
use crate::probe::facts::{ModelFacts, ServerFacts, number, text};

/// Asks llama.cpp's server.
pub(in crate::probe) async fn llamacpp(probe: &Probe, facts: &mut ServerFacts) {
    let listed = listed(probe, facts).await;
    let props = facts.noted(probe.own("/props").await);
    facts.version = props.as_ref().and_then(|props| text(props, &["build_info"]));
    let context = |field: &[&str]| props.as_ref().and_then(|props| number(props, field));
    // The context of one slot; that of the whole server is shared by all slots.
    let slot = context(&["default_generation_settings", "n_ctx"]);
    for (name, model) in &mut facts.models {
        let only = listed.first().filter(|_| listed.len() == 1);
        if let Some(entry) = listed.iter().find(|entry| entry.id == *name).or(only) {
            describe(entry, model);
        }
        model.context_length = slot.or(model.context_length);
    }
}

fn describe(entry: &ModelEntry, model: &mut ModelFacts) {
    model.format = Some("gguf".to_owned());
    model.quantization = entry.text(&["meta", "ftype"]).map(str::to_owned);
    model.parameter_size = entry.number(&["meta", "n_params"]).map(|count| count.to_string());
    model.context_length = entry.context_length();
    model.trained_context_length = entry.number(&["meta", "n_ctx_train"]);
}
