//! The date and time of day, for people.

use std::fmt;

use jiff::Timestamp;

/// A date and time in UTC; printed like `2026-11-22T13:07:50Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime(Timestamp);

impl WallTime {
    /// The present date and time.
    pub fn now() -> Self {
        Self(Timestamp::now())
    }

    /// The date and time `millis` milliseconds after 1970; the epoch itself if out of range.
    pub fn from_unix_millis(millis: i64) -> Self {
        Self(Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// The date and time of a text as [`WallTime::with_millis`] makes it; `None` of any other.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// Milliseconds since 1970.
    pub fn unix_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// With milliseconds, which tells runs of the same second apart: `2026-11-22T13:07:50.250Z`.
    pub fn with_millis(self) -> String {
        format!("{:.3}", self.0)
    }

    /// A name for folders that sorts by time: `20261122T130750Z`.
    pub fn folder_name(self) -> String {
        self.to_string().replace(['-', ':'], "")
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::WallTime;

    #[test]
    fn wall_time_prints_in_utc_without_fractions() {
        let time = WallTime::from_unix_millis(1_795_352_870_250);
        assert_eq!(time.to_string(), "2026-11-22T13:07:50Z");
        assert_eq!(time.with_millis(), "2026-11-22T13:07:50.250Z");
        assert_eq!(time.folder_name(), "20261122T130750Z");
        assert_eq!(WallTime::parse(&time.with_millis()), Some(time));
        assert_eq!(WallTime::parse("yesterday"), None);
    }
}
