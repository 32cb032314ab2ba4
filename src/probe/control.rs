//! Questions to a server, one at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder, Method, Proxy, RequestBuilder, redirect};
use serde_json::Value;

use super::reason::NotReached;
use crate::openai::{ModelEntry, decode_error, decode_models};
use crate::scenario::{Backend, BackendKind, BaseUrl, KeySource, Network, Redactor};
use crate::tls::{TlsError, client_config};

/// Longest answer that is read: the largest list of models, OpenRouter's, is below 1 MiB.
const BODY_LIMIT: usize = 8 << 20;
/// Longest wait for an answer; a list of models that takes longer helps nobody.
const PATIENCE: Duration = Duration::from_secs(15);
/// The root that hosts of this API have; other addresses lie beside it.
const API_ROOT: &str = "/v1";

/// Why a question to a server got no answer that could be used.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The TLS settings cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A header of the backend cannot be sent.
    #[error("headers.{name}: name or value holds characters that HTTP does not allow")]
    Header {
        /// Its name.
        name: String,
    },
    /// The key cannot be sent.
    #[error("the API key holds characters that HTTP does not allow, such as a line end")]
    Key,
    /// No client could be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[source] reqwest::Error),
    /// The server was not reached, or broke off.
    #[error(transparent)]
    NotReached(#[from] NotReached),
    /// The server answered with another status than a success.
    #[error("{url}: {status}: {message}")]
    Refused {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The answer is not what was asked for.
    #[error("{url}: {message}")]
    Unreadable {
        /// What was asked for.
        url: String,
        /// What it is instead.
        message: String,
    },
    /// The answer is too long.
    #[error("{url}: the answer is longer than {} MiB", BODY_LIMIT >> 20)]
    TooLarge {
        /// What was asked for.
        url: String,
    },
}

/// Asks one server.
#[derive(Debug)]
pub struct Probe {
    pub(super) name: String,
    pub(super) kind: BackendKind,
    pub(super) base: BaseUrl,
    /// The server's own names of models, and the aliases they have.
    pub(super) aliases: BTreeMap<String, String>,
    pub(super) key_source: KeySource,
    pub(super) has_key: bool,
    /// How long something may take that is no question: loading a model.
    patience: Duration,
    client: Client,
    /// One that sends neither key nor headers, for addresses of others.
    plain: Client,
    redactor: Redactor,
}

impl Probe {
    /// A probe of `backend`, which is to be found at `base`.
    ///
    /// # Errors
    ///
    /// [`ProbeError`] if TLS settings, headers or the key cannot be used.
    pub fn new(backend: &Backend, base: &BaseUrl) -> Result<Self, ProbeError> {
        let tls = client_config(&backend.tls, &[b"http/1.1"])?;
        let client = reached(Client::builder(), &backend.network)?
            .tls_backend_preconfigured((*tls).clone())
            .default_headers(headers(backend)?)
            .user_agent(concat!("pacemark/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(backend.timeouts.connect)
            .timeout(backend.timeouts.request.min(PATIENCE))
            .redirect(redirect::Policy::none())
            .build()
            .map_err(ProbeError::Client)?;
        let plain = Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            .user_agent(concat!("pacemark/", env!("CARGO_PKG_VERSION")))
            .timeout(backend.timeouts.request.min(PATIENCE))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(ProbeError::Client)?;
        let secrets = backend.headers.iter().map(|(_, secret)| secret);
        let password = backend.login.as_ref().map(|login| &login.password);
        let secrets = secrets.chain(&backend.api_key.value).chain(password);
        let secrets = secrets.chain(&backend.more_keys).cloned();
        Ok(Self {
            name: backend.name.clone(),
            kind: backend.kind,
            base: base.clone(),
            aliases: backend.models.iter().map(|(a, name)| (name.clone(), a.clone())).collect(),
            key_source: backend.api_key.source.clone(),
            has_key: backend.api_key.value.is_some(),
            patience: backend.timeouts.request,
            client,
            plain,
            redactor: Redactor::new(secrets),
        })
    }

    /// The models the server lists, in its order.
    ///
    /// # Errors
    ///
    /// [`ProbeError`] if it was not reached, refused, or sent no list.
    pub async fn models(&self) -> Result<Vec<ModelEntry>, ProbeError> {
        let url = format!("{}/models", self.base);
        let body = self.send(Method::GET, &url, None).await?;
        decode_models(&body).map_err(|failure| ProbeError::Unreadable {
            url,
            message: self.redacted(&failure.message),
        })
    }

    /// The JSON at an address below the API's root.
    pub(super) async fn api(&self, path: &str) -> Result<Value, ProbeError> {
        self.json(Method::GET, format!("{}{path}", self.base), None).await
    }

    /// The JSON at an address of the server's own, which lies beside the API's root.
    pub(super) async fn own(&self, path: &str) -> Result<Value, ProbeError> {
        self.json(Method::GET, self.own_url(path), None).await
    }

    /// The same for an address that takes a question.
    pub(super) async fn own_post(&self, path: &str, body: &Value) -> Result<Value, ProbeError> {
        self.json(Method::POST, self.own_url(path), Some(body)).await
    }

    /// The same for something that may take as long as a request.
    pub(super) async fn own_patiently(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<Value, ProbeError> {
        let url = self.own_url(path);
        let request = self.client.post(&url).json(body).timeout(self.patience);
        let answer = self.answered(&url, request).await?;
        self.parsed(url, &answer)
    }

    /// The text at an address of the server's own.
    pub(super) async fn own_text(&self, path: &str) -> Result<String, ProbeError> {
        let bytes = self.send(Method::GET, &self.own_url(path), None).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The text at an address that is not the server's: without its key and headers.
    pub(super) async fn foreign_text(&self, url: &str) -> Result<String, ProbeError> {
        let bytes = self.answered(url, self.plain.get(url)).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// That an address of the server's own told something that cannot be.
    pub(super) fn unreadable(&self, path: &str, message: String) -> ProbeError {
        ProbeError::Unreadable { url: self.own_url(path), message }
    }

    pub(super) fn own_url(&self, path: &str) -> String {
        let root = self.base.root.strip_suffix(API_ROOT).unwrap_or(&self.base.root);
        format!("{}{root}{path}", self.base.origin())
    }

    async fn json(
        &self,
        method: Method,
        url: String,
        body: Option<&Value>,
    ) -> Result<Value, ProbeError> {
        let answer = self.send(method, &url, body).await?;
        self.parsed(url, &answer)
    }

    fn parsed(&self, url: String, answer: &[u8]) -> Result<Value, ProbeError> {
        serde_json::from_slice(answer).map_err(|_| ProbeError::Unreadable {
            url,
            message: self.redacted(&decode_error(200, None, answer).message),
        })
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Vec<u8>, ProbeError> {
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answered(url, request).await
    }

    async fn answered(&self, url: &str, request: RequestBuilder) -> Result<Vec<u8>, ProbeError> {
        let not_reached = |error| NotReached::from_error(url, &error);
        let mut response = request.send().await.map_err(not_reached)?;
        let mut answer = Vec::new();
        while let Some(bytes) = response.chunk().await.map_err(not_reached)? {
            if answer.len() + bytes.len() > BODY_LIMIT {
                return Err(ProbeError::TooLarge { url: url.to_owned() });
            }
            answer.extend_from_slice(&bytes);
        }
        let status = response.status();
        if status.is_success() {
            return Ok(answer);
        }
        Err(ProbeError::Refused {
            url: url.to_owned(),
            status: status.as_u16(),
            message: self.redacted(&decode_error(status.as_u16(), None, &answer).message),
        })
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    pub(super) const fn plain_client(&self) -> &Client {
        &self.plain
    }

    pub(super) fn redacted(&self, message: &str) -> String {
        self.redactor.redact(message).into_owned()
    }
}

/// A client that takes the way of the load: a proxy where one is named, and none by itself.
fn reached(client: ClientBuilder, network: &Network) -> Result<ClientBuilder, ProbeError> {
    let client = client.no_proxy();
    #[cfg(unix)]
    if let Some(socket) = &network.unix_socket {
        return Ok(client.unix_socket(socket.as_path()));
    }
    match &network.proxy {
        None => Ok(client),
        Some(proxy) => {
            let proxy = Proxy::all(format!("http://{proxy}")).map_err(ProbeError::Client)?;
            Ok(client.proxy(proxy))
        }
    }
}

fn headers(backend: &Backend) -> Result<HeaderMap, ProbeError> {
    let mut headers = HeaderMap::new();
    if let Some(key) = &backend.api_key.value {
        let value = HeaderValue::try_from(format!("Bearer {}", key.reveal()));
        headers.insert(AUTHORIZATION, value.map_err(|_| ProbeError::Key)?);
    }
    for (name, secret) in &backend.headers {
        let refused = || ProbeError::Header { name: name.clone() };
        let value = HeaderValue::try_from(secret.reveal()).map_err(|_| refused())?;
        headers.insert(HeaderName::try_from(name).map_err(|_| refused())?, value);
    }
    headers.values_mut().for_each(|value| value.set_sensitive(true));
    Ok(headers)
}
