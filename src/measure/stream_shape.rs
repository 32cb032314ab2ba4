//! What the text events of one request come to, in one pass over them.

use std::time::Duration;

use super::summary::TokenSource;
use crate::record::RequestRecord;
use crate::units::{count, nanos, ratio};

/// The text events of one request and the tokens they stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamShape {
    /// Text events.
    pub(super) events: u64,
    /// The gap before the second text event.
    pub(super) second_gap: Option<Duration>,
    /// The longest gap between two text events.
    pub(super) longest_gap: Option<Duration>,
    /// From the first text event to the last.
    pub(super) span: Option<Duration>,
    /// Output tokens of the request: `O`.
    pub(super) output: Option<u64>,
    /// Where `O` came from.
    pub(super) source: TokenSource,
    /// Tokens of the first event, where known: `k₁`.
    pub(super) first_tokens: Option<u64>,
    /// How many tokens each event carried.
    pub(super) per_event: TokensPerEvent,
    /// Tokens of all events together, where those of every event are known.
    pub(super) counted: Option<u64>,
    /// Whether reasoning tokens were generated but not sent: `O` says nothing about the gaps.
    pub(super) hidden_reasoning: bool,
}

/// How many tokens each text event carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokensPerEvent {
    /// One each: as many tokens were counted as there were events.
    One,
    /// As many as the server's running count said at each event.
    Counted,
    /// Not known.
    Unknown,
}

impl StreamShape {
    /// The shape of a request's text events; all parts are absent where none arrived.
    pub(super) fn of(record: &RequestRecord) -> Self {
        let mut gaps = Gaps::default();
        for event in record.text_events.iter() {
            gaps.take(event.gap, event.tokens);
        }
        let events = count(record.text_events.len());
        let hidden_reasoning =
            record.usage.reasoning.is_some_and(|tokens| tokens > 0) && !record.reasoning_seen;
        let counted = (events > 0 && !gaps.some_uncounted).then_some(gaps.tokens);
        let (output, source) = output_tokens(record, events, counted);
        let per_event = if hidden_reasoning {
            TokensPerEvent::Unknown
        } else if is_a_count(source) && output == Some(events) {
            TokensPerEvent::One
        } else if counted.is_some() {
            TokensPerEvent::Counted
        } else {
            TokensPerEvent::Unknown
        };
        let first_tokens = match per_event {
            TokensPerEvent::One => Some(1),
            // All tokens came with the only event, however many they were.
            _ if events == 1 => output,
            TokensPerEvent::Counted | TokensPerEvent::Unknown => gaps.first_tokens,
        };
        Self {
            events,
            second_gap: gaps.second,
            longest_gap: gaps.longest,
            span: record.first_token_at().zip(record.last_token_at()).map(|(f, l)| l.since(f)),
            output,
            source,
            first_tokens,
            per_event,
            counted,
            hidden_reasoning,
        }
    }

    /// Tokens that arrived after the first event, over which `span` is divided: `O - k₁`, or
    /// `O - 1` where `k₁` is not known. `None` where there are none or the count says nothing.
    pub(super) fn later_tokens(&self) -> Option<u64> {
        if self.hidden_reasoning || self.events == 0 {
            return None;
        }
        self.output?.checked_sub(self.first_tokens.unwrap_or(1)).filter(|tokens| *tokens > 0)
    }

    /// Time per output token, and the tokens per second before it was cut to nanoseconds; the
    /// rate is absent where no time passed.
    pub(super) fn tpot(&self) -> Option<(Duration, Option<f64>)> {
        let (span, tokens) = (nanos(self.span?), self.later_tokens()?);
        let rate = ratio(tokens, span).map(|per_nano| per_nano * 1e9);
        Some((Duration::from_nanos(span / tokens), rate))
    }
}

/// Whether tokens were counted, by whomever, and not guessed by the events.
const fn is_a_count(source: TokenSource) -> bool {
    matches!(source, TokenSource::Usage | TokenSource::Tokenizer)
}

/// The running state of the pass.
#[derive(Default)]
struct Gaps {
    second: Option<Duration>,
    longest: Option<Duration>,
    first_tokens: Option<u64>,
    tokens: u64,
    some_uncounted: bool,
    events: u64,
}

impl Gaps {
    #[inline]
    fn take(&mut self, gap: Option<Duration>, tokens: Option<u32>) {
        self.events += 1;
        match tokens {
            Some(tokens) => self.tokens += u64::from(tokens),
            None => self.some_uncounted = true,
        }
        match self.events {
            1 => self.first_tokens = tokens.map(u64::from),
            2 => self.second = gap,
            _ => {}
        }
        self.longest = self.longest.max(gap);
    }
}

/// `O` and its source: the server's count, its running counts added up, the count of a local
/// tokenizer, or the number of text events. A count of 0 is none: servers write it where they
/// do not count.
fn output_tokens(
    record: &RequestRecord,
    events: u64,
    counted: Option<u64>,
) -> (Option<u64>, TokenSource) {
    let usage = record.usage.output.filter(|tokens| *tokens > 0).map(u64::from).or(counted);
    let local = record.counted.output.filter(|tokens| *tokens > 0).map(u64::from);
    match (usage, local) {
        (Some(_), _) => (usage, TokenSource::Usage),
        (None, Some(_)) => (local, TokenSource::Tokenizer),
        (None, None) if events > 0 => (Some(events), TokenSource::Chunks),
        (None, None) => (None, TokenSource::None),
    }
}
