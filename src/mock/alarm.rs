//! Rings at one moment, more exactly than a runtime's own timers, which tick once a millisecond.
//!
//! On Linux the kernel's timer wakes the runtime itself; elsewhere, and where the kernel refuses
//! one, a thread sleeps in its place.

use std::io;
use std::task::Context;

#[cfg(target_os = "linux")]
use super::kernel_timer::KernelTimer;
use super::timer_thread::TimerThread;
use crate::clock::Clock;
use crate::units::Moment;

/// Rings at one moment.
#[derive(Debug)]
pub(super) enum Alarm {
    /// A timer of the kernel, which the runtime waits for as for a socket.
    #[cfg(target_os = "linux")]
    Kernel(KernelTimer),
    /// A thread that sleeps.
    Thread(TimerThread),
}

impl Alarm {
    /// The most exact alarm that the system gives, on `clock`; to be called inside the runtime
    /// that it is to wake.
    ///
    /// # Errors
    ///
    /// What the system says where it gives none.
    pub(super) fn new(clock: Clock) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Ok(timer) = KernelTimer::new(clock.clone()) {
            return Ok(Self::Kernel(timer));
        }
        TimerThread::start(clock).map(Self::Thread)
    }

    /// Makes the alarm ring at `due`, unless it will ring earlier. It rings once.
    pub(super) fn ring_by(&self, due: Moment) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Kernel(timer) => timer.ring_by(due),
            Self::Thread(thread) => thread.ring_by(due),
        }
    }

    /// Has the task of `context` woken when the alarm rings next.
    pub(super) fn listen(&self, context: &mut Context<'_>) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Kernel(timer) => timer.listen(context),
            Self::Thread(thread) => thread.listen(context.waker()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    use super::{Alarm, TimerThread};
    use crate::clock::Clock;
    use crate::units::Moment;

    /// Waits for the alarm at 30 ms although it was first set for later, then at 40 ms.
    async fn rings_at_the_earliest_moment(clock: Clock, alarm: Alarm) {
        let at = |millis| Moment::ZERO + Duration::from_millis(millis);
        alarm.ring_by(at(60_000));
        for due in [at(30), at(40)] {
            alarm.ring_by(due);
            alarm.ring_by(at(50_000));
            poll_fn(|context| {
                alarm.listen(context);
                if clock.now() < due { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
            assert!(clock.now() < at(20_000), "it rang for the later moment");
        }
    }

    #[tokio::test]
    async fn a_thread_rings_at_the_earliest_moment() {
        let clock = Clock::start();
        let thread = TimerThread::start(clock.clone()).unwrap();
        rings_at_the_earliest_moment(clock, Alarm::Thread(thread)).await;
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_kernel_rings_at_the_earliest_moment() {
        let clock = Clock::start();
        let timer = super::KernelTimer::new(clock.clone()).unwrap();
        rings_at_the_earliest_moment(clock, Alarm::Kernel(timer)).await;
    }
}
