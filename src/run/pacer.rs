//! Releases the arrivals of an open loop when they are due, never earlier.
//!
//! The timer of an async runtime ticks in milliseconds, which would make every send about 1 ms
//! late. The pacer is a thread of its own that sleeps with the finest slack the system has and
//! spins through the last stretch: always where there are cores to spare, and where there are
//! few, as long as that takes no more than a small share of one.

use std::num::NonZeroU64;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::cell::{CellState, Turn};
use super::worker::{Command, Release};
use crate::clock::Clock;
use crate::load::Schedule;
use crate::record::{Phase, RequestRecord, TurnPlace};
use crate::units::{Moment, count, index};

/// Longest uninterrupted sleep: how late an early stop is noticed at most.
const SLEEP_SLICE: Duration = Duration::from_millis(50);
/// How long before the due moment spinning starts: above the usual wake-up latency, which is
/// 60 to 90 us where an idle core has to be woken by a hypervisor.
const SPIN_FOR: Duration = Duration::from_micros(150);
/// Fewest cores on which spinning costs nobody anything.
const CORES_TO_SPIN_FREELY: usize = 4;
/// Fewest cores on which spinning makes sends earlier: on one, it keeps the worker waiting.
const CORES_TO_SPIN: usize = 2;
/// Where cores are few, spinning takes one part in this many of the time of one core: enough
/// for about 670 arrivals a second, beyond which every second or third wakes up late.
const SPIN_SHARE: u32 = 10;
/// How often a held-back arrival looks for a free place, should no worker wake it.
const HELD_SLICE: Duration = Duration::from_millis(1);
/// An arrival due just before the close is sent although the thread woke up after it; one that
/// is later than this was held back, and stays unsent.
const WAKE_UP_GRACE: Duration = Duration::from_millis(10);

/// What a pacer is to release.
pub(super) struct Pacer<'a> {
    pub(super) clock: &'a Clock,
    pub(super) state: &'a CellState,
    pub(super) workers: &'a [UnboundedSender<Command>],
    /// The moment from which the schedule's offsets count.
    pub(super) start_at: Moment,
}

impl Pacer<'_> {
    /// Releases the arrivals of `schedule` until the window closes, and hands every one that
    /// was due but still held back by then to `unsent`.
    pub(super) fn run(&self, schedule: Schedule, unsent: &mut impl FnMut(RequestRecord)) {
        sharpen_timer();
        self.state.set_pacer(thread::current());
        let mut spinning = Spinning::here(self.clock.now());
        let mut last_release = self.start_at;
        // Arrivals that came due while another waited for a place were held back with it.
        let mut blocked_until = Moment::ZERO;
        let (end, is_recorded) = (schedule.length(), schedule.is_recorded());
        for arrival in schedule {
            let due_at = self.start_at + arrival.offset;
            let phase = self.state.phase(due_at);
            if self.state.has_handed_out_all(phase) {
                if phase == Phase::Measure {
                    self.state.close_window(due_at.max(last_release));
                }
                return;
            }
            if !self.wait_until(due_at, &mut spinning) {
                return;
            }
            let must_wait = !self.state.has_place();
            let held_back = must_wait || due_at < blocked_until;
            let has_place = self.wait_for_place(due_at);
            if must_wait {
                blocked_until = self.clock.now();
            }
            let is_due = due_at < self.state.window().closed_at;
            let turn = if has_place || is_due { self.state.take_turn(phase) } else { None };
            let Some(Turn { phase, index }) = turn else { return };
            if has_place {
                last_release = self.clock.now();
                let prompt = if is_recorded { arrival.index } else { index };
                self.release(arrival.index, Release { phase, index, prompt, due_at, held_back });
            } else {
                let turn = self.state.order().has_sessions.then(|| {
                    let session = self.state.next_session(phase);
                    TurnPlace { phase, session, turn: 0 }
                });
                let record = self.state.due(phase, index, due_at);
                unsent(RequestRecord { turn, held_back, ..record });
            }
        }
        // The schedule is at its end: that of a recording, which ends the stage. A warm-up that is
        // counted in requests ends before the window opens.
        let in_window = self.state.window().opened_at != Moment::NEVER;
        if let (Some(end), true) = (end, in_window) {
            let end_at = (self.start_at + end).max(last_release + Duration::from_nanos(1));
            if self.wait_until(end_at, &mut spinning) {
                self.state.close_window(end_at);
            }
        }
    }

    fn release(&self, position: u64, release: Release) {
        self.state.sent();
        self.state.session_begins();
        let worker = index(position % count(self.workers.len()).max(1));
        if let Some(worker) = self.workers.get(worker) {
            // A worker that is gone has panicked; the coordinator ends the run.
            worker.send(Command::Send(release)).unwrap_or_default();
        }
    }

    /// Waits until `due_at`; false if the window closes before that.
    fn wait_until(&self, due_at: Moment, spinning: &mut Spinning) -> bool {
        let spins = spinning.may_spin(self.clock.now());
        let sleep_until = if spins { due_at.before(SPIN_FOR) } else { due_at };
        let mut spins_since = None;
        loop {
            if due_at >= self.state.window().closed_at {
                return false;
            }
            let now = self.clock.now();
            if now >= due_at {
                spinning.spun += spins_since.map_or(Duration::ZERO, |since| now.since(since));
                return true;
            }
            match sleep_until.since(now) {
                Duration::ZERO => {
                    spins_since.get_or_insert(now);
                    std::hint::spin_loop();
                }
                wait => thread::sleep(wait.min(SLEEP_SLICE)),
            }
        }
    }

    /// Waits until fewer than the allowed requests are in flight; false if the window closes
    /// before that. Places are counted over all workers, so the cap is exact.
    fn wait_for_place(&self, due_at: Moment) -> bool {
        loop {
            let now = self.clock.now();
            if !self.state.is_open(now) && now.since(due_at) > WAKE_UP_GRACE {
                return false;
            }
            if self.state.has_place() {
                return true;
            }
            self.state.pacer_waits(true);
            // Looked at again after the flag: a request that ended in between wakes nobody.
            if !self.state.has_place() {
                thread::park_timeout(HELD_SLICE);
            }
            self.state.pacer_waits(false);
        }
    }
}

/// How much of the waiting is spent awake.
#[derive(Clone, Copy, Debug)]
struct Spinning {
    cores: usize,
    began_at: Moment,
    spun: Duration,
}

impl Spinning {
    /// Nothing spun yet, on the cores that this process may use.
    fn here(now: Moment) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self { cores, began_at: now, spun: Duration::ZERO }
    }

    /// Whether one more stretch may be spun through at `now`.
    fn may_spin(&self, now: Moment) -> bool {
        let within_share = (self.spun + SPIN_FOR) * SPIN_SHARE <= now.since(self.began_at);
        self.cores >= CORES_TO_SPIN_FREELY || (self.cores >= CORES_TO_SPIN && within_share)
    }
}

/// Asks for the finest timer of the calling thread. Sleeps stay right without it, only later.
fn sharpen_timer() {
    #[cfg(target_os = "linux")]
    rustix::thread::set_current_timer_slack(NonZeroU64::new(1)).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{SPIN_FOR, Spinning};
    use crate::units::Moment;

    fn spinning(cores: usize, spun: Duration) -> Spinning {
        Spinning { cores, began_at: Moment::ZERO, spun }
    }

    #[test]
    fn few_cores_are_spun_on_for_a_tenth_of_the_time_and_one_alone_never() {
        let now = Moment::ZERO + Duration::from_secs(1);
        let share = Duration::from_millis(100);
        assert!(spinning(2, share.saturating_sub(SPIN_FOR)).may_spin(now));
        assert!(!spinning(2, share).may_spin(now));
        assert!(!spinning(1, Duration::ZERO).may_spin(now));
        assert!(spinning(8, Duration::from_secs(1)).may_spin(now));
    }
}
