//! Numeric casts, each with what happens at its edges.

use std::time::Duration;

/// Nanoseconds of a length of time; saturates after 584 years.
pub fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Milliseconds of a length of time, with fractions.
pub fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

/// Seconds of a length of time, with fractions.
pub fn seconds(span: Duration) -> f64 {
    span.as_secs_f64()
}

/// A length as a count; lossless on every platform pacemark runs on.
pub fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A count as an index; saturates where `usize` is narrower.
pub fn index(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A count as a 32-bit number; saturates.
pub fn to_u32(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A count as a real number; exact below 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 do not occur in a run")]
pub fn float(count: u64) -> f64 {
    count as f64
}

/// The nearest whole number; negative and missing numbers give 0, too large ones saturate.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is promised"
)]
pub fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// `part / all`, or `None` where `all` is 0.
pub fn ratio(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| float(part) / float(all))
}

#[cfg(test)]
mod tests {
    use super::{ratio, whole};

    #[test]
    fn whole_saturates_at_both_ends() {
        assert_eq!([whole(-1.0), whole(f64::NAN), whole(2.5), whole(1e30)], [0, 0, 3, u64::MAX]);
    }

    #[test]
    fn a_ratio_over_nothing_is_absent() {
        assert_eq!(ratio(1, 0), None);
        assert_eq!(ratio(1, 4), Some(0.25));
    }
}
