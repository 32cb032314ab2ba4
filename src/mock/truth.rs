//! What the server itself saw: when it handed out what.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::units::nanos;

/// Longest span that is told apart; longer ones count as this. A day is beyond every timeout.
const LONGEST_NANOS: u64 = 86_400_000_000_000;

/// Significant digits kept: 0.1 %.
const DIGITS: u8 = 3;

/// What the server itself saw, for comparison with what a client measured.
///
/// Spans are counted from the moment a request had arrived whole, to the moment its bytes were
/// handed to the connection, right before they are written.
#[derive(Clone)]
pub struct Truth {
    /// Requests to the endpoints that carry load.
    pub requests: u64,
    /// Those answered in full, as told.
    pub answered: u64,
    /// Those answered with an error, injected or earned.
    pub failed: u64,
    /// Those whose client left before the end.
    pub abandoned: u64,
    /// Events of streams that carried text.
    pub events: u64,
    /// Nanoseconds to the first token of each stream, or to a whole answer.
    pub first_token: Histogram<u64>,
    /// Nanoseconds to the last token of each stream, or to a whole answer.
    pub last_token: Histogram<u64>,
    /// Nanoseconds between successive text events of a stream; 0 within a write.
    pub gap: Histogram<u64>,
    /// Nanoseconds by which each write came later than its newest token was due.
    pub lateness: Histogram<u64>,
}

impl fmt::Debug for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Truth")
            .field("requests", &self.requests)
            .field("answered", &self.answered)
            .field("failed", &self.failed)
            .field("abandoned", &self.abandoned)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// Where the server notes what it sees.
#[derive(Debug)]
pub(super) struct Ledger {
    truth: Mutex<Truth>,
    /// Requests whose times are not noted: the first to come, a warm-up.
    untimed: u64,
}

impl Ledger {
    /// An empty ledger that counts the first `untimed` requests without noting their times; the
    /// error never happens with the constants above.
    pub(super) fn new(untimed: u64) -> Result<Self, hdrhistogram::CreationError> {
        let empty = Histogram::new_with_max(LONGEST_NANOS, DIGITS)?;
        let truth = Mutex::new(Truth {
            requests: 0,
            answered: 0,
            failed: 0,
            abandoned: 0,
            events: 0,
            first_token: empty.clone(),
            last_token: empty.clone(),
            gap: empty.clone(),
            lateness: empty,
        });
        Ok(Self { truth, untimed })
    }

    /// What was seen so far.
    pub(super) fn snapshot(&self) -> Truth {
        self.lock().clone()
    }

    /// A request arrived; whether its times are noted.
    pub(super) fn arrived(&self) -> bool {
        let mut truth = self.lock();
        truth.requests += 1;
        truth.requests > self.untimed
    }

    /// How a request ended.
    pub(super) fn ended(&self, end: End) {
        let mut truth = self.lock();
        match end {
            End::Answered => truth.answered += 1,
            End::Failed => truth.failed += 1,
            End::Abandoned => truth.abandoned += 1,
        }
    }

    /// A write: `events` at once, the newest of them `late`; `first` and `last` are the time
    /// since the request where the write held its first or last token. Only events are counted
    /// unless the request is `timed`.
    pub(super) fn wrote(&self, written: Written, timed: bool) {
        let mut truth = self.lock();
        truth.events += u64::from(written.events);
        if !timed {
            return;
        }
        truth.lateness.saturating_record(nanos(written.late));
        if let Some(gap) = written.gap {
            truth.gap.saturating_record(nanos(gap));
        }
        if written.events > 1 {
            truth.gap.saturating_record_n(0, u64::from(written.events - 1));
        }
        if let Some(first) = written.first {
            truth.first_token.saturating_record(nanos(first));
        }
        if let Some(last) = written.last {
            truth.last_token.saturating_record(nanos(last));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Truth> {
        self.truth.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Answered,
    Failed,
    Abandoned,
}

/// One write of tokens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub(super) events: u32,
    pub(super) late: Duration,
    /// Time since the write before it, if there was one.
    pub(super) gap: Option<Duration>,
    pub(super) first: Option<Duration>,
    pub(super) last: Option<Duration>,
}
