//! Where a worker's finished requests go.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use super::cell::CellState;
use super::counting::{Desk, Texts};
use super::seconds::Batch;
use super::worker::Report;
use crate::client::{EventMeter, HttpClient, KeptText, Talk};
use crate::clock::Clock;
use crate::measure::{INTERVAL, Recorder, RequestRow, SessionEnd};
use crate::record::{Failure, FailureKind, Outcome, Phase, RequestRecord, TextEvents};
use crate::units::{Moment, format_span};
use crate::workload::RequestSpec;

/// Spare event buffers kept per worker; more than this many are in flight only briefly.
const SPARE_BUFFERS: usize = 256;

/// Why requests in flight are cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CutOff {
    /// The drain of the stage is over.
    Drained(Duration),
    /// The run is being stopped.
    Stopped,
}

/// Collects what one worker finishes in one cell, and hands it over second by second; belongs
/// to the worker's thread.
pub(super) struct Sink {
    state: Arc<CellState>,
    clock: Clock,
    reports: SyncSender<Report>,
    meter: EventMeter,
    metered: Cell<u64>,
    second: Cell<u64>,
    second_ends_at: Cell<Moment>,
    recorder: RefCell<Recorder>,
    rows: RefCell<Vec<RequestRow>>,
    spare: RefCell<Vec<TextEvents>>,
    cut_off: Cell<CutOff>,
    /// Where tokens are counted; `None` without a tokenizer.
    desk: Option<Desk>,
}

impl Sink {
    /// A sink that hands over to `reports`. `meter` counts the text events of the worker.
    pub(super) fn new(
        state: Arc<CellState>,
        clock: Clock,
        recorder: Recorder,
        meter: EventMeter,
        reports: SyncSender<Report>,
    ) -> Self {
        let second_ends_at = Cell::new(state.began_at() + INTERVAL);
        Self {
            state,
            clock,
            reports,
            metered: Cell::new(meter.read()),
            meter,
            second: Cell::new(0),
            second_ends_at,
            recorder: RefCell::new(recorder),
            rows: RefCell::default(),
            spare: RefCell::default(),
            cut_off: Cell::new(CutOff::Stopped),
            desk: None,
        }
    }

    /// The same, with the tokens of every request counted at `desk` before it is recorded.
    pub(super) fn counting(self, desk: Option<Desk>) -> Self {
        Self { desk, ..self }
    }

    /// A request that is about to be sent. If it is dropped before it is finished, it is
    /// recorded as cut off.
    pub(super) fn begin(self: &Rc<Self>, phase: Phase, index: u64, due_at: Moment) -> InFlight {
        self.hand_over_until(due_at);
        self.recorder.borrow_mut().note_sent();
        let mut record = self.state.due(phase, index, due_at);
        if let Some(buffer) = self.spare.borrow_mut().pop() {
            record.text_events = buffer;
        }
        let texts = self.desk.is_some().then(Texts::default);
        InFlight { sink: Rc::clone(self), record: Some(record), texts }
    }

    /// Notes how many requests are in flight, for the maximum of the window.
    pub(super) fn observe_in_flight(&self, phase: Phase, in_flight: u64) {
        if phase == Phase::Measure {
            self.recorder.borrow_mut().observe_in_flight(in_flight);
        }
    }

    /// Notes that a session is over that began in `phase`; those of the warm-up are not counted.
    pub(super) fn session_ended(&self, phase: Phase, end: SessionEnd) {
        if phase == Phase::Measure {
            self.recorder.borrow_mut().note_session(end);
        }
    }

    /// From now on, requests that are dropped were cut off for this reason.
    pub(super) fn set_cut_off(&self, reason: CutOff) {
        self.cut_off.set(reason);
    }

    /// Hands over the second that is over at `now`, if one is; keeps it for later if the
    /// coordinator is behind.
    #[inline]
    pub(super) fn hand_over_until(&self, now: Moment) {
        if now >= self.second_ends_at.get() {
            self.hand_over(now.since(self.state.began_at()).as_secs());
        }
    }

    #[cold]
    fn hand_over(&self, until: u64) {
        self.desk.iter().flat_map(Desk::ready).for_each(|record| self.enter(record));
        let batch = self.take(until);
        let begun = self.second.replace(until);
        self.second_ends_at.set(self.state.began_at() + Duration::from_secs(until + 1));
        match self.reports.try_send(Report::Batch(Box::new(batch))) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(report)) => {
                self.state.handover_refused();
                if let Report::Batch(batch) = report {
                    self.second.set(begun);
                    self.put_back(*batch);
                }
            }
        }
    }

    /// All that is left, for the coordinator to take in when the worker leaves the cell.
    pub(super) fn rest(&self) -> Batch {
        self.desk.iter().flat_map(Desk::rest).for_each(|record| self.enter(record));
        self.take(self.second.get())
    }

    fn take(&self, until: u64) -> Batch {
        let mut recorder = self.recorder.borrow_mut();
        let metered = self.meter.read();
        recorder.note_text_events(metered - self.metered.replace(metered));
        Batch {
            second: self.second.get(),
            until,
            recorder: recorder.take(),
            rows: std::mem::take(&mut *self.rows.borrow_mut()),
        }
    }

    /// Puts back what could not be handed over, in front of what came since.
    fn put_back(&self, batch: Batch) {
        let Batch { recorder, mut rows, .. } = batch;
        self.recorder.borrow_mut().merge(&recorder);
        let mut newer = self.rows.borrow_mut();
        rows.append(&mut newer);
        *newer = rows;
    }

    fn finish(&self, record: RequestRecord, texts: Option<Texts>) {
        let failed = record.outcome.failure().is_some();
        let now = self.clock.now();
        self.state.ended(failed, now);
        self.hand_over_until(now);
        let Some((desk, texts)) = self.desk.as_ref().zip(texts) else { return self.enter(record) };
        desk.ready().for_each(|record| self.enter(record));
        if !record.outcome.is_completed() {
            self.enter(record);
        } else if let Err(record) = desk.give(record, texts) {
            self.enter(*record);
        }
    }

    /// Records what will not change any more.
    fn enter(&self, mut record: RequestRecord) {
        let mut recorder = self.recorder.borrow_mut();
        recorder.record(&record, &self.state.window());
        self.rows.borrow_mut().push(recorder.row(&record));
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
    /// What was said, where it is counted.
    texts: Option<Texts>,
}

impl InFlight {
    /// The record to be filled in; `None` only after the end.
    pub(super) const fn record(&mut self) -> Option<&mut RequestRecord> {
        self.record.as_mut()
    }

    /// Sends the request and reads its answer.
    pub(super) async fn send(&mut self, client: &HttpClient, spec: &RequestSpec) {
        let Some(record) = self.record.as_mut() else { return };
        if self.texts.is_none() {
            return client.send(spec, record).await;
        }
        let mut talk = Talk::default();
        client.send_turn(spec, record, &mut talk).await;
        self.keep(spec, talk.text());
    }

    /// Sends the request as a turn of `talk`, and tells whether it was answered.
    pub(super) async fn send_turn(
        &mut self,
        client: &HttpClient,
        spec: &RequestSpec,
        talk: &mut Talk,
    ) -> bool {
        let Some(record) = self.record.as_mut() else { return false };
        client.send_turn(spec, record, talk).await;
        let is_completed = record.outcome.is_completed();
        self.keep(spec, talk.text());
        is_completed
    }

    fn keep(&mut self, spec: &RequestSpec, answer: &KeptText) {
        if let Some(texts) = &mut self.texts {
            *texts = Texts { body: spec.body.clone(), answer: answer.clone() };
        }
    }

    /// Ends the request with the outcome in its record, and tells the kind of its failure.
    pub(super) fn finish(mut self) -> Option<FailureKind> {
        let record = self.record.take()?;
        let kind = record.outcome.failure().map(|failure| failure.kind);
        self.sink.finish(record, self.texts.take());
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
        self.sink.finish(record, None);
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::time::Duration;

    use super::{Batch, Report, Sink};
    use crate::client::EventMeter;
    use crate::clock::Clock;
    use crate::measure::{Recorded, Recorder, RecordingRules};
    use crate::openai::Endpoint;
    use crate::record::{Outcome, Phase};
    use crate::run::cell::{CellOrder, CellState};
    use crate::scenario::{Bound, LoadProfile, Slo, Stage};
    use crate::units::Moment;

    /// A sink of a cell that begins now, into a channel that holds one report.
    fn sink(clock: &Clock) -> (Rc<Sink>, Receiver<Report>) {
        let bound = Bound { requests: Some(9), duration: None };
        let profile = LoadProfile::closed(1);
        let order = CellOrder {
            id: 0,
            stage: Stage { profile, bound },
            warmup: None,
            stop: None,
            has_sessions: false,
            mix: None,
        };
        let state = Arc::new(CellState::new(order, clock.now()));
        let rules = RecordingRules { slo: Slo::default(), of: Recorded::Requests(Endpoint::Chat) };
        let (sender, reports) = sync_channel(1);
        let meter = EventMeter::default();
        let sink = Sink::new(state, clock.clone(), Recorder::new(rules), meter, sender);
        (Rc::new(sink), reports)
    }

    /// Seconds, and how many requests were sent and ended.
    fn shown(batch: &Batch) -> (u64, u64, u64, u64) {
        let activity = batch.recorder.activity();
        assert_eq!(activity.finished, u64::try_from(batch.rows.len()).unwrap());
        (batch.second, batch.until, activity.sent, activity.finished)
    }

    fn handed_over(reports: &Receiver<Report>) -> Option<(u64, u64, u64, u64)> {
        match reports.try_recv() {
            Ok(Report::Batch(batch)) => Some(shown(&batch)),
            _ => None,
        }
    }

    /// A request that takes so long.
    fn request(sink: &Rc<Sink>, clock: &Clock, millis: u64) {
        sink.state.sent();
        let mut flight = sink.begin(Phase::Measure, 0, clock.now());
        clock.advance(Duration::from_millis(millis));
        flight.record().unwrap().outcome = Outcome::Completed { capped: false };
        flight.finish();
    }

    #[test]
    fn a_second_is_handed_over_with_the_first_thing_after_it() {
        let clock = Clock::by_hand();
        clock.advance(Duration::from_millis(300));
        let (sink, reports) = sink(&clock);
        request(&sink, &clock, 600);
        assert_eq!(handed_over(&reports), None);
        request(&sink, &clock, 500);
        assert_eq!(handed_over(&reports), Some((0, 1, 2, 1)));
        clock.advance(Duration::from_secs(2));
        sink.hand_over_until(clock.now());
        assert_eq!(handed_over(&reports), Some((1, 3, 0, 1)));
        assert_eq!(shown(&sink.rest()), (3, 3, 0, 0));
    }

    #[test]
    fn what_is_not_taken_comes_with_the_next_second() {
        let clock = Clock::by_hand();
        let (sink, reports) = sink(&clock);
        for _ in 0..2 {
            request(&sink, &clock, 1_000);
        }
        assert_eq!(sink.state.handovers_refused(), 1);
        assert_eq!(handed_over(&reports), Some((0, 1, 1, 0)));
        request(&sink, &clock, 1_000);
        assert_eq!(handed_over(&reports), Some((1, 3, 2, 2)));
    }

    #[test]
    fn a_cell_has_its_own_seconds() {
        let clock = Clock::by_hand();
        clock.advance(Duration::from_millis(700));
        let (sink, reports) = sink(&clock);
        sink.hand_over_until(Moment::from_nanos(1_699_999_999));
        assert_eq!(handed_over(&reports), None);
        sink.hand_over_until(Moment::from_nanos(1_700_000_000));
        assert_eq!(handed_over(&reports), Some((0, 1, 0, 0)));
    }
}
