//! A cell second by second.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::activity::{Activity, TokenFlow};
use super::figures::value_at;
use super::recorder::Recorder;
use super::summary::Window;
use crate::metric::Metric;
use crate::units::Moment;

/// Length of an interval: how often figures are told while a cell runs.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// One second of a cell; the last one may be shorter.
///
/// All intervals of a cell together are the cell: their requests add up to its totals, and
/// their distributions to those of its summary.
#[derive(Clone, Debug)]
pub struct Interval {
    /// Its number, from 0, counted from the begin of the cell.
    pub second: u64,
    /// When it began.
    pub start_at: Moment,
    /// How long it took.
    pub length: Duration,
    /// The phase its middle lay in.
    pub phase: CellPhase,
    /// Requests that were due, sent or not.
    pub due: u64,
    /// Requests in flight at its end.
    pub in_flight: u64,
    /// Output tokens that arrived, whichever requests they belong to.
    pub output_tokens: u64,
    /// What else went on.
    pub activity: Activity,
    recorder: Recorder,
}

impl Interval {
    /// The distribution of `metric` over the measured requests that ended in the interval, in
    /// recorded units; `None` where it has no values.
    pub fn distribution(&self, metric: Metric) -> Option<&Histogram<u64>> {
        self.recorder.distribution(metric)
    }

    /// A percentile (0 to 100) of that distribution, in recorded units.
    pub fn percentile(&self, metric: Metric, percentile: f64) -> Option<u64> {
        self.distribution(metric).map(|histogram| value_at(histogram, percentile))
    }

    /// Everything that was recorded in it.
    pub const fn recorder(&self) -> &Recorder {
        &self.recorder
    }
}

/// What a cell does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellPhase {
    /// Warms the server up.
    Warmup,
    /// Hands out requests that are measured.
    Measure,
    /// Waits for answers; hands out no more requests.
    Drain,
}

impl CellPhase {
    /// The phase as it stands in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Warmup => "warmup",
            Self::Measure => "measure",
            Self::Drain => "drain",
        }
    }

    /// The phase of that name in files, or `None`.
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::Warmup, Self::Measure, Self::Drain].into_iter().find(|phase| phase.key() == key)
    }

    /// The phase at `moment` of a cell with this window.
    pub fn at(moment: Moment, window: &Window) -> Self {
        if moment < window.opened_at {
            Self::Warmup
        } else if moment < window.closed_at {
            Self::Measure
        } else {
            Self::Drain
        }
    }
}

/// Makes the intervals of one cell, one after the other.
#[derive(Clone, Debug)]
pub struct Timeline {
    began_at: Moment,
    second: u64,
    due: u64,
    total: Activity,
    flow: TokenFlow,
}

impl Timeline {
    /// The timeline of a cell that begins at `began_at`.
    pub fn new(began_at: Moment) -> Self {
        let (total, flow) = (Activity::default(), TokenFlow::default());
        Self { began_at, second: 0, due: 0, total, flow }
    }

    /// The number of the next interval.
    pub const fn second(&self) -> u64 {
        self.second
    }

    /// When the next interval ends.
    pub fn ends_at(&self) -> Moment {
        self.began_at + Duration::from_secs(self.second + 1)
    }

    /// Ends the next interval at `until`, at the latest a second after it began. `recorder`
    /// holds what was recorded in it, and `due` requests were due.
    pub fn close(
        &mut self,
        recorder: Recorder,
        due: u64,
        until: Moment,
        window: &Window,
    ) -> Interval {
        let start_at = self.began_at + Duration::from_secs(self.second);
        let length = until.since(start_at).min(INTERVAL);
        let activity = recorder.activity();
        self.total.merge(&activity);
        self.due += due;
        let interval = Interval {
            second: self.second,
            start_at,
            length,
            phase: CellPhase::at(start_at + length / 2, window),
            due,
            in_flight: self.total.sent.saturating_sub(self.total.finished),
            output_tokens: self.flow.advance(&activity),
            activity,
            recorder,
        };
        self.second += 1;
        interval
    }

    /// Requests that are yet to be told as due, of a cell that sent all of its requests but
    /// `unsent`, the last of them in `recorder`.
    pub fn due_left(&self, recorder: &Recorder, unsent: u64) -> u64 {
        (self.total.sent + recorder.activity().sent + unsent).saturating_sub(self.due)
    }
}

#[cfg(test)]
mod tests {
    use super::{CellPhase, Timeline};
    use crate::measure::samples::{at, chat_rules, stream};
    use crate::measure::{Recorder, Window};
    use crate::metric::Metric;

    fn window() -> Window {
        Window { opened_at: at(1_400), closed_at: at(2_400) }
    }

    fn recorder(sent: u64, ended: u64) -> Recorder {
        let mut recorder = Recorder::new(chat_rules());
        for _ in 0..sent {
            recorder.note_sent();
        }
        for _ in 0..ended {
            recorder.record(&stream(&[150, 160]), &window());
        }
        recorder
    }

    #[test]
    fn seconds_count_from_the_begin_of_the_cell() {
        let mut timeline = Timeline::new(at(300));
        let first = timeline.close(recorder(0, 0), 0, timeline.ends_at(), &window());
        assert_eq!((first.second, first.start_at), (0, at(300)));
        assert_eq!(timeline.ends_at(), at(2_300));
        let last = timeline.close(recorder(0, 0), 0, at(1_325), &window());
        assert_eq!((last.second, last.start_at), (1, at(1_300)));
        assert_eq!([first.length, last.length].map(|length| length.as_millis()), [1_000, 25]);
    }

    #[test]
    fn the_phase_is_that_of_the_middle() {
        let mut timeline = Timeline::new(at(0));
        let phases = [(); 4]
            .map(|()| timeline.close(recorder(0, 0), 0, timeline.ends_at(), &window()).phase.key());
        assert_eq!(phases, ["warmup", "measure", "drain", "drain"]);
        assert_eq!(CellPhase::at(at(1_400), &window()), CellPhase::Measure);
    }

    #[test]
    fn in_flight_is_what_was_sent_and_has_not_ended() {
        let mut timeline = Timeline::new(at(0));
        let seconds = [(3, 1), (0, 2), (1, 1)].map(|(sent, ended)| {
            timeline.close(recorder(sent, ended), sent, timeline.ends_at(), &window()).in_flight
        });
        assert_eq!(seconds, [2, 0, 0]);
    }

    #[test]
    fn the_last_second_makes_up_for_what_was_not_told_as_due() {
        let mut timeline = Timeline::new(at(0));
        timeline.close(recorder(3, 0), 5, timeline.ends_at(), &window());
        assert_eq!(timeline.due_left(&recorder(2, 0), 4), 4);
    }

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut timeline = Timeline::new(at(0));
        let interval = timeline.close(recorder(1, 1), 1, timeline.ends_at(), &window());
        let percentile = |metric| Some(interval.percentile(metric, 99.0)?.div_ceil(1_000_000));
        assert_eq!([Metric::Ttft, Metric::Icl].map(percentile), [Some(51), Some(11)]);
        assert_eq!(percentile(Metric::Itl), None);
    }
}
