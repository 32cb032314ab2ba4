//! The figures of one distribution, in the unit people read.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measure;
use crate::metric::{Metric, Statistic};
use crate::units::float;

/// Figures are kept to six decimals: a nanosecond, where the unit is the millisecond.
const DECIMALS: f64 = 1e6;

/// The figures of a distribution that has at least one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// Unit of all figures but the count: `ms`, `tokens`, `tok/s`.
    pub unit: String,
    /// Number of values.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the values themselves (not of a sample).
    pub stddev: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Value at each percentile: `p1` … `p99.9`.
    pub percentiles: BTreeMap<String, f64>,
    /// The percentiles that rest on fewer than 10 / min(q, 1 − q) values, lowest first.
    pub unsupported: Vec<String>,
}

impl Figures {
    /// The figures of `histogram`, which holds recorded units of `metric`; `None` if it is empty.
    pub fn of(metric: Metric, histogram: &Histogram<u64>) -> Option<Self> {
        let figures = measure::Figures::of(histogram, metric.unit())?;
        let rounded = |value: f64| (value * DECIMALS).round() / DECIMALS;
        let percentiles = Statistic::PERCENTILES.iter().zip(figures.percentiles);
        let unsupported = Statistic::PERCENTILES
            .iter()
            .filter(|percentile| !measure::supported(**percentile, figures.count));
        Some(Self {
            unit: metric.unit().label().to_owned(),
            count: figures.count,
            mean: rounded(figures.mean),
            stddev: rounded(figures.stddev),
            min: rounded(figures.min),
            max: rounded(figures.max),
            percentiles: percentiles
                .map(|(percentile, value)| (name_of(*percentile), rounded(value)))
                .collect(),
            unsupported: unsupported.map(|percentile| name_of(*percentile)).collect(),
        })
    }

    /// One of the figures; `None` for a percentile that is not kept.
    pub fn get(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::Count => Some(float(self.count)),
            Statistic::Mean => Some(self.mean),
            Statistic::Stddev => Some(self.stddev),
            Statistic::Min => Some(self.min),
            Statistic::Max => Some(self.max),
            Statistic::Percentile(_) => self.percentiles.get(&statistic.to_string()).copied(),
        }
    }

    /// Whether the number of values supports `statistic`; only percentiles can lack support.
    pub fn supports(&self, statistic: Statistic) -> bool {
        !self.unsupported.contains(&statistic.to_string())
    }
}

/// `p99.9`
fn name_of(percentile: f64) -> String {
    Statistic::Percentile(percentile).to_string()
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the values are exact")]
mod tests {
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    use super::Figures;
    use crate::metric::{Metric, Statistic};

    fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut histogram = Histogram::new(3).unwrap();
        for value in values {
            histogram.record(value).unwrap();
        }
        histogram
    }

    #[test]
    fn an_empty_distribution_has_no_figures() {
        assert_eq!(Figures::of(Metric::Ttft, &histogram([])), None);
    }

    #[test]
    fn tokens_come_out_as_they_went_in() {
        let figures = Figures::of(Metric::OutputTokens, &histogram(1..=1_000)).unwrap();
        assert_eq!((figures.count, figures.min, figures.max), (1_000, 1.0, 1_000.0));
        assert_eq!(figures.mean, 500.5);
        let at = |percentile| figures.get(Statistic::Percentile(percentile)).unwrap();
        assert_eq!([at(1.0), at(50.0), at(99.0), at(99.9)], [10.0, 500.0, 990.0, 999.0]);
    }

    #[test]
    fn times_are_shown_in_milliseconds() {
        let figures = Figures::of(Metric::Ttft, &histogram([1_500_000])).unwrap();
        assert_eq!(figures.unit, "ms");
        assert!((figures.mean - 1.5).abs() < 0.001, "{}", figures.mean);
        assert!((figures.percentiles["p50"] - 1.5).abs() < 0.001);
    }

    #[test]
    fn a_percentile_without_enough_values_is_named() {
        let figures = Figures::of(Metric::OutputTokens, &histogram(0..100)).unwrap();
        assert_eq!(figures.unsupported, ["p1", "p5", "p95", "p99", "p99.9"]);
        assert!(figures.supports(Statistic::Percentile(90.0)));
        assert!(!figures.supports(Statistic::Percentile(99.0)));
        assert!(figures.supports(Statistic::Mean));
    }

    proptest! {
        #[test]
        fn percentiles_never_fall(values in prop::collection::vec(0_u64..10_000_000_000, 1..200)) {
            let figures = Figures::of(Metric::E2e, &histogram(values)).unwrap();
            let rising: Vec<_> = Statistic::PERCENTILES
                .iter()
                .filter_map(|percentile| figures.get(Statistic::Percentile(*percentile)))
                .collect();
            prop_assert_eq!(rising.len(), Statistic::PERCENTILES.len());
            prop_assert!(rising.is_sorted());
            prop_assert!(figures.min <= rising[0] && rising[9] <= figures.max);
        }
    }
}
