//! The servers of a scenario.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use super::kind::BackendKind;
use super::mock::MockSpec;
use super::network::Network;
use super::price::Price;
use super::secret::Secret;
use crate::openai::Endpoint;

/// One server that is measured.
#[derive(Clone, Debug)]
pub struct Backend {
    /// The name tables show.
    pub name: String,
    /// Which server it is.
    pub kind: BackendKind,
    /// Where it is.
    pub target: Target,
    /// Model aliases and the server's own names for them.
    pub models: BTreeMap<String, String>,
    /// The key that is sent as `Authorization: Bearer …`.
    pub api_key: ApiKey,
    /// Further keys, which requests take in turn with it.
    pub more_keys: Vec<Secret>,
    /// Who logs in for a key; `None`: nobody.
    pub login: Option<Login>,
    /// What is done about limits that the server tells of.
    pub rate_limits: RateLimitRule,
    /// Fields merged into every request body; `null` deletes a field.
    pub body: Map<String, Value>,
    /// Headers added to every request; all values are treated as secrets.
    pub headers: Vec<(String, Secret)>,
    /// HTTP version spoken.
    pub http: HttpVersion,
    /// Which requests share a connection.
    pub connections: Connections,
    /// How it is reached.
    pub network: Network,
    /// TLS settings for `https`.
    pub tls: TlsSettings,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// What is done about the loading of models before each cell; `None`: nothing.
    pub cold_start: Option<ColdStart>,
    /// Where its own metrics are read while it is under load; empty: nowhere.
    pub metrics: Vec<MetricsSource>,
    /// What its tokens cost.
    pub price: Option<Price>,
    /// What an hour of the server costs, in US dollars.
    pub per_hour: Option<f64>,
}

impl Backend {
    /// The server's own name of `model`: what the alias stands for, or `model` itself.
    pub fn model_name<'a>(&'a self, model: &'a str) -> &'a str {
        self.models.get(model).map_or(model, String::as_str)
    }
}

/// Where requests go.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a scenario has a handful of these")]
pub enum Target {
    /// A server at an address.
    Url(BaseUrl),
    /// The simulated server, started inside this process.
    Mock(MockSpec),
}

/// The root of an API: scheme, host, port and a path that ends in `/v1`, no user or query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// Whether the scheme is `https`.
    pub tls: bool,
    /// Host name or address; IPv6 addresses without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path of the API's root without a slash at its end, usually `/v1`.
    pub root: String,
}

impl BaseUrl {
    /// `host:port` as it stands in the `Host` header; a default port is left out.
    pub fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// The address of one of its endpoints.
    pub fn of(&self, endpoint: Endpoint) -> String {
        format!("{}{}", self.origin(), endpoint.path_at(&self.root))
    }

    /// The server's root without the API path: `http://localhost:11434`.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

/// As people write it: `http://localhost:11434/v1`.
impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.root)
    }
}

/// The key of a backend and where it was looked for.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Where it comes from.
    pub source: KeySource,
    /// The key; `None` where the source holds none.
    pub value: Option<Secret>,
}

/// Where a key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// None is sent.
    Nowhere,
    /// The kind's usual variable; a missing one means that no key is sent.
    Preset(String),
    /// A variable the scenario names; a missing one is an error before anything is sent.
    Env(String),
    /// A file the scenario names; a missing one is an error before anything is sent.
    File(PathBuf),
    /// Written in the scenario, usually as `${NAME}`.
    Inline,
    /// The server gives one to a user who logs in.
    Login,
}

/// A user of a server and the password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// What is done about limits that a server tells of in its answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateLimitRule {
    /// Nothing: requests go out when they are due, and refusals are counted.
    #[default]
    Ignore,
    /// Nothing is sent until the time the server names is over.
    Obey,
}

/// Where a server's own metrics are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricsSource {
    /// Where servers of its kind have them: `/metrics` beside the API.
    Own,
    /// At this address.
    Url(String),
}

/// HTTP version spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.1, one request per connection at a time.
    #[default]
    One,
    /// HTTP/2, streams share a connection per worker.
    Two,
}

/// What is done about the loading of a model, which a server may put off until it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColdStart {
    /// The model is loaded before each cell, so that no request waits for it.
    Exclude,
    /// The model is unloaded before each cell, so that the first requests wait for it.
    Measure,
}

/// Whether connections serve more than one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connections {
    /// An idle connection serves the next request.
    #[default]
    Reuse,
    /// Every request opens its own.
    Fresh,
    /// Every session opens its own, and its turns share it; a request that stands alone is a
    /// session of one turn. HTTP/1.1 only.
    Session,
}

/// TLS settings of a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// PEM file of authorities to trust besides the system's.
    pub ca: Option<PathBuf>,
    /// PEM file of the client's certificate.
    pub cert: Option<PathBuf>,
    /// PEM file of the client's key.
    pub key: Option<PathBuf>,
    /// Whether the server's certificate is checked.
    pub verify: bool,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self { ca: None, cert: None, key: None, verify: true }
    }
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Resolve, connect and TLS together.
    pub connect: Duration,
    /// From the send to the first generated text of a stream.
    pub first_token: Duration,
    /// Between two text events.
    pub stall: Duration,
    /// From the send to the end of the answer.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_token: Duration::from_mins(2),
            stall: Duration::from_mins(1),
            request: Duration::from_mins(10),
        }
    }
}
