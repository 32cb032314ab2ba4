//! SGLang: `/server_info` (older versions: `/get_server_info`); it serves one model.

use super::any::{describe, listed};
use crate::probe::control::Probe;
use crate::probe::facts::{ServerFacts, number, text};

/// Asks SGLang.
pub(in crate::probe) async fn sglang(probe: &Probe, facts: &mut ServerFacts) {
    let listed = listed(probe, facts).await;
    facts.describe(&listed, describe);
    let mut info = None;
    for path in ["/server_info", "/get_server_info"] {
        info = info.or(probe.own(path).await.ok());
    }
    let Some(info) = info else {
        facts.notes.push("/server_info does not answer".to_owned());
        return;
    };
    facts.version = text(&info, &["version"]);
    for model in facts.models.values_mut() {
        model.quantization = model.quantization.take().or_else(|| text(&info, &["quantization"]));
        model.upstream = text(&info, &["model_path"]);
        model.context_length = model.context_length.or_else(|| number(&info, &["context_length"]));
    }
}
