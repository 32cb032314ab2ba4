//! What the files of rows tell besides the result: the seconds of the cells, and single requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::measure::CellPhase;
use crate::metric::{Metric, ServerMeter};

/// Most requests kept of one cell, besides its extremes.
const MOST_POINTS: usize = 1_000;

/// The rows of a run, as far as pictures need them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunRows {
    /// The seconds of all cells, as they stand in `timeseries.csv`.
    pub seconds: Vec<SecondRow>,
    /// Answered requests whose input was counted.
    pub inputs: InputSample,
}

/// What the cell of a row is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowPlace {
    /// Name of its backend.
    pub backend: String,
    /// Name of its workload.
    pub workload: String,
    /// Label of its stage.
    pub stage: String,
    /// Its round, from 0.
    pub round: u32,
}

/// A second of a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct SecondRow {
    /// Number of its cell.
    pub cell: u32,
    /// What its cell is called; the result of a run that broke off may not know the cell.
    pub place: Arc<RowPlace>,
    /// When it began, in seconds since the run's start.
    pub start_s: f64,
    /// How long it took, in seconds.
    pub length_s: f64,
    /// The phase its middle lay in.
    pub phase: CellPhase,
    /// Requests that were due.
    pub due: f64,
    /// Requests that were sent.
    pub sent: f64,
    /// Requests that ended.
    pub finished: f64,
    /// Of these: failed.
    pub failed: f64,
    /// Requests in flight at its end.
    pub in_flight: f64,
    /// Output tokens that arrived.
    pub output_tokens: f64,
    /// Percentiles of the requests that ended in it, in milliseconds, in the order of
    /// [`SecondRow::LATENCIES`]; `None` where there are none.
    pub latencies: [Option<f64>; Self::LATENCIES.len()],
    /// What the server told of itself in it.
    pub server: BTreeMap<ServerMeter, f64>,
}

impl SecondRow {
    /// The percentiles of latencies that are kept for each second.
    pub const LATENCIES: [(Metric, f64); 9] = [
        (Metric::Ttft, 50.0),
        (Metric::Ttft, 99.0),
        (Metric::Itl, 50.0),
        (Metric::Itl, 99.0),
        (Metric::Icl, 50.0),
        (Metric::Icl, 99.0),
        (Metric::E2e, 50.0),
        (Metric::E2e, 99.0),
        (Metric::ScheduleDelay, 99.0),
    ];

    /// One of these percentiles; `None` where it is none of them, or there is no value.
    pub fn latency(&self, metric: Metric, percentile: f64) -> Option<f64> {
        let is_it = |(of, at): &(Metric, f64)| *of == metric && (at - percentile).abs() < 1e-9;
        let place = Self::LATENCIES.iter().position(is_it)?;
        self.latencies[place]
    }
}

/// An answered request: how long its input was, and how long its first token took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputPoint {
    /// Input tokens, as counted.
    pub input_tokens: f64,
    /// Time to first token, in milliseconds.
    pub ttft_ms: f64,
}

/// A bounded sample of requests for each cell: evenly spread over the requests as they come, and
/// always with the shortest and longest input, and the least and most time to first token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputSample {
    cells: BTreeMap<u32, CellSample>,
}

impl InputSample {
    /// Adds a request of a cell.
    pub fn push(&mut self, cell: u32, point: InputPoint) {
        self.cells.entry(cell).or_default().push(point);
    }

    /// What was kept of a cell.
    pub fn of(&self, cell: u32) -> Vec<InputPoint> {
        self.cells.get(&cell).map(CellSample::all).unwrap_or_default()
    }

    /// How many requests of a cell there were.
    pub fn seen(&self, cell: u32) -> u64 {
        self.cells.get(&cell).map_or(0, |sample| sample.seen)
    }
}

/// Every n-th request of a cell; n doubles whenever there are too many.
#[derive(Clone, Debug, Default, PartialEq)]
struct CellSample {
    seen: u64,
    every: u64,
    kept: Vec<InputPoint>,
    /// Shortest, longest, fastest, slowest.
    extremes: Vec<InputPoint>,
}

impl CellSample {
    fn push(&mut self, point: InputPoint) {
        self.every = self.every.max(1);
        if self.seen.is_multiple_of(self.every) {
            self.kept.push(point);
        }
        self.seen += 1;
        if self.kept.len() > MOST_POINTS {
            let mut number = 0_u32;
            self.kept.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.every *= 2;
        }
        match self.extremes.as_mut_slice() {
            [shortest, longest, fastest, slowest] => {
                let replace = |extreme: &mut InputPoint, goes_beyond: bool| {
                    if goes_beyond {
                        *extreme = point;
                    }
                };
                replace(shortest, point.input_tokens < shortest.input_tokens);
                replace(longest, point.input_tokens > longest.input_tokens);
                replace(fastest, point.ttft_ms < fastest.ttft_ms);
                replace(slowest, point.ttft_ms > slowest.ttft_ms);
            }
            _ => self.extremes = vec![point; 4],
        }
    }

    fn all(&self) -> Vec<InputPoint> {
        let mut all = self.kept.clone();
        for extreme in &self.extremes {
            if !all.contains(extreme) {
                all.push(*extreme);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::{InputPoint, InputSample, MOST_POINTS};
    use crate::units::float;

    #[test]
    fn a_sample_is_bounded_and_keeps_the_extremes() {
        let mut sample = InputSample::default();
        for number in 0..100_000_u64 {
            let slowest = number == 54_321;
            let ttft_ms = if slowest { 9_999.0 } else { 10.0 + float(number % 7) };
            sample.push(3, InputPoint { input_tokens: float(number), ttft_ms });
        }
        let kept = sample.of(3);
        assert!(kept.len() > MOST_POINTS / 2 && kept.len() <= MOST_POINTS + 4, "{}", kept.len());
        assert!(kept.iter().any(|point| point.ttft_ms > 9_000.0));
        assert!(kept.iter().any(|point| point.input_tokens > 99_998.0));
        assert_eq!((sample.seen(3), sample.seen(4)), (100_000, 0));
        assert!(sample.of(4).is_empty());
    }

    #[test]
    fn a_small_sample_is_everything() {
        let mut sample = InputSample::default();
        let point = InputPoint { input_tokens: 5.0, ttft_ms: 1.0 };
        sample.push(0, point);
        assert_eq!(sample.of(0), [point]);
    }
}
