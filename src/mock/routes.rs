//! The paths of the server, and what is said at each.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::{Value, json};

use super::native;
use super::own_routes::own_routes;
use super::refusal::Refusal;
use super::service::{Answer, Service};
use crate::openai::Endpoint;

/// Most bytes of a request; a prompt of a million tokens takes about 4 MB.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// What `GET /v1/models` lists where any model is served.
pub(super) const ANY_MODEL: &str = "mock";

/// Every path of the server.
pub(super) fn router(service: Arc<Service>) -> Router {
    let mut router = own_routes()
        .route("/", get(async || "pacemark mock is running\n"))
        .route("/v1/models", get(list_models))
        .route("/v1/models/{*model}", get(show_model));
    for endpoint in Endpoint::ALL {
        let serve = async move |State(service): State<Arc<Service>>, request: Request| {
            let served = serve(&service, endpoint, request).await;
            served.unwrap_or_else(|refusal| refused(endpoint, refusal))
        };
        router = router.route(&endpoint.usual_path(), post(serve));
    }
    router
        .method_not_allowed_fallback(async |request: Request| {
            Refusal::method(request.method().as_str(), request.uri().path())
        })
        .fallback(async |request: Request| {
            Refusal::path(request.method().as_str(), request.uri().path())
        })
        .with_state(service)
}

async fn serve(
    service: &Arc<Service>,
    endpoint: Endpoint,
    request: Request,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| Refusal::too_large())?;
    check_key(service, &head.headers)?;
    match service.answer(endpoint, &body).await? {
        Answer::Whole(text) => Ok(json_response(StatusCode::OK, text)),
        Answer::Stream(stream) => {
            let kind =
                if endpoint.is_of_ollama() { "application/x-ndjson" } else { "text/event-stream" };
            let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")];
            Ok((headers, Body::new(stream)).into_response())
        }
    }
}

fn refused(endpoint: Endpoint, refusal: Refusal) -> Response {
    if endpoint.is_of_ollama() {
        let body = native::error(&refusal);
        return json_response(status(&refusal), body);
    }
    refusal.into_response()
}

async fn list_models(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    check_key(&service, &headers)?;
    let models = &service.spec().models;
    let data: Vec<_> = if models.is_empty() {
        vec![model_entry(&service, ANY_MODEL)]
    } else {
        models.iter().map(|model| model_entry(&service, model)).collect()
    };
    Ok(json_response(StatusCode::OK, json!({"object": "list", "data": data}).to_string()))
}

async fn show_model(
    State(service): State<Arc<Service>>,
    Path(model): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    check_key(&service, &headers)?;
    service.check_model(&model)?;
    Ok(json_response(StatusCode::OK, model_entry(&service, &model).to_string()))
}

fn model_entry(service: &Service, model: &str) -> Value {
    let created = service.started_at();
    json!({"id": model, "object": "model", "created": created, "owned_by": "pacemark"})
}

fn check_key(service: &Service, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(key) = &service.spec().api_key else { return Ok(()) };
    let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let sent = sent.and_then(|value| value.strip_prefix("Bearer "));
    if sent == Some(key.reveal()) { Ok(()) } else { Err(Refusal::key()) }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        json_response(status(&self), self.body())
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

pub(super) fn json_response(status: StatusCode, text: String) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], Bytes::from(text)).into_response()
}
