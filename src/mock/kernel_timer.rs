//! A timer of the Linux kernel that wakes the runtime as a socket does.
//!
//! It is exact to some tens of microseconds, needs no thread, and so no hop from one to another.
//!
//! # Source
//!
//! `man 2 timerfd_create`.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::clock::Clock;
use crate::units::Moment;

/// A setting of zero would switch the timer off; so what is past is due in a nanosecond.
const SOON: Duration = Duration::from_nanos(1);

/// Stands in for a span that the kernel cannot hold; beyond every timeout.
const LONGEST: Timespec = Timespec { tv_sec: 86_400, tv_nsec: 0 };

/// A timer of the kernel.
#[derive(Debug)]
pub(super) struct KernelTimer {
    clock: Clock,
    timer: AsyncFd<OwnedFd>,
    /// The moment it is set to; `None` or past: it is not set.
    due: Mutex<Option<Moment>>,
}

impl KernelTimer {
    /// A timer on `clock`; to be called inside the runtime that it is to wake.
    ///
    /// # Errors
    ///
    /// What the system says where it gives none.
    pub(super) fn new(clock: Clock) -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(
            deprecated,
            reason = "the successor is unsafe and asks for what holds here: one descriptor, \
                      owned for as long as it is watched"
        )]
        let timer = AsyncFd::with_interest(timer, Interest::READABLE)?;
        Ok(Self { clock, timer, due: Mutex::new(None) })
    }

    /// Makes the timer ring at `due`, unless it will ring earlier.
    pub(super) fn ring_by(&self, due: Moment) {
        let mut earlier = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        if earlier.is_some_and(|earlier| now < earlier && earlier <= due) {
            return;
        }
        *earlier = Some(due);
        let wait = Timespec::try_from(due.since(now).max(SOON)).unwrap_or(LONGEST);
        let setting = Itimerspec { it_interval: Timespec::default(), it_value: wait };
        let set = timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &setting);
        debug_assert!(set.is_ok(), "a timer of our own takes any span: {set:?}");
    }

    /// Has the task of `context` woken when the timer rings next.
    pub(super) fn listen(&self, context: &mut Context<'_>) {
        // The timer is watched for edges: each ring is a new one, and need not be read away.
        while let Poll::Ready(Ok(mut ring)) = self.timer.poll_read_ready(context) {
            ring.clear_ready();
        }
    }
}
