//! Little's law, as a check of what was measured.
//!
//! # Source
//!
//! Little, "A proof for the queuing formula L = λW", Operations Research 9 (1961).

/// Shares further apart than this are no noise.
const TOLERATED: f64 = 0.1;

/// A load at which requests in flight are not what throughput and response time say.
#[derive(Clone, Debug, PartialEq)]
pub struct Imbalance {
    /// Label of the stage.
    pub stage: String,
    /// Requests in flight, as they were counted.
    pub in_flight: f64,
    /// Throughput times mean response time.
    pub expected: f64,
}

impl Imbalance {
    /// What is wrong at a load; `None` where the law holds.
    pub(super) fn of(
        stage: &str,
        in_flight: f64,
        throughput: f64,
        response_s: f64,
    ) -> Option<Self> {
        let expected = throughput * response_s;
        let apart = (in_flight - expected).abs() / in_flight.max(f64::MIN_POSITIVE);
        (in_flight > 0.0 && apart > TOLERATED).then(|| Self {
            stage: stage.to_owned(),
            in_flight,
            expected,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Imbalance;

    #[test]
    fn in_flight_is_throughput_times_response_time() {
        assert_eq!(Imbalance::of("c 8", 8.0, 4.0, 2.05), None);
        let found = Imbalance::of("c 8", 8.0, 4.0, 1.0).unwrap();
        assert!((found.expected - 4.0).abs() < 1e-9);
        assert_eq!(Imbalance::of("c 0", 0.0, 0.0, 1.0), None);
    }
}
