//! The figures of a distribution.

use hdrhistogram::Histogram;

use crate::metric::{Statistic, Unit};
use crate::units::float;

/// What is shown of a distribution, in shown units.
///
/// All of it comes from the histogram, as that is what is stored and merged: every value is
/// rounded to its bucket, which is at most 0.1 % wide. `min` is its bucket's lowest value, `max`
/// and the percentiles their bucket's highest, mean and deviation rest on the buckets' middles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// How many values.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of these values (not an estimate for others: divided by the count).
    pub stddev: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// The values at [`Statistic::PERCENTILES`].
    pub percentiles: [f64; Statistic::PERCENTILES.len()],
}

impl Figures {
    /// The figures of a histogram of values of `unit`; `None` if it is empty.
    pub fn of(histogram: &Histogram<u64>, unit: Unit) -> Option<Self> {
        if histogram.is_empty() {
            return None;
        }
        let scale = unit.recorded_per_shown();
        Some(Self {
            count: histogram.len(),
            mean: histogram.mean() / scale,
            stddev: histogram.stdev() / scale,
            min: float(histogram.min()) / scale,
            max: float(histogram.max()) / scale,
            percentiles: Statistic::PERCENTILES.map(|p| float(value_at(histogram, p)) / scale),
        })
    }

    /// One of the figures; `None` for percentiles that are not among
    /// [`Statistic::PERCENTILES`] (see [`figure`]).
    pub fn get(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::Count => Some(float(self.count)),
            Statistic::Mean => Some(self.mean),
            Statistic::Stddev => Some(self.stddev),
            Statistic::Min => Some(self.min),
            Statistic::Max => Some(self.max),
            Statistic::Percentile(wanted) => Statistic::PERCENTILES
                .iter()
                .zip(self.percentiles)
                .find_map(|(p, value)| (p.total_cmp(&wanted).is_eq()).then_some(value)),
        }
    }
}

/// One figure of a histogram of values of `unit`, any percentile included; `None` if it is
/// empty.
pub fn figure(histogram: &Histogram<u64>, unit: Unit, statistic: Statistic) -> Option<f64> {
    if histogram.is_empty() {
        return None;
    }
    let scale = unit.recorded_per_shown();
    Some(match statistic {
        Statistic::Count => float(histogram.len()),
        Statistic::Mean => histogram.mean() / scale,
        Statistic::Stddev => histogram.stdev() / scale,
        Statistic::Min => float(histogram.min()) / scale,
        Statistic::Max => float(histogram.max()) / scale,
        Statistic::Percentile(percentile) => float(value_at(histogram, percentile)) / scale,
    })
}

/// Whether `count` values can support a percentile: at least 10 / min(q, 1 − q) of them.
pub fn supported(percentile: f64, count: u64) -> bool {
    float(count) >= Statistic::support(percentile)
}

/// The recorded value at a percentile from 0 to 100; 0 if the histogram is empty.
pub(super) fn value_at(histogram: &Histogram<u64>, percentile: f64) -> u64 {
    // A hair lower: 99.9 / 100 is 0.9990000000000001 in binary, which of 1,000 values would
    // give the 1,000th instead of the 999th.
    histogram.value_at_quantile(percentile / 100.0 * (1.0 - 1e-12))
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;

    use super::{Figures, figure, supported, value_at};
    use crate::measure::distributions::empty_histogram;
    use crate::metric::{Statistic, Unit};
    use crate::units::{float, whole};

    fn first(count: u64) -> Histogram<u64> {
        let mut histogram = empty_histogram();
        for value in 1..=count {
            histogram.record(value).unwrap();
        }
        histogram
    }

    #[test]
    fn figures_of_the_first_thousand_numbers() {
        let figures = Figures::of(&first(1_000), Unit::Tokens).unwrap();
        assert_eq!((figures.count, figures.mean), (1_000, 500.5));
        assert_eq!((figures.min, figures.max), (1.0, 1_000.0));
        // √((1000² − 1) / 12)
        assert!((figures.stddev - 288.674_990_257_209_5).abs() < 1e-9);
        let percentiles = figures.percentiles.map(whole);
        assert_eq!(percentiles, [10, 50, 100, 250, 500, 750, 900, 950, 990, 999]);
    }

    #[test]
    fn times_are_shown_in_milliseconds_and_rates_in_tokens_per_second() {
        let mut histogram = empty_histogram();
        histogram.record(1_500).unwrap();
        assert_eq!(figure(&histogram, Unit::TokensPerSecond, Statistic::Mean), Some(1.5));
        assert_eq!(figure(&histogram, Unit::Milliseconds, Statistic::Max), Some(0.0015));
    }

    #[test]
    fn a_percentile_is_a_value_that_so_many_do_not_exceed() {
        for count in [1_u64, 2, 3, 10, 99, 100, 101, 999, 1_000, 1_001] {
            let histogram = first(count);
            for permille in [10, 50, 100, 250, 500, 750, 900, 950, 990, 999] {
                let rank = (count * permille).div_ceil(1_000);
                let percentile = float(permille) / 10.0;
                assert_eq!(value_at(&histogram, percentile), rank, "p{percentile} of {count}");
            }
        }
    }

    #[test]
    fn an_empty_histogram_has_no_figures() {
        assert_eq!(Figures::of(&first(0), Unit::Tokens), None);
        assert_eq!(figure(&first(0), Unit::Tokens, Statistic::Mean), None);
    }

    #[test]
    fn a_percentile_that_is_not_listed_comes_from_the_histogram_only() {
        let histogram = first(100);
        let figures = Figures::of(&histogram, Unit::Tokens).unwrap();
        assert_eq!(figures.get(Statistic::Percentile(99.0)), Some(99.0));
        assert_eq!(figures.get(Statistic::Percentile(98.0)), None);
        assert_eq!(figure(&histogram, Unit::Tokens, Statistic::Percentile(98.0)), Some(98.0));
    }

    #[test]
    fn support_needs_ten_values_beyond_the_percentile() {
        assert!(supported(50.0, 20) && !supported(50.0, 19));
        assert!(supported(99.0, 1_000) && !supported(99.0, 999));
    }
}
