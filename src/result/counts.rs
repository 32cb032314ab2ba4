//! The small parts of a cell: counts, windows, failures, findings.
//!
//! They mirror the types of `measure` and `audit`, but belong to the file format: those may
//! change with the program, these only with the schema's version.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::Finding;
use crate::measure::{
    CountedStreams, FailureSample, OutcomeCounts, SessionCounts, TokenSources, TokenTotals, Window,
};
use crate::units::{Moment, seconds};

/// The measured window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WindowEntry {
    /// When it opened, in nanoseconds since the run's start.
    pub opened_ns: u64,
    /// When it closed; `null` if the run was stopped before.
    pub closed_ns: Option<u64>,
    /// How long it was open, in seconds; `null` if it never closed.
    pub length_s: Option<f64>,
}

impl From<Window> for WindowEntry {
    fn from(window: Window) -> Self {
        let closed = window.closed_at != Moment::NEVER;
        Self {
            opened_ns: window.opened_at.as_nanos(),
            closed_ns: closed.then_some(window.closed_at.as_nanos()),
            length_s: closed.then_some(seconds(window.length())),
        }
    }
}

/// What became of a set of requests; all parts add up to `arrivals`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutcomeEntry {
    /// Requests that were due.
    pub arrivals: u64,
    /// Requests with a whole answer, capped ones included.
    pub completed: u64,
    /// Of these: ended by the client because they ran past their token limit.
    pub capped: u64,
    /// Failures by kind.
    pub failed: BTreeMap<String, u64>,
    /// In flight when the run was stopped.
    pub cancelled: u64,
    /// Due, but still held back when the stage closed.
    pub unsent: u64,
}

impl OutcomeEntry {
    /// Failures of all kinds.
    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Self) {
        self.arrivals += other.arrivals;
        self.completed += other.completed;
        self.capped += other.capped;
        self.cancelled += other.cancelled;
        self.unsent += other.unsent;
        for (kind, count) in &other.failed {
            *self.failed.entry(kind.clone()).or_default() += count;
        }
    }
}

impl From<&OutcomeCounts> for OutcomeEntry {
    fn from(counts: &OutcomeCounts) -> Self {
        Self {
            arrivals: counts.arrivals,
            completed: counts.completed,
            capped: counts.capped,
            failed: counts.failed.clone(),
            cancelled: counts.cancelled,
            unsent: counts.unsent,
        }
    }
}

/// How many completed requests had their output tokens counted from which source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenSourceEntry {
    /// Counted by the server.
    pub usage: u64,
    /// Counted by a local tokenizer.
    pub tokenizer: u64,
    /// Estimated by their text events.
    pub chunks: u64,
    /// Not counted.
    pub none: u64,
}

impl TokenSourceEntry {
    /// The one source of all counts (`usage`, `tokenizer`, `chunks`, `none`), else `mixed`;
    /// `None` where nothing completed.
    pub fn label(&self) -> Option<&'static str> {
        let Self { usage, tokenizer, chunks, none } = *self;
        let counts =
            [("usage", usage), ("tokenizer", tokenizer), ("chunks", chunks), ("none", none)];
        let mut used = counts.iter().filter(|(_, count)| *count > 0).map(|(name, _)| *name);
        match (used.next(), used.next()) {
            (Some(_), Some(_)) => Some("mixed"),
            (only, _) => only,
        }
    }

    /// Adds the counts of `other`.
    pub const fn add(&mut self, other: &Self) {
        self.usage += other.usage;
        self.tokenizer += other.tokenizer;
        self.chunks += other.chunks;
        self.none += other.none;
    }
}

impl From<TokenSources> for TokenSourceEntry {
    fn from(sources: TokenSources) -> Self {
        let TokenSources { usage, tokenizer, chunks, none } = sources;
        Self { usage, tokenizer, chunks, none }
    }
}

/// Token totals over completed requests; a part is `null` where no request told it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenEntry {
    /// Input tokens.
    pub input: Option<u64>,
    /// Output tokens.
    pub output: Option<u64>,
    /// Output tokens that were reasoning.
    pub reasoning: Option<u64>,
    /// Input tokens served from a cache.
    pub cached: Option<u64>,
}

impl TokenEntry {
    /// Adds the totals of `other`; a part stays `None` only where both lack it.
    pub fn add(&mut self, other: &Self) {
        self.input = sum(self.input, other.input);
        self.output = sum(self.output, other.output);
        self.reasoning = sum(self.reasoning, other.reasoning);
        self.cached = sum(self.cached, other.cached);
    }
}

impl From<TokenTotals> for TokenEntry {
    fn from(totals: TokenTotals) -> Self {
        let TokenTotals { input, output, reasoning, cached } = totals;
        Self { input, output, reasoning, cached }
    }
}

fn sum(left: Option<u64>, right: Option<u64>) -> Option<u64> {
    match (left, right) {
        (None, None) => None,
        (left, right) => Some(left.unwrap_or(0) + right.unwrap_or(0)),
    }
}

/// Streams whose output tokens the server counted, to tell tokens per text event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CountedStreamsEntry {
    /// Their output tokens.
    pub tokens: u64,
    /// Their text events.
    pub text_events: u64,
}

impl CountedStreamsEntry {
    /// Adds other streams.
    pub const fn add(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.text_events += other.text_events;
    }
}

impl From<CountedStreams> for CountedStreamsEntry {
    fn from(streams: CountedStreams) -> Self {
        let CountedStreams { tokens, text_events } = streams;
        Self { tokens, text_events }
    }
}

/// How sessions ended: conversations that began in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionEntry {
    /// All their turns were answered.
    pub completed: u64,
    /// A turn failed; the turns after it were never due.
    pub failed: u64,
    /// They were cut short: the window closed, the run was stopped, or the history grew past
    /// 16 MiB.
    pub cut_short: u64,
}

impl SessionEntry {
    /// Adds other sessions.
    pub const fn add(&mut self, other: &Self) {
        self.completed += other.completed;
        self.failed += other.failed;
        self.cut_short += other.cut_short;
    }
}

impl From<SessionCounts> for SessionEntry {
    fn from(counts: SessionCounts) -> Self {
        let SessionCounts { completed, failed, cut } = counts;
        Self { completed, failed, cut_short: cut }
    }
}

/// A kind of failure with one of its messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureEntry {
    /// The kind, as `http_status(500)`.
    pub kind: String,
    /// How many failures had this kind and message.
    pub count: u64,
    /// What the server or the system said, without secrets.
    pub message: String,
}

impl From<&FailureSample> for FailureEntry {
    fn from(sample: &FailureSample) -> Self {
        let FailureSample { kind, count, message } = sample.clone();
        Self { kind, count, message }
    }
}

/// Something that speaks for or against believing a measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindingEntry {
    /// Its name, which never changes meaning.
    pub key: String,
    /// How much it matters.
    pub severity: String,
    /// What was found, for people.
    pub text: String,
    /// The figure it rests on, in the unit that the text names.
    pub figure: Option<f64>,
    /// The limit the figure is held against.
    pub limit: Option<f64>,
    /// What can be done about it.
    pub remedy: Option<String>,
}

impl From<&Finding> for FindingEntry {
    fn from(finding: &Finding) -> Self {
        let Finding { key, severity, text, figure, limit, remedy } = finding.clone();
        let remedy = Some(remedy).filter(|remedy| !remedy.is_empty());
        Self { key, severity: severity.key().to_owned(), text, figure, limit, remedy }
    }
}

#[cfg(test)]
mod tests {
    use super::{TokenEntry, TokenSourceEntry, WindowEntry};
    use crate::measure::Window;
    use crate::units::Moment;

    #[test]
    fn a_window_that_never_closed_has_no_length() {
        let window = Window { opened_at: Moment::from_nanos(5), closed_at: Moment::NEVER };
        let entry = WindowEntry::from(window);
        assert_eq!((entry.closed_ns, entry.length_s), (None, None));
    }

    #[test]
    fn a_token_source_is_named_if_it_is_the_only_one() {
        let usage = TokenSourceEntry { usage: 3, ..TokenSourceEntry::default() };
        assert_eq!(usage.label(), Some("usage"));
        assert_eq!(TokenSourceEntry { chunks: 1, ..usage }.label(), Some("mixed"));
        assert_eq!(TokenSourceEntry::default().label(), None);
    }

    #[test]
    fn what_neither_told_stays_missing() {
        let mut tokens = TokenEntry { input: Some(3), ..TokenEntry::default() };
        tokens.add(&TokenEntry { input: Some(4), cached: Some(1), ..TokenEntry::default() });
        assert_eq!(tokens, TokenEntry { input: Some(7), cached: Some(1), ..TokenEntry::default() });
    }
}
