//! A distribution of seconds or of tokens, and numbers drawn from it.

use std::fmt;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, LogNormal, Normal};

use crate::units::{format_span, span_from_seconds};

/// A distribution of seconds or of tokens; never below 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(f64),
    /// Evenly between two values.
    Uniform {
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
    },
    /// Normal, values outside the bounds drawn to them.
    Normal {
        /// Mean before bounding.
        mean: f64,
        /// Standard deviation before bounding.
        stddev: f64,
        /// Lowest value.
        min: f64,
        /// Highest value.
        max: f64,
    },
    /// Log-normal, by the mean and deviation of the values themselves, bounded.
    Lognormal {
        /// Mean before bounding.
        mean: f64,
        /// Standard deviation before bounding.
        stddev: f64,
        /// Lowest value.
        min: f64,
        /// Highest value.
        max: f64,
    },
}

impl Distribution {
    /// A number of the distribution, in its unit; never below 0.
    ///
    /// Values outside the bounds are drawn to them. A deviation that is no number counts as
    /// none.
    pub fn sample(self, numbers: &mut ChaCha8Rng) -> f64 {
        let drawn = match self {
            Self::Constant(value) => value,
            Self::Uniform { low, high } => low + (high - low) * numbers.random::<f64>(),
            Self::Normal { mean, stddev, min, max } => {
                let drawn = Normal::new(mean, stddev).map_or(mean, |normal| normal.sample(numbers));
                bounded(drawn, min, max)
            }
            Self::Lognormal { mean, stddev, min, max } => {
                // Normal by the mean and deviation of the logarithms; wanted are those of the
                // values.
                let variance = (stddev / mean).powi(2).ln_1p();
                let drawn = LogNormal::new(mean.ln() - variance / 2.0, variance.sqrt())
                    .map_or(mean, |lognormal| lognormal.sample(numbers));
                bounded(drawn, min, max)
            }
        };
        drawn.max(0.0)
    }

    /// Whether it never gives anything but 0.
    pub fn is_zero(self) -> bool {
        match self {
            Self::Constant(value) => value <= 0.0,
            Self::Uniform { high, .. } => high <= 0.0,
            Self::Normal { max, .. } | Self::Lognormal { max, .. } => max <= 0.0,
        }
    }

    /// In words, as a distribution of numbers: `5`, `2 to 9`, `5 ± 2`.
    pub fn of_numbers(self) -> impl fmt::Display {
        self.in_words(|number| number.to_string())
    }

    /// In words, as a distribution of times: `2s`, `1s to 3s`, `2s ± 500ms`.
    pub fn of_times(self) -> impl fmt::Display {
        self.in_words(|seconds| span_from_seconds(seconds).map_or_else(String::new, format_span))
    }

    fn in_words(self, span: impl Fn(f64) -> String) -> String {
        match self {
            Self::Constant(value) => span(value),
            Self::Uniform { low, high } => format!("{} to {}", span(low), span(high)),
            Self::Normal { mean, stddev, .. } => format!("{} ± {}", span(mean), span(stddev)),
            Self::Lognormal { mean, stddev, .. } => {
                format!("{} ± {} lognormal", span(mean), span(stddev))
            }
        }
    }
}

/// `f64::clamp` without its panic where the bounds are crossed.
const fn bounded(value: f64, min: f64, max: f64) -> f64 {
    value.min(max).max(min)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::Distribution;
    use crate::units::{count, float};

    #[test]
    fn samples_have_the_moments_asked_for() {
        let (mean, stddev, min, max) = (40.0, 8.0, 0.0, 1e9);
        let distributions = [
            Distribution::Normal { mean, stddev, min, max },
            Distribution::Lognormal { mean, stddev, min, max },
            Distribution::Uniform { low: 40.0 - 13.856, high: 40.0 + 13.856 },
        ];
        for distribution in distributions {
            let mut numbers = ChaCha8Rng::seed_from_u64(1);
            let values: Vec<_> = (0..20_000).map(|_| distribution.sample(&mut numbers)).collect();
            let all = float(count(values.len()));
            let seen = values.iter().sum::<f64>() / all;
            let variance = values.iter().map(|value| (value - seen).powi(2)).sum::<f64>() / all;
            assert!((seen - mean).abs() < 0.3, "{distribution:?}: mean {seen}");
            assert!((variance.sqrt() - stddev).abs() < 0.3, "{distribution:?}: {variance}");
        }
    }

    #[test]
    fn samples_keep_to_their_bounds() {
        let mut numbers = ChaCha8Rng::seed_from_u64(1);
        let narrow = Distribution::Normal { mean: 5.0, stddev: 50.0, min: 4.0, max: 6.0 };
        for _ in 0..100 {
            assert!((4.0..=6.0).contains(&narrow.sample(&mut numbers)));
        }
        assert!(Distribution::Constant(-1.0).sample(&mut numbers).abs() < f64::EPSILON);
        let broken = Distribution::Normal { mean: 5.0, stddev: f64::NAN, min: 9.0, max: 1.0 };
        assert!(broken.sample(&mut numbers).is_finite());
    }

    #[test]
    fn times_are_told_as_people_write_them() {
        let (mean, stddev, min, max) = (2.0, 0.5, 0.0, 9.0);
        let shown = [
            Distribution::Constant(0.2),
            Distribution::Uniform { low: 1.0, high: 3.0 },
            Distribution::Normal { mean, stddev, min, max },
            Distribution::Lognormal { mean, stddev, min, max },
        ]
        .map(|distribution| distribution.of_times().to_string());
        assert_eq!(shown, ["200ms", "1s to 3s", "2s ± 500ms", "2s ± 500ms lognormal"]);
    }
}
