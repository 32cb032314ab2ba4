//! What can be asked for.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as Named, RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::get;
use tokio::task::spawn_blocking;

use super::events::follow;
use super::guard::guard;
use crate::report::{list_page, live_page};
use crate::store::{Shelf, StoreError, is_running, load, open_file, page_of};

/// Most runs in one page.
const MOST_TOGETHER: usize = 12;

/// The runs, behind a lock: two readers at once would read the same results twice.
#[derive(Clone)]
struct Runs(Arc<Mutex<Shelf>>);

impl Runs {
    /// Does something with the runs, away from the thread that answers.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Shelf) -> T + Send + 'static,
    ) -> Result<T, Response> {
        let runs = Arc::clone(&self.0);
        let work = move || {
            // A reader that panicked has left a list that is made anew anyway.
            work(&mut runs.lock().unwrap_or_else(PoisonError::into_inner))
        };
        spawn_blocking(work).await.map_err(|error| broken(&error.to_string()))
    }

    /// The folder of a run.
    async fn find(&self, id: String) -> Result<PathBuf, Response> {
        let said = format!("there is no run `{id}` here");
        let found = self.with(move |shelf| shelf.find(&id)).await?;
        found.ok_or_else(|| (StatusCode::NOT_FOUND, said).into_response())
    }
}

/// The answers of a server of the runs below `results` that listens at `addr`.
pub(super) fn router(results: &Path, addr: SocketAddr) -> Router {
    let runs = Runs(Arc::new(Mutex::new(Shelf::new(results))));
    Router::new()
        .route("/", get(list))
        .route("/together", get(together))
        .route("/runs/{id}", get(to_report))
        .route("/runs/{id}/", get(report))
        .route("/runs/{id}/live", get(live))
        .route("/runs/{id}/events", get(events))
        .route("/runs/{id}/files/{name}", get(file))
        .with_state(runs)
        .layer(from_fn_with_state(addr, guard))
}

fn broken(why: &str) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, why.to_owned()).into_response()
}

/// A page, or why it cannot be made.
fn page(made: Result<String, impl ToString>) -> Response {
    match made {
        Ok(text) => Html(text).into_response(),
        Err(error) => broken(&error.to_string()),
    }
}

async fn list(State(runs): State<Runs>) -> Response {
    let made = runs.with(|shelf| {
        let folder = shelf.folder().display().to_string();
        list_page(&folder, &shelf.runs())
    });
    made.await.map_or_else(|response| response, page)
}

async fn to_report(Named(id): Named<String>) -> Redirect {
    let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    // A space is written as `+` in queries only.
    Redirect::permanent(&format!("/runs/{}/", id.replace('+', "%20")))
}

async fn report(State(runs): State<Runs>, Named(id): Named<String>) -> Response {
    match runs.find(id).await {
        Ok(folder) => page_of_runs(vec![folder]).await,
        Err(response) => response,
    }
}

/// The page of several runs: `/together?run=A&run=B`.
async fn together(State(runs): State<Runs>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let asked = url::form_urlencoded::parse(query.as_bytes());
    let asked: Vec<_> =
        asked.filter(|(key, _)| key == "run").map(|(_, id)| id.into_owned()).collect();
    if asked.is_empty() || asked.len() > MOST_TOGETHER {
        let said = format!("mark between 1 and {MOST_TOGETHER} runs, not {}", asked.len());
        return (StatusCode::BAD_REQUEST, said).into_response();
    }
    let mut folders = Vec::new();
    for id in asked {
        match runs.find(id).await {
            Ok(folder) => folders.push(folder),
            Err(response) => return response,
        }
    }
    page_of_runs(folders).await
}

async fn page_of_runs(folders: Vec<PathBuf>) -> Response {
    match spawn_blocking(move || page_of(&folders)).await {
        Ok(made) => page(made),
        Err(error) => broken(&error.to_string()),
    }
}

/// The page that follows a run; one that is over has its report instead.
async fn live(State(runs): State<Runs>, Named(id): Named<String>) -> Response {
    let folder = match runs.find(id).await {
        Ok(folder) => folder,
        Err(response) => return response,
    };
    let made = spawn_blocking(move || -> Result<Option<Response>, StoreError> {
        let result = load(&folder)?;
        Ok(is_running(&folder, &result).then(|| page(live_page(&result))))
    });
    match made.await {
        Ok(Ok(Some(response))) => response,
        Ok(Ok(None)) => Redirect::temporary("./").into_response(),
        Ok(Err(error)) => broken(&error.to_string()),
        Err(error) => broken(&error.to_string()),
    }
}

async fn events(State(runs): State<Runs>, Named(id): Named<String>) -> Response {
    match runs.find(id).await {
        Ok(folder) => {
            let kind = [(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))];
            (kind, Body::new(follow(folder))).into_response()
        }
        Err(response) => response,
    }
}

/// One of the files of a run, as it lies in its folder.
async fn file(State(runs): State<Runs>, Named((id, name)): Named<(String, String)>) -> Response {
    let folder = match runs.find(id).await {
        Ok(folder) => folder,
        Err(response) => return response,
    };
    let asked = name.clone();
    match spawn_blocking(move || open_file(&folder, &asked)).await {
        Ok(Ok(Some(bytes))) => {
            // Only files of these names are there at all.
            let kind = if name == "result.json" { "application/json" } else { "text/plain" };
            let kind = HeaderValue::from_str(&format!("{kind}; charset=utf-8"));
            let saved = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
            let headers = [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, saved)];
            let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value.ok()?)));
            let mut response = bytes.into_response();
            response.headers_mut().extend(headers);
            response
        }
        Ok(Ok(None)) => (StatusCode::NOT_FOUND, "no such file of a run").into_response(),
        Ok(Err(error)) => broken(&error.to_string()),
        Err(error) => broken(&error.to_string()),
    }
}
