//! Histograms as text: HdrHistogram's V2 encoding, in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;

use crate::measure::{self, histogram_from_v2, histogram_to_v2};

/// Why a stored histogram cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the histogram of `{metric}` cannot be used: {reason}")]
pub struct HistogramError {
    /// Key of its metric.
    pub metric: String,
    /// What is wrong with it.
    pub reason: HistogramFault,
}

/// What is wrong with a histogram.
#[derive(Debug, thiserror::Error)]
pub enum HistogramFault {
    /// Its text is not base64.
    #[error("{0}; it should be HdrHistogram V2 in base64")]
    Base64(#[from] base64::DecodeError),
    /// Its bytes are not a histogram.
    #[error(transparent)]
    Bytes(#[from] measure::HistogramError),
    /// It cannot be added to another.
    #[error("{0}")]
    Addition(#[from] hdrhistogram::errors::AdditionError),
}

/// `histogram` as base64 of its V2 encoding.
///
/// # Errors
///
/// [`HistogramError`] if a count is beyond what the encoding holds (2⁶³).
pub(super) fn encode(metric: &str, histogram: &Histogram<u64>) -> Result<String, HistogramError> {
    let bytes = histogram_to_v2(histogram).map_err(|error| fault(metric, error))?;
    Ok(STANDARD.encode(bytes))
}

/// The histogram that [`encode`] made `text` from.
///
/// # Errors
///
/// [`HistogramError`] if `text` is not base64 of a V2 histogram.
pub(super) fn decode(metric: &str, text: &str) -> Result<Histogram<u64>, HistogramError> {
    let bytes = STANDARD.decode(text).map_err(|error| fault(metric, error))?;
    histogram_from_v2(&bytes).map_err(|error| fault(metric, error))
}

/// All of `parts` in one histogram; `None` where there is no part.
///
/// # Errors
///
/// [`HistogramError`] if a part cannot be read or added.
pub(super) fn merged<'a>(
    metric: &str,
    parts: impl Iterator<Item = &'a str>,
) -> Result<Option<Histogram<u64>>, HistogramError> {
    let mut total: Option<Histogram<u64>> = None;
    for part in parts {
        let part = decode(metric, part)?;
        match &mut total {
            Some(sum) => sum.add(&part).map_err(|error| fault(metric, error))?,
            None => total = Some(part),
        }
    }
    Ok(total)
}

fn fault(metric: &str, reason: impl Into<HistogramFault>) -> HistogramError {
    HistogramError { metric: metric.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    use super::{decode, encode, merged};

    fn histogram(values: &[u64]) -> Histogram<u64> {
        let mut histogram = Histogram::new(3).unwrap();
        for value in values {
            histogram.record(*value).unwrap();
        }
        histogram
    }

    #[test]
    fn what_is_no_histogram_is_refused_with_its_metric() {
        let error = decode("ttft", "AAAA").unwrap_err();
        assert!(
            error.to_string().starts_with("the histogram of `ttft` cannot be used: "),
            "{error}"
        );
        assert!(decode("ttft", "***").is_err());
    }

    #[test]
    fn nothing_merges_to_nothing() {
        assert!(merged("ttft", std::iter::empty()).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn merging_equals_recording_all(
            left in prop::collection::vec(0_u64..u64::MAX / 4, 0..60),
            right in prop::collection::vec(0_u64..10_000_000, 0..60),
        ) {
            let parts = [&left, &right].map(|part| encode("e2e", &histogram(part)).unwrap());
            let together = merged("e2e", parts.iter().map(String::as_str)).unwrap().unwrap();
            prop_assert_eq!(together, histogram(&[left, right].concat()));
        }
    }
}
