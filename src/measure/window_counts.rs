//! What arrived inside the measured window, as whole numbers that add up exactly.
//!
//! Whether a request counts depends on moments alone, so a request that finished before the
//! window closed counts the same whether its close was known by then or not.

use std::collections::BTreeMap;
use std::time::Duration;

use super::stream_shape::StreamShape;
use super::summary::{CellSummary, Window};
use crate::metric::Metric;
use crate::openai::Endpoint;
use crate::record::{Phase, RequestRecord};
use crate::units::{Moment, count, float, nanos, ratio, seconds};

/// Output tokens are kept in millionths, so that shares of an answer add up in any order.
const PARTS_PER_TOKEN: u64 = 1_000_000;

/// The raw counts behind the window metrics. They add up over threads and rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowCounts {
    /// How long the window was open; of several rounds, their sum.
    pub length: Duration,
    /// Successes that finished in the window, those of warm-up requests included.
    pub answers: u64,
    /// Texts that these embedded; `None` for all but embeddings.
    pub items: Option<u64>,
    /// Documents that these ranked; `None` for all but rankings.
    pub documents: Option<u64>,
    /// Output tokens that arrived in the window, in millionths, whichever request they belong
    /// to; `None` for endpoints that generate none.
    pub output_token_millionths: Option<u64>,
    /// Input tokens of requests whose first token (or finish) fell in the window.
    pub input_tokens: u64,
    /// Measured requests sent in the window.
    pub sent: u64,
    /// Measured requests that met every SLO; `None` without an SLO.
    pub good: Option<u64>,
    /// Time that requests spent in flight inside the window, added up over all of them.
    pub in_flight: Duration,
    /// The most requests seen in flight at once; `None` where nobody looked.
    pub in_flight_max: Option<u64>,
}

impl WindowCounts {
    /// Nothing counted yet, for requests to any of `endpoints`, with or without an SLO.
    pub(super) fn new(endpoints: &[Endpoint], has_slo: bool) -> Self {
        let generates = endpoints.iter().any(|endpoint| endpoint.generates());
        Self {
            items: endpoints.contains(&Endpoint::Embeddings).then_some(0),
            documents: endpoints.contains(&Endpoint::Rerank).then_some(0),
            output_token_millionths: generates.then_some(0),
            good: has_slo.then_some(0),
            ..Self::default()
        }
    }

    /// Counts what of a request to `endpoint` lies in `window`; all but its SLO.
    pub(super) fn add(
        &mut self,
        record: &RequestRecord,
        endpoint: Option<Endpoint>,
        shape: &StreamShape,
        window: &Window,
    ) {
        let within = |moment: Option<Moment>| moment.is_some_and(|at| window.contains(at));
        let completed = record.outcome.is_completed();
        if completed && within(record.finished_at) {
            self.answers += 1;
            let items = match endpoint {
                Some(Endpoint::Embeddings) => &mut self.items,
                Some(Endpoint::Rerank) => &mut self.documents,
                _ => &mut None,
            };
            if let Some(items) = items {
                *items += u64::from(record.items);
            }
        }
        if let Some(parts) = &mut self.output_token_millionths
            && endpoint.is_some_and(Endpoint::generates)
        {
            *parts = parts.saturating_add(output_parts(record, shape, window));
        }
        let answered_at = record.first_token_at().or(record.finished_at.filter(|_| completed));
        if within(answered_at) {
            self.input_tokens += record.usage.input.map_or(0, u64::from);
        }
        if record.phase == Phase::Measure && within(record.sent_at) {
            self.sent += 1;
        }
        self.in_flight += overlap(record, window);
    }

    /// Adds what another thread or round counted.
    pub fn merge(&mut self, other: &Self) {
        self.length += other.length;
        self.answers += other.answers;
        self.items = sum(self.items, other.items);
        self.documents = sum(self.documents, other.documents);
        self.output_token_millionths =
            sum(self.output_token_millionths, other.output_token_millionths);
        self.input_tokens += other.input_tokens;
        self.sent += other.sent;
        self.good = sum(self.good, other.good);
        self.in_flight += other.in_flight;
        self.in_flight_max = self.in_flight_max.max(other.in_flight_max);
    }

    /// Output tokens that arrived in the window; `None` for endpoints that generate none.
    pub fn output_tokens(&self) -> Option<f64> {
        self.output_token_millionths.map(|parts| float(parts) / float(PARTS_PER_TOKEN))
    }
}

/// `a + b`; an absent part adds nothing.
pub(super) fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    }
}

/// Millionths of output tokens that arrived in the window: by the tokens of each event where
/// all are known, else `O` spread evenly over the events, without events at the finish.
fn output_parts(record: &RequestRecord, shape: &StreamShape, window: &Window) -> u64 {
    let output = shape.output.unwrap_or(0);
    let (Some(first_at), Some(last_at)) = (record.first_token_at(), record.last_token_at()) else {
        let finished_at = record.finished_at.filter(|_| record.outcome.is_completed());
        let arrived = finished_at.is_some_and(|at| window.contains(at));
        return if arrived { output * PARTS_PER_TOKEN } else { 0 };
    };
    if window.contains(first_at) && window.contains(last_at) {
        return shape.counted.unwrap_or(output) * PARTS_PER_TOKEN;
    }
    let inside = record.text_events.iter().filter(|event| window.contains(event.at));
    if shape.counted.is_some() {
        let tokens: u64 = inside.filter_map(|event| event.tokens).map(u64::from).sum();
        return tokens * PARTS_PER_TOKEN;
    }
    let inside = count(inside.count());
    let parts = u128::from(output) * u128::from(PARTS_PER_TOKEN) * u128::from(inside)
        / u128::from(shape.events.max(1));
    u64::try_from(parts).unwrap_or(u64::MAX)
}

/// Time of the window in which the request was in flight. A request whose end is not known was
/// in flight until the window closed; while that is not known either, it counts nothing.
fn overlap(record: &RequestRecord, window: &Window) -> Duration {
    let Some(sent_at) = record.sent_at else { return Duration::ZERO };
    let until = record.finished_at.unwrap_or(Moment::NEVER).min(window.closed_at);
    if until == Moment::NEVER {
        return Duration::ZERO;
    }
    until.since(sent_at.max(window.opened_at))
}

/// The window metrics that exist for a cell, in shown units, from its raw counts.
pub(super) fn window_metrics(summary: &CellSummary) -> BTreeMap<Metric, f64> {
    let (counts, outcomes) = (&summary.counts, &summary.outcomes);
    let length = seconds(counts.length);
    let rate = |amount: f64| (length > 0.0).then(|| amount / length);
    // Answers that nobody counted must not look like a throughput of nothing.
    let counted = summary.output_sources.counted() > 0 || outcomes.completed == 0;
    let output = counts.output_tokens().filter(|_| counted).and_then(rate);
    let input = summary.tokens.input.and_then(|_| rate(float(counts.input_tokens)));
    let total = match (counts.output_token_millionths, output, input) {
        (None, _, input) => input,
        (Some(_), Some(output), Some(input)) => Some(output + input),
        (Some(_), _, _) => None,
    };
    let figures = [
        (Metric::RequestThroughput, rate(float(counts.answers))),
        (Metric::OutputTokenThroughput, output),
        (Metric::InputTokenThroughput, input),
        (Metric::TotalTokenThroughput, total),
        (Metric::EmbeddingThroughput, counts.items.and_then(|items| rate(float(items)))),
        (Metric::DocumentThroughput, counts.documents.and_then(|items| rate(float(items)))),
        (Metric::Goodput, counts.good.and_then(|good| rate(float(good)))),
        (Metric::SloAttainment, counts.good.and_then(|good| ratio(good, outcomes.arrivals))),
        (Metric::ErrorRate, ratio(outcomes.failures(), outcomes.arrivals)),
        (Metric::OfferedRate, rate(float(outcomes.arrivals))),
        (Metric::AchievedRate, rate(float(counts.sent))),
        (Metric::Concurrency, ratio(nanos(counts.in_flight), nanos(counts.length))),
        (Metric::ConcurrencyMax, counts.in_flight_max.map(float)),
    ];
    figures.into_iter().filter_map(|(metric, value)| Some((metric, value?))).collect()
}
