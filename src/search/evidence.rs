//! The requests of a probe, in the order in which they were due.

use crate::metric::{FigureKey, Metric, Threshold};
use crate::units::index;

/// What one measured request says of the limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its position among the measured requests of the probe, from 0.
    pub index: u64,
    /// Whether it failed.
    pub failed: bool,
    /// Whether it kept to every SLO.
    pub good: bool,
    /// What settles: the time to first token, or to the last where there is none; in ms.
    pub latency: Option<f64>,
    /// The metric of each limit, in the unit it is shown in; `None` where the request has none.
    pub values: Box<[Option<f64>]>,
}

impl Sample {
    /// Whether it is on the wrong side of limit number `place`; `None` where it says nothing.
    pub(super) fn breaks(&self, place: usize, limit: &Threshold) -> Option<bool> {
        match limit.figure {
            FigureKey::Window(Metric::ErrorRate) => Some(self.failed),
            FigureKey::Window(_) => Some(!self.good),
            FigureKey::Statistic(..) => {
                self.values[place].map(|value| !limit.comparison.holds(value, limit.limit))
            }
        }
    }
}

/// The requests of a probe as they come in.
///
/// Those that ended are no fair sample of those that were due: the slow ones are missing. So
/// before the end only those count that all earlier ones have joined.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    samples: Vec<Option<Sample>>,
    whole: usize,
}

impl Evidence {
    /// Adds a request that has ended.
    pub fn add(&mut self, sample: Sample) {
        let place = index(sample.index);
        if self.samples.len() <= place {
            self.samples.resize(place + 1, None);
        }
        self.samples[place] = Some(sample);
        while self.samples.get(self.whole).is_some_and(Option::is_some) {
            self.whole += 1;
        }
    }

    /// The latencies of the requests that have ended with all that were due before them, in order.
    pub fn latencies(&self) -> Vec<f64> {
        self.so_far().iter().filter_map(|sample| sample.latency).collect()
    }

    /// How many requests have ended with all that were due before them.
    pub const fn whole(&self) -> usize {
        self.whole
    }

    /// Those requests.
    pub(super) fn so_far(&self) -> Vec<&Sample> {
        self.samples[..self.whole].iter().flatten().collect()
    }

    /// Every request that has ended.
    pub(super) fn all(&self) -> Vec<&Sample> {
        self.samples.iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Sample};

    #[test]
    fn a_request_counts_once_all_before_it_have_ended() {
        let mut evidence = Evidence::default();
        for (index, whole) in [(0, 1), (2, 1), (3, 1), (1, 4), (5, 4)] {
            let sample =
                Sample { index, failed: false, good: true, latency: None, values: Box::new([]) };
            evidence.add(sample);
            assert_eq!(evidence.whole(), whole);
        }
        assert_eq!((evidence.so_far().len(), evidence.all().len()), (4, 5));
    }
}
