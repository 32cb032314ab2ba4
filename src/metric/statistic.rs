//! Which figure of a distribution is meant.

use std::fmt;

/// One figure of a distribution, as it is named in files and tables (`p99`, `mean`).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Statistic {
    /// How many values.
    Count,
    /// Arithmetic mean.
    Mean,
    /// Standard deviation.
    Stddev,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// The value at a percentile, from 0 to 100.
    Percentile(f64),
}

impl Statistic {
    /// The percentiles of every summary, lowest first.
    pub const PERCENTILES: [f64; 10] = [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9];

    /// Fewest values on which a percentile may rest: 10 / min(q, 1 − q).
    pub fn support(percentile: f64) -> f64 {
        let q = percentile / 100.0;
        // Rounded before the ceiling: 10 / (1 − 0.99) is 1000.0000000000009 in binary.
        (10.0 / q.min(1.0 - q) * 1e6).round() / 1e6
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("count"),
            Self::Mean => f.write_str("mean"),
            Self::Stddev => f.write_str("stddev"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::Percentile(percentile) => write!(f, "p{percentile}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Statistic;

    #[test]
    fn percentiles_print_without_needless_zeros() {
        assert_eq!(Statistic::Percentile(50.0).to_string(), "p50");
        assert_eq!(Statistic::Percentile(99.9).to_string(), "p99.9");
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the values are exact")]
    fn a_p99_needs_a_thousand_values() {
        assert_eq!(Statistic::support(99.0), 1_000.0);
        assert_eq!(Statistic::support(50.0), 20.0);
        assert_eq!(Statistic::support(1.0), 1_000.0);
        assert_eq!(Statistic::support(99.9), 10_000.0);
    }
}
