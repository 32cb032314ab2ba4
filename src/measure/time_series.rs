//! How something went over time, in few enough steps to keep.

use std::time::Duration;

use crate::units::{float, index, nanos};

/// The first length of a step: fine enough for a window of a few seconds.
const FIRST_STEP: Duration = Duration::from_millis(10);
/// Most steps. From here on steps double in length, so that a run of any length takes 16 KiB
/// and always has more than half as many.
const STEPS: u64 = 1_024;

/// Means over time, in at most 1,024 steps of equal length.
///
/// Steps grow with the latest value, and by doubling, so that series of any threads merge into
/// what one series of all their values would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeSeries {
    step: Duration,
    steps: Vec<Step>,
}

/// The values of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Step {
    count: u64,
    sum: u64,
}

impl TimeSeries {
    /// A series without values.
    pub const fn new() -> Self {
        Self { step: FIRST_STEP, steps: Vec::new() }
    }

    /// Adds a value at `at` since the beginning.
    pub fn record(&mut self, at: Duration, value: u64) {
        self.widen_for(at);
        let place = index(self.place(at));
        if self.steps.len() <= place {
            self.steps.resize(place + 1, Step::default());
        }
        let step = &mut self.steps[place];
        step.count += 1;
        step.sum = step.sum.saturating_add(value);
    }

    /// Adds the values of another series with the same beginning.
    pub fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        while self.step < other.step {
            self.widen();
        }
        while other.step < self.step {
            other.widen();
        }
        if self.steps.len() < other.steps.len() {
            self.steps.resize(other.steps.len(), Step::default());
        }
        for (ours, theirs) in self.steps.iter_mut().zip(&other.steps) {
            ours.add(theirs);
        }
    }

    /// The mean of each step that has values, with when the step began.
    pub fn means(&self) -> Vec<(Duration, f64)> {
        let filled = (0_u32..).zip(&self.steps).filter(|(_, step)| step.count > 0);
        filled
            .map(|(number, step)| (self.step * number, float(step.sum) / float(step.count)))
            .collect()
    }

    fn place(&self, at: Duration) -> u64 {
        nanos(at) / nanos(self.step)
    }

    fn widen_for(&mut self, at: Duration) {
        while self.place(at) >= STEPS {
            self.widen();
        }
    }

    fn widen(&mut self) {
        self.step *= 2;
        let pairs = self.steps.chunks(2).map(|pair| {
            let mut sum = Step::default();
            for step in pair {
                sum.add(step);
            }
            sum
        });
        self.steps = pairs.collect();
    }
}

impl Default for TimeSeries {
    fn default() -> Self {
        Self::new()
    }
}

impl Step {
    const fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{STEPS, TimeSeries};
    use crate::units::count;

    fn series(values: &[(u64, u64)]) -> TimeSeries {
        let mut series = TimeSeries::new();
        for (at, value) in values {
            series.record(Duration::from_millis(*at), *value);
        }
        series
    }

    #[test]
    fn a_step_tells_its_mean_and_its_beginning() {
        let means = series(&[(0, 4), (9, 6), (35, 8)]).means();
        assert_eq!(means, [(Duration::ZERO, 5.0), (Duration::from_millis(30), 8.0)]);
        assert_eq!(TimeSeries::new().means(), []);
    }

    #[test]
    fn an_hour_fits_into_as_many_steps_as_ten_seconds() {
        let hour: Vec<_> = (0..3_600).map(|second| (second * 1_000, second)).collect();
        let means = series(&hour).means();
        assert!(count(means.len()) > STEPS / 2 && count(means.len()) <= STEPS, "{}", means.len());
        let last = means.last().unwrap();
        assert!(last.0 < Duration::from_hours(1) && last.1 > 3_590.0, "{last:?}");
    }

    proptest! {
        #[test]
        fn merging_is_recording_all(
            one in prop::collection::vec((0_u64..100_000, 0_u64..1_000), 0..50),
            other in prop::collection::vec((0_u64..100_000, 0_u64..1_000), 0..50),
        ) {
            let mut merged = series(&one);
            merged.merge(&series(&other));
            prop_assert_eq!(merged, series(&[one, other].concat()));
        }
    }
}
