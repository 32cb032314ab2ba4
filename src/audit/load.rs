//! Checks of the load: was what was asked for really sent, when it was due, over open
//! connections?

use super::cell::{CellEnd, CellFacts};
use super::finding::{Finding, Severity, percent};
use crate::measure::{CellSummary, figure};
use crate::metric::{Metric, Statistic};
use crate::scenario::{Connections, LoadProfile};
use crate::units::{millis, ratio};

/// An undisturbed client sends within about a millisecond of the due moment, the coarseness of
/// a timer. Ten times that is no chance: the client is overloaded.
const LATE_P99_MS: f64 = 10.0;
/// Below this share of the arrivals, the load was not the one that was asked for.
const SENT_RESERVATION: f64 = 0.95;
/// Below this share, the figures are those of another load.
const SENT_UNTRUSTED: f64 = 0.8;
/// Arrivals sent so shortly after the close of the window were late, and are told as such: in a
/// window of a few milliseconds, a single wake-up makes them a large share.
const LATE_AT_CLOSE_MS: f64 = 50.0;
/// With open connections to spare hardly a request opens one; from one in twenty on, a p95
/// rests on those that did.
const CONNECTIONS: f64 = 0.05;
/// A connect time of less than this share of the latency is lost in its noise.
const CONNECT_OF_LATENCY: f64 = 0.05;
/// Servers close idle connections now and then; from one request in a hundred on, a p99 rests
/// on those that had to be sent again.
const SENT_AGAIN: f64 = 0.01;

pub(super) fn ended_early(_: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let (key, text) = match facts.end {
        CellEnd::AsPlanned => return None,
        CellEnd::GivenUp => ("given_up", "the cell was given up early: too many requests failed"),
        CellEnd::Interrupted => ("interrupted", "the run was stopped before the cell was done"),
    };
    Some(Finding::new(key, Severity::Reservation, text.to_owned()))
}

pub(super) fn less_was_sent_than_due(
    summary: &CellSummary,
    facts: &CellFacts<'_>,
) -> Option<Finding> {
    let LoadProfile::Open { .. } = facts.stage.profile else { return None };
    let (due, sent) = (summary.outcomes.arrivals, summary.counts.sent);
    let share = ratio(sent, due)?;
    // One request may fall between its due moment and the close.
    if share >= SENT_RESERVATION || due - sent.min(due) < 2 {
        return None;
    }
    let behind_ms = (1.0 - share) * millis(summary.counts.length);
    if summary.outcomes.unsent == 0 && behind_ms < LATE_AT_CLOSE_MS {
        return None;
    }
    // A server that fills the limit of requests in flight is a result and no fault of the client.
    let held_back = at_limit(summary, facts);
    let severity = if share < SENT_UNTRUSTED && !held_back {
        Severity::Untrusted
    } else {
        Severity::Reservation
    };
    let text = format!(
        "{sent} of {due} arrivals were sent in the window ({}): the load was lower than asked for",
        percent(share)
    );
    let finding = Finding::new("load_not_sent", severity, text).measured(share, SENT_RESERVATION);
    Some(finding.remedy(if held_back {
        "lower the rate or raise max_in_flight: the server does not keep up with this load"
    } else {
        "lower the rate, or give the client more processor time"
    }))
}

pub(super) fn sends_were_late(summary: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let late = late_p99_ms(summary, facts)?;
    if at_limit(summary, facts) {
        return None;
    }
    let text = format!(
        "requests were sent late: schedule delay p99 is {late:.1} ms, so arrivals were not \
         spread as asked for"
    );
    let finding = Finding::new("late_sends", Severity::Reservation, text);
    Some(
        finding
            .measured(late, LATE_P99_MS)
            .remedy("lower the rate, or give the client more processor time"),
    )
}

pub(super) fn arrivals_were_held_back(
    summary: &CellSummary,
    facts: &CellFacts<'_>,
) -> Option<Finding> {
    let late = late_p99_ms(summary, facts)?;
    if !at_limit(summary, facts) {
        return None;
    }
    let text = format!(
        "max_in_flight was reached and arrivals were held back (schedule delay p99 is \
         {late:.1} ms): response and ttft_due include the wait, e2e and ttft do not"
    );
    let finding = Finding::new("held_back", Severity::Note, text).measured(late, LATE_P99_MS);
    Some(finding.remedy("read response and ttft_due, lower the rate or raise max_in_flight"))
}

pub(super) fn connections_were_opened(
    summary: &CellSummary,
    facts: &CellFacts<'_>,
) -> Option<Finding> {
    let share = ratio(summary.connections_opened, summary.outcomes.arrivals)?;
    if facts.connections == Connections::Fresh || share <= CONNECTIONS {
        return None;
    }
    let median = |metric| median(summary, metric);
    let latency = median(Metric::Ttft).or(median(Metric::E2e));
    let weighs = median(Metric::Connect)
        .zip(latency)
        .is_some_and(|(connect, latency)| connect > CONNECT_OF_LATENCY * latency);
    let severity = if weighs { Severity::Reservation } else { Severity::Note };
    let text = format!(
        "{} of {} requests had to open a connection ({}); their latencies include it",
        summary.connections_opened,
        summary.outcomes.arrivals,
        percent(share)
    );
    let finding = Finding::new("connections_opened", severity, text).measured(share, CONNECTIONS);
    Some(finding.remedy("warm up with the stage's own load, or measure for longer"))
}

pub(super) fn requests_were_sent_again(
    summary: &CellSummary,
    _: &CellFacts<'_>,
) -> Option<Finding> {
    let again = summary.stale_reconnects;
    let share = ratio(again, summary.outcomes.arrivals).filter(|share| *share > 0.0)?;
    let severity = if share > SENT_AGAIN { Severity::Reservation } else { Severity::Note };
    let text = format!(
        "requests were sent again {again} times because the server had closed the connection \
         they were sent on; their latencies include it"
    );
    let finding = Finding::new("stale_reconnects", severity, text).measured(share, SENT_AGAIN);
    Some(finding.remedy("set connections: fresh, or let the server keep idle ones open longer"))
}

pub(super) fn nothing_warmed_up(summary: &CellSummary, _: &CellFacts<'_>) -> Option<Finding> {
    (summary.warmup.completed == 0 && summary.outcomes.completed > 0).then(|| {
        let text = "no warm-up: loading a model, opening connections and filling caches are in \
                    the figures"
            .to_owned();
        Finding::new("no_warmup", Severity::Note, text).remedy("set load.warmup")
    })
}

/// The p99 of the schedule delay of an open loop in milliseconds, if it is beyond its limit.
fn late_p99_ms(summary: &CellSummary, facts: &CellFacts<'_>) -> Option<f64> {
    let LoadProfile::Open { .. } = facts.stage.profile else { return None };
    value(summary, Metric::ScheduleDelay, 99.0).filter(|late| *late > LATE_P99_MS)
}

/// Whether as many requests were in flight as the stage allows.
fn at_limit(summary: &CellSummary, facts: &CellFacts<'_>) -> bool {
    match facts.stage.profile {
        LoadProfile::Open { max_in_flight: Some(limit), .. } => {
            summary.counts.in_flight_max.is_some_and(|most| most >= u64::from(limit))
        }
        LoadProfile::Open { max_in_flight: None, .. } | LoadProfile::Closed { .. } => false,
    }
}

fn median(summary: &CellSummary, metric: Metric) -> Option<f64> {
    value(summary, metric, 50.0)
}

fn value(summary: &CellSummary, metric: Metric, percentile: f64) -> Option<f64> {
    let histogram = summary.distributions.get(&metric)?;
    figure(histogram, metric.unit(), Statistic::Percentile(percentile))
}
