//! The body of a streamed answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};

use super::native::Spent;
use super::pieces::Pieces;
use super::release::{Released, Releases};
use super::script::{Fault, Script};
use super::truth::Written;
use super::visit::Visit;
use crate::units::Moment;

/// The body of a streamed answer: each event leaves when it is due, and what is due together
/// leaves together.
#[derive(Debug)]
pub(super) struct TextStream {
    visit: Visit,
    pieces: Pieces,
    releases: Releases,
    /// Events given out so far.
    sent: u32,
    /// Events to give out.
    events: u32,
    /// Whether an error takes the place of the event after those.
    breaks: bool,
    /// When text was written first.
    began_at: Option<Moment>,
    /// When text was written last.
    wrote_at: Option<Moment>,
    /// How long the prompt takes, without the queue.
    prefill: Duration,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Head,
    Events,
    Tail,
    Over,
}

impl TextStream {
    /// The answer by `script`.
    pub(super) fn new(visit: Visit, pieces: Pieces, releases: Releases, script: &Script) -> Self {
        let (events, breaks) = match script.fault {
            Some(Fault::Break(after)) => (after, true),
            Some(Fault::Refuse) | None => (script.events, false),
        };
        Self {
            visit,
            pieces,
            releases,
            sent: 0,
            events,
            breaks,
            began_at: None,
            wrote_at: None,
            prefill: script.prefill,
            phase: Phase::Head,
        }
    }

    fn poll_events(&mut self, context: &Context<'_>) -> Poll<Bytes> {
        let released = ready!(self.releases.poll(self.sent + 1, context));
        if self.sent == self.events {
            self.visit.fail();
            self.phase = Phase::Over;
            return Poll::Ready(self.pieces.failure());
        }
        let (bytes, given) = self.pieces.events(self.sent, released.events.min(self.events));
        self.note(released, given);
        self.sent += given;
        if self.sent == self.events && !self.breaks {
            self.phase = Phase::Tail;
        }
        Poll::Ready(bytes)
    }

    fn note(&mut self, released: Released, given: u32) {
        let since = released.now.since(self.visit.arrived_at());
        let is_last = self.sent + given == self.events && !self.breaks;
        self.visit.wrote(Written {
            events: given,
            late: released.now.since(released.due),
            gap: self.wrote_at.map(|before| released.now.since(before)),
            first: (self.sent == 0).then_some(since),
            last: is_last.then_some(since),
        });
        self.began_at.get_or_insert(released.now);
        self.wrote_at = Some(released.now);
    }

    fn spent(&self) -> Spent {
        let since = |from: Option<Moment>| {
            self.wrote_at.zip(from).map(|(last, from)| last.since(from)).unwrap_or_default()
        };
        Spent {
            load: self.visit.load(),
            prefill: self.prefill,
            decode: since(self.began_at),
            total: since(Some(self.visit.arrived_at())),
        }
    }
}

impl Body for TextStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        let bytes = loop {
            match this.phase {
                Phase::Head => {
                    this.phase = Phase::Events;
                    if let Some(head) = this.pieces.head() {
                        break head;
                    }
                }
                Phase::Events => break ready!(this.poll_events(context)),
                Phase::Tail => {
                    this.visit.answer();
                    this.phase = Phase::Over;
                    break this.pieces.tail(this.spent());
                }
                Phase::Over => return Poll::Ready(None),
            }
        };
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.phase == Phase::Over
    }
}
