//! Where a worker's finished requests go.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::cell::CellState;
use crate::clock::Clock;
use crate::measure::{Recorder, RequestRow};
use crate::record::{Failure, FailureKind, Outcome, Phase, RequestRecord, TextEvents};
use crate::units::{Moment, format_span};

/// Spare event buffers kept per worker; more than this many are in flight only briefly.
const SPARE_BUFFERS: usize = 256;

/// Why requests in flight are cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CutOff {
    /// The drain of the stage is over.
    Drained(std::time::Duration),
    /// The run is being stopped.
    Stopped,
}

/// Collects what one worker finishes in one cell; belongs to the worker's thread.
pub(super) struct Sink {
    state: Arc<CellState>,
    clock: Clock,
    recorder: RefCell<Recorder>,
    rows: RefCell<Vec<RequestRow>>,
    spare: RefCell<Vec<TextEvents>>,
    cut_off: Cell<CutOff>,
}

impl Sink {
    pub(super) fn new(state: Arc<CellState>, clock: Clock, recorder: Recorder) -> Self {
        Self {
            state,
            clock,
            recorder: RefCell::new(recorder),
            rows: RefCell::default(),
            spare: RefCell::default(),
            cut_off: Cell::new(CutOff::Stopped),
        }
    }

    /// A request that is about to be sent. If it is dropped before it is finished, it is
    /// recorded as cut off.
    pub(super) fn begin(self: &Rc<Self>, phase: Phase, index: u64, due_at: Moment) -> InFlight {
        let mut record = RequestRecord::due(self.state.order().id, index, phase, due_at);
        if let Some(buffer) = self.spare.borrow_mut().pop() {
            record.text_events = buffer;
        }
        InFlight { sink: Rc::clone(self), record: Some(record) }
    }

    /// Notes how many requests are in flight, for the maximum of the window.
    pub(super) fn observe_in_flight(&self, phase: Phase, in_flight: u64) {
        if phase == Phase::Measure {
            self.recorder.borrow_mut().observe_in_flight(in_flight);
        }
    }

    /// From now on, requests that are dropped were cut off for this reason.
    pub(super) fn set_cut_off(&self, reason: CutOff) {
        self.cut_off.set(reason);
    }

    /// What has come together since the last time.
    pub(super) fn take(&self) -> (Recorder, Vec<RequestRow>) {
        (self.recorder.borrow_mut().take(), std::mem::take(&mut *self.rows.borrow_mut()))
    }

    /// Puts back what could not be handed over, in front of what came since.
    pub(super) fn put_back(&self, recorder: &Recorder, mut rows: Vec<RequestRow>) {
        self.recorder.borrow_mut().merge(recorder);
        let mut newer = self.rows.borrow_mut();
        rows.append(&mut newer);
        *newer = rows;
    }

    fn finish(&self, mut record: RequestRecord) {
        let failed = record.outcome.failure().is_some();
        self.state.ended(failed, self.clock.now());
        self.recorder.borrow_mut().record(&record, &self.state.window());
        self.rows.borrow_mut().push(RequestRow::new(&record));
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARE_BUFFERS {
            let mut buffer = std::mem::take(&mut record.text_events);
            buffer.clear();
            spare.push(buffer);
        }
    }
}

/// A request in flight. It counts as in flight from the hand-out until this is gone.
pub(super) struct InFlight {
    sink: Rc<Sink>,
    record: Option<RequestRecord>,
}

impl InFlight {
    /// The record to be filled in; `None` only after the end.
    pub(super) const fn record(&mut self) -> Option<&mut RequestRecord> {
        self.record.as_mut()
    }

    /// Ends the request with the outcome in its record, and tells the kind of its failure.
    pub(super) fn finish(mut self) -> Option<FailureKind> {
        let record = self.record.take()?;
        let kind = record.outcome.failure().map(|failure| failure.kind);
        self.sink.finish(record);
        kind
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let Some(mut record) = self.record.take() else { return };
        record.finished_at = Some(self.sink.clock.now());
        record.outcome = match self.sink.cut_off.get() {
            CutOff::Stopped => Outcome::Cancelled,
            CutOff::Drained(drain) => Outcome::Failed(Box::new(Failure {
                kind: FailureKind::DrainTimeout,
                message: format!("still running {} after the stage closed", format_span(drain)),
            })),
        };
        self.sink.finish(record);
    }
}
