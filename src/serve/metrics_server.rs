//! The server that Prometheus asks about a run that goes on.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::task::spawn_blocking;

use super::guard::guard;
use super::listening::Listening;
use super::server::ServeError;
use crate::live::{Exposition, ExpositionFormat};

/// A server of `/metrics` on a thread of its own, until this is dropped.
#[derive(Debug)]
pub struct MetricsServer(Listening);

impl MetricsServer {
    /// Starts a server that tells `exposition`, and waits until it listens on `bind`.
    ///
    /// # Errors
    ///
    /// [`ServeError`] if `bind` cannot be listened on, or the system gives no thread.
    pub fn start(exposition: Exposition, bind: SocketAddr) -> Result<Self, ServeError> {
        let exposition = Arc::new(exposition);
        let routes = |addr| {
            Router::new()
                .route("/metrics", get(metrics))
                .route("/", get(async || "a run of pacemark goes on; see /metrics\n"))
                .layer(from_fn_with_state(addr, guard))
                .with_state(exposition)
        };
        Listening::start("metrics", bind, routes).map(Self)
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.0.addr()
    }
}

async fn metrics(State(exposition): State<Arc<Exposition>>, headers: HeaderMap) -> Response {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accepted: Vec<_> = accepted.collect();
    let format = ExpositionFormat::accepted_by(&accepted.join(","));
    match spawn_blocking(move || exposition.text(format)).await {
        Ok(Ok(text)) => ([(CONTENT_TYPE, format.content_type())], text).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
