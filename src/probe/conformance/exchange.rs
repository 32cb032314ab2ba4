//! One question, with its answer as it came.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONNECTION, CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use super::asking::Asking;
use crate::openai::{
    Answer, Chunk, Endpoint, RawText, StreamDecoder, StreamEvent, StreamSink, StreamState,
    TextPart, decode_answer, decode_error,
};
use crate::record::Failure;
use crate::units::Moment;

/// Longest wait for an answer of a few tokens; the model may have to be loaded first.
const PATIENCE: Duration = Duration::from_mins(2);
/// An answer of a few tokens that has more bytes than this does not keep to its limit.
const BODY_LIMIT: usize = 256 << 10;
/// How long an answer may go on after its first token.
const STREAM_PATIENCE: Duration = Duration::from_secs(20);

/// An answer as it came.
pub(super) struct Exchange {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) sent_at: Moment,
    pub(super) headers_at: Moment,
    /// The pieces of the body, each with when it was read.
    pub(super) pieces: Vec<(Moment, Vec<u8>)>,
    /// Whether it was cut off, as it went on for too long.
    pub(super) cut: bool,
}

/// What a stream came to.
#[derive(Default)]
pub(super) struct StreamFacts {
    pub(super) state: StreamState,
    /// Events of any kind.
    pub(super) events: u32,
    /// Events with text.
    pub(super) texts: u32,
    /// Events before the first with text.
    pub(super) before_text: u32,
    /// When the first text came.
    pub(super) first_token_at: Option<Moment>,
    /// Whether a comment stands between the events.
    pub(super) has_comments: bool,
}

impl Exchange {
    pub(super) fn body(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|(_, piece)| piece).copied().collect()
    }

    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The server's own words for a refusal.
    pub(super) fn refusal(&self) -> String {
        let said = decode_error(self.status, None, &self.body()).message;
        format!("{}: {said}", self.status)
    }

    pub(super) fn content_type(&self) -> &str {
        let value = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        value.unwrap_or("none")
    }

    /// Whether the server said that it closes the connection.
    pub(super) fn closes(&self) -> bool {
        self.headers
            .get(CONNECTION)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Whether an error is told as JSON, in whatever shape.
    pub(super) fn error_is_json(&self) -> bool {
        serde_json::from_slice::<Value>(&self.body()).is_ok()
    }

    /// The answer, for one that was not streamed.
    pub(super) fn answer(&self, endpoint: Endpoint) -> Result<Answer, Failure> {
        if self.is_success() {
            decode_answer(endpoint, &self.body())
        } else {
            Err(decode_error(self.status, None, &self.body()))
        }
    }

    /// The events, for one that was.
    pub(super) fn stream(&self, endpoint: Endpoint) -> StreamFacts {
        let mut facts = StreamFacts::default();
        let mut decoder = StreamDecoder::new(endpoint);
        for (at, piece) in &self.pieces {
            decoder.feed_into(piece, &mut Noting { facts: &mut facts, at: *at });
        }
        let at = self.pieces.last().map_or(self.headers_at, |(at, _)| *at);
        decoder.finish_into(&mut Noting { facts: &mut facts, at });
        let body = self.body();
        facts.has_comments = body.split(|byte| *byte == b'\n').any(|line| line.starts_with(b":"));
        facts
    }
}

struct Noting<'a> {
    facts: &'a mut StreamFacts,
    at: Moment,
}

impl StreamSink for Noting<'_> {
    fn event(&mut self, event: StreamEvent) {
        let facts = &mut *self.facts;
        if !matches!(event, StreamEvent::Times(_) | StreamEvent::Done) {
            facts.events += 1;
        }
        if let StreamEvent::Chunk(Chunk { text: Some(_), .. }) = &event {
            facts.texts += 1;
            if facts.first_token_at.is_none() {
                facts.first_token_at = Some(self.at);
                facts.before_text = facts.events - 1;
            }
        }
        facts.state.apply(event);
    }

    fn text(&mut self, _part: TextPart, _text: RawText<'_>) {}
}

impl Asking<'_> {
    /// Posts `body` to an endpoint; `Err` says why there was no answer.
    pub(super) async fn post(&self, endpoint: Endpoint, body: &Value) -> Result<Exchange, String> {
        let url = self.probe.base.of(endpoint);
        self.exchange(Method::POST, &url, Some(body.to_string()), true).await
    }

    /// One question; with the key and headers of the backend, or without.
    pub(super) async fn exchange(
        &self,
        method: Method,
        url: &str,
        body: Option<String>,
        with_key: bool,
    ) -> Result<Exchange, String> {
        let client = if with_key { self.probe.client() } else { self.probe.plain_client() };
        let mut request = client.request(method, url).timeout(PATIENCE);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        // A server may have closed the connection it kept open, and that is no answer.
        let again = request.try_clone();
        let mut sent_at = self.clock.now();
        let mut response = request.send().await;
        if let (Err(error), Some(again)) = (&response, again)
            && error.is_request()
            && !error.is_timeout()
        {
            sent_at = self.clock.now();
            response = again.send().await;
        }
        let mut response = response.map_err(|error| self.probe.redacted(&causes(&error)))?;
        let headers_at = self.clock.now();
        let mut exchange = Exchange {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            sent_at,
            headers_at,
            pieces: Vec::new(),
            cut: false,
        };
        let mut length = 0;
        loop {
            match response.chunk().await {
                Ok(Some(piece)) => {
                    length += piece.len();
                    exchange.pieces.push((self.clock.now(), piece.to_vec()));
                }
                // A body that breaks off is told by what it holds.
                Ok(None) | Err(_) => return Ok(exchange),
            }
            let began_at = exchange.pieces.first().map_or(headers_at, |(at, _)| *at);
            if length > BODY_LIMIT || self.clock.now().since(began_at) > STREAM_PATIENCE {
                exchange.cut = true;
                return Ok(exchange);
            }
        }
    }
}

/// An error with its causes, which alone tell what happened.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
