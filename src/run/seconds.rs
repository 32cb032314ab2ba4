//! Puts the seconds of a cell together from what its workers hand over.
//!
//! All workers keep to the same grid of seconds, counted from the begin of the cell. A second
//! is whole once every worker has gone past it; then it becomes an [`Interval`]. Nothing is
//! lost: what comes for a second that was told already belongs to the oldest one that was not,
//! and what is left at the end becomes the last ones.

use std::collections::BTreeMap;

use super::offered::Offered;
use crate::measure::{Interval, Recorder, RequestRow, Timeline, Window};
use crate::units::Moment;

/// Seconds that wait at most for a worker that does not report; beyond, what it brings counts
/// in a later second. Bounds the memory that a stuck worker costs.
const SECONDS_WAITING: u64 = 4;

/// What one worker has finished in a second.
#[derive(Debug)]
pub(super) struct Batch {
    /// The second it was in.
    pub(super) second: u64,
    /// The second the worker is in now; all before it are over for this worker.
    pub(super) until: u64,
    pub(super) recorder: Recorder,
    pub(super) rows: Vec<RequestRow>,
}

/// The seconds of one cell that are not whole yet.
pub(super) struct Seconds {
    timeline: Timeline,
    workers: usize,
    open: BTreeMap<u64, Part>,
    offered: Vec<Offered>,
    blank: Recorder,
}

/// What there is of one second.
#[derive(Default)]
struct Part {
    recorder: Option<Recorder>,
    workers_past: usize,
}

impl Seconds {
    /// The seconds of a cell that begins at `began_at`; `blank` is a recorder that has seen
    /// nothing.
    pub(super) fn new(began_at: Moment, workers: usize, blank: Recorder) -> Self {
        let timeline = Timeline::new(began_at);
        Self { timeline, workers, open: BTreeMap::new(), offered: Vec::new(), blank }
    }

    /// From now on these arrivals come due. Without any, a request is due when it is sent.
    pub(super) fn expect(&mut self, arrivals: Offered) {
        self.offered.push(arrivals);
    }

    /// Takes in what a worker handed over.
    pub(super) fn take_in(&mut self, batch: Batch) {
        let oldest = self.timeline.second();
        self.open.entry(batch.second.max(oldest)).or_default().add(batch.recorder);
        for second in batch.second.max(oldest)..batch.until {
            self.open.entry(second).or_default().workers_past += 1;
        }
    }

    /// The next second, if it is whole.
    pub(super) fn next_whole(&mut self, window: &Window) -> Option<Interval> {
        let second = self.timeline.second();
        let newest = *self.open.last_key_value()?.0;
        let is_whole = self.open.get(&second)?.workers_past >= self.workers;
        if !is_whole && newest - second < SECONDS_WAITING {
            return None;
        }
        Some(self.close(self.timeline.ends_at(), None, window))
    }

    /// The next second of a cell whose workers have all left at `now`; `None` after the last.
    /// `unsent` requests were due and never handed out.
    pub(super) fn next_left(
        &mut self,
        now: Moment,
        unsent: u64,
        window: &Window,
    ) -> Option<Interval> {
        let newest = *self.open.last_key_value()?.0;
        let is_last = newest <= self.timeline.second();
        let until = if is_last { now } else { self.timeline.ends_at() };
        Some(self.close(until, is_last.then_some(unsent), window))
    }

    fn close(&mut self, until: Moment, unsent: Option<u64>, window: &Window) -> Interval {
        let part = self.open.remove(&self.timeline.second()).unwrap_or_default();
        let recorder = part.recorder.unwrap_or_else(|| self.blank.clone());
        let due = match unsent {
            Some(unsent) => self.timeline.due_left(&recorder, unsent),
            None if self.offered.is_empty() => recorder.activity().sent,
            None => self.offered.iter_mut().map(|o| o.due_before(until, window)).sum(),
        };
        self.timeline.close(recorder, due, until, window)
    }
}

impl Part {
    fn add(&mut self, recorder: Recorder) {
        match &mut self.recorder {
            Some(ours) => ours.merge(&recorder),
            None => self.recorder = Some(recorder),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::offered::{Bounds, Offered};
    use super::{Batch, SECONDS_WAITING, Seconds};
    use crate::load::{Purpose, Schedule, Stream};
    use crate::measure::{Interval, Recorded, Recorder, RecordingRules, Window};
    use crate::openai::Endpoint;
    use crate::record::{Outcome, Phase, RequestRecord};
    use crate::scenario::{ArrivalProcess, Course, Slo};
    use crate::units::Moment;

    const WINDOW: Window = Window { opened_at: Moment::ZERO, closed_at: Moment::NEVER };

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    fn recorder() -> Recorder {
        Recorder::new(RecordingRules {
            slo: Slo::default(),
            of: Recorded::Requests(Endpoint::Chat),
        })
    }

    fn seconds(workers: usize) -> Seconds {
        Seconds::new(at(0), workers, recorder())
    }

    /// A batch of so many requests that were sent and ended.
    fn batch(second: u64, until: u64, requests: u64) -> Batch {
        let mut recorder = recorder();
        for index in 0..requests {
            recorder.note_sent();
            let mut record = RequestRecord::due(0, index, Phase::Measure, at(second * 1_000));
            record.outcome = Outcome::Completed { capped: false };
            recorder.record(&record, &WINDOW);
        }
        Batch { second, until, recorder, rows: Vec::new() }
    }

    fn shown(interval: &Interval) -> (u64, u64, u64) {
        (interval.second, interval.due, interval.activity.finished)
    }

    fn whole(seconds: &mut Seconds) -> Vec<(u64, u64, u64)> {
        std::iter::from_fn(|| seconds.next_whole(&WINDOW).as_ref().map(shown)).collect()
    }

    fn left(seconds: &mut Seconds, unsent: u64) -> Vec<(u64, u64, u64)> {
        let next = || seconds.next_left(at(9_999), unsent, &WINDOW).as_ref().map(shown);
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn a_second_is_whole_once_every_worker_is_past_it() {
        let mut seconds = seconds(2);
        seconds.take_in(batch(0, 1, 3));
        assert_eq!(whole(&mut seconds), []);
        seconds.take_in(batch(1, 2, 1));
        seconds.take_in(batch(0, 1, 2));
        assert_eq!(whole(&mut seconds), [(0, 5, 5)]);
        seconds.take_in(batch(1, 2, 4));
        assert_eq!(whole(&mut seconds), [(1, 5, 5)]);
    }

    #[test]
    fn seconds_in_which_a_worker_stood_still_are_there_too() {
        let mut seconds = seconds(1);
        seconds.take_in(batch(0, 3, 2));
        assert_eq!(whole(&mut seconds), [(0, 2, 2), (1, 0, 0), (2, 0, 0)]);
    }

    #[test]
    fn nobody_waits_for_ever_and_what_comes_late_counts_later() {
        let mut seconds = seconds(2);
        for second in 0..=SECONDS_WAITING {
            seconds.take_in(batch(second, second + 1, 1));
        }
        assert_eq!(whole(&mut seconds), [(0, 1, 1)]);
        seconds.take_in(batch(0, 2, 7));
        assert_eq!(whole(&mut seconds), [(1, 8, 8)]);
    }

    #[test]
    fn the_rest_becomes_the_last_seconds() {
        let mut seconds = seconds(2);
        seconds.take_in(batch(0, 1, 1));
        seconds.take_in(batch(0, 0, 2));
        seconds.take_in(batch(2, 2, 4));
        assert_eq!(whole(&mut seconds), []);
        assert_eq!(left(&mut seconds, 0), [(0, 3, 3), (1, 0, 0), (2, 4, 4)]);
        assert_eq!(left(&mut seconds, 0), []);
    }

    #[test]
    fn arrivals_are_due_although_they_are_held_back() {
        let mut seconds = seconds(1);
        let stream = Stream { purpose: Purpose::Arrivals, round: 0, stage: 0, workload: 0 };
        let rate = Course::Steady("5/s".parse().unwrap());
        let (lead, process) = (Duration::ZERO, ArrivalProcess::Constant);
        let schedule = Schedule::new(&rate, lead, process, stream.generator(1));
        let bounds = Bounds { warmup: None, measured: Some(12) };
        seconds.expect(Offered::new(schedule, at(0), bounds));
        seconds.take_in(batch(0, 1, 1));
        seconds.take_in(batch(1, 2, 2));
        assert_eq!(whole(&mut seconds), [(0, 5, 1), (1, 5, 2)]);
        seconds.take_in(batch(2, 2, 1));
        assert_eq!(left(&mut seconds, 8), [(2, 2, 1)]);
    }

    proptest! {
        /// Whatever the workers' steps and in whatever order they come.
        #[test]
        fn nothing_is_lost_and_no_second_is_left_out(
            steps in prop::collection::vec((0_usize..3, 1_u64..8, 0_u64..4), 0..60),
            unsent in 0_u64..5,
        ) {
            let mut seconds = seconds(3);
            let (mut at, mut told, mut sent) = ([0_u64; 3], Vec::new(), 0);
            for (worker, step, requests) in steps {
                let until = at[worker] + step;
                seconds.take_in(batch(at[worker], until, requests));
                at[worker] = until;
                sent += requests;
                told.extend(whole(&mut seconds));
            }
            for second in at {
                seconds.take_in(batch(second, second, 1));
            }
            told.extend(left(&mut seconds, unsent));
            let numbers: Vec<_> = told.iter().map(|(second, _, _)| *second).collect();
            let last = numbers.last().copied().unwrap_or(0);
            prop_assert_eq!(numbers, (0..=last).collect::<Vec<_>>());
            let due: u64 = told.iter().map(|(_, due, _)| due).sum();
            let finished: u64 = told.iter().map(|(_, _, finished)| finished).sum();
            prop_assert_eq!((due, finished), (sent + 3 + unsent, sent + 3));
        }
    }
}
