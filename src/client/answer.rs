//! One request and its answer over one connection.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use super::deadline::Deadline;
use super::head::Head;
use super::http1::Broken;
use super::kept::KeptText;
use super::link::Link;
use super::meter::EventMeter;
use super::route::Route;
use super::stream::{StreamReader, ran_past_limit};
use crate::openai::{answer_texts, decode_answer, decode_error};
use crate::record::{Failure, FailureKind, RequestRecord};
use crate::units::{Moment, count};
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
    /// How long the server says that it takes no more.
    pub(super) told_wait: Option<Duration>,
    /// Takes the text of the answer; `None` where nobody wants it.
    answer: Option<&'a mut KeptText>,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(
        link: Link,
        deadline: &'a mut Deadline,
        meter: &'a EventMeter,
        answer: Option<&'a mut KeptText>,
    ) -> Self {
        let bytes_before = link.bytes_read();
        let (body_ended, told_wait) = (false, None);
        Self { link, deadline, meter, bytes_before, body_ended, told_wait, answer }
    }

    /// Whether not one byte of an answer has come.
    pub(super) fn nothing_came(&self) -> bool {
        self.link.bytes_read() == self.bytes_before
    }

    /// The connection, if it can carry another request.
    pub(super) fn into_reusable_link(mut self) -> Option<Link> {
        (self.body_ended && !self.link.is_closed()).then_some(self.link)
    }

    /// Sends the request and reads its answer into `record`; true if the client ended the
    /// stream because it ran past its token limit.
    ///
    /// # Errors
    ///
    /// The [`Failure`] the request came to.
    pub(super) async fn run(
        &mut self,
        spec: &RequestSpec,
        route: &Route,
        record: &mut RequestRecord,
    ) -> Result<bool, Failure> {
        self.link.send(route, spec.body.clone());
        let head = self.head(record).await?;
        record.status = Some(head.status);
        record.gateway = head.gateway;
        let limits = head.limits.unwrap_or_default();
        self.told_wait = limits.wait;
        if !matches!(head.status, 200..=299) {
            let bytes = self.read_all(ERROR_LIMIT, record).await.unwrap_or_default();
            let mut failure = decode_error(head.status, head.retry_after.as_deref(), &bytes);
            if failure.kind == FailureKind::Overloaded && !limits.told.is_empty() {
                failure.message = format!("{}; its limits: {}", failure.message, limits.told);
            }
            return Err(failure);
        }
        if spec.stream && !head.is_json {
            self.stream(spec, record).await
        } else {
            self.plain(spec, record).await
        }
    }

    /// Sends the request and waits for status line and headers.
    async fn head(&mut self, record: &mut RequestRecord) -> Result<Head, Failure> {
        let head = poll_fn(|cx| {
            if let Poll::Ready(head) = self.link.poll_head(cx) {
                return Poll::Ready(Ok(head));
            }
            self.deadline.poll(cx).map(Err)
        });
        match head.await {
            Ok(Ok(head)) => {
                record.headers_at = Some(self.link.read_at());
                Ok(head)
            }
            Ok(Err(Broken::Closed(message))) => {
                Err(Failure { kind: FailureKind::Disconnected, message })
            }
            Ok(Err(Broken::Malformed(message))) => {
                Err(Failure { kind: FailureKind::Malformed, message })
            }
            Err(kind) => Err(self.timed_out(kind)),
        }
    }

    /// Reads a stream of events.
    async fn stream(
        &mut self,
        spec: &RequestSpec,
        record: &mut RequestRecord,
    ) -> Result<bool, Failure> {
        let mut reader = StreamReader::new(spec.endpoint);
        let mut answer = self.answer.take();
        loop {
            let mut events = 0;
            let mut take_in = |bytes: &[u8], read_at| {
                record.body_bytes += count(bytes.len());
                events += match answer.as_deref_mut() {
                    None => reader.take_in(bytes, read_at, record),
                    Some(answer) => reader.take_in_keeping(bytes, read_at, record, answer),
                };
            };
            if let Err(failure) = self.piece(&mut take_in).await {
                reader.hand_over(record);
                return Err(failure);
            }
            let read_at = self.link.read_at();
            if events > 0 {
                self.meter.add(events);
                self.deadline.text_arrived(read_at);
            }
            if reader.is_over() {
                record.finished_at = Some(read_at);
                self.read_tail().await;
                return reader.settle(record).map(|()| false);
            }
            if self.body_ended {
                record.finished_at = Some(read_at);
                self.meter.add(reader.end_of_body(record, answer));
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
        record: &mut RequestRecord,
    ) -> Result<bool, Failure> {
        let bytes = self.read_all(ANSWER_LIMIT, record).await?;
        record.finished_at = Some(self.link.read_at());
        let answer = decode_answer(spec.endpoint, &bytes)?;
        if let Some(kept) = self.answer.as_deref_mut() {
            answer_texts(spec.endpoint, &bytes, &mut |part, text| kept.add(part, text));
        }
        record.usage = answer.usage.unwrap_or_default();
        record.finish_reason = answer.finish;
        record.reasoning_seen = answer.reasoning;
        record.tool_calls = answer.calls;
        record.server_times = answer.times.map(Box::new);
        // A server may ignore the wish for a stream; then there are no moments of tokens.
        record.streamed = false;
        Ok(false)
    }

    async fn read_all(
        &mut self,
        limit: u64,
        record: &mut RequestRecord,
    ) -> Result<Vec<u8>, Failure> {
        let mut whole = Vec::new();
        while !self.body_ended {
            self.piece(&mut |bytes, _| {
                record.body_bytes += count(bytes.len());
                whole.extend_from_slice(bytes);
            })
            .await?;
            if record.body_bytes > limit {
                return Err(too_large(limit));
            }
        }
        Ok(whole)
    }

    /// Hands the next part of the body to `sink` and notes whether it was the last, or says
    /// which timeout has passed.
    async fn piece(&mut self, sink: &mut impl FnMut(&[u8], Moment)) -> Result<(), Failure> {
        let piece = poll_fn(|cx| {
            if let Poll::Ready(ended) = self.link.poll_body(cx, sink) {
                return Poll::Ready(Ok(ended));
            }
            self.deadline.poll(cx).map(Err)
        });
        match piece.await {
            Ok(Ok(ended)) => {
                self.body_ended = ended;
                Ok(())
            }
            Ok(Err(Broken::Closed(message))) => {
                Err(Failure { kind: FailureKind::Truncated, message })
            }
            Ok(Err(Broken::Malformed(message))) => {
                Err(Failure { kind: FailureKind::Malformed, message })
            }
            Err(kind) => Err(self.timed_out(kind)),
        }
    }

    /// Waits shortly for the end of a body whose answer has ended, so that the connection can
    /// be used again.
    async fn read_tail(&mut self) {
        let tail = async {
            while !self.body_ended {
                match poll_fn(|cx| self.link.poll_body(cx, &mut |_, _| {})).await {
                    Ok(ended) => self.body_ended = ended,
                    Err(_) => break,
                }
            }
        };
        // A body whose end does not come leaves `body_ended` as it is.
        tokio::time::timeout(TAIL_LIMIT, tail).await.unwrap_or_default();
    }

    fn timed_out(&self, kind: FailureKind) -> Failure {
        Failure { kind, message: self.deadline.message(kind) }
    }
}

fn too_large(limit: u64) -> Failure {
    Failure {
        kind: FailureKind::TooLarge,
        message: format!("the answer has more than {} MiB", limit >> 20),
    }
}
