//! The client of one backend, for one thread.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, USER_AGENT};

use super::answer::Exchange;
use super::connector::{ConnectFailure, Connector};
use super::deadline::Deadline;
use super::http1::ReadSpace;
use super::http2::causes;
use super::kept::KeptText;
use super::limit_gate::LimitGate;
use super::link::Link;
use super::meter::EventMeter;
use super::route::Route;
use crate::clock::Clock;
use crate::openai::{Endpoint, after_thinking};
use crate::record::{Failure, FailureKind, Outcome, RequestRecord};
use crate::scenario::{
    Backend, BaseUrl, Connections, HttpVersion, RateLimitRule, Redactor, Secret, Timeouts,
};
use crate::tls::TlsError;
use crate::units::format_span;
use crate::workload::RequestSpec;

/// Idle connections older than this are not used again: servers close idle ones (uvicorn
/// after 5 s), and a request on a connection about to close is lost.
const IDLE_LIMIT: Duration = Duration::from_secs(4);

/// What a client is made of; can be sent to the thread that will own it.
#[derive(Clone, Debug)]
pub struct ClientParts {
    connector: Connector,
    /// For each key, one for each endpoint, in the order of [`Endpoint::ALL`].
    routes: Vec<Vec<Route>>,
    /// Which key is next; shared by all threads.
    turn: Arc<AtomicUsize>,
    timeouts: Timeouts,
    version: HttpVersion,
    connections: Connections,
    /// Where its limits are kept to.
    gate: Option<Arc<LimitGate>>,
    redactor: Arc<Redactor>,
}

/// Sends requests to one backend and reports what happened; belongs to one thread.
pub struct HttpClient {
    clock: Clock,
    parts: ClientParts,
    idle: RefCell<Vec<Link>>,
    shared: tokio::sync::Mutex<Option<Link>>,
    space: ReadSpace,
    meter: EventMeter,
}

/// What a session keeps from one turn to the next.
#[derive(Default)]
pub struct Talk {
    /// The text of the latest answer.
    text: KeptText,
    /// The connection of the session, where it has one of its own.
    link: Option<Link>,
}

impl Talk {
    /// The latest answer as it belongs into the history, without its reasoning; leaves no text.
    pub fn take_answer(&mut self) -> String {
        let answer = self.text.take_answer();
        match after_thinking(&answer) {
            said if said.len() == answer.len() => answer,
            said => said.to_owned(),
        }
    }

    /// All text of the latest answer.
    pub const fn text(&self) -> &KeptText {
        &self.text
    }

    /// The connection, if it is still open. However long the user has thought, it is used: a
    /// server that has closed it just then is told apart, as for any reused connection.
    fn link(&mut self) -> Option<Link> {
        self.link.take().and_then(|mut link| (!link.is_closed()).then_some(link))
    }
}

impl std::fmt::Debug for Talk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.text.answer().len();
        write!(f, "Talk({bytes} bytes, {} link)", u8::from(self.link.is_some()))
    }
}

/// A request on its way, with what its session keeps, if it is part of one.
struct Sending<'a> {
    spec: &'a RequestSpec,
    talk: Option<&'a mut Talk>,
}

/// Why no client can be made for a backend.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A header cannot be sent.
    #[error("header `{name}` of backend `{backend}` cannot be sent: {reason}")]
    Header {
        /// The backend.
        backend: String,
        /// The header; its value stays unsaid.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The TLS settings cannot be used.
    #[error("backend `{backend}`: {source}")]
    Tls {
        /// The backend.
        backend: String,
        /// What is wrong with them.
        source: TlsError,
    },
    /// The address cannot be used.
    #[error("the address of backend `{backend}` cannot be used: {reason}")]
    Address {
        /// The backend.
        backend: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpClient({:?}, {} idle)", self.parts.connector, self.idle.borrow().len())
    }
}

impl ClientParts {
    /// The parts of a client for `backend` at `base`, which is the backend's own URL or that
    /// of the simulated server started for it. `redactor` cleans the messages of failures.
    ///
    /// # Errors
    ///
    /// [`ClientError`] if a header or the address cannot be sent.
    pub fn new(
        backend: &Backend,
        base: &BaseUrl,
        connector: Connector,
        redactor: Arc<Redactor>,
    ) -> Result<Self, ClientError> {
        Ok(Self {
            connector,
            routes: routes_of_keys(backend, base)?,
            turn: Arc::default(),
            gate: (backend.rate_limits == RateLimitRule::Obey).then(Arc::default),
            timeouts: backend.timeouts,
            version: backend.http,
            connections: backend.connections,
            redactor,
        })
    }
}

impl ClientParts {
    /// The way to an endpoint, with the key whose turn it is.
    fn route(&self, endpoint: Endpoint) -> &Route {
        let of_key = match self.routes.as_slice() {
            [only] => only,
            several => &several[self.turn.fetch_add(1, Ordering::Relaxed) % several.len()],
        };
        let Some(route) = of_key.iter().find(|route| route.endpoint == endpoint) else {
            unreachable!("there is a route to every endpoint")
        };
        route
    }
}

impl HttpClient {
    /// A client without any connection yet.
    pub fn new(parts: ClientParts, clock: Clock) -> Self {
        let (idle, shared) = (RefCell::default(), tokio::sync::Mutex::default());
        let (space, meter) = (ReadSpace::default(), EventMeter::default());
        Self { clock, parts, idle, shared, space, meter }
    }

    /// Counts the text events of all its requests as they come.
    pub const fn meter(&self) -> &EventMeter {
        &self.meter
    }

    /// Sends `spec` and fills in `record`: every moment as it comes, the outcome at the end.
    ///
    /// If the future is dropped half-way, the record holds what had come until then and its
    /// outcome is still [`Outcome::Unsent`]; the caller says what became of it.
    pub async fn send(&self, spec: &RequestSpec, record: &mut RequestRecord) {
        self.send_as(&mut Sending { spec, talk: None }, record).await;
    }

    /// As [`HttpClient::send`], for a turn of a conversation: `talk` brings its connection, and
    /// takes the text of the answer.
    pub async fn send_turn(&self, spec: &RequestSpec, record: &mut RequestRecord, talk: &mut Talk) {
        talk.text.clear();
        self.send_as(&mut Sending { spec, talk: Some(talk) }, record).await;
    }

    async fn send_as(&self, sending: &mut Sending<'_>, record: &mut RequestRecord) {
        let spec = sending.spec;
        record.streamed = spec.stream;
        record.items = spec.items;
        record.max_tokens = spec.max_tokens;
        record.asked_input = spec.input_tokens;
        if let Some(gate) = &self.parts.gate {
            record.held_back |= gate.pass(&self.clock).await;
        }
        let sent_at = self.clock.now();
        record.sent_at = Some(sent_at);
        let mut deadline = Deadline::new(&self.clock, &self.parts.timeouts, sent_at, spec.stream);
        let ended = self.send_until_settled(sending, record, &mut deadline).await;
        record.outcome = match ended {
            Ok(capped) => Outcome::Completed { capped },
            Err(mut failure) => {
                if let std::borrow::Cow::Owned(clean) = self.parts.redactor.redact(&failure.message)
                {
                    failure.message = clean;
                }
                Outcome::Failed(Box::new(failure))
            }
        };
        if let Some(id) = record.gateway.as_mut().and_then(|told| told.model_id.as_mut())
            && let std::borrow::Cow::Owned(clean) = self.parts.redactor.redact(id)
        {
            *id = clean.into();
        }
        if record.finished_at.is_none() {
            record.finished_at = Some(self.clock.now());
        }
    }

    /// Sends the request; once more on a fresh connection if a reused one turns out to have
    /// been closed before any byte of the answer.
    async fn send_until_settled(
        &self,
        sending: &mut Sending<'_>,
        record: &mut RequestRecord,
        deadline: &mut Deadline,
    ) -> Result<bool, Failure> {
        let spec = sending.spec;
        let route = self.parts.route(spec.endpoint);
        let mut may_reuse = self.parts.connections != Connections::Fresh;
        loop {
            let own = sending.talk.as_mut().filter(|_| may_reuse).and_then(|talk| talk.link());
            let link = match own {
                Some(link) => {
                    record.reused = true;
                    link
                }
                None => self.link(record, may_reuse).await?,
            };
            record.peer.clone_from(&link.peer);
            let reused = record.reused;
            let answer = sending.talk.as_mut().map(|talk| &mut talk.text);
            let mut exchange = Exchange::new(link, deadline, &self.meter, answer);
            let ended = exchange.run(spec, route, record).await;
            if let (Some(gate), Some(wait)) = (&self.parts.gate, exchange.told_wait) {
                gate.close(self.clock.now(), wait);
            }
            let stale = reused && exchange.nothing_came() && is_lost_connection(&ended);
            if stale && may_reuse {
                record.stale_reconnects += 1;
                may_reuse = false;
                continue;
            }
            if let Some(link) = exchange.into_reusable_link() {
                self.put_back(link, sending.talk.as_deref_mut());
            }
            return ended;
        }
    }

    /// A connection for one request: an idle one where that is wanted and there is one that
    /// is still open, else a new one.
    async fn link(&self, record: &mut RequestRecord, may_reuse: bool) -> Result<Link, Failure> {
        let may_reuse = may_reuse && self.parts.connections == Connections::Reuse;
        if may_reuse && let Some(link) = self.open_idle().await {
            record.reused = true;
            return Ok(link);
        }
        record.reused = false;
        let connect = async {
            match self.parts.version {
                HttpVersion::One => self.open().await,
                HttpVersion::Two => self.open_shared().await,
            }
        };
        let link = match tokio::time::timeout(self.parts.timeouts.connect, connect).await {
            Ok(opened) => {
                opened.map_err(|error| Failure { kind: error.kind, message: error.message })?
            }
            Err(_) => {
                return Err(Failure {
                    kind: FailureKind::ConnectTimeout,
                    message: format!(
                        "no connection within {}",
                        format_span(self.parts.timeouts.connect)
                    ),
                });
            }
        };
        record.reused = link.used;
        if !link.used {
            record.connected_at = Some(self.clock.now());
            (record.resolve, record.tls) = (link.resolve, link.tls);
        }
        Ok(link)
    }

    async fn open_idle(&self) -> Option<Link> {
        if self.parts.version == HttpVersion::Two {
            let mut shared = self.shared.lock().await;
            let link = shared.as_mut()?;
            return if link.is_closed() { None } else { link.share() };
        }
        let now = self.clock.now();
        loop {
            // The latest one first: the rest grow old and retire together.
            let mut link = self.idle.borrow_mut().pop()?;
            if now.since(link.idle_since) < IDLE_LIMIT && !link.is_closed() {
                return Some(link);
            }
        }
    }

    async fn open(&self) -> Result<Link, ConnectFailure> {
        let opened = self.parts.connector.open().await?;
        let link = Link::http1(opened.transport, self.space.clone());
        Ok(link.opened(opened.resolve, opened.tls, opened.peer.map(|peer| peer.to_string().into())))
    }

    /// The thread's one HTTP/2 connection; opened by the first request that needs it.
    async fn open_shared(&self) -> Result<Link, ConnectFailure> {
        let mut shared = self.shared.lock().await;
        if let Some(link) = shared.as_mut()
            && !link.is_closed()
            && self.parts.connections == Connections::Reuse
        {
            return link.share().ok_or_else(|| ConnectFailure {
                kind: FailureKind::Connect,
                message: "the HTTP/2 connection cannot be shared".to_owned(),
            });
        }
        let opened = self.parts.connector.open().await?;
        let link = Link::http2(opened.transport).await;
        let link = link.map_err(|error| handshake_failure(&error))?;
        let link = link.opened(
            opened.resolve,
            opened.tls,
            opened.peer.map(|peer| peer.to_string().into()),
        );
        let Some(mut first) = link.share().filter(|_| self.parts.connections == Connections::Reuse)
        else {
            return Ok(link);
        };
        first.used = false;
        *shared = Some(link);
        Ok(first)
    }

    fn put_back(&self, mut link: Link, talk: Option<&mut Talk>) {
        link.used = true;
        link.idle_since = self.clock.now();
        match (self.parts.connections, self.parts.version, talk) {
            (Connections::Reuse, HttpVersion::One, _) => self.idle.borrow_mut().push(link),
            (Connections::Session, HttpVersion::One, Some(talk)) => talk.link = Some(link),
            // An HTTP/2 connection is kept already; the others end with their request.
            (_, HttpVersion::Two, _) | (Connections::Fresh | Connections::Session, _, _) => {}
        }
    }
}

/// Whether the connection broke, rather than the server having said something.
fn is_lost_connection(ended: &Result<bool, Failure>) -> bool {
    ended.as_ref().is_err_and(|failure| failure.kind == FailureKind::Disconnected)
}

fn handshake_failure(error: &hyper::Error) -> ConnectFailure {
    ConnectFailure {
        kind: FailureKind::Connect,
        message: format!("HTTP/2 handshake: {}", causes(error)),
    }
}

/// The headers of every request. No `Accept-Encoding`: a compressed stream would be decoded
/// in batches, and its events would lose their times.
fn headers(
    backend: &Backend,
    base: &BaseUrl,
    key: Option<&Secret>,
) -> Result<HeaderMap, ClientError> {
    let wrong = |name: &str, reason| ClientError::Header {
        backend: backend.name.clone(),
        name: name.to_owned(),
        reason,
    };
    let secret = |name: &str, value: &str| {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| wrong(name, "its value has characters that no header may have"))?;
        value.set_sensitive(true);
        Ok(value)
    };
    let mut headers = HeaderMap::new();
    if backend.http == HttpVersion::One {
        let host = HeaderValue::from_str(&base.authority())
            .map_err(|_| wrong("host", "the host has characters that no header may have"))?;
        headers.insert(HOST, host);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream, application/json"));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("pacemark/", env!("CARGO_PKG_VERSION"))),
    );
    if let Some(key) = key {
        let bearer = secret("authorization", &format!("Bearer {}", key.reveal()))?;
        headers.insert(AUTHORIZATION, bearer);
    }
    for (name, value) in &backend.headers {
        let value = secret(name, value.reveal())?;
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| wrong(name, "that is no name a header can have"))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// The way to each endpoint, with each of the keys; one without a key where there is none.
fn routes_of_keys(backend: &Backend, base: &BaseUrl) -> Result<Vec<Vec<Route>>, ClientError> {
    let first = [backend.api_key.value.as_ref()];
    let keys = first.into_iter().chain(backend.more_keys.iter().map(Some));
    keys.map(|key| routes(backend, base, key)).collect()
}

/// The way to each endpoint.
fn routes(
    backend: &Backend,
    base: &BaseUrl,
    key: Option<&Secret>,
) -> Result<Vec<Route>, ClientError> {
    let headers = headers(backend, base, key)?;
    let route = |endpoint: Endpoint| {
        let path = endpoint.path_at(&base.root);
        // A proxy without a tunnel must be told the whole address.
        let whole = backend.network.proxy.is_some() && !base.tls;
        let text = match backend.http {
            HttpVersion::One if !whole => path,
            HttpVersion::One | HttpVersion::Two => format!("{}{path}", base.origin()),
        };
        let uri = text.parse().map_err(|error| ClientError::Address {
            backend: backend.name.clone(),
            reason: format!("`{text}`: {error}"),
        })?;
        Ok(Route::new(endpoint, uri, headers.clone()))
    };
    Endpoint::ALL.into_iter().map(route).collect()
}
