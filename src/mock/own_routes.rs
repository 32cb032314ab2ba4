//! Ollama's own addresses beside those that carry load: what there is, what is in memory.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::routes::{ANY_MODEL, json_response};
use super::service::Service;
use crate::clock::WallTime;

/// Tokens of the context where the settings have no bound.
const USUAL_CONTEXT: u32 = 4_096;
/// Until when a model is kept that is kept for ever, as Ollama writes it.
const FOR_EVER: &str = "2318-11-29T00:00:00Z";

/// The addresses.
pub(super) fn own_routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/api/version", get(version))
        .route("/api/tags", get(tags))
        .route("/api/show", post(show))
        .route("/api/ps", get(loaded))
}

async fn version() -> Json<Value> {
    Json(json!({"version": env!("CARGO_PKG_VERSION")}))
}

async fn tags(State(service): State<Arc<Service>>) -> Json<Value> {
    let any = [ANY_MODEL.to_owned()];
    let models = match service.spec().models.as_slice() {
        [] => &any[..],
        models => models,
    };
    let models: Vec<_> = models.iter().map(|model| entry(model)).collect();
    Json(json!({"models": models}))
}

async fn show(
    State(service): State<Arc<Service>>,
    Json(asked): Json<Value>,
) -> Result<Response, Refusal> {
    let model = asked.get("model").and_then(Value::as_str).unwrap_or_default();
    service.check_model(model)?;
    let context = service.spec().context.unwrap_or(USUAL_CONTEXT);
    let shown = json!({
        "details": details(),
        "model_info": {"general.architecture": "simulated", "simulated.context_length": context},
        "capabilities": ["completion"],
    });
    Ok(json_response(StatusCode::OK, shown.to_string()))
}

async fn loaded(State(service): State<Arc<Service>>) -> Json<Value> {
    let context = service.spec().context.unwrap_or(USUAL_CONTEXT);
    let now = WallTime::now().unix_millis();
    let models = service.residence().list().into_iter().map(|(model, left)| {
        let until = left.and_then(|left| now.checked_add(i64::try_from(left.as_millis()).ok()?));
        let until = until.map(|at| WallTime::from_unix_millis(at).with_millis());
        let mut entry = entry(&model);
        entry["expires_at"] = until.unwrap_or_else(|| FOR_EVER.to_owned()).into();
        entry["size_vram"] = 0.into();
        entry["context_length"] = context.into();
        entry
    });
    Json(json!({"models": models.collect::<Vec<_>>()}))
}

fn entry(model: &str) -> Value {
    json!({"name": model, "model": model, "size": 0, "details": details()})
}

fn details() -> Value {
    json!({"format": "simulated", "family": "simulated", "parameter_size": "0",
        "quantization_level": "none"})
}
