//! One request's stay at the server.

use std::sync::Arc;
use std::time::Duration;

use super::residence::Stay;
use super::truth::{End, Ledger, Written};
use crate::units::Moment;

/// One request's stay at the server; how it ended is noted when this is dropped, and a client
/// that hangs up drops it early.
#[derive(Debug)]
pub(super) struct Visit {
    ledger: Arc<Ledger>,
    arrived_at: Moment,
    timed: bool,
    stay: Option<Stay>,
    end: End,
}

impl Visit {
    /// Notes that a request had arrived whole at `arrived_at`.
    pub(super) fn begin(ledger: &Arc<Ledger>, arrived_at: Moment) -> Self {
        let timed = ledger.arrived();
        Self { ledger: Arc::clone(ledger), arrived_at, timed, stay: None, end: End::Abandoned }
    }

    /// When the request had arrived whole.
    pub(super) const fn arrived_at(&self) -> Moment {
        self.arrived_at
    }

    /// Holds the model it uses for as long as it lasts.
    pub(super) fn holds(&mut self, stay: Stay) {
        self.stay = Some(stay);
    }

    /// How long it waited for its model.
    pub(super) fn load(&self) -> Duration {
        self.stay.as_ref().map_or(Duration::ZERO, |stay| stay.wait)
    }

    /// When its model was there: as soon as it had arrived, where nothing was loaded.
    pub(super) fn admitted_at(&self) -> Moment {
        self.arrived_at + self.load()
    }

    /// The whole answer leaves, or the end of a stream.
    pub(super) const fn answer(&mut self) {
        self.end = End::Answered;
    }

    /// An error leaves instead.
    pub(super) const fn fail(&mut self) {
        self.end = End::Failed;
    }

    /// Notes what is written.
    pub(super) fn wrote(&self, written: Written) {
        self.ledger.wrote(written, self.timed);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.ledger.ended(self.end);
    }
}
