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
