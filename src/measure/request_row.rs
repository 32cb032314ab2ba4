//! One request as a line of `requests.csv`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::request_metrics::RequestMetrics;
use super::slo::meets;
use crate::metric::Metric;
use crate::record::{
    FailureKind, FinishReason, GatewayTold, Outcome, Phase, RequestRecord, TokenUsage, TurnPlace,
};
use crate::scenario::Slo;
use crate::units::{Moment, count, float, nanos};

const COMPLETED: Outcome = Outcome::Completed { capped: false };
const CAPPED: Outcome = Outcome::Completed { capped: true };

/// A finished request without its text events: everything that stands in its line.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRow {
    cell: u32,
    index: u64,
    phase: Phase,
    workload: Option<Arc<str>>,
    session: Option<Box<str>>,
    turn: Option<u32>,
    streamed: bool,
    due_at: Moment,
    sent_at: Option<Moment>,
    connected_at: Option<Moment>,
    headers_at: Option<Moment>,
    first_event_at: Option<Moment>,
    first_token_at: Option<Moment>,
    first_answer_at: Option<Moment>,
    last_token_at: Option<Moment>,
    finished_at: Option<Moment>,
    metrics: RequestMetrics,
    usage: TokenUsage,
    text_events: u64,
    items: u32,
    asked_input: Option<u32>,
    max_tokens: Option<u32>,
    body_bytes: u64,
    outcome: &'static str,
    failure: Option<FailureKind>,
    message: Option<Box<str>>,
    status: Option<u16>,
    finish_reason: Option<FinishReason>,
    tool_calls: u32,
    reused: bool,
    stale_reconnects: u32,
    peer: Option<Arc<str>>,
    gateway: Option<Box<GatewayTold>>,
}

impl RequestRow {
    /// The row of a finished request; `workload` is the one of a mix that it is of.
    pub fn new(record: &RequestRecord, workload: Option<Arc<str>>) -> Self {
        let failure = record.outcome.failure();
        Self {
            cell: record.cell,
            index: record.index,
            phase: record.phase,
            workload,
            session: record.turn.map(session_name),
            turn: record.turn.map(|place| place.turn + 1),
            streamed: record.streamed,
            due_at: record.due_at,
            sent_at: record.sent_at,
            connected_at: record.connected_at,
            headers_at: record.headers_at,
            first_event_at: record.first_event_at,
            first_token_at: record.first_token_at(),
            first_answer_at: record.first_answer_at,
            last_token_at: record.last_token_at(),
            finished_at: record.finished_at,
            metrics: RequestMetrics::of(record),
            usage: record.usage,
            text_events: count(record.text_events.len()),
            items: record.items,
            asked_input: record.asked_input,
            max_tokens: record.max_tokens,
            body_bytes: record.body_bytes,
            outcome: record.outcome.key(),
            failure: failure.map(|failure| failure.kind),
            message: failure.map(|failure| failure.message.as_str().into()),
            status: record.status,
            finish_reason: record.finish_reason,
            tool_calls: record.tool_calls,
            reused: record.reused,
            stale_reconnects: record.stale_reconnects,
            peer: record.peer.clone(),
            gateway: record.gateway.clone(),
        }
    }

    /// The cell of the run plan the request belongs to.
    pub const fn cell(&self) -> u32 {
        self.cell
    }

    /// Its position among the requests of its phase, from 0.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The phase it belongs to.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether it completed, capped or not.
    pub fn is_completed(&self) -> bool {
        self.outcome == COMPLETED.key() || self.outcome == CAPPED.key()
    }

    /// Whether it was cut off because the run was stopped.
    pub fn is_cancelled(&self) -> bool {
        self.outcome == Outcome::Cancelled.key()
    }

    /// Whether it kept to every limit of `slo`.
    pub fn meets(&self, slo: &Slo) -> bool {
        meets(slo, self.outcome == COMPLETED.key(), &self.metrics)
    }

    /// A metric of the request in the unit it is shown in; `None` where it has none.
    pub fn value(&self, metric: Metric) -> Option<f64> {
        let recorded = self.metrics.recorded(metric)?;
        Some(float(recorded) / metric.unit().recorded_per_shown())
    }

    /// What the gateway says it cost, in US dollars.
    fn gateway_cost(&self) -> Field<'_> {
        let cost = self.gateway().and_then(|gateway| gateway.cost_nanodollars);
        cost.map_or(Field::Absent, |cost| Field::Exact(float(cost) / 1e9))
    }

    fn gateway(&self) -> Option<&GatewayTold> {
        self.gateway.as_deref()
    }

    /// The columns of a row, in order.
    pub const COLUMNS: &[Column] = COLUMNS;
}

/// `3`, or `w3` for a session that began in the warm-up: both phases count from 0.
fn session_name(place: TurnPlace) -> Box<str> {
    let TurnPlace { phase, session, .. } = place;
    match phase {
        Phase::Measure => session.to_string(),
        Phase::Warmup => format!("w{session}"),
    }
    .into()
}

/// One column of `requests.csv`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name, which ends in its unit.
    pub name: &'static str,
    /// What a row holds in it.
    pub field: fn(&RequestRow) -> Field<'_>,
}

/// What stands in one column of one row; prints as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field<'a> {
    /// Nothing: an empty cell.
    Absent,
    /// A whole number.
    Count(u64),
    /// A number.
    Number(f64),
    /// A number of any size, as exact as it is.
    Exact(f64),
    /// Nanoseconds, printed as exact milliseconds.
    Nanos(u64),
    /// `true` or `false`.
    Flag(bool),
    /// A word or a message.
    Text(&'a str),
    /// A kind of failure.
    Failure(FailureKind),
}

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => Ok(()),
            Self::Count(count) => write!(f, "{count}"),
            Self::Number(number) => write!(f, "{number:.3}"),
            Self::Exact(number) => write!(f, "{number}"),
            Self::Nanos(nanos) => write_millis(f, *nanos),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Text(text) => f.write_str(text),
            Self::Failure(kind) => write!(f, "{kind}"),
        }
    }
}

/// Milliseconds to the nanosecond, without zeros at the end: `12.5`, `0.000001`, `3`.
fn write_millis(f: &mut fmt::Formatter<'_>, nanos: u64) -> fmt::Result {
    let (mut rest, mut digits) = (nanos % 1_000_000, 6);
    write!(f, "{}", nanos / 1_000_000)?;
    if rest == 0 {
        return Ok(());
    }
    while rest % 10 == 0 {
        (rest, digits) = (rest / 10, digits - 1);
    }
    write!(f, ".{rest:0digits$}")
}

impl From<Option<Moment>> for Field<'_> {
    fn from(moment: Option<Moment>) -> Self {
        moment.map_or(Self::Absent, |moment| Self::Nanos(moment.as_nanos()))
    }
}

impl From<Option<Duration>> for Field<'_> {
    fn from(span: Option<Duration>) -> Self {
        span.map_or(Self::Absent, |span| Self::Nanos(nanos(span)))
    }
}

impl From<Option<u64>> for Field<'_> {
    fn from(count: Option<u64>) -> Self {
        count.map_or(Self::Absent, Self::Count)
    }
}

impl From<Option<u32>> for Field<'_> {
    fn from(count: Option<u32>) -> Self {
        count.map(u64::from).into()
    }
}

impl From<Option<f64>> for Field<'_> {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Absent, Self::Number)
    }
}

impl<'a> From<Option<&'a str>> for Field<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, Self::Text)
    }
}

macro_rules! columns {
    ($($name:literal => $field:expr;)*) => {
        &[$(Column { name: $name, field: $field },)*]
    };
}

const COLUMNS: &[Column] = columns! {
    "cell" => |row| Field::Count(row.cell.into());
    "phase" => |row| Field::Text(row.phase.key());
    "request" => |row| Field::Count(row.index);
    "workload" => |row| row.workload.as_deref().into();
    "session" => |row| row.session.as_deref().into();
    "turn" => |row| row.turn.into();
    "outcome" => |row| Field::Text(row.outcome);
    "failure" => |row| row.failure.map_or(Field::Absent, Field::Failure);
    "status" => |row| row.status.map(u32::from).into();
    "finish_reason" => |row| row.finish_reason.map(FinishReason::key).into();
    "tool_calls" => |row| Field::Count(row.tool_calls.into());
    "streamed" => |row| Field::Flag(row.streamed);
    "reused" => |row| Field::Flag(row.reused);
    "stale_reconnects" => |row| Field::Count(row.stale_reconnects.into());
    "due_at_ms" => |row| Some(row.due_at).into();
    "sent_at_ms" => |row| row.sent_at.into();
    "connected_at_ms" => |row| row.connected_at.into();
    "headers_at_ms" => |row| row.headers_at.into();
    "first_event_at_ms" => |row| row.first_event_at.into();
    "first_token_at_ms" => |row| row.first_token_at.into();
    "first_answer_at_ms" => |row| row.first_answer_at.into();
    "last_token_at_ms" => |row| row.last_token_at.into();
    "finished_at_ms" => |row| row.finished_at.into();
    "schedule_delay_ms" => |row| row.metrics.schedule_delay.into();
    "connect_ms" => |row| row.metrics.connect.into();
    "ttfb_ms" => |row| row.metrics.ttfb.into();
    "resolve_ms" => |row| row.metrics.resolve.into();
    "tls_ms" => |row| row.metrics.tls.into();
    "ttft_ms" => |row| row.metrics.ttft.into();
    "ttfa_ms" => |row| row.metrics.ttfa.into();
    "ttst_ms" => |row| row.metrics.ttst.into();
    "tpot_ms" => |row| row.metrics.tpot.into();
    "stall_ms" => |row| row.metrics.stall.into();
    "e2e_ms" => |row| row.metrics.e2e.into();
    "response_ms" => |row| row.metrics.response.into();
    "ttft_due_ms" => |row| row.metrics.ttft_due.into();
    "output_tokens" => |row| row.metrics.output_tokens.into();
    "output_source" => |row| Field::Text(row.metrics.output_source.key());
    "input_tokens" => |row| row.metrics.input_tokens.into();
    "reasoning_tokens" => |row| row.usage.reasoning.into();
    "cached_tokens" => |row| row.usage.cached.into();
    "asked_input_tokens" => |row| row.asked_input.into();
    "max_tokens" => |row| row.max_tokens.into();
    "text_events" => |row| Field::Count(row.text_events);
    "items" => |row| Field::Count(row.items.into());
    "body_bytes" => |row| Field::Count(row.body_bytes);
    "decode_rate_tok_s" => |row| row.metrics.decode_rate.into();
    "prefill_rate_tok_s" => |row| row.metrics.prefill_rate.into();
    "gateway_overhead_ms" => |row| row.metrics.gateway_overhead.into();
    "server_load_ms" => |row| row.metrics.server_load.into();
    "server_prefill_ms" => |row| row.metrics.server_prefill.into();
    "server_prefill_rate_tok_s" => |row| row.metrics.server_prefill_rate.into();
    "server_decode_rate_tok_s" => |row| row.metrics.server_decode_rate.into();
    "gateway_response_ms" => |row| row.gateway().and_then(|gateway| gateway.response).into();
    "gateway_retries" => |row| row.gateway().and_then(|gateway| gateway.retries).into();
    "gateway_fallbacks" => |row| row.gateway().and_then(|gateway| gateway.fallbacks).into();
    "gateway_cached" => |row| row.gateway().map_or(Field::Absent, |it| Field::Flag(it.from_cache));
    "gateway_model_id" => |row| row.gateway().and_then(|gateway| gateway.model_id.as_deref()).into();
    "gateway_cost_usd" => |row| row.gateway_cost();
    "address" => |row| row.peer.as_deref().into();
    "message" => |row| row.message.as_deref().into();
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{COLUMNS, Field, RequestRow};
    use crate::measure::samples::{failed, plain, stream, with_output};
    use crate::metric::Metric;
    use crate::record::{FailureKind, Phase, RequestRecord, TurnPlace};

    fn cell(row: &RequestRow, name: &str) -> String {
        let column = COLUMNS.iter().find(|column| column.name == name).unwrap();
        (column.field)(row).to_string()
    }

    fn row_of(record: &RequestRecord) -> RequestRow {
        RequestRow::new(record, None)
    }

    #[test]
    fn every_metric_of_a_request_has_a_column_named_after_it() {
        let names: BTreeSet<_> = COLUMNS.iter().map(|column| column.name).collect();
        assert_eq!(names.len(), COLUMNS.len());
        let pooled = [Metric::Icl, Metric::Itl];
        for metric in Metric::distributions().filter(|metric| !pooled.contains(metric)) {
            let suffix = format!("_{}", metric.unit().suffix());
            let name = format!("{}{suffix}", metric.key().trim_end_matches(&suffix));
            assert!(names.contains(name.as_str()), "{name}");
        }
    }

    #[test]
    fn milliseconds_are_exact() {
        let print = |nanos| Field::Nanos(nanos).to_string();
        assert_eq!(print(12_345_678), "12.345678");
        assert_eq!(print(12_500_000), "12.5");
        assert_eq!(print(3_000_000), "3");
        assert_eq!(print(1), "0.000001");
        assert_eq!(print(1_050_000), "1.05");
    }

    #[test]
    fn what_is_absent_is_empty() {
        let row = row_of(&plain());
        let absent = ["ttft_ms", "connected_at_ms", "failure", "message", "output_tokens"];
        assert_eq!(absent.map(|name| cell(&row, name)), [""; 5]);
        assert_eq!(cell(&row, "e2e_ms"), "100");
        assert_eq!(cell(&row, "output_source"), "none");
    }

    #[test]
    fn a_turn_tells_its_session_and_its_number() {
        let place = |phase| Some(TurnPlace { phase, session: 3, turn: 4 });
        let row = |phase| {
            let row = row_of(&RequestRecord { turn: place(phase), ..plain() });
            (cell(&row, "session"), cell(&row, "turn"))
        };
        assert_eq!(row(Phase::Measure), ("3".to_owned(), "5".to_owned()));
        assert_eq!(row(Phase::Warmup), ("w3".to_owned(), "5".to_owned()));
        assert_eq!(cell(&row_of(&plain()), "turn"), "");
    }

    #[test]
    fn a_row_tells_the_workload_of_a_mix() {
        assert_eq!(cell(&row_of(&plain()), "workload"), "");
        assert_eq!(cell(&RequestRow::new(&plain(), Some("embed".into())), "workload"), "embed");
    }

    #[test]
    fn a_row_tells_the_failure_and_what_came_before_it() {
        let row = row_of(&failed(stream(&[150]), FailureKind::HttpStatus(500)));
        let shown = ["outcome", "failure", "message", "first_token_at_ms", "ttft_ms"];
        assert_eq!(
            shown.map(|name| cell(&row, name)),
            ["failed", "http_status(500)", "broken", "150", ""]
        );
    }

    #[test]
    fn rates_have_three_decimals() {
        let row = row_of(&with_output(stream(&[150, 180]), 2));
        assert_eq!(cell(&row, "decode_rate_tok_s"), "33.333");
    }
}
