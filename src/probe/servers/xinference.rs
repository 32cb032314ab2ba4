//! XInference: its list of models holds their specification; `/v1/cluster/version`.

use serde_json::Value;

use super::any::listed;
use crate::openai::ModelEntry;
use crate::probe::control::Probe;
use crate::probe::facts::{ModelFacts, ServerFacts, text};

/// Asks XInference.
pub(in crate::probe) async fn xinference(probe: &Probe, facts: &mut ServerFacts) {
    let version = facts.noted(probe.api("/cluster/version").await);
    facts.version = version.and_then(|version| text(&version, &["version"]));
    let listed = listed(probe, facts).await;
    facts.describe(&listed, describe);
}

fn describe(entry: &ModelEntry, model: &mut ModelFacts) {
    let said = |field| entry.text(&[field]).map(str::to_owned);
    model.quantization = said("quantization").filter(|word| word != "none");
    model.format = said("model_format");
    model.family = said("model_family").or_else(|| said("model_name"));
    model.engine = said("model_engine");
    model.replicas = entry.number(&["replica"]);
    model.digest = said("revision").or_else(|| said("model_revision"));
    // Embedding models have `max_tokens` in its place.
    model.context_length = entry.context_length().or_else(|| entry.number(&["max_tokens"]));
    // A number of billions, or a text like `1_8` for 1.8.
    model.parameter_size = entry.fields.get("model_size_in_billions").and_then(|size| match size {
        Value::Number(billions) => Some(format!("{billions}B")),
        Value::String(billions) => Some(format!("{}B", billions.replace('_', "."))),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    });
}
