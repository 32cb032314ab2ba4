//! Checks of how a cell went over time: was it warm when the window opened, did it settle?

use std::time::Duration;

use super::answers::FAILURES;
use super::catalogue::FindingKind;
use super::cell::{CellEnd, CellFacts};
use super::finding::{Finding, Severity};
use super::settling::{Settling, TREND, settling};
use crate::measure::{CellSummary, TimeSeries, figure};
use crate::metric::{Metric, Statistic};
use crate::scenario::LoadProfile;
use crate::units::{millis, ratio};

/// Requests in flight change only as fast as requests come and go: in a window of fewer times
/// the mean latency they have no level to be near or far from.
pub(super) const LATENCIES_IN_WINDOW: f64 = 10.0;

/// The same, for Little's law: what begins before the window or ends after it counts on one side only.
pub(super) const LATENCIES_FOR_LAW: f64 = 30.0;
/// Latencies below this are not much longer than what the end of an answer takes, which is none of them.
pub(super) const SHORTEST_FOR_LAW_MS: f64 = 20.0;
/// Shares further apart than this are no noise.
pub(super) const LAW: f64 = 0.1;

pub(super) fn never_settled(summary: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    all_over_time(summary, facts).iter().find_map(|series| {
        let Settling::Never { first, last } = series.settling else { return None };
        let text = format!(
            "{} {} all the time, from {} to {}: the figures depend on how long was measured",
            series.name,
            if last > first { "rose" } else { "fell" },
            series.show(first),
            series.show(last)
        );
        let finding = Finding::new(FindingKind::NeverSettled, Severity::Reservation, text);
        Some(finding.measured(last / first - 1.0, TREND))
    })
}

pub(super) fn warm_up_was_late(summary: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let all = all_over_time(summary, facts);
    let late = all.iter().filter_map(|series| {
        let Settling::Late { values, before, after } = series.settling else { return None };
        let seconds = series.begins.get(values)?.as_secs_f64();
        let text = format!(
            "{} had not settled when the window opened: {} on average in the first {seconds:.1} s, \
             {} after that",
            series.name,
            series.show(before),
            series.show(after)
        );
        Some((seconds, text))
    });
    let (seconds, text) = late.max_by(|one, other| one.0.total_cmp(&other.0))?;
    let finding = Finding::new(FindingKind::LateWarmup, Severity::Reservation, text);
    Some(finding.measured(seconds, 0.0))
}

/// Requests in flight are throughput times latency, wherever a load is steady.
///
/// # Source
///
/// J. D. C. Little, A Proof for the Queuing Formula L = λW, Operations Research 9 (1961).
pub(super) fn law_was_broken(summary: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let is_whole = matches!(facts.end, CellEnd::AsPlanned);
    if !is_whole || !facts.stage.profile.is_steady() || facts.is_mixed() {
        return None;
    }
    let window = |metric| summary.windows.get(&metric).copied();
    let (in_flight, rps) = (window(Metric::Concurrency)?, window(Metric::RequestThroughput)?);
    let e2e = summary.distributions.get(&Metric::E2e)?;
    let mean_ms = figure(e2e, Metric::E2e.unit(), Statistic::Mean)?;
    let failed = ratio(summary.outcomes.failures(), summary.outcomes.arrivals)?;
    let is_long = millis(summary.window.length()) >= LATENCIES_FOR_LAW * mean_ms;
    if mean_ms < SHORTEST_FOR_LAW_MS || !is_long || failed >= FAILURES || in_flight <= 0.0 {
        return None;
    }
    let expected = rps * mean_ms / 1e3;
    let apart = (expected - in_flight).abs() / in_flight;
    if apart < LAW {
        return None;
    }
    let text = format!(
        "{in_flight:.1} requests were in flight on average, but {rps:.1} a second of {mean_ms:.1} ms each \
         make {expected:.1}: Little's law does not hold"
    );
    let finding = Finding::new(FindingKind::LittlesLaw, Severity::Reservation, text);
    Some(finding.measured(apart, LAW))
}

/// Something that went on over time.
struct OverTime {
    name: &'static str,
    is_latency: bool,
    /// When the step of each value began, after the opening of the window.
    begins: Vec<Duration>,
    settling: Settling,
}

impl OverTime {
    fn of(name: &'static str, is_latency: bool, series: &TimeSeries) -> Self {
        let (begins, means): (Vec<_>, Vec<_>) = series.means().into_iter().unzip();
        Self { name, is_latency, begins, settling: settling(&means) }
    }

    fn show(&self, mean: f64) -> String {
        if self.is_latency { format!("{:.1} ms", mean / 1e6) } else { format!("{mean:.1}") }
    }
}

/// What went on over time; nothing where the load itself changes, since then latencies do too.
fn all_over_time(summary: &CellSummary, facts: &CellFacts<'_>) -> Vec<OverTime> {
    if !facts.stage.profile.is_steady() {
        return Vec::new();
    }
    let has_ttft = !facts.is_mixed() && summary.distributions.contains_key(&Metric::Ttft);
    let name = if has_ttft { "the time to first token" } else { "the latency" };
    let mut all = vec![OverTime::of(name, true, &summary.latency_over_time)];
    if let LoadProfile::Open { .. } = facts.stage.profile
        && is_long(summary)
    {
        all.push(OverTime::of("the number of requests in flight", false, facts.in_flight));
    }
    all
}

/// Whether the window is long enough to tell how requests in flight went.
fn is_long(summary: &CellSummary) -> bool {
    let e2e = summary.distributions.get(&Metric::E2e);
    let mean_ms = e2e.and_then(|e2e| figure(e2e, Metric::E2e.unit(), Statistic::Mean));
    mean_ms.is_some_and(|ms| millis(summary.window.length()) >= LATENCIES_IN_WINDOW * ms)
}
