//! LiteLLM: `/health/readiness/details` (older versions: `/health/readiness`), `/model/info`.
//!
//! The sizes it gives for models come from its catalogue of models of that name, not from the
//! server behind it, so they are left out.

use serde_json::Value;

use crate::probe::control::Probe;
use crate::probe::facts::{ServerFacts, text};

/// Asks LiteLLM.
pub(in crate::probe) async fn litellm(probe: &Probe, facts: &mut ServerFacts) {
    for path in ["/health/readiness/details", "/health/readiness"] {
        let Ok(answer) = probe.own(path).await else { continue };
        facts.version = text(&answer, &["litellm_version"]);
        if facts.version.is_some() {
            break;
        }
    }
    if facts.version.is_none() {
        facts.notes.push("/health/readiness/details does not tell the version".to_owned());
    }
    let info = facts.noted(probe.own("/model/info").await);
    let routes = info.as_ref().and_then(|info| info.get("data")?.as_array());
    for (name, model) in &mut facts.models {
        // Several routes may share a name; all that are named stand behind it.
        let of_name = |route: &&Value| text(route, &["model_name"]).as_ref() == Some(name);
        let upstream = |route| text(route, &["litellm_params", "model"]);
        let mut upstreams: Vec<_> =
            routes.into_iter().flatten().filter(of_name).filter_map(upstream).collect();
        upstreams.sort();
        upstreams.dedup();
        model.upstream = (!upstreams.is_empty()).then(|| upstreams.join(", "));
    }
}
