//! A waker that can be told to look away.
//!
//! The task that uses an HTTP/1.1 connection also drives it. Taking a piece of the body frees a
//! place in hyper's inner channel, which wakes whoever drives the connection: the very task
//! that is running and is about to drive it again anyway. Each chunk of a stream would so be
//! paid for twice. The gate is closed while a piece is taken, and only then: a wake that comes
//! from anywhere else, or while the connection is driven, goes through.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// Passes wakes on to a task, except while it is closed.
#[derive(Debug)]
pub(super) struct Gate {
    closed: AtomicBool,
    task: Mutex<Waker>,
}

impl Gate {
    /// A gate that leads nowhere yet, and the waker in front of it.
    pub(super) fn new() -> (Arc<Self>, Waker) {
        let gate = Arc::new(Self {
            closed: AtomicBool::new(false),
            task: Mutex::new(Waker::noop().clone()),
        });
        let waker = Waker::from(Arc::clone(&gate));
        (gate, waker)
    }

    /// From now on wakes go to the task of `waker`.
    pub(super) fn lead_to(&self, waker: &Waker) {
        self.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(waker);
    }

    /// Runs `take` with the gate closed.
    pub(super) fn closed<T>(&self, take: impl FnOnce() -> T) -> T {
        self.closed.store(true, Ordering::Release);
        let taken = take();
        self.closed.store(false, Ordering::Release);
        taken
    }
}

impl Wake for Gate {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.closed.load(Ordering::Acquire) {
            self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Wake, Waker};

    use super::Gate;

    #[derive(Default)]
    struct Counter(AtomicU32);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_wake_passes_unless_the_gate_is_closed() {
        let counter = Arc::new(Counter::default());
        let (gate, waker) = Gate::new();
        waker.wake_by_ref();
        gate.lead_to(&Waker::from(Arc::clone(&counter)));
        waker.wake_by_ref();
        gate.closed(|| waker.wake_by_ref());
        waker.wake();
        assert_eq!(counter.0.load(Ordering::SeqCst), 2);
    }
}
