//! Text that comes in bursts, with pauses between them.

use hdrhistogram::Histogram;

use super::catalogue::FindingKind;
use super::cell::SentFacts;
use super::finding::{Finding, Severity};
use crate::measure::CellSummary;
use crate::metric::{Metric, Unit};
use crate::units::{float, ratio};

/// A gap of so many times the median is a pause.
pub(super) const PAUSE: f64 = 8.0;
/// Shorter gaps are no pauses that a reader could see, in milliseconds.
pub(super) const SHORTEST_MS: f64 = 20.0;
/// Pauses that are fewer of the gaps than this are stalls, not a pattern.
pub(super) const SHARE: f64 = 0.02;
/// Gaps of which more than this are pauses are slow, not bursts.
const MOST: f64 = 0.4;
/// Pauses that hold less of the time than this are noise.
pub(super) const TIME: f64 = 0.5;
/// Gaps below which no pattern can be seen.
const FEWEST_GAPS: u64 = 100;

pub(super) fn text_came_in_bursts(summary: &CellSummary, _: &SentFacts<'_>) -> Option<Finding> {
    let gaps = summary.distributions.get(&Metric::Icl).filter(|gaps| gaps.len() >= FEWEST_GAPS)?;
    let per_ms = Unit::Milliseconds.recorded_per_shown();
    let median = float(gaps.value_at_quantile(0.5)) / per_ms;
    let least = (PAUSE * median).max(SHORTEST_MS);
    let (long, paused, all) = pauses(gaps, least, per_ms);
    let (share, time) = (ratio(long, gaps.len())?, paused / all);
    if !(SHARE..=MOST).contains(&share) || time < TIME {
        return None;
    }
    let text = format!(
        "text comes in bursts: {:.0}% of the gaps between chunks are pauses of {:.0} ms on average and \
         hold {:.0}% of the time, the rest is {median:.1} ms at the median; readers see the pauses \
         (ICL p99, stall), TPOT spreads them over all tokens",
        share * 100.0,
        paused / float(long),
        time * 100.0
    );
    Some(Finding::new(FindingKind::Bursts, Severity::Note, text).measured(share, SHARE))
}

/// Gaps of at least so many milliseconds: their number, their time, and the time of all.
fn pauses(gaps: &Histogram<u64>, least: f64, per_ms: f64) -> (u64, f64, f64) {
    gaps.iter_recorded().fold((0, 0.0, 0.0), |(long, spent, all), step| {
        let (gap, count) = (float(step.value_iterated_to()) / per_ms, step.count_at_value());
        let time = gap * float(count);
        if gap >= least {
            (long + count, spent + time, all + time)
        } else {
            (long, spent, all + time)
        }
    })
}
