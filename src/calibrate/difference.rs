//! How far the client's quantiles lie from the truth.

use hdrhistogram::Histogram;

use crate::measure;
use crate::metric::{Statistic, Unit};
use crate::result::{Figures, QuantileErrors};
use crate::units::float;

/// Errors are kept to a hundred nanoseconds; clocks and histograms tell no more.
const DECIMALS: f64 = 1e4;

/// How far the median and the 99th percentile of `client` (milliseconds) lie from those of
/// `truth` (nanoseconds), either way; `None` if the truth is empty.
///
/// Histograms round to 0.1 %, so a difference below the width of the truth's bucket cannot be
/// told, and counts as that width.
pub(super) fn quantile_errors(client: &Figures, truth: &Histogram<u64>) -> Option<QuantileErrors> {
    let error = |percentile: f64| {
        let statistic = Statistic::Percentile(percentile);
        let seen = client.get(statistic)?;
        let known = measure::figure(truth, Unit::Milliseconds, statistic)?;
        let nanos = truth.value_at_quantile(percentile / 100.0);
        let width = float(truth.equivalent_range(nanos)) / Unit::Milliseconds.recorded_per_shown();
        Some(rounded((seen - known).abs().max(width)))
    };
    Some(QuantileErrors { p50_ms: error(50.0)?, p99_ms: error(99.0)? })
}

/// As it is stored.
pub(super) fn rounded(value: f64) -> f64 {
    (value * DECIMALS).round() / DECIMALS
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;

    use super::quantile_errors;
    use crate::metric::Metric;
    use crate::result::Figures;

    fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut histogram = Histogram::new(3).unwrap();
        values.into_iter().for_each(|value| histogram.record(value).unwrap());
        histogram
    }

    fn figures(histogram: &Histogram<u64>) -> Figures {
        Figures::of(Metric::Ttft, histogram).unwrap()
    }

    #[test]
    fn the_error_is_the_distance_of_the_quantiles_either_way() {
        const MS: u64 = 1_000_000;
        let truth = histogram((0..100).map(|_| 8 * MS));
        let client = histogram((0..100).map(|n| if n < 90 { 7 * MS } else { 12 * MS }));
        let errors = quantile_errors(&figures(&client), &truth).unwrap();
        assert!((errors.p50_ms - 1.0).abs() < 0.01, "{errors:?}");
        assert!((errors.p99_ms - 4.0).abs() < 0.01, "{errors:?}");
    }

    #[test]
    fn nothing_smaller_than_a_bucket_is_claimed() {
        // From 2^25 ns on, a bucket is 2^15 ns wide.
        let truth = histogram([50_000_000; 10]);
        let errors = quantile_errors(&figures(&truth), &truth).unwrap();
        assert_eq!((errors.p50_ms, errors.p99_ms), (0.0328, 0.0328));
    }

    #[test]
    fn without_a_truth_there_is_no_error() {
        assert_eq!(quantile_errors(&figures(&histogram([1])), &histogram([])), None);
    }
}
