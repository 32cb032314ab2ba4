//! A server that says what it was told to say.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use pacemark::probe::Probe;
use pacemark::scenario::{
    ApiKey, Backend, BackendKind, BaseUrl, Connections, HttpVersion, KeySource, Network,
    RateLimitRule, Secret, Target, Timeouts, TlsSettings,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::wire::capture;

/// What a server answers, by method and path: status and body.
pub(super) type Answers = BTreeMap<String, (StatusCode, Vec<u8>)>;

/// The captured answers of these cases, by what was asked.
pub(super) fn captured(cases: &[&str]) -> Answers {
    let wanted = |capture: &capture::Capture| cases.contains(&capture.name.as_str());
    let captures = capture::all().into_iter().filter(wanted);
    let answers: Answers = captures
        .map(|capture| {
            let method = capture.beside(".request.json").unwrap()["method"].clone();
            let asked = format!("{} {}", method.as_str().unwrap(), capture.path);
            let status = StatusCode::from_u16(capture.status).unwrap();
            (asked, (status, capture.body))
        })
        .collect();
    assert_eq!(answers.len(), cases.len());
    answers
}

/// One answer in place of any other to the same question.
pub(super) fn answer(mut answers: Answers, asked: &str, status: u16, body: &str) -> Answers {
    let status = StatusCode::from_u16(status).unwrap();
    answers.insert(asked.to_owned(), (status, body.as_bytes().to_vec()));
    answers
}

/// Starts a server; 404 for what it was not told.
pub(super) async fn serve(answers: Answers) -> BaseUrl {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new().fallback(say).with_state(Arc::new(answers));
    tokio::spawn(async move { axum::serve(listener, router).await });
    BaseUrl { tls: false, host: "127.0.0.1".to_owned(), port, root: "/v1".to_owned() }
}

/// Starts a server that speaks TLS, as `localhost`, and gives one answer to everything.
pub(super) async fn serve_tls(body: &'static str) -> BaseUrl {
    let chain = vec![CertificateDer::from_pem_file(tls_fixture("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(tls_fixture("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = format!("HTTP/1.0 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let asked = stream.read(&mut [0; 4096]).await.unwrap();
            assert_ne!(asked, 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    BaseUrl { tls: true, host: "localhost".to_owned(), port, root: "/v1".to_owned() }
}

pub(super) fn tls_fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/tls", name].iter().collect()
}

async fn say(State(answers): State<Arc<Answers>>, request: Request) -> impl IntoResponse {
    let asked = format!("{} {}", request.method(), request.uri().path());
    let key = request.headers().get(header::AUTHORIZATION).map(|key| key.to_str().unwrap());
    // A server that repeats the key, as some do.
    let echo = format!("{{\"detail\": \"no: {}\"}}", key.unwrap_or_default());
    let answer = answers.get(&asked).cloned();
    answer.unwrap_or_else(|| (StatusCode::NOT_FOUND, echo.into_bytes()))
}

/// A backend of that kind and name, without key or models.
pub(super) fn backend(kind: BackendKind, base: &BaseUrl) -> Backend {
    Backend {
        name: "b".to_owned(),
        kind,
        target: Target::Url(base.clone()),
        models: BTreeMap::new(),
        api_key: ApiKey { source: KeySource::Nowhere, value: None },
        body: serde_json::Map::new(),
        headers: Vec::new(),
        http: HttpVersion::One,
        connections: Connections::Reuse,
        network: Network::default(),
        more_keys: Vec::new(),
        login: None,
        rate_limits: RateLimitRule::default(),
        metrics: Vec::new(),
        tls: TlsSettings::default(),
        timeouts: Timeouts::default(),
        cold_start: None,
        price: None,
        per_hour: None,
    }
}

/// The same with a key.
pub(super) fn with_key(backend: Backend, source: KeySource, key: Option<&str>) -> Backend {
    Backend { api_key: ApiKey { source, value: key.map(Secret::new) }, ..backend }
}

/// A probe of a server that gives these answers.
pub(super) async fn probe(kind: BackendKind, answers: Answers) -> Probe {
    let base = serve(answers).await;
    Probe::new(&backend(kind, &base), &base).unwrap()
}

pub(super) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
