//! The median latency of each minute of a cell: little enough to keep for days.

use hdrhistogram::Histogram;

use super::distributions::empty_histogram;
use super::figures::value_at;
use super::interval::{CellPhase, Interval};
use crate::metric::Metric;
use crate::units::float;

/// Intervals in a minute.
const SECONDS: u64 = 60;

/// The median time to first token (latency, where nothing is streamed) of each whole minute of the
/// measured window, in ms.
#[derive(Debug)]
pub struct MinuteMedians {
    minute: Histogram<u64>,
    seconds: u64,
    medians: Vec<f64>,
}

impl MinuteMedians {
    /// Takes in the next second.
    pub fn add(&mut self, interval: &Interval) {
        if interval.phase != CellPhase::Measure {
            return;
        }
        let mut latency = [Metric::Ttft, Metric::E2e].into_iter();
        if let Some(second) = latency.find_map(|metric| interval.distribution(metric)) {
            // Both are made alike, so that one fits into the other.
            self.minute.add(second).unwrap_or_default();
        }
        self.seconds += 1;
        if self.seconds == SECONDS {
            if !self.minute.is_empty() {
                self.medians.push(float(value_at(&self.minute, 50.0)) / 1e6);
            }
            self.minute.reset();
            self.seconds = 0;
        }
    }

    /// The medians until now, in order.
    pub fn medians(&self) -> &[f64] {
        &self.medians
    }
}

impl Default for MinuteMedians {
    fn default() -> Self {
        Self { minute: empty_histogram(), seconds: 0, medians: Vec::new() }
    }
}
