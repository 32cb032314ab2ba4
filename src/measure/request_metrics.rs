//! The metrics of one request, computed from its record.
//!
//! A metric that does not exist for a request is `None`, never 0. Latencies exist for completed
//! requests only; what the client itself did (schedule delay, connect, time to headers) and
//! token counts exist for all.

use std::time::Duration;

use super::stream_shape::StreamShape;
use super::summary::TokenSource;
use crate::metric::{Metric, Unit};
use crate::record::RequestRecord;
use crate::units::{Moment, float, nanos, seconds, whole};

/// Every per-request metric of `docs/metrics.md` for one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RequestMetrics {
    /// `sent_at - due_at`, for all that were sent.
    pub schedule_delay: Option<Duration>,
    /// `connected_at - sent_at`, for all that opened a connection.
    pub connect: Option<Duration>,
    /// Looking up the server's name, a part of `connect`.
    pub resolve: Option<Duration>,
    /// The TLS handshake, a part of `connect`.
    pub tls: Option<Duration>,
    /// `headers_at - sent_at`, for all that got headers.
    pub ttfb: Option<Duration>,
    /// `first_token_at - sent_at`.
    pub ttft: Option<Duration>,
    /// `first_answer_at - sent_at`.
    pub ttfa: Option<Duration>,
    /// Second text event − first text event.
    pub ttst: Option<Duration>,
    /// `(last_token_at - first_token_at) / (O - 1)`, or `/ (O - k₁)` where the first event is
    /// known to carry `k₁` tokens. Absent where reasoning was generated but not sent.
    pub tpot: Option<Duration>,
    /// The longest gap between text events.
    pub stall: Option<Duration>,
    /// `last_token_at - sent_at` for streams with text, else `finished_at - sent_at`.
    pub e2e: Option<Duration>,
    /// As `e2e`, from `due_at`.
    pub response: Option<Duration>,
    /// `first_token_at - due_at`.
    pub ttft_due: Option<Duration>,
    /// `O`, whatever became of the request.
    pub output_tokens: Option<u64>,
    /// Where `O` came from.
    pub output_source: TokenSource,
    /// `I`, where the server told it or a local tokenizer counted it.
    pub input_tokens: Option<u64>,
    /// `1 / tpot`, in tokens per second; absent where no time passed.
    pub decode_rate: Option<f64>,
    /// `(I - cached) / ttft`, in tokens per second; absent where all input was cached.
    pub prefill_rate: Option<f64>,
    /// The time that a gateway says it added.
    pub gateway_overhead: Option<Duration>,
    /// The time for loading the model, by the server's own clock.
    pub server_load: Option<Duration>,
    /// The time for reading the input, by the server's own clock.
    pub server_prefill: Option<Duration>,
    /// Input tokens read in that time, per second.
    pub server_prefill_rate: Option<f64>,
    /// Output tokens per second, by the server's own clock.
    pub server_decode_rate: Option<f64>,
}

impl RequestMetrics {
    /// The metrics of one request.
    pub fn of(record: &RequestRecord) -> Self {
        Self::from_shape(record, &StreamShape::of(record))
    }

    /// As [`RequestMetrics::of`], where the pass over the text events was already made.
    pub(super) fn from_shape(record: &RequestRecord, shape: &StreamShape) -> Self {
        let since_sent = |moment: Option<_>| Some(moment?).zip(record.sent_at).map(span);
        let input = record.usage.input.filter(|tokens| *tokens > 0).or(record.counted.input);
        let mut metrics = Self {
            schedule_delay: record.sent_at.map(|sent_at| sent_at.since(record.due_at)),
            connect: since_sent(record.connected_at),
            resolve: record.resolve,
            tls: record.tls,
            ttfb: since_sent(record.headers_at),
            ttft: None,
            ttfa: None,
            ttst: None,
            tpot: None,
            stall: None,
            e2e: None,
            response: None,
            ttft_due: None,
            output_tokens: shape.output,
            output_source: shape.source,
            input_tokens: input.map(u64::from),
            decode_rate: None,
            prefill_rate: None,
            gateway_overhead: None,
            server_load: None,
            server_prefill: None,
            server_prefill_rate: None,
            server_decode_rate: None,
        };
        if record.outcome.is_completed() {
            metrics.add_latencies(record, shape);
        }
        metrics
    }

    fn add_latencies(&mut self, record: &RequestRecord, shape: &StreamShape) {
        self.gateway_overhead = record.gateway.as_ref().and_then(|gateway| gateway.overhead);
        if let Some(times) = &record.server_times {
            self.server_load = times.load;
            self.server_prefill = times.prefill;
            self.server_prefill_rate = rate(times.prefill_tokens, times.prefill);
            self.server_decode_rate = rate(times.decode_tokens, times.decode);
        }
        let Some(sent_at) = record.sent_at else { return };
        let first_token_at = record.first_token_at();
        let ended_at = record.last_token_at().or(record.finished_at);
        self.ttft = first_token_at.map(|at| at.since(sent_at));
        self.ttft_due = first_token_at.map(|at| at.since(record.due_at));
        // Without text events nothing was streamed, so an answer has no first token.
        self.ttfa = first_token_at.and(record.first_answer_at).map(|at| at.since(sent_at));
        self.ttst = shape.second_gap;
        self.stall = shape.longest_gap;
        self.e2e = ended_at.map(|at| at.since(sent_at));
        self.response = ended_at.map(|at| at.since(record.due_at));
        if let Some((tpot, rate)) = shape.tpot() {
            self.tpot = Some(tpot);
            self.decode_rate = rate;
        }
        let cached = record.usage.cached.map_or(0, u64::from);
        let computed = self.input_tokens.and_then(|input| input.checked_sub(cached));
        self.prefill_rate = computed
            .filter(|tokens| *tokens > 0)
            .zip(self.ttft.filter(|ttft| !ttft.is_zero()))
            .map(|(tokens, ttft)| float(tokens) / seconds(ttft));
    }

    /// A metric that is a time; `None` where it does not exist, or is none of one request.
    pub const fn time(&self, metric: Metric) -> Option<Duration> {
        match metric {
            Metric::ScheduleDelay => self.schedule_delay,
            Metric::Connect => self.connect,
            Metric::Resolve => self.resolve,
            Metric::Tls => self.tls,
            Metric::Ttfb => self.ttfb,
            Metric::Ttft => self.ttft,
            Metric::Ttfa => self.ttfa,
            Metric::Ttst => self.ttst,
            Metric::Tpot => self.tpot,
            Metric::Stall => self.stall,
            Metric::E2e => self.e2e,
            Metric::Response => self.response,
            Metric::TtftDue => self.ttft_due,
            Metric::GatewayOverhead => self.gateway_overhead,
            Metric::ServerLoad => self.server_load,
            Metric::ServerPrefill => self.server_prefill,
            _ => None,
        }
    }

    /// Any per-request metric in recorded units (see [`Unit::recorded_per_shown`]).
    pub(super) fn recorded(&self, metric: Metric) -> Option<u64> {
        let rate = |rate: Option<f64>| {
            rate.map(|rate| whole(rate * Unit::TokensPerSecond.recorded_per_shown()))
        };
        match metric {
            Metric::OutputTokens => self.output_tokens,
            Metric::InputTokens => self.input_tokens,
            Metric::DecodeRate => rate(self.decode_rate),
            Metric::PrefillRate => rate(self.prefill_rate),
            Metric::ServerPrefillRate => rate(self.server_prefill_rate),
            Metric::ServerDecodeRate => rate(self.server_decode_rate),
            time => self.time(time).map(nanos),
        }
    }
}

/// Tokens per second; `None` where nothing was counted or no time passed.
fn rate(tokens: Option<u32>, time: Option<Duration>) -> Option<f64> {
    let (tokens, time) = tokens.zip(time)?;
    (tokens > 0 && !time.is_zero()).then(|| f64::from(tokens) / seconds(time))
}

fn span((later, earlier): (Moment, Moment)) -> Duration {
    later.since(earlier)
}
