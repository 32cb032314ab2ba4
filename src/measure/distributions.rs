//! One histogram per metric, made when its first value comes.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::metric::Metric;

/// Significant digits kept: a value and its bucket differ by at most 0.1 %.
pub(super) const SIGNIFICANT_DIGITS: u8 = 3;

/// The distributions of a recorder.
///
/// A histogram grows with the largest value it has seen: 16 KiB at first, 270 KiB for times up
/// to an hour, 450 KiB at most, whatever the number of values.
#[derive(Clone, Debug, Default)]
pub(super) struct Distributions {
    histograms: BTreeMap<Metric, Histogram<u64>>,
}

impl Distributions {
    /// The histogram to record values of `metric` into.
    pub(super) fn histogram(&mut self, metric: Metric) -> &mut Histogram<u64> {
        self.histograms.entry(metric).or_insert_with(empty_histogram)
    }

    /// Records a value in recorded units.
    pub(super) fn record(&mut self, metric: Metric, value: u64) {
        record_n(self.histogram(metric), value, 1);
    }

    /// Records a value that may be absent.
    pub(super) fn record_some(&mut self, metric: Metric, value: Option<u64>) {
        if let Some(value) = value {
            self.record(metric, value);
        }
    }

    /// The histogram of `metric`, if it has values.
    pub(super) fn get(&self, metric: Metric) -> Option<&Histogram<u64>> {
        self.histograms.get(&metric).filter(|histogram| !histogram.is_empty())
    }

    /// Adds every value of other distributions.
    pub(super) fn merge(&mut self, other: &Self) {
        for (metric, histogram) in &other.histograms {
            add_histogram(self.histogram(*metric), histogram);
        }
    }

    /// Empty distributions whose histograms have the sizes of these, so that they need not grow
    /// again.
    pub(super) fn emptied(&self) -> Self {
        let histograms = self.histograms.iter();
        Self { histograms: histograms.map(|(m, h)| (*m, Histogram::new_from(h))).collect() }
    }

    /// The histograms that have values.
    pub(super) fn filled(&self) -> BTreeMap<Metric, Histogram<u64>> {
        let filled = self.histograms.iter().filter(|(_, histogram)| !histogram.is_empty());
        filled.map(|(metric, histogram)| (*metric, histogram.clone())).collect()
    }
}

/// A histogram without values that grows as they come.
pub(super) fn empty_histogram() -> Histogram<u64> {
    match Histogram::new(SIGNIFICANT_DIGITS) {
        Ok(histogram) => histogram,
        Err(_) => unreachable!("HdrHistogram takes 0 to 5 significant digits"),
    }
}

/// Records `value` `times` times.
pub(super) fn record_n(histogram: &mut Histogram<u64>, value: u64, times: u64) {
    let recorded = histogram.record_n(value, times);
    debug_assert!(recorded.is_ok(), "a histogram that grows takes every value");
}

/// Adds every value of `other`.
pub(super) fn add_histogram(histogram: &mut Histogram<u64>, other: &Histogram<u64>) {
    let added = histogram.add(other);
    debug_assert!(added.is_ok(), "a histogram that grows takes every value");
}
