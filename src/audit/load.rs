//! Checks of the load: was what was asked for really sent, when it was due, over open
//! connections?

use super::catalogue::FindingKind;
use super::cell::{CellEnd, CellFacts};
use super::finding::{Finding, Severity, percent};
use crate::measure::{CellSummary, figure};
use crate::metric::{Metric, Statistic};
use crate::scenario::Connections;
use crate::units::{millis, ratio};

/// An undisturbed client sends within about a millisecond of the due moment, the coarseness of
/// a timer. Ten times that is no chance: the client is overloaded.
pub(super) const LATE_MS: f64 = 10.0;
/// From one arrival in a hundred on that waited for a place, a p99 rests on those.
pub(super) const HELD_BACK: f64 = 0.01;
/// Below this share of the arrivals, the load was not the one that was asked for.
pub(super) const SENT_RESERVATION: f64 = 0.95;
/// Below this share, the figures are those of another load.
pub(super) const SENT_UNTRUSTED: f64 = 0.8;
/// Arrivals sent so shortly after the close of the window were late, and are told as such: in a
/// window of a few milliseconds, a single wake-up makes them a large share.
const LATE_AT_CLOSE_MS: f64 = 50.0;
/// With open connections to spare hardly a request opens one; from one in twenty on, a p95
/// rests on those that did.
pub(super) const CONNECTIONS: f64 = 0.05;
/// A connect time of less than this share of the latency is lost in its noise.
pub(super) const CONNECT_OF_LATENCY: f64 = 0.05;
/// Servers close idle connections now and then; from one request in a hundred on, a p99 rests
/// on those that had to be sent again.
pub(super) const SENT_AGAIN: f64 = 0.01;

pub(super) fn ended_early(_: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let (kind, text) = match facts.end {
        CellEnd::AsPlanned => return None,
        CellEnd::Overloaded { first, last } => {
            let text = format!(
                "more came in than went out: {first:.0} requests in flight at first and {last:.0} in \
                 the end, so the cell was ended early"
            );
            return Some(Finding::new(FindingKind::OverSaturated, Severity::Reservation, text));
        }
        CellEnd::GivenUp => {
            (FindingKind::GivenUp, "the cell was given up early: too many requests failed")
        }
        CellEnd::Interrupted => {
            (FindingKind::Interrupted, "the run was stopped before the cell was done")
        }
    };
    Some(Finding::new(kind, Severity::Reservation, text.to_owned()))
}

pub(super) fn less_was_sent_than_due(
    summary: &CellSummary,
    facts: &CellFacts<'_>,
) -> Option<Finding> {
    if !facts.stage.profile.is_open() {
        return None;
    }
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
    let text = format!(
        "{sent} of {due} arrivals were sent in the window ({}): the load was lower than asked for",
        percent(share)
    );
    // A server that fills the limit of requests in flight is a result and no fault of the client.
    let was_held_back = summary.held_back > 0;
    let severity = if share < SENT_UNTRUSTED && !was_held_back {
        Severity::Untrusted
    } else {
        Severity::Reservation
    };
    let finding = Finding::new(FindingKind::LoadNotSent, severity, text);
    let finding = finding.measured(share, SENT_RESERVATION);
    Some(if was_held_back {
        finding.remedy(
            "lower the rate or raise max_in_flight: the server does not keep up with this load",
        )
    } else {
        finding
    })
}

pub(super) fn sends_were_late(summary: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    if !facts.stage.profile.is_open() {
        return None;
    }
    let late_ms = |percentile| summary.send_delays.at(percentile).map(millis);
    let (median, late) = (late_ms(50.0)?, late_ms(99.0)?);
    if late <= LATE_MS {
        return None;
    }
    let severity = if median > LATE_MS { Severity::Untrusted } else { Severity::Reservation };
    let text = format!(
        "requests that nothing held back were sent late, by {median:.1} ms at p50 and {late:.1} \
         ms at p99, so arrivals were not spread as asked for"
    );
    Some(Finding::new(FindingKind::LateSends, severity, text).measured(late, LATE_MS))
}

pub(super) fn arrivals_were_held_back(summary: &CellSummary, _: &CellFacts<'_>) -> Option<Finding> {
    let share = ratio(summary.held_back, summary.outcomes.arrivals)?;
    if share < HELD_BACK {
        return None;
    }
    let text = format!(
        "max_in_flight was reached, and {} of {} arrivals waited for a place ({}): response and \
         ttft_due include the wait, e2e and ttft do not",
        summary.held_back,
        summary.outcomes.arrivals,
        percent(share)
    );
    Some(Finding::new(FindingKind::HeldBack, Severity::Note, text).measured(share, HELD_BACK))
}

pub(super) fn connections_were_opened(
    summary: &CellSummary,
    facts: &CellFacts<'_>,
) -> Option<Finding> {
    let share = ratio(summary.connections_opened, summary.outcomes.arrivals)?;
    if facts.connections != Connections::Reuse || share <= CONNECTIONS {
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
    let finding = Finding::new(FindingKind::ConnectionsOpened, severity, text);
    let finding = finding.measured(share, CONNECTIONS);
    // Every request in flight needs one; more of them replace connections that were closed.
    let needed = summary.counts.in_flight_max.unwrap_or(0);
    Some(if summary.connections_opened > needed.saturating_mul(2) {
        finding.remedy("let the server keep connections open, or ask for connections: fresh")
    } else {
        finding
    })
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
    let finding = Finding::new(FindingKind::StaleReconnects, severity, text);
    Some(finding.measured(share, SENT_AGAIN))
}

pub(super) fn nothing_warmed_up(summary: &CellSummary, _: &CellFacts<'_>) -> Option<Finding> {
    (summary.warmup.completed == 0 && summary.outcomes.completed > 0).then(|| {
        let text = "no warm-up: loading a model, opening connections and filling caches are in \
                    the figures"
            .to_owned();
        Finding::new(FindingKind::NoWarmup, Severity::Note, text)
    })
}

fn median(summary: &CellSummary, metric: Metric) -> Option<f64> {
    value(summary, metric, 50.0)
}

/// A percentile of a distribution in its shown unit; `None` where it has no values.
pub(super) fn value(summary: &CellSummary, metric: Metric, percentile: f64) -> Option<f64> {
    let histogram = summary.distributions.get(&metric)?;
    figure(histogram, metric.unit(), Statistic::Percentile(percentile))
}
