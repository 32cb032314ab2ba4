//! The arrivals of an open loop as they come due, whether they are sent or held back.

use std::iter::Peekable;

use crate::load::Schedule;
use crate::measure::{CellPhase, Window};
use crate::units::Moment;

/// Walks through the same schedule as the pacer, but is held back by nothing: where requests
/// wait for a place, the pacer looks at an arrival long after it was due.
#[derive(Debug)]
pub(super) struct Offered {
    arrivals: Peekable<Schedule>,
    start_at: Moment,
    bounds: Bounds,
}

/// After how many arrivals the two parts of a stage end; `None` where their number sets no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) warmup: Option<u64>,
    pub(super) measured: Option<u64>,
}

impl Offered {
    /// The arrivals of `schedule`, whose offsets count from `start_at`.
    pub(super) fn new(schedule: Schedule, start_at: Moment, bounds: Bounds) -> Self {
        Self { arrivals: schedule.peekable(), start_at, bounds }
    }

    /// How many arrivals came due before `moment` that were not counted yet, given the window
    /// as far as it is known at that moment.
    pub(super) fn due_before(&mut self, moment: Moment, window: &Window) -> u64 {
        let limit = moment.min(window.closed_at);
        let mut due = 0;
        while let Some(arrival) = self.arrivals.peek() {
            let due_at = self.start_at + arrival.offset;
            if due_at >= limit {
                break;
            }
            let bound = match CellPhase::at(due_at, window) {
                CellPhase::Warmup => &mut self.bounds.warmup,
                CellPhase::Measure | CellPhase::Drain => &mut self.bounds.measured,
            };
            match bound {
                Some(0) => break,
                Some(left) => *left -= 1,
                None => {}
            }
            self.arrivals.next();
            due += 1;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bounds, Offered};
    use crate::load::{Purpose, Schedule, Stream};
    use crate::measure::Window;
    use crate::scenario::{ArrivalProcess, Course};
    use crate::units::Moment;

    const UNBOUNDED: Bounds = Bounds { warmup: None, measured: None };

    fn at(millis: u64) -> Moment {
        Moment::from_nanos(millis * 1_000_000)
    }

    fn window(opened: u64, closed: u64) -> Window {
        Window { opened_at: at(opened), closed_at: at(closed) }
    }

    /// Ten a second, the first at 200 ms.
    fn offered(bounds: Bounds) -> Offered {
        let stream = Stream { purpose: Purpose::Arrivals, round: 0, stage: 0, workload: 0 };
        let rate = Course::Steady("10/s".parse().unwrap());
        let (lead, process) = (Duration::ZERO, ArrivalProcess::Constant);
        let schedule = Schedule::new(&rate, lead, process, stream.generator(1));
        Offered::new(schedule, at(200), bounds)
    }

    #[test]
    fn each_arrival_is_counted_once_and_when_it_is_due() {
        let mut offered = offered(UNBOUNDED);
        let due = [1_000, 1_200, 1_201, 9_000]
            .map(|millis| offered.due_before(at(millis), &window(0, 1_900)));
        assert_eq!(due, [8, 2, 1, 6]);
    }

    #[test]
    fn a_number_of_requests_ends_the_stage_and_leaves_warm_up_out() {
        let mut offered = offered(Bounds { warmup: None, measured: Some(4) });
        assert_eq!(offered.due_before(at(9_000), &window(500, 9_000)), 3 + 4);
    }

    #[test]
    fn a_warm_up_of_so_many_requests_has_no_more() {
        let bounds = Bounds { warmup: Some(5), measured: Some(0) };
        let opening = Window { opened_at: Moment::NEVER, closed_at: Moment::NEVER };
        assert_eq!(offered(bounds).due_before(at(9_000), &opening), 5);
        for opened in [601, 5_000] {
            let window = window(opened, 10_000);
            assert_eq!(offered(bounds).due_before(at(9_000), &window), 5, "{opened}");
        }
    }
}
