//! From the bytes of a stream to the events of a record.

use crate::openai::{StreamDecoder, StreamEvent, StreamState};
use crate::record::{Failure, RequestRecord};
use crate::units::{Moment, count};
use crate::workload::RequestSpec;

/// A stream is ended by the client once it has more text events than this many times the
/// tokens asked for. Some servers cut a token into several events, none into more than a few;
/// without a bound a server that ignores the limit would answer for ever.
const EVENTS_PER_TOKEN: u64 = 8;
/// Events allowed besides, so that tiny limits leave room for a few odd events.
const SPARE_EVENTS: u64 = 64;

/// Reads one stream into one record.
pub(super) struct StreamReader {
    decoder: StreamDecoder,
    state: StreamState,
}

impl StreamReader {
    pub(super) fn new(spec: &RequestSpec) -> Self {
        Self { decoder: StreamDecoder::new(spec.endpoint), state: StreamState::default() }
    }

    /// Takes in bytes that were read at `read_at`; whether they brought text.
    pub(super) fn take_in(
        &mut self,
        bytes: &[u8],
        read_at: Moment,
        record: &mut RequestRecord,
    ) -> bool {
        let Self { decoder, state } = self;
        let before = record.text_events.len();
        decoder.feed(bytes, &mut |event| note(state, event, read_at, record));
        record.text_events.len() > before
    }

    /// Notes the end of the body.
    pub(super) fn end_of_body(&mut self, record: &mut RequestRecord) {
        let read_at = record.finished_at.unwrap_or_default();
        let Self { decoder, state } = self;
        decoder.finish(&mut |event| note(state, event, read_at, record));
    }

    /// Whether the stream said that it is over: `[DONE]`, or an error that ends it.
    pub(super) const fn is_done(&self) -> bool {
        self.state.is_over()
    }

    /// Whether the stream ran far past the tokens that were asked for.
    pub(super) fn ran_past_limit(&self, record: &RequestRecord) -> bool {
        record.max_tokens.is_some_and(|limit| {
            let limit = u64::from(limit) * EVENTS_PER_TOKEN + SPARE_EVENTS;
            count(record.text_events.len()) > limit
        })
    }

    /// How the stream came out; `Ok(false)`: complete.
    pub(super) fn outcome(&self) -> Result<bool, Failure> {
        self.state.outcome().map(|()| false)
    }
}

fn note(state: &mut StreamState, event: StreamEvent, read_at: Moment, record: &mut RequestRecord) {
    record.first_event_at.get_or_insert(read_at);
    if let StreamEvent::Chunk(chunk) = &event {
        if chunk.answer {
            record.first_answer_at.get_or_insert(read_at);
        }
        record.reasoning_seen |= chunk.reasoning;
        if chunk.answer || chunk.reasoning {
            record.text_events.push(read_at, None);
        }
    }
    state.take_in(event);
    record.usage = state.usage();
    record.finish_reason = state.finish();
}
