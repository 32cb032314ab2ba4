//! Text Generation Inference: `/info`; it serves one model, and takes any name for it.
//!
//! # Source
//!
//! <https://huggingface.github.io/text-generation-inference/>: `Info`.

use crate::probe::control::Probe;
use crate::probe::facts::{ServerFacts, number, text};

/// Asks Text Generation Inference.
pub(in crate::probe) async fn tgi(probe: &Probe, facts: &mut ServerFacts) {
    let Some(info) = facts.noted(probe.own("/info").await) else { return };
    facts.version = text(&info, &["version"]);
    for model in facts.models.values_mut() {
        model.upstream = text(&info, &["model_id"]);
        model.digest = text(&info, &["model_sha"]);
        model.context_length = number(&info, &["max_total_tokens"]);
    }
}
