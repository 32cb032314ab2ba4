//! One thread that sleeps until one moment, more exactly than a runtime's timers.
//!
//! A runtime's timer wheel ticks once a millisecond. A thread that waits on a condition variable
//! is woken by the kernel within tens of microseconds, once its timer slack is out of the way.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::{Builder, JoinHandle};

use crate::clock::Clock;
use crate::units::Moment;

/// Wakes one task at one moment, from a thread of its own.
#[derive(Debug)]
pub(super) struct Alarm {
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

/// The thread of an alarm; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct AlarmThread {
    alarm: Arc<Alarm>,
    thread: Option<JoinHandle<()>>,
}

impl Alarm {
    /// An alarm on `clock`, and the thread that rings it.
    ///
    /// # Errors
    ///
    /// What the system says where it gives no thread.
    pub(super) fn start(clock: Clock) -> io::Result<(Arc<Self>, AlarmThread)> {
        let alarm = Arc::new(Self { clock, state: Mutex::default(), changed: Condvar::new() });
        let ringer = Arc::clone(&alarm);
        let thread = Builder::new().name("mock-pacer".to_owned()).spawn(move || {
            sharpen_timers();
            ringer.ring_until_stopped();
        })?;
        let thread = AlarmThread { alarm: Arc::clone(&alarm), thread: Some(thread) };
        Ok((alarm, thread))
    }

    /// Makes the alarm ring at `due`, unless it will ring earlier. It rings once.
    pub(super) fn ring_by(&self, due: Moment) {
        let mut state = self.lock();
        if state.due.is_none_or(|earlier| due < earlier) {
            state.due = Some(due);
            self.changed.notify_one();
        }
    }

    /// Makes `listener` the one that is woken.
    pub(super) fn listen(&self, listener: &Waker) {
        let mut state = self.lock();
        if !state.listener.as_ref().is_some_and(|known| known.will_wake(listener)) {
            state.listener = Some(listener.clone());
        }
    }

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

impl Drop for AlarmThread {
    fn drop(&mut self) {
        self.alarm.lock().stopped = true;
        self.alarm.changed.notify_one();
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
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
