//! What answers looked like that makes their figures mean something else.

use std::time::Duration;

use super::request_metrics::RequestMetrics;
use super::stream_shape::StreamShape;
use crate::record::{FinishReason, RequestRecord};
use crate::units::nanos;

/// Streams of fewer text events may well come in one read.
const MANY_EVENTS: u64 = 8;
/// Text that took less than this share of the latency to arrive was not generated meanwhile ...
const ONE_IN: u64 = 50;
/// ... nor was text that came faster than 10,000 events a second; the fastest engines make
/// about 1,000 tokens a second for one stream.
const FASTEST_GAP: Duration = Duration::from_micros(100);

/// An answer that was there sooner was held back by nothing that matters.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);

/// Completed answers by their shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerShapes {
    /// Answers that were asked for with a token limit, and whose tokens are known.
    pub limited: u64,
    /// Of these: ended by the model before the limit.
    pub ended_early: u64,
    /// Streams of at least eight text events.
    pub long_streams: u64,
    /// Of these: whose text came all at once after the rest of the wait was over.
    pub at_once: u64,
}

impl AnswerShapes {
    pub(super) fn add(
        &mut self,
        record: &RequestRecord,
        metrics: &RequestMetrics,
        shape: &StreamShape,
    ) {
        if let Some((limit, output)) = record.max_tokens.zip(shape.output) {
            self.limited += 1;
            let stopped = record.finish_reason == Some(FinishReason::Stop);
            self.ended_early += u64::from(stopped && output < u64::from(limit));
        }
        if shape.events >= MANY_EVENTS {
            self.long_streams += 1;
            self.at_once += u64::from(came_at_once(metrics, shape));
        }
    }

    /// Adds other answers.
    pub const fn merge(&mut self, other: &Self) {
        self.limited += other.limited;
        self.ended_early += other.ended_early;
        self.long_streams += other.long_streams;
        self.at_once += other.at_once;
    }
}

fn came_at_once(metrics: &RequestMetrics, shape: &StreamShape) -> bool {
    let (Some(span), Some(e2e)) = (shape.span, metrics.e2e) else { return false };
    e2e >= SHORTEST_WAIT
        && nanos(span).saturating_mul(ONE_IN) < nanos(e2e)
        && nanos(span) < nanos(FASTEST_GAP).saturating_mul(shape.events)
}
