//! Arrival rates.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::UnitError;
use super::convert::{float, whole};

const EXPECTED: &str = "a rate above 0; write `20/s`, `0.5/s` or `600/min`";
const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A rate above zero, kept as an exact fraction so that schedules do not drift.
///
/// Written `20/s`, `600/min` or `1/h`, with up to three decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    thousandths: u64,
    period_nanos: u64,
}

impl Rate {
    /// `thousandths / 1000` arrivals in each `period`; `None` where either is zero.
    pub fn new(thousandths: u64, period: Duration) -> Option<Self> {
        let period_nanos = super::convert::nanos(period);
        (thousandths > 0 && period_nanos > 0).then_some(Self { thousandths, period_nanos })
    }

    /// The rate nearest to `rate` requests per second, in thousandths; `None` unless above 0.
    pub fn per_second(rate: f64) -> Option<Self> {
        Self::new(whole(rate * 1e3), Duration::from_secs(1))
    }

    /// Requests per second.
    pub fn as_per_second(self) -> f64 {
        float(self.thousandths) / 1e3 / (float(self.period_nanos) / 1e9)
    }

    /// When arrival `index` of a constant schedule is due, counted from the first, which is
    /// due at zero. Computed from `index`, so rounding errors never add up.
    pub fn offset(self, index: u64) -> Duration {
        let nanos = u128::from(index) * u128::from(self.period_nanos) * 1_000
            / u128::from(self.thousandths);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The mean time between two arrivals, in nanoseconds.
    pub fn mean_gap_nanos(self) -> f64 {
        float(self.period_nanos) * 1e3 / float(self.thousandths)
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refused = || UnitError { found: text.to_owned(), expected: EXPECTED };
        let (number, unit) = text.split_once('/').ok_or_else(refused)?;
        let seconds = match unit.trim() {
            "s" | "sec" | "second" => 1,
            "min" | "m" | "minute" => 60,
            "h" | "hour" => 3_600,
            _ => return Err(refused()),
        };
        let number: f64 = number.trim().parse().map_err(|_| refused())?;
        Self::new(whole(number * 1e3), Duration::from_nanos(seconds * NANOS_PER_SECOND))
            .filter(|_| number.is_finite())
            .ok_or_else(refused)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.period_nanos / NANOS_PER_SECOND {
            60 => "min",
            3_600 => "h",
            _ => return write!(f, "{}/s", self.as_per_second()),
        };
        write!(f, "{}/{unit}", float(self.thousandths) / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Rate;

    #[test]
    fn rates_read_and_print_as_written() {
        for text in ["20/s", "0.5/s", "600/min", "1/h"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in ["0/s", "-1/s", "20", "x/s", "20/day", "inf/s", "NaN/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_third_of_a_second_does_not_drift() {
        let rate: Rate = "3/s".parse().unwrap();
        assert_eq!(rate.offset(3_000_000), Duration::from_secs(1_000_000));
    }
}
