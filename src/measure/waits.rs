//! How long things waited for the client.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::distributions::{add_histogram, empty_histogram, record_n};
use super::figures::value_at;
use crate::units::nanos;

/// How long things waited for the client: arrivals that were due, bytes that could be read.
#[derive(Clone, PartialEq)]
pub struct Waits(Histogram<u64>);

impl Waits {
    /// No waits yet.
    pub fn new() -> Self {
        Self(empty_histogram())
    }

    /// Adds one wait.
    pub fn record(&mut self, wait: Duration) {
        record_n(&mut self.0, nanos(wait), 1);
    }

    /// Adds the waits of another thread or round.
    pub fn merge(&mut self, other: &Self) {
        add_histogram(&mut self.0, &other.0);
    }

    /// How many waits.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The wait at a percentile, from 0 to 100; `None` without waits.
    pub fn at(&self, percentile: f64) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_nanos(value_at(&self.0, percentile)))
    }

    /// The longest wait; `None` without waits.
    pub fn worst(&self) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_nanos(self.0.max()))
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(waits) = self;
        write!(f, "Waits({}: mean {} ns, longest {} ns)", waits.len(), waits.mean(), waits.max())
    }
}

impl Default for Waits {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Waits;

    #[test]
    fn without_waits_there_are_no_figures() {
        let waits = Waits::new();
        assert_eq!((waits.count(), waits.at(50.0), waits.worst()), (0, None, None));
    }

    #[test]
    fn the_waits_of_all_threads_add_up() {
        let [mut one, mut other] = [Waits::new(), Waits::new()];
        one.record(Duration::from_nanos(100));
        other.record(Duration::from_nanos(900));
        other.record(Duration::from_nanos(300));
        one.merge(&other);
        assert_eq!((one.count(), one.at(50.0)), (3, Some(Duration::from_nanos(300))));
        assert_eq!(one.worst(), Some(Duration::from_nanos(900)));
    }
}
