//! What a cell comes to.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::answer_shapes::AnswerShapes;
use super::counted_twice::CountedTwice;
use super::cut_inputs::CutInputs;
use super::gateway_counts::GatewayCounts;
use super::sessions::SessionCounts;
use super::time_series::TimeSeries;
use super::waits::Waits;
use super::window_counts::WindowCounts;
use crate::metric::Metric;
use crate::units::{Moment, ratio};

/// The measured window of a cell: requests due in it are its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When warm-up ended.
    pub opened_at: Moment,
    /// When the stage stopped handing out requests; [`Moment::NEVER`] while it still does.
    pub closed_at: Moment,
}

impl Window {
    /// How long the window was open.
    pub const fn length(&self) -> Duration {
        self.closed_at.since(self.opened_at)
    }

    /// Whether `moment` lies in the window: its opening counts, its close does not.
    pub fn contains(&self, moment: Moment) -> bool {
        self.opened_at <= moment && moment < self.closed_at
    }
}

/// Everything one cell comes to. Warm-up is counted apart and enters nothing else, but for
/// the tokens and answers of warm-up requests that arrived inside the window.
#[derive(Clone, Debug)]
pub struct CellSummary {
    /// The measured window.
    pub window: Window,
    /// What became of the requests due in the window.
    pub outcomes: OutcomeCounts,
    /// What became of the warm-up requests.
    pub warmup: OutcomeCounts,
    /// The distributions that have values, in recorded units (see `Unit::recorded_per_shown`).
    pub distributions: BTreeMap<Metric, Histogram<u64>>,
    /// The window metrics that exist for the cell, in shown units.
    pub windows: BTreeMap<Metric, f64>,
    /// Where output token counts came from, over completed requests.
    pub output_sources: TokenSources,
    /// Token totals over completed requests.
    pub tokens: TokenTotals,
    /// Text events over completed streams, for tokens per event.
    pub text_events: u64,
    /// Up to three messages of each kind of failure, the first in the alphabet, with exact counts.
    pub failure_samples: Vec<FailureSample>,
    /// Connections opened for measured requests.
    pub connections_opened: u64,
    /// Requests sent again because a reused connection was closed under them.
    pub stale_reconnects: u64,
    /// Completed requests by finish reason, as servers write it; `none` where they gave none.
    /// Empty for embeddings.
    pub finish_reasons: BTreeMap<&'static str, u64>,
    /// The raw counts behind `windows`; they add up over rounds.
    pub counts: WindowCounts,
    /// Tokens and text events of the completed streams whose tokens the server counted.
    pub counted_streams: CountedStreams,
    /// Completed requests that generated reasoning tokens without sending them; they have no
    /// TPOT and no ITL.
    pub hidden_reasoning: u64,
    /// Calls of tools in completed answers.
    pub tool_calls: u64,
    /// The server's counts of tokens beside those of a local tokenizer.
    pub counted_twice: CountedTwice,
    /// Inputs that the server cut off.
    pub cut_inputs: CutInputs,
    /// What a gateway says it did.
    pub gateway: GatewayCounts,
    /// Completed answers by their shape.
    pub answer_shapes: AnswerShapes,
    /// Requests that a limit on requests in flight held back when they were due.
    pub held_back: u64,
    /// How late the others were sent.
    pub send_delays: Waits,
    /// The time to first token of completed requests (their end-to-end latency, where there is
    /// none, and in a mix) in nanoseconds, by when they were due after the opening of the window.
    pub latency_over_time: TimeSeries,
    /// The turns of conversations apart, by their number from 0, with a few distributions each;
    /// or the workloads of a mix, by their places in it. Empty where nothing is recorded apart.
    pub parts: BTreeMap<u32, Self>,
    /// What each part is called.
    pub part_names: BTreeMap<u32, String>,
    /// How sessions ended; `None` without conversations.
    pub sessions: Option<SessionCounts>,
}

/// What became of a set of requests. All parts add up to `arrivals`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// Requests that were due.
    pub arrivals: u64,
    /// Requests with a whole answer, capped ones included.
    pub completed: u64,
    /// Of these: ended by the client because they ran past their token limit.
    pub capped: u64,
    /// Failures by kind, as printed (`http_status(500)`).
    pub failed: BTreeMap<String, u64>,
    /// In flight when the run was stopped.
    pub cancelled: u64,
    /// Due, but still held back when the stage closed.
    pub unsent: u64,
}

impl OutcomeCounts {
    /// Failures of all kinds.
    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Whether every arrival has exactly one outcome.
    pub fn add_up(&self) -> bool {
        self.arrivals == self.completed + self.failures() + self.cancelled + self.unsent
    }
}

/// Where a count of output tokens came from, the most trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenSource {
    /// The server's own count.
    Usage,
    /// A local tokenizer.
    Tokenizer,
    /// The number of text events: an estimate.
    Chunks,
    /// There was no count.
    None,
}

impl TokenSource {
    /// The source as it stands in files: `usage`, `tokenizer`, `chunks`, `none`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Tokenizer => "tokenizer",
            Self::Chunks => "chunks",
            Self::None => "none",
        }
    }
}

/// Completed streams whose tokens the server counted, pooled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountedStreams {
    /// Output tokens by the server's count.
    pub tokens: u64,
    /// Text events they came in.
    pub text_events: u64,
}

impl CountedStreams {
    /// Tokens per text event: above 1 the server bundles tokens, below 1 it splits them. `None`
    /// where no stream was counted.
    pub fn tokens_per_event(&self) -> Option<f64> {
        ratio(self.tokens, self.text_events)
    }
}

/// How many requests had their output tokens counted from which source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenSources {
    /// Counted by the server.
    pub usage: u64,
    /// Counted by a local tokenizer.
    pub tokenizer: u64,
    /// Estimated by their text events.
    pub chunks: u64,
    /// Not counted.
    pub none: u64,
}

impl TokenSources {
    /// Requests whose output was counted or estimated.
    pub const fn counted(&self) -> u64 {
        self.usage + self.tokenizer + self.chunks
    }

    /// Adds one request.
    pub(super) const fn add(&mut self, source: TokenSource) {
        match source {
            TokenSource::Usage => self.usage += 1,
            TokenSource::Tokenizer => self.tokenizer += 1,
            TokenSource::Chunks => self.chunks += 1,
            TokenSource::None => self.none += 1,
        }
    }
}

/// Token totals; a part is `None` where no request told it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenTotals {
    /// Input tokens.
    pub input: Option<u64>,
    /// Output tokens.
    pub output: Option<u64>,
    /// Output tokens that were reasoning.
    pub reasoning: Option<u64>,
    /// Input tokens served from a cache.
    pub cached: Option<u64>,
}

/// A kind of failure with one of its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureSample {
    /// The kind, as printed.
    pub kind: String,
    /// How many failures had this kind and message.
    pub count: u64,
    /// What the server or the system said, without secrets.
    pub message: String,
}
