//! When a request may give out its events: by its script, or as the engine lets it.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::batch::Ticket;
use super::pacer::Pacer;
use super::script::Dues;
use crate::units::Moment;

/// What may be given out by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Released {
    /// Events in all, those given out before included.
    pub(super) events: u32,
    /// When the newest of them was due.
    pub(super) due: Moment,
    /// The present moment.
    pub(super) now: Moment,
}

/// The events of a request, as they fall due.
#[derive(Debug)]
pub(super) enum Releases {
    /// By script.
    Timed(Timed),
    /// As the engine lets it.
    Batched(Ticket),
}

impl Releases {
    /// What may be given out, once that is at least `wanted` events.
    ///
    /// Never ready for more events than the request has.
    pub(super) fn poll(&mut self, wanted: u32, context: &Context<'_>) -> Poll<Released> {
        match self {
            Self::Timed(timed) => timed.poll(wanted, context),
            Self::Batched(ticket) => ticket.poll(wanted, context),
        }
    }

    /// Spares the waking for events before number `event`, for who waits for that one alone.
    pub(super) fn skip_to_event(&mut self, event: u32) {
        if let Self::Timed(timed) = self {
            timed.skip_to_event(event);
        }
    }
}

/// Events at moments that are known beforehand.
#[derive(Debug)]
pub(super) struct Timed {
    pacer: Arc<Pacer>,
    arrived_at: Moment,
    dues: Dues,
    next: Option<Moment>,
    events: u32,
    due: Moment,
    /// The wake-up that was asked for last.
    asked: Option<(Moment, Waker)>,
}

impl Timed {
    /// Events that are due by `dues`, counted from `arrived_at`.
    pub(super) fn new(pacer: Arc<Pacer>, arrived_at: Moment, mut dues: Dues) -> Self {
        let next = dues.next().map(|offset| arrived_at + offset);
        Self { pacer, arrived_at, dues, next, events: 0, due: arrived_at, asked: None }
    }

    fn skip_to_event(&mut self, event: u32) {
        while self.events + 1 < event
            && let Some(offset) = self.dues.next()
        {
            self.events += 1;
            self.next = Some(self.arrived_at + offset);
        }
    }

    fn poll(&mut self, wanted: u32, context: &Context<'_>) -> Poll<Released> {
        let mut now = self.pacer.now();
        self.pass(now);
        while self.events < wanted {
            // None: past the last event, which is the caller's error; it waits for ever.
            let Some(next) = self.next else { return Poll::Pending };
            if next > now {
                self.ask_for_waking(next, context);
                return Poll::Pending;
            }
            now = self.pacer.now();
            self.pass(now);
        }
        Poll::Ready(Released { events: self.events, due: self.due, now })
    }

    /// Counts the events that are due by `now`.
    fn pass(&mut self, now: Moment) {
        while let Some(due) = self.next.filter(|due| *due <= now) {
            self.events += 1;
            self.due = due;
            self.next = self.dues.next().map(|offset| self.arrived_at + offset);
        }
    }

    fn ask_for_waking(&mut self, due: Moment, context: &Context<'_>) {
        let asked = self.asked.as_ref();
        if asked.is_some_and(|(at, task)| *at == due && task.will_wake(context.waker())) {
            return;
        }
        let task = context.waker().clone();
        self.asked = Some((due, task.clone()));
        self.pacer.wake_at(due, task);
    }
}
