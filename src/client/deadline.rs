//! One timer per request for all its timeouts.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::time::Sleep;

use crate::clock::Clock;
use crate::record::FailureKind;
use crate::scenario::Timeouts;
use crate::units::Moment;

/// The timeouts of a request in flight.
///
/// Text events move the next deadline back without touching the timer: it is armed anew only
/// when it fires early, so a stream pays for its timeouts once, not per event. Only the first
/// text may bring the deadline forward, where a stall is given less time than the first token.
pub(super) struct Deadline {
    clock: Clock,
    sleep: Pin<Box<Sleep>>,
    armed_for: Moment,
    /// Whom the timer wakes as it is armed.
    wakes: Option<Waker>,
    whole_request: Moment,
    next_text: Moment,
    waits_for: FailureKind,
    timeouts: Timeouts,
}

impl Deadline {
    /// Starts the timeouts of a request sent at `sent_at`.
    pub(super) fn new(clock: &Clock, timeouts: &Timeouts, sent_at: Moment, stream: bool) -> Self {
        let whole_request = sent_at + timeouts.request;
        let next_text = if stream { sent_at + timeouts.first_token } else { Moment::NEVER };
        let first = whole_request.min(next_text);
        Self {
            clock: clock.clone(),
            sleep: Box::pin(tokio::time::sleep(first.since(clock.now()))),
            armed_for: first,
            wakes: None,
            whole_request,
            next_text,
            waits_for: FailureKind::FirstTokenTimeout,
            timeouts: *timeouts,
        }
    }

    /// Notes that text arrived at `at`: from now on a stall is what can go wrong.
    pub(super) fn text_arrived(&mut self, at: Moment) {
        self.next_text = at + self.timeouts.stall;
        self.waits_for = FailureKind::StallTimeout;
        if self.next_text < self.armed_for {
            self.arm(self.clock.now());
        }
    }

    /// Sets the timer to the earliest timeout that is still ahead.
    fn arm(&mut self, now: Moment) {
        self.armed_for = self.whole_request.min(self.next_text);
        self.wakes = None;
        self.sleep.as_mut().reset(tokio::time::Instant::now() + self.armed_for.since(now));
    }

    /// Ready with the timeout that has passed; wakes the task when the next one may have.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<FailureKind> {
        // The timer knows this task already and has not rung: a look at the clock is cheaper.
        if self.wakes.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()))
            && self.clock.now() < self.armed_for
        {
            return Poll::Pending;
        }
        while self.sleep.as_mut().poll(cx).is_ready() {
            let now = self.clock.now();
            if now >= self.whole_request {
                return Poll::Ready(FailureKind::RequestTimeout);
            }
            if now >= self.next_text {
                return Poll::Ready(self.waits_for);
            }
            self.arm(now);
        }
        self.wakes = Some(cx.waker().clone());
        Poll::Pending
    }

    /// What a timeout means, in words.
    pub(super) fn message(&self, kind: FailureKind) -> String {
        let span = crate::units::format_span;
        match kind {
            FailureKind::FirstTokenTimeout => {
                format!("no text within {}", span(self.timeouts.first_token))
            }
            FailureKind::StallTimeout => {
                format!("no further text within {}", span(self.timeouts.stall))
            }
            _ => format!("not finished within {}", span(self.timeouts.request)),
        }
    }
}
