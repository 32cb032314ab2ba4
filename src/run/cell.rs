//! What the threads of one cell share while it runs: atomics, nothing else.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::Thread;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::load::SlotCourse;
use crate::measure::Window;
use crate::record::{Phase, RequestRecord};
use crate::scenario::{LoadProfile, Stage, StopRule, Warmup};
use crate::units::{Moment, count, ratio, to_u32};
use crate::workload::{MixOrder, RowError};

/// What one cell is to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CellOrder {
    /// The cell's number.
    pub(super) id: u32,
    /// How requests start, and when they end.
    pub(super) stage: Stage,
    /// What is sent before the window opens.
    pub(super) warmup: Option<Warmup>,
    /// When the cell is given up early.
    pub(super) stop: Option<StopRule>,
    /// Whether it sends conversations: then slots and arrivals begin sessions.
    pub(super) has_sessions: bool,
    /// Which workload of a mix each request takes; `None` where there is no mix.
    pub(super) mix: Option<Arc<MixOrder>>,
}

/// The shared state of a running cell.
#[derive(Debug)]
pub(super) struct CellState {
    order: CellOrder,
    slots: Option<SlotCourse>,
    began_at: Moment,
    opened_at: AtomicU64,
    closed_at: AtomicU64,
    end_moved: Notify,
    next_warmup: AtomicU64,
    next_measured: AtomicU64,
    next_session: [AtomicU64; 2],
    sessions: AtomicU64,
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
        let slots = match &order.stage.profile {
            LoadProfile::Closed { concurrency, .. } => SlotCourse::new(concurrency),
            LoadProfile::Open { .. } | LoadProfile::Replay { .. } => None,
        };
        Self {
            order,
            slots,
            began_at,
            opened_at: AtomicU64::new(never),
            closed_at: AtomicU64::new(never),
            end_moved: Notify::new(),
            next_warmup: AtomicU64::new(0),
            next_measured: AtomicU64::new(0),
            next_session: [AtomicU64::new(0), AtomicU64::new(0)],
            sessions: AtomicU64::new(0),
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

    /// The record of request number `index` of `phase`, which is due at `due_at`.
    pub(super) fn due(&self, phase: Phase, index: u64, due_at: Moment) -> RequestRecord {
        let mix = self.order.mix.as_ref();
        let member = mix.map(|order| order.turn(index).member);
        RequestRecord { member, ..RequestRecord::due(self.order.id, index, phase, due_at) }
    }

    /// When the cell began; its seconds count from here, in every thread.
    pub(super) const fn began_at(&self) -> Moment {
        self.began_at
    }

    /// Slots of a closed loop that are started: during a warm-up counted in requests only
    /// those in use before the course begins. 0 for an open loop.
    pub(super) fn slots_to_start(&self, in_warmup: bool) -> u32 {
        let LoadProfile::Closed { concurrency, .. } = &self.order.stage.profile else { return 0 };
        if in_warmup { concurrency.first() } else { concurrency.most() }
    }

    /// When a closed-loop slot that is free at `free_at` is to take its next request; `None`
    /// once the course has no more use for it.
    pub(super) fn slot_due(&self, slot: u32, free_at: Moment) -> Option<Moment> {
        let Some(course) = &self.slots else { return Some(free_at) };
        let opened_at = self.window().opened_at;
        if free_at < opened_at && slot < course.first() {
            return Some(free_at);
        }
        Some(opened_at + course.next_start(slot, free_at.since(opened_at))?)
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
        let before = self.closed_at.fetch_min(moment.as_nanos(), Ordering::AcqRel);
        if moment.as_nanos() < before {
            self.end_moved.notify_waiters();
        }
    }

    /// Comes back when slots may have nothing more to wait for: the close of the window is set
    /// or moved, or the last request of the warm-up is handed out. Misses nothing from now on.
    pub(super) fn end_moved(&self) -> Notified<'_> {
        self.end_moved.notified()
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

    /// Whether slots are handed nothing more at `now`: the window has closed, or all requests
    /// of a warm-up are on their way.
    pub(super) fn is_over(&self, now: Moment) -> bool {
        let is_warm = match self.order.warmup {
            Some(Warmup::Requests(bound)) => {
                self.window().opened_at == Moment::NEVER
                    && self.next_warmup.load(Ordering::Acquire) >= bound
            }
            Some(Warmup::Duration(_)) | None => false,
        };
        is_warm || !self.is_open(now)
    }

    /// The next request of a closed loop for a slot that is to take one at `due_at`, which
    /// `now` has reached; `None` once the stage hands out no more. Where a number of requests
    /// bounds the stage, the first free slot that finds none left closes the window: from then
    /// on fewer are in flight.
    pub(super) fn next_turn(&self, due_at: Moment, now: Moment) -> Option<Turn> {
        if !self.is_open(now) {
            return None;
        }
        let turn = self.take_turn(self.phase(due_at));
        if turn.is_none() && self.phase(due_at) == Phase::Measure {
            self.close_window(now);
        }
        turn
    }

    /// The phase of a request that is due at `due_at`.
    pub(super) fn phase(&self, due_at: Moment) -> Phase {
        if due_at < self.window().opened_at { Phase::Warmup } else { Phase::Measure }
    }

    /// The next request of `phase`; `None` where a number of requests bounds it and all are
    /// handed out.
    pub(super) fn take_turn(&self, phase: Phase) -> Option<Turn> {
        let (next, bound) = self.counter(phase);
        let index = next.fetch_add(1, Ordering::AcqRel);
        if bound.is_some_and(|bound| index >= bound) {
            return None;
        }
        if phase == Phase::Warmup && bound == Some(index + 1) {
            self.end_moved.notify_waiters();
        }
        Some(Turn { phase, index })
    }

    /// How many measured requests were handed out.
    pub(super) fn handed_out(&self) -> u64 {
        self.next_measured.load(Ordering::Acquire)
    }

    /// Whether a number of requests bounds `phase` and all of them are handed out.
    pub(super) fn has_handed_out_all(&self, phase: Phase) -> bool {
        let (next, bound) = self.counter(phase);
        bound.is_some_and(|bound| next.load(Ordering::Acquire) >= bound)
    }

    /// What counts the requests of `phase`, and how many there are at most.
    const fn counter(&self, phase: Phase) -> (&AtomicU64, Option<u64>) {
        match (phase, self.order.warmup) {
            (Phase::Warmup, Some(Warmup::Requests(bound))) => (&self.next_warmup, Some(bound)),
            (Phase::Warmup, _) => (&self.next_warmup, None),
            (Phase::Measure, _) => (&self.next_measured, self.order.stage.bound.requests),
        }
    }

    /// The number of the next session of `phase`, whether it begins or is held back for good.
    pub(super) fn next_session(&self, phase: Phase) -> u64 {
        self.next_session[usize::from(phase == Phase::Measure)].fetch_add(1, Ordering::AcqRel)
    }

    /// Notes that a slot or an arrival begins a session, if that is what it begins.
    pub(super) fn session_begins(&self) {
        if self.order.has_sessions {
            self.sessions.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Notes that a session is over, or did not come about.
    pub(super) fn session_left(&self) {
        self.sessions.fetch_sub(1, Ordering::AcqRel);
        self.wake_pacer();
    }

    /// Wakes the pacer if it waits for a place.
    fn wake_pacer(&self) {
        if self.pacer_waits.load(Ordering::SeqCst)
            && let Ok(pacer) = self.pacer.lock()
        {
            pacer.iter().for_each(Thread::unpark);
        }
    }

    /// Notes that a request was sent; the number now in flight.
    pub(super) fn sent(&self) -> u64 {
        self.in_flight.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Notes that a request that was sent has ended, and applies the stop rule.
    pub(super) fn ended(&self, failed: bool, now: Moment) {
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
        self.wake_pacer();
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

    /// Whether one more request may be sent now, or one more session begin.
    pub(super) fn has_place(&self) -> bool {
        let max_in_flight = match &self.order.stage.profile {
            LoadProfile::Closed { .. } => return true,
            LoadProfile::Open { max_in_flight, .. } | LoadProfile::Replay { max_in_flight, .. } => {
                *max_in_flight
            }
        };
        let taken = if self.order.has_sessions {
            self.sessions.load(Ordering::Acquire)
        } else {
            self.in_flight()
        };
        max_in_flight.is_none_or(|limit| taken < u64::from(limit))
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

    /// The slots, of `total`, that fall to worker `index` of `workers`; together they are all.
    pub(super) fn share(
        total: u32,
        index: usize,
        workers: usize,
    ) -> impl Iterator<Item = u32> + use<> {
        (to_u32(count(index))..total).step_by(workers.max(1))
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
    use crate::scenario::{
        ArrivalProcess, Bound, Course, LoadProfile, Stage, Step, Steps, StopRule, Warmup,
    };
    use crate::units::{Moment, Share};

    fn state(bound: Bound, warmup: Option<Warmup>, stop: Option<StopRule>) -> CellState {
        let profile = LoadProfile::closed(2);
        let stage = Stage { profile, bound };
        CellState::new(
            CellOrder { id: 0, stage, warmup, stop, has_sessions: false, mix: None },
            Moment::ZERO,
        )
    }

    fn at(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
    }

    /// The next request of a slot that is free just then.
    fn next(state: &CellState, seconds: u64) -> Option<Turn> {
        state.next_turn(at(seconds), at(seconds))
    }

    const TWO_REQUESTS: Bound = Bound { requests: Some(2), duration: None };

    #[test]
    fn the_slot_that_finds_nothing_left_closes_the_window() {
        let state = state(TWO_REQUESTS, None, None);
        state.open_window(at(1));
        let turn = |index| Some(Turn { phase: Phase::Measure, index });
        assert_eq!(next(&state, 1), turn(0));
        assert_eq!(next(&state, 1), turn(1));
        assert_eq!(state.window().closed_at, Moment::NEVER);
        assert_eq!(next(&state, 5), None);
        assert_eq!(next(&state, 6), None);
        assert_eq!(state.window().closed_at, at(5));
    }

    #[test]
    fn a_duration_closes_the_window_to_the_nanosecond() {
        let bound = Bound { requests: None, duration: Some(Duration::from_secs(10)) };
        let state = state(bound, None, None);
        state.open_window(at(1));
        assert!(next(&state, 10).is_some());
        assert_eq!(next(&state, 11), None);
        assert_eq!(state.window().closed_at, at(11));
    }

    #[test]
    fn warm_up_requests_come_first_and_end() {
        let state = state(TWO_REQUESTS, Some(Warmup::Requests(1)), None);
        assert_eq!(next(&state, 0), Some(Turn { phase: Phase::Warmup, index: 0 }));
        assert_eq!(next(&state, 0), None);
        state.open_window(at(1));
        assert_eq!(next(&state, 1), Some(Turn { phase: Phase::Measure, index: 0 }));
    }

    /// From one slot to three within ten seconds.
    fn ramp() -> CellState {
        let span = Duration::from_secs(10);
        let steps = Steps::new(vec![Step::Level { from: 1, to: 3, span }]).unwrap();
        let profile = LoadProfile::Closed { concurrency: Course::Steps(steps), think_time: None };
        let stage = Stage { profile, bound: Bound { requests: None, duration: Some(span) } };
        CellState::new(
            CellOrder { id: 0, stage, warmup: None, stop: None, has_sessions: false, mix: None },
            Moment::ZERO,
        )
    }

    #[test]
    fn a_ramp_warms_up_with_its_first_slots_and_begins_when_the_window_opens() {
        let state = ramp();
        assert_eq!([true, false].map(|warmup| state.slots_to_start(warmup)), [1, 3]);
        assert_eq!(state.slot_due(0, at(3)), Some(at(3)));
        state.open_window(at(20));
        let due = [0, 1, 2].map(|slot| state.slot_due(slot, at(20)));
        let millis = |millis| Some(at(20) + Duration::from_millis(millis));
        assert_eq!(due, [millis(0), millis(2_500), millis(7_500)]);
        assert_eq!(state.slot_due(2, at(30)), None);
    }

    #[test]
    fn a_limit_counts_sessions_where_there_are_any_and_requests_elsewhere() {
        for has_sessions in [true, false] {
            let rate = Course::Steady("5/s".parse().unwrap());
            let arrival = ArrivalProcess::Constant;
            let profile = LoadProfile::Open { rate, arrival, max_in_flight: Some(1) };
            let stage = Stage { profile, bound: TWO_REQUESTS };
            let order =
                CellOrder { id: 0, stage, warmup: None, stop: None, has_sessions, mix: None };
            let cell = CellState::new(order, Moment::ZERO);
            cell.session_begins();
            assert_eq!(cell.has_place(), !has_sessions);
            cell.sent();
            assert!(!cell.has_place());
            cell.ended(false, at(1));
            assert_eq!(cell.has_place(), !has_sessions);
        }
    }

    #[test]
    fn a_request_belongs_to_the_phase_in_which_it_was_due() {
        let state = state(TWO_REQUESTS, Some(Warmup::Duration(Duration::from_secs(5))), None);
        state.open_window(at(5));
        let phase = |due, now| state.next_turn(at(due), at(now)).map(|turn| turn.phase);
        assert_eq!(phase(4, 5), Some(Phase::Warmup));
        assert_eq!(phase(5, 6), Some(Phase::Measure));
    }

    #[test]
    fn whoever_waits_hears_that_the_window_closes_earlier() {
        let state = ramp();
        state.open_window(at(0));
        let mut moved = std::pin::pin!(state.end_moved());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        state.close_window(at(99));
        assert!(moved.as_mut().poll(&mut context).is_pending());
        state.close_window(at(4));
        assert!(moved.as_mut().poll(&mut context).is_ready());
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
            let mut shares: Vec<_> =
                (0..workers).flat_map(|index| CellState::share(total, index, workers)).collect();
            shares.sort_unstable();
            prop_assert!(shares.into_iter().eq(0..total));
        }
    }
}
