//! Wakes tasks at exact moments.
//!
//! All due moments of a server lie in one heap on its own thread; one [`Alarm`] rings for the
//! earliest. What is due at the ring is woken by one task inside the runtime, so that a thousand
//! streams due together cost one ring, not a thousand.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::alarm::Alarm;
use crate::clock::Clock;
use crate::units::Moment;

/// Wakes tasks at exact moments.
#[derive(Debug)]
pub(super) struct Pacer {
    clock: Clock,
    alarm: Alarm,
    queue: Mutex<BinaryHeap<Entry>>,
}

#[derive(Debug)]
struct Entry {
    due: Moment,
    task: Waker,
}

impl Pacer {
    /// A pacer that rests on `alarm`, which must run on the same `clock`.
    pub(super) const fn new(clock: Clock, alarm: Alarm) -> Self {
        Self { clock, alarm, queue: Mutex::new(BinaryHeap::new()) }
    }

    /// The present moment, on the clock that due moments are counted on.
    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Wakes `task` once at `due`, or soon after where it is past.
    pub(super) fn wake_at(&self, due: Moment, task: Waker) {
        let mut queue = self.lock();
        let is_first = queue.peek().is_none_or(|first| due < first.due);
        queue.push(Entry { due, task });
        drop(queue);
        if is_first {
            self.alarm.ring_by(due);
        }
    }

    /// Wakes what is due, for as long as it is polled. Nothing is woken without it.
    pub(super) async fn dispatch(&self) {
        let mut woken = Vec::new();
        poll_fn(|context| self.poll_dispatch(&mut woken, context)).await;
    }

    fn poll_dispatch(&self, woken: &mut Vec<Waker>, context: &mut Context<'_>) -> Poll<()> {
        self.alarm.listen(context);
        let now = self.now();
        let mut queue = self.lock();
        while queue.peek().is_some_and(|entry| entry.due <= now) {
            woken.extend(queue.pop().map(|entry| entry.task));
        }
        if let Some(first) = queue.peek() {
            self.alarm.ring_by(first.due);
        }
        drop(queue);
        woken.drain(..).for_each(Waker::wake);
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, BinaryHeap<Entry>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The earliest is the greatest: a heap gives its greatest first.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        other.due.cmp(&self.due)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Entry {}
