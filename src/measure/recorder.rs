//! The recorder: requests in, a summary out.

use std::collections::BTreeMap;
use std::sync::Arc;

use hdrhistogram::Histogram;

use super::activity::Activity;
use super::answer_shapes::AnswerShapes;
use super::counted_twice::CountedTwice;
use super::cut_inputs::CutInputs;
use super::distributions::{Distributions, record_n};
use super::failure_log::FailureLog;
use super::gateway_counts::GatewayCounts;
use super::live::LiveSnapshot;
use super::pooling::add_counts;
use super::request_metrics::RequestMetrics;
use super::request_row::RequestRow;
use super::sessions::{SessionCounts, SessionEnd};
use super::slo::meets;
use super::stream_shape::{StreamShape, TokensPerEvent};
use super::summary::{
    CellSummary, CountedStreams, FailureSample, OutcomeCounts, TokenSource, TokenSources,
    TokenTotals, Window,
};
use super::time_series::TimeSeries;
use super::waits::Waits;
use super::window_counts::{WindowCounts, window_metrics};
use crate::metric::Metric;
use crate::openai::Endpoint;
use crate::record::{FinishReason, LocalCount, Outcome, Phase, RequestRecord};
use crate::scenario::Slo;
use crate::units::{index, nanos};

/// The metrics that exist for requests of any outcome; all others rest on completed ones.
const OF_ANY_OUTCOME: [Metric; 5] =
    [Metric::ScheduleDelay, Metric::Connect, Metric::Resolve, Metric::Tls, Metric::Ttfb];

/// What a recorder must know besides the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingRules {
    /// What every request should keep to.
    pub slo: Slo,
    /// What the requests are.
    pub of: Recorded,
}

/// What is recorded, all together and some of it apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Requests to one endpoint, nothing apart.
    Requests(Endpoint),
    /// Conversations, and each turn apart with a few distributions.
    Conversations(Endpoint),
    /// The requests of one turn, with no more than a few distributions.
    OneTurn(Endpoint),
    /// The requests of a mix, and those of each member apart.
    Mix(Arc<[MixMember]>),
}

/// One workload of a mix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MixMember {
    /// Its name.
    pub name: Arc<str>,
    /// Where its requests go.
    pub endpoint: Endpoint,
}

impl Recorded {
    /// Where the request goes; `None` only for one that a mix does not know.
    fn endpoint(&self, record: &RequestRecord) -> Option<Endpoint> {
        match self {
            Self::Requests(endpoint) | Self::Conversations(endpoint) | Self::OneTurn(endpoint) => {
                Some(*endpoint)
            }
            Self::Mix(_) => self.member(record).map(|member| member.endpoint),
        }
    }

    /// The workload of a mix that the request is of; `None` where there is no mix.
    fn member(&self, record: &RequestRecord) -> Option<&MixMember> {
        let Self::Mix(members) = self else { return None };
        members.get(index(record.member?.into()))
    }

    /// Every endpoint that requests may go to.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        match self {
            Self::Requests(endpoint) | Self::Conversations(endpoint) | Self::OneTurn(endpoint) => {
                vec![*endpoint]
            }
            Self::Mix(members) => members.iter().map(|member| member.endpoint).collect(),
        }
    }

    /// What a part is called, by its number.
    fn part_name(&self, part: u32) -> String {
        match self {
            Self::Mix(members) => match members.get(index(part.into())) {
                Some(member) => member.name.to_string(),
                None => "others".to_owned(),
            },
            Self::Requests(_) | Self::Conversations(_) | Self::OneTurn(_) => turn_name(part),
        }
    }
}

/// The distributions of a turn. Each turn has its own, so they are few.
const OF_A_TURN: [Metric; 5] =
    [Metric::Ttft, Metric::TtftDue, Metric::E2e, Metric::InputTokens, Metric::OutputTokens];
/// The turn, counted from 0, from which on all turns are recorded together. Bounds memory: each
/// turn apart takes up to 1 MiB in every recorder.
const LAST_TURN_APART: u32 = 15;

/// Folds finished requests into counts and histograms.
///
/// One per thread; [`Recorder::merge`] adds them up to what one recorder of all records would
/// hold. A request costs no memory once the histograms have grown to its values: a recorder
/// takes 25 histograms of 450 KiB at the very most (11.0 MiB), usually 1 to 4 MiB, however many
/// requests it sees; that of a mix as much again for each workload.
#[derive(Clone, Debug)]
pub struct Recorder {
    rules: RecordingRules,
    measured: Tally,
    warmup: Tally,
    distributions: Distributions,
    counts: WindowCounts,
    sources: TokenSources,
    tokens: TokenTotals,
    text_events: u64,
    counted_streams: CountedStreams,
    hidden_reasoning: u64,
    tool_calls: u64,
    counted_twice: CountedTwice,
    cut_inputs: CutInputs,
    gateway: GatewayCounts,
    connections_opened: u64,
    stale_reconnects: u64,
    finish_reasons: BTreeMap<&'static str, u64>,
    activity: Activity,
    answer_shapes: AnswerShapes,
    held_back: u64,
    send_delays: Waits,
    latency_over_time: TimeSeries,
    parts: BTreeMap<u32, Self>,
    sessions: SessionCounts,
}

impl Recorder {
    /// A recorder that has seen nothing.
    pub fn new(rules: RecordingRules) -> Self {
        let counts = WindowCounts::new(&rules.of.endpoints(), !rules.slo.limits.is_empty());
        Self {
            rules,
            measured: Tally::default(),
            warmup: Tally::default(),
            distributions: Distributions::default(),
            counts,
            sources: TokenSources::default(),
            tokens: TokenTotals::default(),
            text_events: 0,
            counted_streams: CountedStreams::default(),
            hidden_reasoning: 0,
            tool_calls: 0,
            counted_twice: CountedTwice::default(),
            cut_inputs: CutInputs::default(),
            gateway: GatewayCounts::default(),
            connections_opened: 0,
            stale_reconnects: 0,
            finish_reasons: BTreeMap::new(),
            activity: Activity::default(),
            answer_shapes: AnswerShapes::default(),
            held_back: 0,
            send_delays: Waits::new(),
            latency_over_time: TimeSeries::new(),
            parts: BTreeMap::new(),
            sessions: SessionCounts::default(),
        }
    }

    /// Adds a finished request.
    ///
    /// While the stage runs, `window.closed_at` is [`crate::units::Moment::NEVER`]; a request
    /// that finishes after the close must be recorded with the real close. (Before the window
    /// opens, an `opened_at` of `NEVER` is as good as the real one.)
    pub fn record(&mut self, record: &RequestRecord, window: &Window) {
        let shape = StreamShape::of(record);
        let endpoint = self.rules.of.endpoint(record);
        self.counts.add(record, endpoint, &shape, window);
        self.activity.end(record, &shape);
        match record.phase {
            Phase::Warmup => self.warmup.add(&record.outcome),
            Phase::Measure => self.record_measured(record, endpoint, &shape, window),
        }
        self.record_apart(record, window);
    }

    /// Records the request once more among those of its part: the same turn of conversations,
    /// or the same workload of a mix.
    fn record_apart(&mut self, record: &RequestRecord, window: &Window) {
        let (part, of) = match (&self.rules.of, record.turn, record.member) {
            (Recorded::Conversations(endpoint), Some(place), _) => {
                (place.turn.min(LAST_TURN_APART), Recorded::OneTurn(*endpoint))
            }
            (Recorded::Mix(members), _, Some(part)) => {
                let Some(member) = members.get(index(part.into())) else { return };
                (part, Recorded::Requests(member.endpoint))
            }
            _ => return,
        };
        let slo = &self.rules.slo;
        let fresh = || Self::new(RecordingRules { slo: slo.clone(), of });
        self.parts.entry(part).or_insert_with(fresh).record(record, window);
    }

    /// The request as a line of `requests.csv`.
    pub fn row(&self, record: &RequestRecord) -> RequestRow {
        let member = self.rules.of.member(record).map(|member| Arc::clone(&member.name));
        RequestRow::new(record, member)
    }

    /// Notes that a session that began in the window is over.
    pub const fn note_session(&mut self, end: SessionEnd) {
        self.sessions.add(end);
    }

    fn record_measured(
        &mut self,
        record: &RequestRecord,
        endpoint: Option<Endpoint>,
        shape: &StreamShape,
        window: &Window,
    ) {
        let is_one_turn = matches!(self.rules.of, Recorded::OneTurn(_));
        self.measured.add(&record.outcome);
        self.held_back += u64::from(record.held_back);
        self.connections_opened += u64::from(record.connected_at.is_some());
        self.stale_reconnects += u64::from(record.stale_reconnects);
        if let Some(told) = &record.gateway {
            self.gateway.add(told);
        }
        let metrics = RequestMetrics::from_shape(record, shape);
        if let Some(delay) = metrics.schedule_delay.filter(|_| !record.held_back) {
            self.send_delays.record(delay);
        }
        if let Some(good) = &mut self.counts.good {
            *good += u64::from(meets(&self.rules.slo, is_whole(record), &metrics));
        }
        if !record.outcome.is_completed() {
            for metric in OF_ANY_OUTCOME.into_iter().filter(|_| !is_one_turn) {
                self.distributions.record_some(metric, metrics.recorded(metric));
            }
            return;
        }
        if is_one_turn {
            for metric in OF_A_TURN {
                self.distributions.record_some(metric, metrics.recorded(metric));
            }
            self.count_answer(record, endpoint, (&metrics, shape));
            return;
        }
        for metric in Metric::distributions() {
            self.distributions.record_some(metric, metrics.recorded(metric));
        }
        // Of a mix, workloads without a first token stand beside those that have one.
        let is_mixed = matches!(self.rules.of, Recorded::Mix(_));
        let ttft = metrics.ttft.filter(|_| !is_mixed);
        if let Some(latency) = ttft.or(metrics.e2e) {
            let at = record.due_at.since(window.opened_at);
            self.latency_over_time.record(at, nanos(latency));
        }
        self.record_gaps(record, shape);
        self.count_answer(record, endpoint, (&metrics, shape));
    }

    /// The two metrics that have many values per request.
    fn record_gaps(&mut self, record: &RequestRecord, shape: &StreamShape) {
        if shape.events < 2 {
            return;
        }
        let icl = self.distributions.histogram(Metric::Icl);
        for gap in record.text_events.iter().filter_map(|event| event.gap) {
            record_n(icl, nanos(gap), 1);
        }
        if shape.per_event == TokensPerEvent::Unknown {
            return;
        }
        let itl = self.distributions.histogram(Metric::Itl);
        for event in record.text_events.iter() {
            let Some(gap) = event.gap else { continue };
            let tokens = match shape.per_event {
                TokensPerEvent::One | TokensPerEvent::Unknown => 1,
                TokensPerEvent::Counted => event.tokens.map_or(1, u64::from),
            };
            record_n(itl, nanos(gap) / tokens, tokens);
        }
    }

    fn count_answer(
        &mut self,
        record: &RequestRecord,
        endpoint: Option<Endpoint>,
        (metrics, shape): (&RequestMetrics, &StreamShape),
    ) {
        self.tokens.merge(&TokenTotals {
            input: metrics.input_tokens,
            output: metrics.output_tokens,
            reasoning: record.usage.reasoning.map(u64::from),
            cached: record.usage.cached.map(u64::from),
        });
        let LocalCount { input, texts, output } = record.counted;
        self.counted_twice.input.add(record.usage.input, input, texts);
        self.cut_inputs.add(record.usage.input, input.or(record.asked_input));
        if !endpoint.is_some_and(Endpoint::generates) {
            return;
        }
        if !shape.hidden_reasoning {
            self.counted_twice.output.add(record.usage.output, output, 1);
        }
        self.sources.add(shape.source);
        self.text_events += shape.events;
        self.answer_shapes.add(record, metrics, shape);
        self.hidden_reasoning += u64::from(shape.hidden_reasoning);
        self.tool_calls += u64::from(record.tool_calls);
        if let (TokenSource::Usage, Some(tokens), 1..) = (shape.source, shape.output, shape.events)
        {
            self.counted_streams.merge(&CountedStreams { tokens, text_events: shape.events });
        }
        let reason = record.finish_reason.map_or("none", FinishReason::key);
        *self.finish_reasons.entry(reason).or_default() += 1;
    }

    /// Tells how many requests are in flight, all threads together; the largest is kept.
    pub fn observe_in_flight(&mut self, requests: u64) {
        self.counts.in_flight_max = self.counts.in_flight_max.max(Some(requests));
    }

    /// Notes that a request was handed out to be sent.
    pub const fn note_sent(&mut self) {
        self.activity.sent += 1;
    }

    /// Notes that text events arrived, whichever requests they belong to.
    pub const fn note_text_events(&mut self, events: u64) {
        self.activity.text_events += events;
    }

    /// What went on while it recorded.
    pub const fn activity(&self) -> Activity {
        self.activity
    }

    /// The values of `metric` so far, in recorded units; `None` where there are none.
    pub fn distribution(&self, metric: Metric) -> Option<&Histogram<u64>> {
        self.distributions.get(metric)
    }

    /// Adds what another recorder of the same cell saw.
    pub fn merge(&mut self, other: &Self) {
        self.measured.merge(&other.measured);
        self.warmup.merge(&other.warmup);
        self.distributions.merge(&other.distributions);
        self.counts.merge(&other.counts);
        self.sources.merge(&other.sources);
        self.tokens.merge(&other.tokens);
        self.text_events += other.text_events;
        self.counted_streams.merge(&other.counted_streams);
        self.hidden_reasoning += other.hidden_reasoning;
        self.tool_calls += other.tool_calls;
        self.counted_twice.merge(&other.counted_twice);
        self.cut_inputs.merge(&other.cut_inputs);
        self.gateway.merge(&other.gateway);
        self.connections_opened += other.connections_opened;
        self.stale_reconnects += other.stale_reconnects;
        add_counts(&mut self.finish_reasons, &other.finish_reasons);
        self.activity.merge(&other.activity);
        self.answer_shapes.merge(&other.answer_shapes);
        self.held_back += other.held_back;
        self.send_delays.merge(&other.send_delays);
        self.latency_over_time.merge(&other.latency_over_time);
        self.sessions.merge(&other.sessions);
        for (part, theirs) in &other.parts {
            match self.parts.get_mut(part) {
                Some(ours) => ours.merge(theirs),
                None => drop(self.parts.insert(*part, theirs.clone())),
            }
        }
    }

    /// What was recorded since the last call; the recorder starts anew with its rules and with
    /// histograms as large as before, so that they do not have to grow again.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let fresh = self.emptied();
        std::mem::replace(self, fresh)
    }

    fn emptied(&self) -> Self {
        let mut fresh = Self::new(self.rules.clone());
        fresh.distributions = self.distributions.emptied();
        fresh.parts = self.parts.iter().map(|(part, of)| (*part, of.emptied())).collect();
        fresh
    }

    /// What the records come to, measured over `window`.
    ///
    /// For a look at a stage that still runs, give the present moment as the close.
    pub fn summary(&self, window: Window) -> CellSummary {
        let mut summary = CellSummary {
            window,
            outcomes: self.measured.counts(),
            warmup: self.warmup.counts(),
            distributions: self.distributions.filled(),
            windows: BTreeMap::new(),
            output_sources: self.sources,
            tokens: self.tokens,
            text_events: self.text_events,
            failure_samples: self.measured.failures.samples(),
            connections_opened: self.connections_opened,
            stale_reconnects: self.stale_reconnects,
            finish_reasons: self.finish_reasons.clone(),
            counts: WindowCounts { length: window.length(), ..self.counts },
            counted_streams: self.counted_streams,
            hidden_reasoning: self.hidden_reasoning,
            tool_calls: self.tool_calls,
            counted_twice: self.counted_twice,
            cut_inputs: self.cut_inputs,
            gateway: self.gateway.clone(),
            answer_shapes: self.answer_shapes,
            held_back: self.held_back,
            send_delays: self.send_delays.clone(),
            latency_over_time: self.latency_over_time.clone(),
            parts: self.parts.iter().map(|(part, of)| (*part, of.summary(window))).collect(),
            part_names: self
                .parts
                .keys()
                .map(|part| (*part, self.rules.of.part_name(*part)))
                .collect(),
            sessions: matches!(self.rules.of, Recorded::Conversations(_)).then_some(self.sessions),
        };
        summary.windows = window_metrics(&summary);
        summary
    }

    /// Failures so far by kind as printed, warm-up included, with a few of their messages.
    pub fn failures(&self) -> (BTreeMap<String, u64>, Vec<FailureSample>) {
        let mut all = self.measured.failures.clone();
        all.merge(&self.warmup.failures);
        (all.counts(), all.samples())
    }

    /// A few figures of what was recorded so far, for a progress line.
    pub fn live(&self) -> LiveSnapshot {
        LiveSnapshot {
            finished: self.measured.ended() + self.warmup.ended(),
            completed: self.measured.completed + self.warmup.completed,
            failed: self.measured.failures.total() + self.warmup.failures.total(),
            output_tokens: self.activity.output_tokens,
            ttft: self.distributions.get(Metric::Ttft).map(super::live::LiveTtft::of),
        }
    }
}

/// The name of the requests of a turn, counted from 0: `turn 1`, and for the last that is
/// recorded apart `turn 16 and later`.
fn turn_name(turn: u32) -> String {
    let later = if turn == LAST_TURN_APART { " and later" } else { "" };
    format!("turn {}{later}", turn + 1)
}

/// Outcomes as they are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    completed: u64,
    capped: u64,
    failures: FailureLog,
    cancelled: u64,
    unsent: u64,
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Completed { capped } => {
                self.completed += 1;
                self.capped += u64::from(*capped);
            }
            Outcome::Failed(failure) => self.failures.add(failure),
            Outcome::Cancelled => self.cancelled += 1,
            Outcome::Unsent => self.unsent += 1,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.completed += other.completed;
        self.capped += other.capped;
        self.failures.merge(&other.failures);
        self.cancelled += other.cancelled;
        self.unsent += other.unsent;
    }

    /// Requests that were sent and are over.
    fn ended(&self) -> u64 {
        self.completed + self.failures.total() + self.cancelled
    }

    fn counts(&self) -> OutcomeCounts {
        OutcomeCounts {
            arrivals: self.ended() + self.unsent,
            completed: self.completed,
            capped: self.capped,
            failed: self.failures.counts(),
            cancelled: self.cancelled,
            unsent: self.unsent,
        }
    }
}

/// Whether a request has all of its answer.
fn is_whole(record: &RequestRecord) -> bool {
    record.outcome == Outcome::Completed { capped: false }
}
