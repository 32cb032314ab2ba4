//! A session: the turns of one conversation, one after the other.
//!
//! The first turn is due when a slot of a closed loop, or an arrival of an open one, begins the
//! session; each further one once the answer before it has come and the user has thought. A
//! turn that fails ends the session, and so does the end of the window: the turns that are
//! left were never due.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::requests::wait_until;
use super::sink::InFlight;
use super::worker::CellContext;
use crate::client::Talk;
use crate::load::ThinkTimes;
use crate::measure::SessionEnd;
use crate::record::{FailureKind, Phase, TurnPlace};
use crate::workload::{Conversation, NextTurn, RequestFactory, RequestSpec, RowError};

/// One session on its way. If it is dropped before its end, it was cut short.
pub(super) struct Session {
    cell: Rc<CellContext>,
    factory: Arc<RequestFactory>,
    /// The phase it began in.
    phase: Phase,
    /// Its number among those that began in the same phase, from 0.
    number: u64,
    turn: u32,
    conversation: Conversation,
    think_times: Option<ThinkTimes>,
    talk: Talk,
    end: SessionEnd,
}

impl Session {
    /// Session number `number` of those that begin in `phase`, with its first request. `None`
    /// for want of a prompt: then the window is closed.
    pub(super) fn new(
        (cell, factory): (&Rc<CellContext>, &Arc<RequestFactory>),
        phase: Phase,
        number: u64,
    ) -> Option<(Self, RequestSpec)> {
        let (conversation, spec) = match first_turn(factory, phase, number) {
            Ok(Some(first)) => first,
            Ok(None) => {
                cell.state.close_window(cell.clock.now());
                return None;
            }
            Err(error) => {
                cell.state.lacks_prompt(error, cell.clock.now());
                return None;
            }
        };
        let think_times = cell.turn_thinking.map(|thinking| thinking.of(number));
        let session = Self {
            cell: Rc::clone(cell),
            factory: Arc::clone(factory),
            phase,
            number,
            turn: 0,
            conversation,
            think_times,
            talk: Talk::default(),
            end: SessionEnd::Cut,
        };
        Some((session, spec))
    }

    /// Runs it to its end; the failure that ended it, if one did.
    pub(super) async fn run(
        mut self,
        mut flight: InFlight,
        mut spec: RequestSpec,
    ) -> Option<FailureKind> {
        loop {
            let Self { phase, number, turn, .. } = self;
            if let Some(record) = flight.record() {
                record.turn = Some(TurnPlace { phase, session: number, turn });
            }
            let is_completed = flight.send_turn(&self.cell.client, &spec, &mut self.talk).await;
            let failure = flight.finish();
            if !is_completed {
                self.end = SessionEnd::Failed;
                return failure;
            }
            self.turn += 1;
            let answer = self.talk.take_answer();
            self.conversation.answered(&answer);
            spec = self.next_request()?;
            let think_time = self.think_times.as_mut().map_or(Duration::ZERO, ThinkTimes::draw);
            let due_at = self.cell.clock.now() + think_time;
            if !wait_until(&self.cell, due_at).await {
                return None;
            }
            let turn = self.cell.state.next_turn(due_at, self.cell.clock.now())?;
            self.cell.sink.observe_in_flight(turn.phase, self.cell.state.sent());
            flight = self.cell.sink.begin(turn.phase, turn.index, due_at);
            self.cell.turnstile.pass().await;
        }
    }

    /// The request of the next turn; `None` at the end, which is then noted.
    fn next_request(&mut self) -> Option<RequestSpec> {
        match self.factory.next_turn(&mut self.conversation) {
            Ok(NextTurn::Request(spec)) => return Some(spec),
            Ok(NextTurn::Over) => self.end = SessionEnd::Completed,
            Ok(NextTurn::TooLong) => self.end = SessionEnd::Cut,
            Err(error) => self.cell.state.lacks_prompt(error, self.cell.clock.now()),
        }
        None
    }
}

/// A conversation with its first request; `None` once the prompts have ended.
fn first_turn(
    factory: &RequestFactory,
    phase: Phase,
    number: u64,
) -> Result<Option<(Conversation, RequestSpec)>, RowError> {
    let Some(mut conversation) = factory.conversation(phase, number)? else { return Ok(None) };
    Ok(match factory.next_turn(&mut conversation)? {
        NextTurn::Request(spec) => Some((conversation, spec)),
        NextTurn::Over | NextTurn::TooLong => None,
    })
}

impl Drop for Session {
    fn drop(&mut self) {
        self.cell.sink.session_ended(self.phase, self.end);
        self.cell.state.session_left();
    }
}
