//! Whether latencies drifted over a long cell: the Mann–Kendall test on the medians of its minutes, and
//! the slope of Theil and Sen.
//!
//! # Source
//!
//! H. B. Mann, "Nonparametric tests against trend", Econometrica 13 (1945); M. G. Kendall, Rank
//! Correlation Methods (1975), with the correction for ties; P. K. Sen, "Estimates of the regression
//! coefficient based on Kendall's tau", J. Am. Stat. Assoc. 63 (1968).

use statrs::distribution::{ContinuousCDF as _, Normal};

use super::catalogue::FindingKind;
use super::cell::CellFacts;
use super::finding::{Finding, Severity};
use crate::measure::CellSummary;
use crate::units::{count, float};

/// Minutes below which nothing is said.
pub(super) const MINUTES: usize = 10;
/// Chance of a trend as clear as this where there is none.
pub(super) const CHANCE: f64 = 0.01;
/// Share by which the whole time must have changed the median.
pub(super) const CHANGED: f64 = 0.05;

pub(super) fn latency_drifted(_: &CellSummary, facts: &CellFacts<'_>) -> Option<Finding> {
    let medians = facts.minutes;
    if medians.len() < MINUTES || !facts.stage.profile.is_steady() {
        return None;
    }
    let Trend { score, p_value, slope } = Trend::of(medians)?;
    let middle = median(medians.to_vec());
    let over_all = slope * float(count(medians.len() - 1));
    if p_value >= CHANCE || over_all.abs() < CHANGED * middle {
        return None;
    }
    let [first, last] = [-0.5_f64, 0.5].map(|half| half.mul_add(over_all, middle));
    let text = format!(
        "the median latency of a minute {} by {:.1} ms an hour, from about {first:.1} ms to {last:.1} ms in \
         {} minutes (Mann-Kendall z {score:.1})",
        if slope > 0.0 { "rose" } else { "fell" },
        slope.abs() * 60.0,
        medians.len(),
    );
    let finding = Finding::new(FindingKind::Drift, Severity::Reservation, text);
    Some(finding.measured(over_all / middle, CHANGED))
}

/// A trend over time.
#[derive(Clone, Copy, Debug)]
struct Trend {
    /// Kendall's S over its standard deviation, with the correction for continuity.
    score: f64,
    /// Two-sided.
    p_value: f64,
    /// Median of the slopes between all pairs, per step.
    slope: f64,
}

impl Trend {
    /// The trend of values in their order; `None` where all are the same.
    fn of(values: &[f64]) -> Option<Self> {
        let (mut sum, mut slopes) = (0.0, Vec::new());
        for (place, later) in values.iter().enumerate() {
            for (at, earlier) in values[..place].iter().enumerate() {
                let rise = later - earlier;
                if rise.abs() > 0.0 {
                    sum += rise.signum();
                }
                slopes.push(rise / float(count(place - at)));
            }
        }
        let number = float(count(values.len()));
        let term = |number: f64| number * (number - 1.0) * (2.0 * number + 5.0);
        let variance = (term(number) - ties(values).into_iter().map(term).sum::<f64>()) / 18.0;
        if variance <= 0.0 {
            return None;
        }
        let score = if sum == 0.0 { 0.0 } else { (sum - f64::signum(sum)) / variance.sqrt() };
        let normal = Normal::standard();
        let p_value = 2.0 * (1.0 - normal.cdf(score.abs()));
        Some(Self { score, p_value, slope: median(slopes) })
    }
}

/// How many values are the same, for each value that there is more than once.
fn ties(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let groups = sorted.chunk_by(|one, other| one.total_cmp(other).is_eq());
    groups.filter(|group| group.len() > 1).map(|group| float(count(group.len()))).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::Trend;

    /// Python 3.11, `pymannkendall` 1.4.3: `original_test(x)` has these `z`, `p` and `slope`.
    #[test]
    fn the_test_is_that_of_the_library() {
        let rising = [50.0, 52.0, 51.0, 53.0, 55.0, 54.0, 54.0, 58.0, 57.0, 60.0, 59.0, 63.0];
        let even = [50.0, 49.0, 52.0, 50.0, 51.0, 48.0, 52.0, 50.0, 49.0, 51.0, 50.0];
        for (values, score, p_value, slope) in
            [(&rising[..], 3.711_654, 0.000_205_909, 1.0), (&even[..], 0.0, 1.0, 0.0)]
        {
            let trend = Trend::of(values).unwrap();
            assert!((trend.score - score).abs() < 1e-6, "{trend:?}");
            assert!((trend.p_value - p_value).abs() < 1e-6, "{trend:?}");
            assert!((trend.slope - slope).abs() < 1e-9, "{trend:?}");
        }
        assert!(Trend::of(&[5.0; 20]).is_none());
    }
}
