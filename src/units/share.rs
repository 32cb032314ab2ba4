//! Shares of a whole.

use std::fmt;
use std::str::FromStr;

use super::UnitError;

const EXPECTED: &str = "a share from 0% to 100%; write `5%`";

/// A share from 0 to 1, written as `5%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    /// Nothing.
    pub const ZERO: Self = Self(0.0);

    /// `value` as a share; `None` outside 0 to 1.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The share as a number from 0 to 1.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Share {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        text.strip_suffix('%')
            .and_then(|number| number.trim().parse::<f64>().ok())
            .and_then(|percent| Self::new(percent / 100.0))
            .ok_or_else(|| UnitError { found: text.to_owned(), expected: EXPECTED })
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", (self.0 * 1e8).round() / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn shares_read_and_print_as_written() {
        for text in ["0%", "5%", "0.1%", "100%"] {
            assert_eq!(text.parse::<Share>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["5", "-1%", "101%", "x%", "NaN%"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
