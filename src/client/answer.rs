//! One request and its answer over one connection.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Request};
use http_body_util::Full;
use hyper::body::Incoming;

use super::deadline::Deadline;
use super::link::Link;
use super::meter::EventMeter;
use super::stream::{StreamReader, ran_past_limit};
use crate::openai::{decode_answer, decode_error};
use crate::record::{Failure, FailureKind, RequestRecord};
use crate::units::count;
use crate::workload::RequestSpec;

/// Largest answer that is read: a batch of 2,048 embeddings of 4,096 dimensions as text has
/// about 100 MB.
const ANSWER_LIMIT: u64 = 256 << 20;
/// How much of the body of an error is read for its message.
const ERROR_LIMIT: u64 = 64 << 10;
/// How long the end of the body may take after the answer's own end mark. Most servers send
/// both at once; a connection whose end does not come is closed instead of used again.
const TAIL_LIMIT: Duration = Duration::from_millis(200);

/// One request on its way over one connection.
pub(super) struct Exchange<'a> {
    link: Link,
    deadline: &'a mut Deadline,
    meter: &'a EventMeter,
    bytes_before: u64,
    body_ended: bool,
}

/// What a piece of the body is.
enum Piece {
    Data(Bytes),
    End,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(link: Link, deadline: &'a mut Deadline, meter: &'a EventMeter) -> Self {
        let bytes_before = link.bytes_read();
        Self { link, deadline, meter, bytes_before, body_ended: false }
    }

    /// Whether not one byte of an answer has come.
    pub(super) fn nothing_came(&self) -> bool {
        self.link.bytes_read() == self.bytes_before
    }

    /// The connection, if it can carry another request.
    pub(super) fn into_reusable_link(mut self) -> Option<Link> {
        (self.body_ended && !self.link.is_closed()).then_some(self.link)
    }

    /// Sends `request` and reads its answer into `record`; true if the client ended the stream
    /// because it ran past its token limit.
    ///
    /// # Errors
    ///
    /// The [`Failure`] the request came to.
    pub(super) async fn run(
        &mut self,
        spec: &RequestSpec,
        request: Request<Full<Bytes>>,
        record: &mut RequestRecord,
    ) -> Result<bool, Failure> {
        let (head, mut body) = self.head(request, record).await?.into_parts();
        record.status = Some(head.status.as_u16());
        if !head.status.is_success() {
            let bytes = self.read_all(&mut body, ERROR_LIMIT, record).await.unwrap_or_default();
            let retry_after = text_of(&head.headers, RETRY_AFTER);
            return Err(decode_error(head.status.as_u16(), retry_after, &bytes));
        }
        let is_json = text_of(&head.headers, CONTENT_TYPE)
            .is_some_and(|kind| kind.starts_with("application/json"));
        if spec.stream && !is_json {
            self.stream(spec, &mut body, record).await
        } else {
            self.plain(spec, &mut body, record).await
        }
    }

    /// Sends the request and waits for status line and headers.
    async fn head(
        &mut self,
        request: Request<Full<Bytes>>,
        record: &mut RequestRecord,
    ) -> Result<http::Response<Incoming>, Failure> {
        let ready = poll_fn(|cx| {
            if let Poll::Ready(ready) = self.link.poll_ready(cx) {
                return Poll::Ready(Ok(ready));
            }
            self.deadline.poll(cx).map(Err)
        });
        match ready.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(lost(&error)),
            Err(kind) => return Err(self.timed_out(kind)),
        }
        let mut response = self.link.send(request);
        let head = poll_fn(|cx| {
            if let Poll::Ready(head) = self.link.poll_response(&mut response, cx) {
                return Poll::Ready(Ok(head));
            }
            self.deadline.poll(cx).map(Err)
        });
        match head.await {
            Ok(Ok(head)) => {
                record.headers_at = Some(self.link.read_at());
                Ok(head)
            }
            Ok(Err(error)) => Err(lost(&error)),
            Err(kind) => Err(self.timed_out(kind)),
        }
    }

    /// Reads a stream of events.
    async fn stream(
        &mut self,
        spec: &RequestSpec,
        body: &mut Incoming,
        record: &mut RequestRecord,
    ) -> Result<bool, Failure> {
        let mut reader = StreamReader::new(spec.endpoint);
        loop {
            let piece = match self.piece(body).await {
                Ok(piece) => piece,
                Err(failure) => {
                    reader.hand_over(record);
                    return Err(failure);
                }
            };
            let read_at = self.link.read_at();
            match piece {
                Piece::Data(bytes) => {
                    record.body_bytes += count(bytes.len());
                    let events = reader.take_in(&bytes, read_at, record);
                    if events > 0 {
                        self.meter.add(events);
                        self.deadline.text_arrived(read_at);
                    }
                }
                Piece::End => {
                    record.finished_at = Some(read_at);
                    self.meter.add(reader.end_of_body(record));
                    return reader.settle(record).map(|()| false);
                }
            }
            if reader.is_over() {
                record.finished_at = Some(read_at);
                self.read_tail(body).await;
                return reader.settle(record).map(|()| false);
            }
            if ran_past_limit(record) {
                record.finished_at = Some(read_at);
                reader.hand_over(record);
                return Ok(true);
            }
            if record.body_bytes > ANSWER_LIMIT {
                return Err(too_large(ANSWER_LIMIT));
            }
        }
    }

    /// Reads an answer that is not a stream.
    async fn plain(
        &mut self,
        spec: &RequestSpec,
        body: &mut Incoming,
        record: &mut RequestRecord,
    ) -> Result<bool, Failure> {
        let bytes = self.read_all(body, ANSWER_LIMIT, record).await?;
        record.finished_at = Some(self.link.read_at());
        let answer = decode_answer(spec.endpoint, &bytes)?;
        record.usage = answer.usage.unwrap_or_default();
        record.finish_reason = answer.finish;
        record.reasoning_seen = answer.reasoning;
        record.tool_calls = answer.calls;
        // A server may ignore the wish for a stream; then there are no moments of tokens.
        record.streamed = false;
        Ok(false)
    }

    async fn read_all(
        &mut self,
        body: &mut Incoming,
        limit: u64,
        record: &mut RequestRecord,
    ) -> Result<Bytes, Failure> {
        let mut whole = Bytes::new();
        let mut joined: Vec<u8> = Vec::new();
        while let Piece::Data(bytes) = self.piece(body).await? {
            record.body_bytes += count(bytes.len());
            if record.body_bytes > limit {
                return Err(too_large(limit));
            }
            // Most answers come in one piece, which is then used as it is.
            if whole.is_empty() && joined.is_empty() {
                whole = bytes;
            } else {
                if joined.is_empty() {
                    joined.extend_from_slice(&whole);
                }
                joined.extend_from_slice(&bytes);
            }
        }
        Ok(if joined.is_empty() { whole } else { Bytes::from(joined) })
    }

    /// The next piece of the body, or its end, or the timeout that has passed.
    async fn piece(&mut self, body: &mut Incoming) -> Result<Piece, Failure> {
        loop {
            let frame = poll_fn(|cx| {
                if let Poll::Ready(frame) = self.link.poll_frame(body, cx) {
                    return Poll::Ready(Ok(frame));
                }
                self.deadline.poll(cx).map(Err)
            });
            match frame.await {
                Ok(Some(Ok(frame))) => {
                    // Trailers carry nothing that is measured.
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Piece::Data(bytes));
                    }
                }
                Ok(None) => {
                    self.body_ended = true;
                    return Ok(Piece::End);
                }
                Ok(Some(Err(error))) => {
                    return Err(Failure { kind: FailureKind::Truncated, message: causes(&error) });
                }
                Err(kind) => return Err(self.timed_out(kind)),
            }
        }
    }

    /// Waits shortly for the end of a body whose answer has ended, so that the connection can
    /// be used again.
    async fn read_tail(&mut self, body: &mut Incoming) {
        let tail = async {
            loop {
                match poll_fn(|cx| self.link.poll_frame(body, cx)).await {
                    None => return true,
                    Some(Ok(_)) => {}
                    Some(Err(_)) => return false,
                }
            }
        };
        let ended = tokio::time::timeout(TAIL_LIMIT, tail).await.unwrap_or(false);
        self.body_ended = ended;
    }

    fn timed_out(&self, kind: FailureKind) -> Failure {
        Failure { kind, message: self.deadline.message(kind) }
    }
}

/// The connection is gone before the head of the answer came.
fn lost(error: &hyper::Error) -> Failure {
    let kind = if error.is_parse() { FailureKind::Malformed } else { FailureKind::Disconnected };
    Failure { kind, message: causes(error) }
}

fn too_large(limit: u64) -> Failure {
    Failure {
        kind: FailureKind::TooLarge,
        message: format!("the answer has more than {} MiB", limit >> 20),
    }
}

fn text_of(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// An error with everything below it, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
