//! A thread that sleeps until one moment, more exactly than a runtime's timers.
//!
//! A thread that waits on a condition variable is woken by the kernel within tens of
//! microseconds, on Linux once its timer slack is out of the way.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::{Builder, JoinHandle};

use crate::clock::Clock;
use crate::units::Moment;

/// Wakes one task at one moment, from a thread that ends when this is dropped.
#[derive(Debug)]
pub(super) struct TimerThread {
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Bell {
    clock: Clock,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    due: Option<Moment>,
    listener: Option<Waker>,
    stopped: bool,
}

impl TimerThread {
    /// Starts a thread that rings by `clock`.
    ///
    /// # Errors
    ///
    /// What the system says where it gives no thread.
    pub(super) fn start(clock: Clock) -> io::Result<Self> {
        let bell = Arc::new(Bell { clock, state: Mutex::default(), changed: Condvar::new() });
        let ringer = Arc::clone(&bell);
        let thread = Builder::new().name("mock-timer".to_owned()).spawn(move || {
            sharpen_timers();
            ringer.ring_until_stopped();
        })?;
        Ok(Self { bell, thread: Some(thread) })
    }

    /// Makes the thread ring at `due`, unless it will ring earlier.
    pub(super) fn ring_by(&self, due: Moment) {
        let mut state = self.bell.lock();
        if state.due.is_none_or(|earlier| due < earlier) {
            state.due = Some(due);
            self.bell.changed.notify_one();
        }
    }

    /// Makes `listener` the one that is woken.
    pub(super) fn listen(&self, listener: &Waker) {
        let mut state = self.bell.lock();
        if !state.listener.as_ref().is_some_and(|known| known.will_wake(listener)) {
            state.listener = Some(listener.clone());
        }
    }
}

impl Bell {
    fn ring_until_stopped(&self) {
        let mut state = self.lock();
        while !state.stopped {
            let Some(due) = state.due else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let now = self.clock.now();
            if now < due {
                let waited = self.changed.wait_timeout(state, due.since(now));
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            state.due = None;
            let listener = state.listener.clone();
            // Waking costs a system call; whoever sets the next alarm need not wait for it.
            drop(state);
            if let Some(listener) = listener {
                listener.wake();
            }
            state = self.lock();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TimerThread {
    fn drop(&mut self) {
        self.bell.lock().stopped = true;
        self.bell.changed.notify_one();
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Asks the kernel to wake this thread at once when its time has come, not up to 50 µs later;
/// false where it does not agree, and then the thread is a little less exact.
#[cfg(target_os = "linux")]
fn sharpen_timers() -> bool {
    rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1)).is_ok()
}

#[cfg(not(target_os = "linux"))]
const fn sharpen_timers() -> bool {
    false
}
