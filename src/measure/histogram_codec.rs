//! Histograms as bytes: HdrHistogram's V2 format, which other tools read too.
//!
//! # Source
//!
//! <https://github.com/HdrHistogram/HdrHistogram>, `AbstractHistogram.encodeIntoByteBuffer`.

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{
    DeserializeError, Deserializer, Serializer, V2SerializeError, V2Serializer,
};

use super::distributions::SIGNIFICANT_DIGITS;
use crate::units::count;

/// Largest histogram that is read: its 56,320 buckets at nine bytes each, rounded up.
pub const MAX_HISTOGRAM_BYTES: usize = 512 * 1024;

/// Bytes before the counts: cookie, length, offset, digits, lowest, highest, ratio.
const HEADER_BYTES: usize = 40;
/// Cookie of the format without compression.
const V2_COOKIE: u32 = 0x1c84_9313;
/// Nine such bytes stand for a run of 2⁶³ empty buckets, which the reader cannot negate; no
/// count below 2⁵⁵ holds them.
const ENDLESS_RUN: [u8; 9] = [0xff; 9];

/// Why a histogram cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum HistogramError {
    /// It cannot be written.
    #[error("the histogram cannot be written: {0}")]
    Write(#[source] V2SerializeError),
    /// Its bytes are too few or too many.
    #[error("a histogram of {found} bytes; accepted are {HEADER_BYTES} to {MAX_HISTOGRAM_BYTES}")]
    Size {
        /// Bytes found.
        found: u64,
    },
    /// It begins with something else.
    #[error("no HdrHistogram V2: it begins with {found:#010x} instead of {V2_COOKIE:#010x}")]
    Cookie {
        /// The first four bytes.
        found: u32,
    },
    /// It tells another length than it has.
    #[error("the histogram tells of {told} bytes of counts and has {found}: it was cut or joined")]
    Length {
        /// The length it tells.
        told: u32,
        /// Bytes that follow its header.
        found: u64,
    },
    /// It was recorded with another precision than pacemark's.
    #[error("a histogram of {found} significant digits; pacemark records {SIGNIFICANT_DIGITS}")]
    Digits {
        /// Its digits.
        found: u32,
    },
    /// It was recorded with a unit above one.
    #[error("a histogram whose lowest value is {found}; pacemark records from 1")]
    Lowest {
        /// Its lowest value.
        found: u64,
    },
    /// The rest of its header or its counts make no sense.
    #[error("the histogram cannot be read: {0}")]
    Contents(#[source] DeserializeError),
    /// It has a run of empty buckets that has no end.
    #[error("the histogram cannot be read: a run of empty buckets has no end")]
    EndlessRun,
}

/// A histogram as HdrHistogram V2, without compression.
///
/// # Errors
///
/// [`HistogramError::Write`] if a count is above `i64::MAX`.
pub fn histogram_to_v2(histogram: &Histogram<u64>) -> Result<Vec<u8>, HistogramError> {
    let mut bytes = Vec::new();
    V2Serializer::new().serialize(histogram, &mut bytes).map_err(HistogramError::Write)?;
    Ok(bytes)
}

/// The histogram of bytes that [`histogram_to_v2`] wrote; it grows again as values come.
///
/// # Errors
///
/// [`HistogramError`] if the bytes are no such histogram; none can make it take more than
/// a megabyte of memory.
pub fn histogram_from_v2(bytes: &[u8]) -> Result<Histogram<u64>, HistogramError> {
    let found = bytes.len();
    let Some((header, payload)) =
        bytes.split_first_chunk::<HEADER_BYTES>().filter(|_| found <= MAX_HISTOGRAM_BYTES)
    else {
        return Err(HistogramError::Size { found: count(found) });
    };
    let [cookie, told, _, digits, low @ ..] = words(header);
    if cookie != V2_COOKIE {
        return Err(HistogramError::Cookie { found: cookie });
    }
    if usize::try_from(told) != Ok(payload.len()) {
        return Err(HistogramError::Length { told, found: count(payload.len()) });
    }
    if digits != u32::from(SIGNIFICANT_DIGITS) {
        return Err(HistogramError::Digits { found: digits });
    }
    let lowest = u64::from(low[0]) << 32 | u64::from(low[1]);
    if lowest != 1 {
        return Err(HistogramError::Lowest { found: lowest });
    }
    if payload.windows(ENDLESS_RUN.len()).any(|run| run == ENDLESS_RUN) {
        return Err(HistogramError::EndlessRun);
    }
    let mut histogram: Histogram<u64> =
        Deserializer::new().deserialize(&mut &*bytes).map_err(HistogramError::Contents)?;
    histogram.auto(true);
    Ok(histogram)
}

/// The header as big-endian words of 32 bits.
fn words(header: &[u8; HEADER_BYTES]) -> [u32; HEADER_BYTES / 4] {
    let (words, _) = header.as_chunks::<4>();
    std::array::from_fn(|index| words.get(index).map_or(0, |word| u32::from_be_bytes(*word)))
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    use super::{HEADER_BYTES, HistogramError, histogram_from_v2, histogram_to_v2};
    use crate::measure::distributions::empty_histogram;

    fn histogram(values: &[u64]) -> Histogram<u64> {
        let mut histogram = empty_histogram();
        for value in values {
            histogram.record(*value).unwrap();
        }
        histogram
    }

    fn refusal(change: impl Fn(&mut Vec<u8>)) -> String {
        let mut bytes = histogram_to_v2(&histogram(&[1, 2, 3_000_000])).unwrap();
        change(&mut bytes);
        histogram_from_v2(&bytes).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_histogram_survives() {
        assert!(histogram_from_v2(&histogram_to_v2(&histogram(&[])).unwrap()).unwrap().is_empty());
    }

    #[test]
    fn a_histogram_grows_again_after_it_was_read() {
        let mut read = histogram_from_v2(&histogram_to_v2(&histogram(&[5])).unwrap()).unwrap();
        read.add(histogram(&[60_000_000_000])).unwrap();
        assert_eq!((read.len(), read.min()), (2, 5));
    }

    #[test]
    fn what_is_no_histogram_is_refused_with_the_reason() {
        insta::assert_snapshot!(
            [
                refusal(|bytes| bytes.truncate(39)),
                refusal(|bytes| bytes.resize(600_000, 0)),
                refusal(|bytes| bytes[0] = 0),
                refusal(|bytes| bytes.push(0)),
                refusal(|bytes| bytes[15] = 5),
                refusal(|bytes| bytes[22] = 4),
                refusal(|bytes| bytes[39] = 7),
            ]
            .join("\n"),
            @r"
        a histogram of 39 bytes; accepted are 40 to 524288
        a histogram of 600000 bytes; accepted are 40 to 524288
        no HdrHistogram V2: it begins with 0x00849313 instead of 0x1c849313
        the histogram tells of 7 bytes of counts and has 8: it was cut or joined
        a histogram of 5 significant digits; pacemark records 3
        a histogram whose lowest value is 1025; pacemark records from 1
        the histogram cannot be read: The histogram uses features that this implementation doesn't support
        "
        );
    }

    #[test]
    fn an_endless_run_of_empty_buckets_is_refused() {
        let mut bytes = histogram_to_v2(&histogram(&[1])).unwrap();
        bytes.truncate(HEADER_BYTES);
        bytes.extend([0xff; 9]);
        bytes[7] = 9;
        assert!(matches!(histogram_from_v2(&bytes), Err(HistogramError::EndlessRun)));
    }

    proptest! {
        #[test]
        fn every_histogram_survives_the_journey(
            values in prop::collection::vec(any::<u64>(), 0..200),
        ) {
            let before = histogram(&values);
            let after = histogram_from_v2(&histogram_to_v2(&before).unwrap()).unwrap();
            prop_assert_eq!(before, after);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(
            high in any::<u64>(),
            payload in prop::collection::vec(prop_oneof![Just(0xff_u8), any::<u8>()], 0..60),
        ) {
            let mut bytes = histogram_to_v2(&histogram(&[1])).unwrap();
            bytes.truncate(HEADER_BYTES);
            bytes[24..32].copy_from_slice(&high.to_be_bytes());
            bytes[7] = u8::try_from(payload.len()).unwrap();
            bytes.extend(payload);
            if let Ok(histogram) = histogram_from_v2(&bytes) {
                let mut sum = histogram.clone();
                sum.add(&histogram).unwrap();
                prop_assert!(histogram.min() <= histogram.max() || histogram.is_empty());
            }
        }
    }
}
