//! Over-saturation: more comes in than goes out, and there is no steady state to be measured.

use crate::audit::rise;
use crate::units::{count, float};

/// Counts of requests in flight below which nothing is said.
const FEWEST: usize = 20;
/// Parts of the window of which the first and the last are compared.
const PARTS: usize = 10;
/// Rank correlation with time from which a series rises: at most 4 of 45 pairs are out of order.
const RISES: f64 = 0.8;
/// Share of the arrivals that must pile up.
const PILED_UP: f64 = 0.05;
/// Standard deviations of what piles up by chance at a server that can just keep up: the difference
/// of two Poisson counts.
const CHANCE: f64 = 3.0;

/// A server that gets more than it can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overload {
    /// Requests in flight on average in the first tenth of the window.
    pub first: f64,
    /// And in the last.
    pub last: f64,
}

impl Overload {
    /// Whether requests in flight and latencies, both in their order of time, rose all the time, and
    /// more piled up of `arrivals` than by chance.
    pub fn of(in_flight: &[f64], latencies: &[f64], arrivals: u64) -> Option<Self> {
        if in_flight.len() < FEWEST || latencies.len() < FEWEST {
            return None;
        }
        let part = in_flight.len() / PARTS;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / float(count(values.len()));
        let (first, last) = (mean(&in_flight[..part]), mean(&in_flight[in_flight.len() - part..]));
        let arrivals = float(arrivals);
        let must_pile_up = (PILED_UP * arrivals).max(CHANCE * (2.0 * arrivals).sqrt());
        let piles_up = last - first >= must_pile_up;
        let both_rise = rise(in_flight) >= RISES && rise(latencies) >= RISES;
        (piles_up && both_rise).then_some(Self { first, last })
    }
}

#[cfg(test)]
mod tests {
    use super::Overload;
    use crate::search::queue::{Queue, Service};

    fn overload(rate: f64, seed: u64) -> Option<Overload> {
        let queue = Queue { servers: 4, service: Service::Exponential(0.1) };
        let run = queue.serve(rate, 60.0, seed);
        let latencies: Vec<_> = run.waits.iter().map(|wait| wait * 1e3).collect();
        Overload::of(&run.in_flight, &latencies, u64::try_from(run.waits.len()).unwrap())
    }

    /// Four servers of ten requests per second each.
    #[test]
    fn a_queue_beyond_its_capacity_is_overloaded_and_one_within_it_is_not() {
        let called = |rate: f64| (0..20).filter(|seed| overload(rate, *seed).is_some()).count();
        assert_eq!([36.0, 38.0].map(called), [0, 0]);
        assert_eq!(called(60.0), 20);
        let found = overload(60.0, 1).unwrap();
        assert!(found.last > 10.0 * found.first, "{found:?}");
    }
}
