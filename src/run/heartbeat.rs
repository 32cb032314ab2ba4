//! The heartbeat of a worker thread: how long what is ready waits for it.
//!
//! A timer that rings a hundred times a second is served by the worker's runtime just
//! as its sockets are. How late the worker comes to each ring is how late it comes to a token
//! that arrives at that moment, whatever keeps it: its own work, or another process on its
//! processor.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::cell::CellState;
use crate::clock::Clock;
use crate::measure::Waits;

/// Time between two beats. A stall as short as this is met by one beat at least, and serving
/// a hundred beats a second takes a worker about a thousandth of its time.
const BEAT: Duration = Duration::from_millis(10);

/// A beating heart; it stands still when this is dropped.
pub(super) struct Heartbeat {
    task: JoinHandle<()>,
    waits: Rc<RefCell<Waits>>,
}

impl Heartbeat {
    /// Starts to beat on the calling worker; beats due in the cell's window are kept.
    pub(super) fn start(clock: Clock, state: Arc<CellState>) -> Self {
        let waits = Rc::new(RefCell::new(Waits::new()));
        let task = tokio::task::spawn_local(beat(clock, state, Rc::clone(&waits)));
        Self { task, waits }
    }

    /// What the beats came to.
    pub(super) fn waits(&self) -> Waits {
        self.waits.borrow().clone()
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn beat(clock: Clock, state: Arc<CellState>, waits: Rc<RefCell<Waits>>) {
    let mut due_at = clock.now() + BEAT;
    let Ok(mut bell) = bell::Bell::start(BEAT) else { return };
    while bell.ring().await.is_ok() {
        let now = clock.now();
        let window = state.window();
        // A worker that was away for several beats comes late to each of them.
        while due_at <= now {
            if window.contains(due_at) {
                waits.borrow_mut().record(now.since(due_at));
            }
            due_at += BEAT;
        }
    }
}

/// A timer of the kernel that wakes the runtime as a socket does.
///
/// # Source
///
/// `man 2 timerfd_create`.
#[cfg(target_os = "linux")]
mod bell {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    pub(super) struct Bell(AsyncFd<OwnedFd>);

    impl Bell {
        pub(super) fn start(every: Duration) -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            #[expect(
                deprecated,
                reason = "the successor is unsafe and asks for what holds here: one descriptor, \
                          owned for as long as it is watched"
            )]
            let timer = AsyncFd::with_interest(timer, Interest::READABLE)?;
            let every = Timespec::try_from(every).map_err(io::Error::other)?;
            let setting = Itimerspec { it_interval: every, it_value: every };
            timerfd_settime(&timer, TimerfdTimerFlags::empty(), &setting)?;
            Ok(Self(timer))
        }

        /// Waits for the next ring, and answers it: without that there is no other.
        pub(super) async fn ring(&mut self) -> io::Result<()> {
            let mut rings = [0; 8];
            loop {
                let read = |timer: &AsyncFd<OwnedFd>| {
                    rustix::io::read(timer.get_ref(), &mut rings).map_err(io::Error::from)
                };
                if let Ok(answered) = self.0.readable().await?.try_io(read) {
                    return answered.map(|_| ());
                }
            }
        }
    }
}

/// The runtime's own timer, which rounds up to whole milliseconds.
#[cfg(not(target_os = "linux"))]
mod bell {
    use std::io;
    use std::time::Duration;

    use tokio::time::{Interval, MissedTickBehavior, interval};

    pub(super) struct Bell(Interval);

    impl Bell {
        pub(super) fn start(every: Duration) -> io::Result<Self> {
            let mut timer = interval(every);
            timer.set_missed_tick_behavior(MissedTickBehavior::Skip);
            timer.reset();
            Ok(Self(timer))
        }

        pub(super) async fn ring(&mut self) -> io::Result<()> {
            self.0.tick().await;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::runtime;
    use tokio::task::LocalSet;

    use super::{BEAT, Heartbeat};
    use crate::clock::Clock;
    use crate::run::cell::{CellOrder, CellState};
    use crate::scenario::{Bound, LoadProfile, Stage};

    #[test]
    fn a_thread_that_is_away_comes_late_to_every_beat_of_that_time() {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let clock = Clock::start();
        let bound = Bound { requests: Some(1), duration: None };
        let stage = Stage { profile: LoadProfile::closed(1), bound };
        let order =
            CellOrder { id: 0, stage, warmup: None, stop: None, has_sessions: false, mix: None };
        let cell = Arc::new(CellState::new(order, clock.now()));
        cell.open_window(clock.now());
        // The kernel's timer does not stand still with the runtime's, so real time passes.
        let waits = LocalSet::new().block_on(&runtime, async {
            let heartbeat = Heartbeat::start(clock, cell);
            tokio::time::sleep(BEAT).await;
            std::thread::sleep(5 * BEAT);
            tokio::time::sleep(BEAT).await;
            heartbeat.waits()
        });
        assert!(waits.count() >= 5, "{waits:?}");
        assert!(waits.worst().unwrap() > Duration::from_millis(35), "{waits:?}");
    }
}
