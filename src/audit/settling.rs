//! Whether a series settled: MSER-5 and a test for a trend.
//!
//! # Source
//!
//! K. P. White, "An effective truncation heuristic for bias reduction in simulation output",
//! Simulation 69(6), 1997; with batches of five, as in K. P. White, M. J. Cobb and S. C. Spratt,
//! "A comparison of five steady-state truncation heuristics for simulation", Proceedings of
//! the 2000 Winter Simulation Conference. The trend is Kendall's rank correlation with time.

use crate::units::{count, float};

/// Values in a batch.
const BATCH: usize = 5;
/// Fewest batches on which anything is said.
const BATCHES: usize = 10;
/// Parts into which a series is cut to see how much its level varies by itself.
const PARTS: usize = 10;
/// A beginning that moves the mean by less than this share is no matter ...
const MEAN_MOVED: f64 = 0.05;
/// ... unless its level was so many times that of the rest: then it makes the high percentiles.
const LEVEL: f64 = 1.5;
/// How many standard errors the beginning is away from the rest. Latencies in a row resemble
/// each other, so their standard error is too small: simulated queues at 70 % load are called
/// unsettled at 3 in one case of three, at 6 in one of twenty.
const STANDARD_ERRORS: f64 = 6.0;
/// Share by which the last three tenths differ from the first three where there is a trend.
pub(super) const TREND: f64 = 0.2;
/// Rank correlation of the tenths with time where there is a trend: at most 4 of their 45 pairs
/// are out of order.
const TREND_ORDER: f64 = 0.8;

/// How a series behaved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Settling {
    /// It was steady, or is too short to tell.
    Steady,
    /// The first values, up to this place, were unlike the rest.
    Late {
        /// How many values came before it settled.
        values: usize,
        /// Their mean.
        before: f64,
        /// The mean of the others.
        after: f64,
    },
    /// It went up or down to the end.
    Never {
        /// Mean of its first three tenths.
        first: f64,
        /// Mean of its last three tenths.
        last: f64,
    },
}

/// How many `values`, in their order of time, come before those of the steady state; `None` where
/// it was not reached. The cut of MSER-5 counts only where what it cuts off is unlike the rest: on
/// a queue that has bursts it would take those of the first half for its beginning.
pub fn steady_from(values: &[f64]) -> Option<usize> {
    match settling(values) {
        Settling::Steady => Some(0),
        Settling::Late { values, .. } => Some(values),
        Settling::Never { .. } => None,
    }
}

/// How far ten parts of `values`, in their order of time, are in rising order: from −1 where each
/// is below those before it to 1 where each is above them (Kendall's rank correlation).
pub fn rise(values: &[f64]) -> f64 {
    if values.len() < PARTS {
        return 0.0;
    }
    order(&parts(values))
}

/// How `values`, in their order of time, behaved.
pub(super) fn settling(values: &[f64]) -> Settling {
    let batches: Vec<f64> = values.chunks_exact(BATCH).map(mean).collect();
    if batches.len() < BATCHES {
        return Settling::Steady;
    }
    trend(&batches).or_else(|| late(&batches)).unwrap_or(Settling::Steady)
}

fn trend(batches: &[f64]) -> Option<Settling> {
    let parts = parts(batches);
    let (first, last) = (mean(&parts[..3]), mean(&parts[parts.len() - 3..]));
    let changed = (last / first - 1.0).abs() > TREND;
    (changed && order(&parts).abs() >= TREND_ORDER).then_some(Settling::Never { first, last })
}

fn late(batches: &[f64]) -> Option<Settling> {
    let cut = truncation(batches);
    let (begin, rest) = batches.split_at(cut);
    if begin.is_empty() {
        return None;
    }
    let (before, after) = (mean(begin), mean(rest));
    let matters = (mean(batches) / after - 1.0).abs() > MEAN_MOVED || before > LEVEL * after;
    let far = (before - after).abs() > STANDARD_ERRORS * standard_error(begin.len(), rest);
    (matters && far).then_some(Settling::Late { values: cut * BATCH, before, after })
}

/// How many batches MSER leaves out at the beginning, half of them at most: as many as make
/// the squared standard error of the mean of the others smallest.
fn truncation(batches: &[f64]) -> usize {
    let mut best = (f64::INFINITY, 0);
    for cut in 0..=batches.len() / 2 {
        let rest = &batches[cut..];
        let score = sum_of_squares(rest) / float(count(rest.len())).powi(2);
        if score < best.0 {
            best = (score, cut);
        }
    }
    best.1
}

/// The standard error of the difference between the mean of `rest` and that of `others` more
/// batches like them, by how much the parts of `rest` differ.
fn standard_error(others: usize, rest: &[f64]) -> f64 {
    let parts = parts(rest);
    let number = float(count(parts.len()));
    let variance = sum_of_squares(&parts) / (number - 1.0);
    let other_parts = float(count(others)) / (float(count(rest.len())) / number);
    (variance * (1.0 / number + 1.0 / other_parts)).sqrt()
}

/// Kendall's rank correlation with time: 1 if every value is above those before it, −1 if it
/// is below them.
fn order(values: &[f64]) -> f64 {
    let mut sum = 0.0;
    let mut pairs = 0.0;
    for (place, later) in values.iter().enumerate() {
        for earlier in &values[..place] {
            pairs += 1.0;
            sum += match later.total_cmp(earlier) {
                std::cmp::Ordering::Less => -1.0,
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Greater => 1.0,
            };
        }
    }
    if pairs > 0.0 { sum / pairs } else { 0.0 }
}

/// The means of ten parts of about the same length; of each value where there are fewer.
fn parts(values: &[f64]) -> Vec<f64> {
    let parts = PARTS.min(values.len());
    let bound = |part: usize| part * values.len() / parts;
    (0..parts).map(|part| mean(&values[bound(part)..bound(part + 1)])).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / float(count(values.len()))
}

fn sum_of_squares(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::{Settling, mean, order, settling, truncation};

    /// `numpy.random.default_rng(7)`: `round(50 + 100 * exp(-t / 8) + normal(0, 5))`, and what
    /// numpy makes of it by the formula of the paper:
    /// `argmin([mean((b[d:] - b[d:].mean())**2) / (20 - d) for d in range(11)])` is 5.
    const DECAY: [u32; 100] = [
        150, 140, 127, 114, 108, 99, 98, 98, 84, 79, 81, 77, 73, 65, 67, 69, 57, 60, 51, 53, 49,
        56, 50, 57, 56, 53, 41, 51, 53, 53, 45, 50, 47, 48, 57, 47, 51, 55, 48, 50, 51, 51, 44, 51,
        57, 43, 55, 51, 47, 60, 54, 44, 51, 53, 49, 54, 50, 53, 57, 47, 51, 48, 51, 44, 47, 49, 55,
        56, 43, 46, 53, 40, 48, 50, 56, 53, 48, 48, 49, 58, 48, 48, 52, 49, 49, 44, 50, 48, 56, 53,
        50, 53, 48, 55, 50, 53, 44, 52, 42, 40,
    ];

    fn decay() -> Vec<f64> {
        DECAY.iter().map(|value| f64::from(*value)).collect()
    }

    #[test]
    fn mser_cuts_where_the_paper_says() {
        let batches: Vec<f64> = decay().chunks(5).map(mean).collect();
        assert_eq!(truncation(&batches), 5);
    }

    #[test]
    fn a_late_start_is_told_from_the_rest() {
        let Settling::Late { values, before, after } = settling(&decay()) else { panic!() };
        assert_eq!(values, 25);
        assert!((before - 80.72).abs() < 1e-9, "{before}");
        assert!((after - 49.973_333_333).abs() < 1e-9, "{after}");
        assert_eq!(settling(&decay()[30..]), Settling::Steady);
    }

    #[test]
    fn a_trend_has_no_end_to_settle_at() {
        let rising: Vec<f64> = (0..200).map(|value| f64::from(100 + value)).collect();
        assert_eq!(settling(&rising), Settling::Never { first: 129.5, last: 269.5 });
    }

    #[test]
    fn what_is_always_the_same_or_too_short_is_steady() {
        assert_eq!(settling(&[7.0; 500]), Settling::Steady);
        assert_eq!(settling(&[0.0; 500]), Settling::Steady);
        assert_eq!(settling(&[]), Settling::Steady);
        assert_eq!(settling(&decay()[..49]), Settling::Steady);
    }

    /// `scipy.stats.kendalltau(range(7), [3, 1, 4, 1.5, 9, 2.6, 5.3])`
    #[test]
    fn rank_correlation_is_that_of_scipy() {
        let told = order(&[3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.3]);
        assert!((told - 0.333_333_333_333_333_37).abs() < 1e-15, "{told}");
    }
}
