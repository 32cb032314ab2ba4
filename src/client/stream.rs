//! From the bytes of a stream to the events of a record.

use super::kept::KeptText;
use crate::openai::{
    Endpoint, RawText, RunningUsage, StreamDecoder, StreamEvent, StreamSink, StreamState, TextPart,
};
use crate::record::{Failure, RequestRecord};
use crate::units::{Moment, count};

/// A stream is ended by the client once it has more text events than this many times the
/// tokens asked for. Some servers cut a token into several events, none into more than a few;
/// without a bound a server that ignores the limit would answer for ever.
const EVENTS_PER_TOKEN: u64 = 8;
/// Events allowed besides, so that tiny limits leave room for a few odd events.
const SPARE_EVENTS: u64 = 64;

/// Reads one stream into one record.
pub(super) struct StreamReader {
    decoder: StreamDecoder,
    facts: Facts,
}

/// What the events have told so far.
#[derive(Default)]
struct Facts {
    state: StreamState,
    running: RunningUsage,
}

impl StreamReader {
    /// A reader at the start of a stream of `endpoint`.
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { decoder: StreamDecoder::new(endpoint), facts: Facts::default() }
    }

    /// Takes in bytes that were read at `read_at`; the number of text events they brought.
    pub(super) fn take_in(
        &mut self,
        bytes: &[u8],
        read_at: Moment,
        record: &mut RequestRecord,
    ) -> usize {
        let Self { decoder, facts } = self;
        let before = record.text_events.len();
        decoder.feed(bytes, &mut |event| facts.note(event, read_at, record));
        record.text_events.len() - before
    }

    /// As [`StreamReader::take_in`], and adds what is answered to `answer`.
    pub(super) fn take_in_keeping(
        &mut self,
        bytes: &[u8],
        read_at: Moment,
        record: &mut RequestRecord,
        answer: &mut KeptText,
    ) -> usize {
        let Self { decoder, facts } = self;
        let before = record.text_events.len();
        decoder.feed_into(bytes, &mut Keeping { facts, read_at, record, answer });
        record.text_events.len() - before
    }

    /// Notes the end of the body; the number of text events that were still to come. Adds what
    /// is answered to `answer`, if there is one.
    pub(super) fn end_of_body(
        &mut self,
        record: &mut RequestRecord,
        answer: Option<&mut KeptText>,
    ) -> usize {
        let read_at = record.finished_at.unwrap_or_default();
        let Self { decoder, facts } = self;
        let before = record.text_events.len();
        match answer {
            None => decoder.finish(&mut |event| facts.note(event, read_at, record)),
            Some(answer) => {
                decoder.finish_into(&mut Keeping { facts, read_at, record, answer });
            }
        }
        record.text_events.len() - before
    }

    /// Whether the stream said that it is over: what follows is not read.
    pub(super) const fn is_over(&self) -> bool {
        self.decoder.is_over()
    }

    /// Hands the facts to the record and says how the stream came out.
    ///
    /// # Errors
    ///
    /// The [`Failure`] it came to.
    pub(super) fn settle(&self, record: &mut RequestRecord) -> Result<(), Failure> {
        self.hand_over(record);
        self.facts.state.outcome_at_end()
    }

    /// Hands over what is known, for a stream that is cut off.
    pub(super) fn hand_over(&self, record: &mut RequestRecord) {
        record.usage = self.facts.state.usage.unwrap_or_default();
        record.finish_reason = self.facts.state.finish;
        record.tool_calls = self.facts.state.calls;
        record.server_times.clone_from(&self.facts.state.times);
    }
}

/// Notes events and keeps the text they carry.
struct Keeping<'a> {
    facts: &'a mut Facts,
    read_at: Moment,
    record: &'a mut RequestRecord,
    answer: &'a mut KeptText,
}

impl StreamSink for Keeping<'_> {
    fn event(&mut self, event: StreamEvent) {
        self.facts.note(event, self.read_at, self.record);
    }

    fn text(&mut self, part: TextPart, text: RawText<'_>) {
        self.answer.add(part, &text.to_text());
    }
}

impl Facts {
    #[inline]
    fn note(&mut self, event: StreamEvent, read_at: Moment, record: &mut RequestRecord) {
        record.first_event_at.get_or_insert(read_at);
        if let StreamEvent::Chunk(chunk) = &event
            && let Some(text) = chunk.text
        {
            if text.was_reasoning {
                // All text so far was thinking; the answer has yet to begin.
                record.first_answer_at = None;
            }
            if text.answer {
                record.first_answer_at.get_or_insert(read_at);
            }
            record.reasoning_seen |= text.reasoning || text.was_reasoning;
            record.text_events.push(read_at, self.running.tokens_of(chunk));
        }
        self.state.apply(event);
    }
}

/// Whether a stream ran far past the tokens that were asked for.
pub(super) fn ran_past_limit(record: &RequestRecord) -> bool {
    record.max_tokens.is_some_and(|limit| {
        let limit = u64::from(limit) * EVENTS_PER_TOKEN + SPARE_EVENTS;
        count(record.text_events.len()) > limit
    })
}
