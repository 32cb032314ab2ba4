//! Ollama: `/api/version`, `/api/tags`, `/api/show`, `/api/ps`.
//!
//! The context a model was trained for stands in `/api/show`; the one it is served with, often
//! far smaller, only in `/api/ps`, and only while the model is loaded.

use serde_json::{Value, json};

use crate::probe::control::Probe;
use crate::probe::facts::{ModelFacts, ServerFacts, number, text};
use crate::probe::residence::{Residence, entry};

/// Asks Ollama.
pub(in crate::probe) async fn ollama(probe: &Probe, facts: &mut ServerFacts) {
    let version = facts.noted(probe.own("/api/version").await);
    facts.version = version.and_then(|version| text(&version, &["version"]));
    let tags = facts.noted(probe.own("/api/tags").await);
    let names: Vec<_> = facts.models.keys().cloned().collect();
    for name in &names {
        let show = facts.noted(probe.own_post("/api/show", &json!({"model": name})).await);
        let Some(model) = facts.models.get_mut(name) else { continue };
        if let Some(show) = &show {
            describe(show, model);
            model.trained_context_length = trained_context(show);
        }
        if let Some(tag) = tags.as_ref().and_then(|tags| entry(tags, name)) {
            describe(tag, model);
        }
    }
    let loaded = facts.noted(probe.own("/api/ps").await);
    for (name, model) in &mut facts.models {
        model.residence = loaded.as_ref().and_then(|loaded| Residence::of(loaded, name));
        model.context_length = model.residence.and_then(|held| held.context_length);
    }
}

fn describe(said: &Value, model: &mut ModelFacts) {
    let details = |field| text(said, &["details", field]);
    model.digest = text(said, &["digest"]).or(model.digest.take());
    model.quantization = details("quantization_level")
        .filter(|level| level != "unknown")
        .or(model.quantization.take());
    model.format = details("format").or(model.format.take());
    model.parameter_size = details("parameter_size").or(model.parameter_size.take());
    model.family = details("family").or(model.family.take());
}

fn trained_context(show: &Value) -> Option<u64> {
    let architecture = text(show, &["model_info", "general.architecture"])?;
    number(show, &["model_info", &format!("{architecture}.context_length")])
}
