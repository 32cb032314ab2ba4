//! The moving-block bootstrap of a difference of quantiles, for what is only indicative.
//!
//! Requests that follow each other resemble each other, so blocks of neighbours are drawn,
//! not requests. The interval knows of chance within the runs and of nothing that differs
//! between them: it describes, and never decides.
//!
//! # Source
//!
//! Künsch, "The jackknife and the bootstrap for general stationary observations", Ann. Statist.
//! 17 (1989); the length of the blocks, n^(1/3), after Hall, Horowitz and Jing, Biometrika 82
//! (1995).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::student::Interval;
use crate::units::{count, float, index, whole};

/// Resamples: enough for the ends of a 95 % interval to two digits.
const RESAMPLES: usize = 400;
/// Most values of a series that are drawn from; of a longer one every k-th is, which keeps the
/// time of the whole comparison to seconds and makes the interval no narrower.
const MOST_VALUES: usize = 10_000;
/// Fewest values of a series of which neighbours can be told from strangers.
const FEWEST_VALUES: usize = 20;

/// Two series of the same round, in the order of time.
#[derive(Clone, Copy, Debug)]
pub struct SeriesPair<'a> {
    /// Values of the base.
    pub base: &'a [f64],
    /// Values of what is compared with it.
    pub new: &'a [f64],
}

/// The interval of the mean log-ratio of the `percentile` of each pair; `None` where a series
/// has fewer than 20 values or one that is not above 0.
pub fn bootstrap(
    pairs: &[SeriesPair<'_>],
    percentile: f64,
    confidence: f64,
    seed: u64,
) -> Option<Interval> {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|pair| Some((thinned(pair.base)?, thinned(pair.new)?)))
        .collect::<Option<_>>()?;
    if pairs.is_empty() {
        return None;
    }
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut room = Vec::new();
    let mut means = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let mut sum = 0.0;
        for (base, new) in &pairs {
            let mut drawn = |series: &[f64]| {
                resample(series, &mut generator, &mut room);
                quantile(&mut room, percentile)
            };
            sum += (drawn(new) / drawn(base)).ln();
        }
        means.push(sum / float(count(pairs.len())));
    }
    means.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    let at = |share: f64| means[index(whole(share * float(count(RESAMPLES - 1))))];
    Some(Interval { low: at(tail), high: at(1.0 - tail) })
}

/// No more than the most values of a series; `None` where it cannot be drawn from.
fn thinned(series: &[f64]) -> Option<Vec<f64>> {
    if series.len() < FEWEST_VALUES || series.iter().any(|value| value.is_nan() || *value <= 0.0) {
        return None;
    }
    let step = series.len().div_ceil(MOST_VALUES);
    Some(series.iter().step_by(step).copied().collect())
}

/// Fills `room` with as many values as `series` has, in blocks of neighbours drawn from it.
fn resample(series: &[f64], generator: &mut ChaCha8Rng, room: &mut Vec<f64>) {
    let n = series.len();
    let block = index(whole(float(count(n)).cbrt().ceil())).clamp(1, n);
    room.clear();
    while room.len() < n {
        let start = index(generator.next_u64() % count(n - block + 1));
        let length = block.min(n - room.len());
        room.extend_from_slice(&series[start..start + length]);
    }
}

/// The value at a percentile, by the rank that histograms use too.
fn quantile(values: &mut [f64], percentile: f64) -> f64 {
    let rank = whole((percentile / 100.0 * float(count(values.len()))).ceil()).max(1);
    let at = index(rank - 1).min(values.len() - 1);
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng as _;
    use rand_distr::{Distribution as _, StandardNormal};

    use super::{SeriesPair, bootstrap};

    /// Latencies whose logarithms follow each other with a correlation of 0.7.
    fn series(generator: &mut ChaCha8Rng, n: usize, level: f64) -> Vec<f64> {
        let mut state = 0.0;
        let mut next = || {
            let draw: f64 = StandardNormal.sample(generator);
            state = 0.7 * state + 0.1 * draw;
            (level + state).exp()
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn the_interval_covers_a_true_ratio_about_as_often_as_it_says() {
        let mut generator = ChaCha8Rng::seed_from_u64(3);
        let truth = 1.1_f64.ln();
        let mut covered = 0;
        for seed in 0..60 {
            let base = series(&mut generator, 300, 4.0);
            let new = series(&mut generator, 300, 4.0 + truth);
            let pair = SeriesPair { base: &base, new: &new };
            let interval = bootstrap(&[pair], 50.0, 0.95, seed).unwrap();
            covered += u32::from(interval.low <= truth && truth <= interval.high);
        }
        // Blocks of seven still cut the correlation short: 85 % to 95 % is what is known of it.
        assert!((46..=60).contains(&covered), "{covered}");
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let mut generator = ChaCha8Rng::seed_from_u64(5);
        let (base, new) = (series(&mut generator, 99, 1.0), series(&mut generator, 80, 1.0));
        let pairs = [SeriesPair { base: &base, new: &new }];
        let drawn = [7, 7, 8].map(|seed| bootstrap(&pairs, 95.0, 0.95, seed).unwrap());
        assert_eq!(drawn[0], drawn[1]);
        assert_ne!(drawn[0], drawn[2]);
    }

    #[test]
    fn what_cannot_be_drawn_from_has_no_interval() {
        let (short, long) = ([1.0; 19], [1.0; 20]);
        let pair = |base, new| bootstrap(&[SeriesPair { base, new }], 50.0, 0.95, 1);
        assert!(pair(&long, &short).is_none());
        assert!(pair(&long, &[0.0; 20]).is_none());
        assert!(pair(&long, &long).is_some());
        assert!(bootstrap(&[], 50.0, 0.95, 1).is_none());
    }
}
