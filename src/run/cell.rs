//! What the threads of one cell share while it runs: atomics, nothing else.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread::Thread;
use std::time::Duration;

use crate::measure::Window;
use crate::record::Phase;
use crate::scenario::{LoadProfile, Stage, StopRule, Warmup};
use crate::units::{Moment, count, ratio};
use crate::workload::RowError;

/// What one cell is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CellOrder {
    /// The cell's number.
    pub(super) id: u32,
    /// How requests start, and when they end.
    pub(super) stage: Stage,
    /// What is sent before the window opens.
    pub(super) warmup: Option<Warmup>,
    /// When the cell is given up early.
    pub(super) stop: Option<StopRule>,
}

/// The shared state of a running cell.
#[derive(Debug)]
pub(super) struct CellState {
    order: CellOrder,
    began_at: Moment,
    opened_at: AtomicU64,
    closed_at: AtomicU64,
    next_warmup: AtomicU64,
    next_measured: AtomicU64,
    in_flight: AtomicU64,
    finished: AtomicU64,
    failed: AtomicU64,
    stopped_early: AtomicBool,
    pacer: Mutex<Option<Thread>>,
    pacer_waits: AtomicBool,
    handovers_refused: AtomicU64,
    lacks_prompt: OnceLock<RowError>,
}

/// A request handed out to a closed-loop slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) phase: Phase,
    pub(super) index: u64,
}

impl CellState {
    /// The state of a cell that begins at `began_at`.
    pub(super) fn new(order: CellOrder, began_at: Moment) -> Self {
        let never = Moment::NEVER.as_nanos();
        Self {
            order,
            began_at,
            opened_at: AtomicU64::new(never),
            closed_at: AtomicU64::new(never),
            next_warmup: AtomicU64::new(0),
            next_measured: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            stopped_early: AtomicBool::new(false),
            pacer: Mutex::new(None),
            pacer_waits: AtomicBool::new(false),
            handovers_refused: AtomicU64::new(0),
            lacks_prompt: OnceLock::new(),
        }
    }

    pub(super) const fn order(&self) -> &CellOrder {
        &self.order
    }

    /// When the cell began; its seconds count from here, in every thread.
    pub(super) const fn began_at(&self) -> Moment {
        self.began_at
    }

    /// Requests in flight at most, where the profile sets it.
    pub(super) const fn concurrency(&self) -> Option<u32> {
        match self.order.stage.profile {
            LoadProfile::Closed { concurrency } => Some(concurrency),
            LoadProfile::Open { max_in_flight, .. } => max_in_flight,
        }
    }

    /// Opens the window at `moment` and, where the stage has a duration, sets its close.
    pub(super) fn open_window(&self, moment: Moment) {
        if let Some(span) = self.order.stage.bound.duration {
            self.close_window(moment + span);
        }
        self.opened_at.store(moment.as_nanos(), Ordering::Release);
    }

    /// Closes the window at `moment`, unless it closes earlier already.
    pub(super) fn close_window(&self, moment: Moment) {
        self.closed_at.fetch_min(moment.as_nanos(), Ordering::AcqRel);
    }

    /// The window as far as it is known.
    pub(super) fn window(&self) -> Window {
        Window {
            opened_at: Moment::from_nanos(self.opened_at.load(Ordering::Acquire)),
            closed_at: Moment::from_nanos(self.closed_at.load(Ordering::Acquire)),
        }
    }

    /// Whether requests may still be handed out at `now`.
    pub(super) fn is_open(&self, now: Moment) -> bool {
        now.as_nanos() < self.closed_at.load(Ordering::Acquire)
    }

    /// The next request of a closed loop for a slot that is free at `now`; `None` once the
    /// stage hands out no more. Where a number of requests bounds the stage, the first free
    /// slot that finds none left closes the window: from then on fewer are in flight.
    pub(super) fn next_turn(&self, now: Moment) -> Option<Turn> {
        if !self.is_open(now) {
            return None;
        }
        if now < self.window().opened_at {
            return self.next_warmup_turn();
        }
        let index = self.next_measured.fetch_add(1, Ordering::AcqRel);
        if self.order.stage.bound.requests.is_some_and(|bound| index >= bound) {
            self.close_window(now);
            return None;
        }
        Some(Turn { phase: Phase::Measure, index })
    }

    fn next_warmup_turn(&self) -> Option<Turn> {
        let index = self.next_warmup.fetch_add(1, Ordering::AcqRel);
        match self.order.warmup {
            Some(Warmup::Requests(bound)) if index >= bound => None,
            _ => Some(Turn { phase: Phase::Warmup, index }),
        }
    }

    /// Notes that a request was sent; the number now in flight.
    pub(super) fn sent(&self) -> u64 {
        self.in_flight.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Notes that a request that was sent has ended, and applies the stop rule.
    pub(super) fn ended(&self, failed: bool, now: Moment) {
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
        if self.pacer_waits.load(Ordering::SeqCst)
            && let Ok(pacer) = self.pacer.lock()
        {
            pacer.iter().for_each(Thread::unpark);
        }
        let finished = self.finished.fetch_add(1, Ordering::AcqRel) + 1;
        let failures =
            self.failed.fetch_add(u64::from(failed), Ordering::AcqRel) + u64::from(failed);
        let Some(rule) = self.order.stop else { return };
        let share = ratio(failures, finished).unwrap_or(0.0);
        if failures > 0 && finished >= rule.after && share >= rule.error_rate.get() {
            self.stopped_early.store(true, Ordering::Release);
            self.close_window(now);
        }
    }

    /// Requests in flight now.
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Whether one more request may be sent now.
    pub(super) fn has_place(&self) -> bool {
        self.concurrency().is_none_or(|limit| self.in_flight() < u64::from(limit))
    }

    /// Names the thread to wake when a place becomes free.
    pub(super) fn set_pacer(&self, thread: Thread) {
        if let Ok(mut pacer) = self.pacer.lock() {
            *pacer = Some(thread);
        }
    }

    /// Notes whether the pacer sleeps until a place becomes free.
    pub(super) fn pacer_waits(&self, waits: bool) {
        self.pacer_waits.store(waits, Ordering::SeqCst);
    }

    /// Notes that the coordinator was too far behind to take what a worker had.
    pub(super) fn handover_refused(&self) {
        self.handovers_refused.fetch_add(1, Ordering::Relaxed);
    }

    /// How often the coordinator was too far behind.
    pub(super) fn handovers_refused(&self) -> u64 {
        self.handovers_refused.load(Ordering::Relaxed)
    }

    /// Notes that a prompt cannot be had, which ends the cell.
    pub(super) fn lacks_prompt(&self, error: RowError, now: Moment) {
        // The first is the one to tell; later ones follow from it.
        self.lacks_prompt.set(error).unwrap_or_default();
        self.close_window(now);
    }

    /// Why a prompt could not be had, if one could not.
    pub(super) fn lacking_prompt(&self) -> Option<&RowError> {
        self.lacks_prompt.get()
    }

    /// Whether the stop rule gave the cell up.
    pub(super) fn stopped_early(&self) -> bool {
        self.stopped_early.load(Ordering::Acquire)
    }

    /// How many of `total` slots fall to worker `index` of `workers`; all shares add up.
    pub(super) fn share(total: u32, index: usize, workers: usize) -> usize {
        let workers = count(workers).max(1);
        let total = u64::from(total);
        let extra = u64::from(count(index) < total % workers);
        crate::units::index(total / workers + extra)
    }

    /// How long the warm-up flows before the window opens by itself; `None` where a number
    /// of requests decides.
    pub(super) const fn warmup_span(&self) -> Option<Duration> {
        match self.order.warmup {
            None => Some(Duration::ZERO),
            Some(Warmup::Duration(span)) => Some(span),
            Some(Warmup::Requests(_)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{CellOrder, CellState, Turn};
    use crate::record::Phase;
    use crate::scenario::{Bound, LoadProfile, Stage, StopRule, Warmup};
    use crate::units::{Moment, Share};

    fn state(bound: Bound, warmup: Option<Warmup>, stop: Option<StopRule>) -> CellState {
        let profile = LoadProfile::Closed { concurrency: 2 };
        let stage = Stage { profile, bound };
        CellState::new(CellOrder { id: 0, stage, warmup, stop }, Moment::ZERO)
    }

    fn at(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
    }

    const TWO_REQUESTS: Bound = Bound { requests: Some(2), duration: None };

    #[test]
    fn the_slot_that_finds_nothing_left_closes_the_window() {
        let state = state(TWO_REQUESTS, None, None);
        state.open_window(at(1));
        let turn = |index| Some(Turn { phase: Phase::Measure, index });
        assert_eq!(state.next_turn(at(1)), turn(0));
        assert_eq!(state.next_turn(at(1)), turn(1));
        assert_eq!(state.window().closed_at, Moment::NEVER);
        assert_eq!(state.next_turn(at(5)), None);
        assert_eq!(state.next_turn(at(6)), None);
        assert_eq!(state.window().closed_at, at(5));
    }

    #[test]
    fn a_duration_closes_the_window_to_the_nanosecond() {
        let bound = Bound { requests: None, duration: Some(Duration::from_secs(10)) };
        let state = state(bound, None, None);
        state.open_window(at(1));
        assert!(state.next_turn(at(10)).is_some());
        assert_eq!(state.next_turn(at(11)), None);
        assert_eq!(state.window().closed_at, at(11));
    }

    #[test]
    fn warm_up_requests_come_first_and_end() {
        let state = state(TWO_REQUESTS, Some(Warmup::Requests(1)), None);
        assert_eq!(state.next_turn(at(0)), Some(Turn { phase: Phase::Warmup, index: 0 }));
        assert_eq!(state.next_turn(at(0)), None);
        state.open_window(at(1));
        assert_eq!(state.next_turn(at(1)), Some(Turn { phase: Phase::Measure, index: 0 }));
    }

    #[test]
    fn too_many_failures_give_the_cell_up_but_only_after_enough_requests() {
        let rule = StopRule { error_rate: Share::new(0.5).unwrap(), after: 4 };
        let state = state(Bound { requests: Some(100), duration: None }, None, Some(rule));
        state.open_window(at(0));
        for failed in [true, true, false] {
            state.sent();
            state.ended(failed, at(1));
        }
        assert!(!state.stopped_early());
        state.sent();
        state.ended(false, at(2));
        assert!(state.stopped_early());
        assert_eq!(state.window().closed_at, at(2));
        assert_eq!(state.in_flight(), 0);
    }

    proptest! {
        #[test]
        fn the_shares_of_all_workers_add_up(total in 0_u32..5_000, workers in 1_usize..32) {
            let shares: usize =
                (0..workers).map(|index| CellState::share(total, index, workers)).sum();
            prop_assert_eq!(shares, usize::try_from(total).unwrap());
        }
    }
}
