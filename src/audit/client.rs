//! Checks of the client itself: did it come to its events in time, and did its machine let it?

use super::catalogue::FindingKind;
use super::cell::CellFacts;
use super::finding::{Finding, Severity, percent};
use super::health::{ClientHealth, Stock};
use super::load::value;
use crate::measure::CellSummary;
use crate::metric::Metric;
use crate::units::millis;

/// Fewest heartbeats on which anything is said: a percentile of fewer is one beat or two.
const BEATS: u64 = 100;
/// Waits shorter than this are those of any system: a wake-up, a timer, a network card.
pub(super) const WAIT_MS: f64 = 1.0;
/// From this share of a p99 on, waits are no longer lost in it.
pub(super) const OF_TAIL: f64 = 0.1;
/// Waits shorter than this are a few turns of the scheduler, and no figure of a language model
/// is spoiled by them.
pub(super) const LONG_WAIT_MS: f64 = 5.0;
/// From this share of a p99 on, the tail is the client's as much as the server's.
pub(super) const MOST_OF_TAIL: f64 = 0.5;
/// Where even the median wait is this share of the median latency, no figure is the server's
/// alone; half of all moments were stamped later than that.
pub(super) const OF_MEDIAN: f64 = 0.1;
/// Where others take this share of its processors, they are why it waits. How long it waits for a
/// processor does not tell: beside a server that wakes it, one that is let alone waits for nearly
/// half of the time it wants to run.
pub(super) const TAKEN: f64 = 0.4;
/// Where it is not known who takes the processors, a client that waits three times as long as
/// it runs is starved by whomever.
pub(super) const SURELY_STARVED: f64 = 0.75;
/// A thread that runs for more of its time has none left for a burst of events.
pub(super) const WORKERS_BUSY: f64 = 0.9;
/// From here on what becomes ready finds no processor free.
pub(super) const MACHINE_BUSY: f64 = 0.95;
/// From here on one moment in twenty was no moment of this machine.
pub(super) const STOLEN: f64 = 0.05;
/// Above this share of the descriptors the next burst of connections may find none.
pub(super) const DESCRIPTORS: f64 = 0.9;
/// Ports are chosen by trying; from here on it takes many tries, and soon there is none.
pub(super) const PORTS: f64 = 0.8;
/// Reading two clocks one after the other on a busy machine may take as long as this.
pub(super) const CLOCK_DRIFT_MS: f64 = 100.0;
/// A clock that is being set right runs at most 0.05 % fast or slow; twice that is no such.
pub(super) const CLOCK_DRIFT: f64 = 0.001;
/// Suspension is counted exactly; what is shorter was none.
pub(super) const SUSPENDED_MS: f64 = 10.0;

/// The latencies of streams that a late client makes longer; without them E2E is looked at.
const STREAMED: [Metric; 2] = [Metric::Ttft, Metric::Icl];

pub(super) fn events_came_late(summary: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let waits = ClientWaits::of(facts.health)?;
    let tail = tail_share(summary, waits.late, &STREAMED);
    if waits.late < WAIT_MS || tail < OF_TAIL {
        return None;
    }
    let most_of_tail = waits.late >= LONG_WAIT_MS
        && tail_share(summary, waits.late, &[Metric::Ttft]) >= MOST_OF_TAIL;
    let median = latency(summary, 50.0);
    let of_median =
        waits.typical >= WAIT_MS && median.is_some_and(|ms| waits.typical >= OF_MEDIAN * ms);
    let severity =
        if most_of_tail || of_median { Severity::Untrusted } else { Severity::Reservation };
    let ClientWaits { typical, late, worst } = waits;
    let text = format!(
        "the client came late to what was ready for it: by {typical:.1} ms at p50, {late:.1} ms \
         at p99, {worst:.0} ms at worst; up to {} of a p99 shown here may be its own",
        percent(tail.min(1.0))
    );
    Some(Finding::new(FindingKind::LateEvents, severity, text).measured(tail, OF_TAIL))
}

pub(super) fn client_was_starved(summary: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let waits = ClientWaits::of(facts.health)?;
    let starved = facts.health.starved_share()?;
    let tail = tail_share(summary, waits.late, &STREAMED);
    let others = facts.health.others_share();
    let (share, enough) = match others {
        Some(others) => (others, TAKEN),
        None => (starved, SURELY_STARVED),
    };
    if waits.late < WAIT_MS || tail < OF_TAIL || share < enough {
        return None;
    }
    let taken = match others {
        Some(others) => {
            format!("other processes took {} of the client's processors", percent(others))
        }
        None => "the client's processors were taken".to_owned(),
    };
    let text = format!(
        "{taken}, and its threads waited for {} of the time they wanted to run: what was ready \
         waited {:.1} ms at p99, which is up to {} of a p99 shown here",
        percent(starved),
        waits.late,
        percent(tail.min(1.0))
    );
    let finding = Finding::new(FindingKind::ClientStarved, Severity::Untrusted, text);
    Some(finding.measured(share, enough))
}

pub(super) fn client_was_busy(_: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let share = facts.health.worker_share().filter(|share| *share >= WORKERS_BUSY)?;
    let text = format!(
        "the client's worker threads ran for {} of the time: throughput may be what the client \
         can take, and latencies hold its own queues",
        percent(share)
    );
    let finding = Finding::new(FindingKind::ClientBusy, Severity::Reservation, text);
    Some(finding.measured(share, WORKERS_BUSY))
}

pub(super) fn machine_was_busy(_: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let health = facts.health;
    let share = health.machine_share().filter(|share| *share >= MACHINE_BUSY)?;
    let parts = [
        ("pacemark itself", health.process_share()),
        ("the server beside it", health.server_share().filter(|share| *share > 0.0)),
        ("other processes", health.others_share()),
    ];
    let parts = parts.into_iter().filter_map(|(who, share)| Some((who, percent(share?))));
    let parts: Vec<_> = parts.map(|(who, share)| format!("{who} {share}")).collect();
    let text = format!(
        "the client's processors were busy for {} of the time ({})",
        percent(share),
        parts.join(", ")
    );
    let finding = Finding::new(FindingKind::MachineBusy, Severity::Note, text);
    Some(finding.measured(share, MACHINE_BUSY))
}

pub(super) fn time_was_stolen(_: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let share = facts.health.stolen_share().filter(|share| *share >= STOLEN)?;
    let text = format!(
        "the host kept this virtual machine's processors from running for {} of the time",
        percent(share)
    );
    Some(Finding::new(FindingKind::TimeStolen, Severity::Note, text).measured(share, STOLEN))
}

pub(super) fn descriptors_ran_short(_: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let (stock, share) = nearly_used(facts.health.descriptors, DESCRIPTORS)?;
    let Stock { used, limit } = stock;
    let text = format!("{used} of {limit} descriptors were open: connections may have failed");
    let finding = Finding::new(FindingKind::DescriptorsShort, Severity::Reservation, text);
    Some(finding.measured(share, DESCRIPTORS))
}

pub(super) fn ports_ran_short(_: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let (stock, share) = nearly_used(facts.health.ports, PORTS)?;
    let Stock { used, limit } = stock;
    let text = format!(
        "{used} of {limit} local ports were taken, closed connections that linger included: new \
         ones are slow to open, or fail"
    );
    let finding = Finding::new(FindingKind::PortsShort, Severity::Reservation, text);
    Some(finding.measured(share, PORTS))
}

pub(super) fn clocks_drifted(_: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let drift_ms = millis(facts.health.clock_drift?);
    let limit_ms = CLOCK_DRIFT_MS + CLOCK_DRIFT * millis(facts.health.watched);
    if drift_ms <= limit_ms {
        return None;
    }
    let text = format!(
        "the time of day moved {drift_ms:.0} ms away from the clock that measures: one of them \
         was set, or the machine stood still"
    );
    let finding = Finding::new(FindingKind::ClockDrift, Severity::Reservation, text);
    Some(finding.measured(drift_ms, limit_ms))
}

pub(super) fn machine_was_suspended(_: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let ms = facts.health.suspended.map(millis).filter(|ms| *ms > SUSPENDED_MS)?;
    let text = format!("the machine was suspended for {:.1} s while it measured", ms / 1e3);
    let finding = Finding::new(FindingKind::Suspended, Severity::Untrusted, text);
    Some(finding.measured(ms, SUSPENDED_MS))
}

/// How long what was ready waited for the client, in milliseconds.
struct ClientWaits {
    /// At p50.
    typical: f64,
    /// At p99.
    late: f64,
    /// The longest.
    worst: f64,
}

impl ClientWaits {
    /// `None` where there were too few heartbeats to tell.
    fn of(health: &ClientHealth) -> Option<Self> {
        let waits = &health.event_waits;
        if waits.count() < BEATS {
            return None;
        }
        Some(Self {
            typical: millis(waits.at(50.0)?),
            late: millis(waits.at(99.0)?),
            worst: millis(waits.worst()?),
        })
    }
}

/// `wait_ms` as a share of the p99 of the metric in which it weighs most.
fn tail_share(summary: &CellSummary, wait_ms: f64, metrics: &[Metric]) -> f64 {
    let p99 = |metric| value(summary, metric, 99.0);
    let shortest = metrics.iter().filter_map(|metric| p99(*metric)).reduce(f64::min);
    match shortest.or_else(|| p99(Metric::E2e)) {
        Some(p99_ms) if p99_ms > 0.0 => wait_ms / p99_ms,
        _ => 0.0,
    }
}

/// The time to first token at a percentile; E2E where there is none.
fn latency(summary: &CellSummary, percentile: f64) -> Option<f64> {
    let of = |metric| value(summary, metric, percentile);
    of(Metric::Ttft).or_else(|| of(Metric::E2e))
}

fn nearly_used(stock: Option<Stock>, limit: f64) -> Option<(Stock, f64)> {
    let stock = stock?;
    let share = stock.share().filter(|share| *share >= limit)?;
    Some((stock, share))
}
