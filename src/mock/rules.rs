//! How fast an engine is.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;

use super::draw::numbers_of_server;
use crate::scenario::{Distribution, MockSpec};
use crate::units::{count, float, index, span_from_seconds};

/// How fast an engine is, and how many it serves.
#[derive(Debug)]
pub(super) struct Rules {
    /// Requests that run at a time; at least 1.
    pub(super) slots: usize,
    /// Requests that may wait; `None`: no bound.
    pub(super) queue: Option<usize>,
    prefill_rate: Option<f64>,
    /// Seconds of a token for a stream that is alone.
    token_time: Distribution,
    batch_slowdown: f64,
    tokens_per_event: f64,
    numbers: ChaCha8Rng,
}

impl Rules {
    /// The rules of an engine as `spec` describes it, with `slots` places. A rate of 0 counts as
    /// not given.
    pub(super) fn new(spec: &MockSpec, slots: u32) -> Self {
        let token_time = match spec.decode_rate {
            Some(rate) if rate > 0.0 => Distribution::Constant(rate.recip()),
            _ => spec.gap,
        };
        Self {
            slots: index(u64::from(slots.max(1))),
            queue: spec.queue.map(|length| index(u64::from(length))),
            prefill_rate: spec.prefill_rate.filter(|rate| *rate > 0.0),
            token_time,
            batch_slowdown: spec.batch_slowdown,
            tokens_per_event: f64::from(spec.tokens_per_event.max(1)),
            numbers: numbers_of_server(spec.seed),
        }
    }

    /// How long reading a prompt of `tokens` takes.
    pub(super) fn reading_time(&self, tokens: u64) -> Duration {
        let seconds = self.prefill_rate.map(|rate| float(tokens) / rate);
        seconds.and_then(span_from_seconds).unwrap_or_default()
    }

    /// How long the next step takes with `batch` members.
    pub(super) fn step_time(&mut self, batch: usize) -> Duration {
        let others = float(count(batch.saturating_sub(1)));
        let slowdown = 1.0 + self.batch_slowdown * others;
        let seconds = self.token_time.sample(&mut self.numbers) * slowdown * self.tokens_per_event;
        span_from_seconds(seconds).unwrap_or_default()
    }
}
