//! The figures of a progress line.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::figures::value_at;

/// What was recorded so far, warm-up included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveSnapshot {
    /// Requests that were sent and are over.
    pub finished: u64,
    /// Of these: with a whole answer.
    pub completed: u64,
    /// Of these: failed.
    pub failed: u64,
    /// Output tokens of all requests that are over, whatever became of them.
    pub output_tokens: u64,
    /// Time to first token of measured requests; `None` before the first.
    pub ttft: Option<LiveTtft>,
}

/// The time to first token so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveTtft {
    /// Its median.
    pub p50: Duration,
    /// Its 99th percentile, whether or not there are values enough for one.
    pub p99: Duration,
}

impl LiveTtft {
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |percentile| Duration::from_nanos(value_at(histogram, percentile));
        Self { p50: at(50.0), p99: at(99.0) }
    }
}
