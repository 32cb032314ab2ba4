//! How fast something is played.

use std::fmt;

use super::convert::{float, whole};

/// How many times as fast as recorded, in thousandths and so exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed(u64);

impl Speed {
    /// As recorded.
    pub const ONE: Self = Self(1_000);

    /// The speed nearest to `factor`; `None` unless it is 0.001 to 1,000.
    pub fn new(factor: f64) -> Option<Self> {
        let thousandths = whole(factor * 1e3);
        (1..=1_000_000).contains(&thousandths).then_some(Self(thousandths))
    }

    /// How many times as fast.
    pub fn as_factor(self) -> f64 {
        float(self.0) / 1e3
    }

    /// The nanoseconds that `nanos` recorded ones take; rounded down, saturating.
    pub fn played(self, nanos: u128) -> u64 {
        u64::try_from(nanos.saturating_mul(1_000) / u128::from(self.0)).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x", self.as_factor())
    }
}

#[cfg(test)]
mod tests {
    use super::Speed;

    #[test]
    fn twice_as_fast_takes_half_the_time() {
        let speed = Speed::new(2.0).unwrap();
        assert_eq!((speed.played(3), speed.played(1_000_000_000)), (1, 500_000_000));
        assert_eq!(Speed::new(0.25).unwrap().played(10), 40);
        assert_eq!((speed.to_string(), Speed::ONE.to_string()), ("2x".into(), "1x".into()));
    }

    #[test]
    fn a_speed_that_is_none_is_refused() {
        assert_eq!([0.0, -1.0, f64::NAN, 0.000_1, 2_000.0].map(Speed::new), [None; 5]);
    }

    #[test]
    fn no_length_of_time_overflows() {
        assert_eq!(Speed::new(0.001).unwrap().played(u128::MAX), u64::MAX);
    }
}
