//! The two ways a request or a session comes to be sent: from a closed-loop slot, or as an
//! arrival.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::session::Session;
use super::sink::InFlight;
use super::worker::{CellContext, Release};
use crate::load::ThinkTimes;
use crate::record::{FailureKind, Phase};
use crate::units::Moment;
use crate::workload::RequestSpec;

/// Pause of a closed-loop slot after a connection that could not be opened. Without it a dead
/// server would be tried thousands of times a second, and the rows would be all its failures.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// How often a clock without timers is looked at.
const TICK: Duration = Duration::from_millis(1);

/// Slot number `slot` of a closed loop: sends, waits for the end, thinks, sends the next.
pub(super) async fn run_slot(cell: Rc<CellContext>, slot: u32) {
    let mut think_times = cell.thinking.map(|thinking| thinking.of(slot.into()));
    let mut free_at = cell.clock.now();
    while let Some(due_at) = cell.state.slot_due(slot, free_at) {
        if !wait_until(&cell, due_at).await {
            break;
        }
        let Some(turn) = cell.state.next_turn(due_at, cell.clock.now()) else { break };
        cell.state.session_begins();
        let Some((what, spec)) = what_to_send(&cell, turn.phase, turn.index) else { break };
        cell.sink.observe_in_flight(turn.phase, cell.state.sent());
        let flight = cell.sink.begin(turn.phase, turn.index, due_at);
        cell.turnstile.pass().await;
        let failure = send(&cell, flight, what, spec).await;
        let think_time = think_times.as_mut().map_or(Duration::ZERO, ThinkTimes::draw);
        let pause = if failure.is_some_and(is_refusal) { REFUSED_PAUSE } else { Duration::ZERO };
        free_at = cell.clock.now() + think_time.max(pause);
    }
}

/// Waits until `due_at`; false if nothing more is handed out before that.
pub(super) async fn wait_until(cell: &CellContext, due_at: Moment) -> bool {
    loop {
        // Asked for before the end is looked at, so that none is missed in between.
        let end_moved = cell.state.end_moved();
        let now = cell.clock.now();
        if cell.state.is_over(now) {
            return false;
        }
        if now >= due_at {
            return true;
        }
        let until = cell.clock.instant(due_at.min(cell.state.window().closed_at));
        let until = until.map_or_else(|| Instant::now() + TICK, Instant::from_std);
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = end_moved => {}
        }
    }
}

/// One arrival of an open loop. The pacer has counted it as in flight already, so its record
/// exists before the task first runs: an arrival cannot be lost in between.
pub(super) fn run_arrival(
    cell: Rc<CellContext>,
    release: Release,
) -> impl Future<Output = ()> + 'static {
    cell.sink.observe_in_flight(release.phase, cell.state.in_flight());
    let mut flight = cell.sink.begin(release.phase, release.index, release.due_at);
    if let Some(record) = flight.record() {
        record.held_back = release.held_back;
    }
    async move {
        match what_to_send(&cell, release.phase, release.prompt) {
            Some((what, spec)) => drop(send(&cell, flight, what, spec).await),
            // It was due and is not sent, and its record says so.
            None => drop(flight.finish()),
        }
    }
}

/// What a slot or an arrival begins.
enum What {
    /// A request that stands alone.
    Request,
    /// The conversation whose first turn it is.
    Session(Box<Session>),
}

/// What to send, with its first request. Without one, for want of prompts, the window closes.
fn what_to_send(cell: &Rc<CellContext>, phase: Phase, index: u64) -> Option<(What, RequestSpec)> {
    if let Some(factory) = &cell.conversations {
        let number = cell.state.next_session(phase);
        let begun = Session::new((cell, factory), phase, number);
        if begun.is_none() {
            cell.state.session_left();
        }
        return begun.map(|(session, spec)| (What::Session(Box::new(session)), spec));
    }
    match cell.requests.request(phase, index) {
        Ok(Some(spec)) => return Some((What::Request, spec)),
        Ok(None) => cell.state.close_window(cell.clock.now()),
        Err(error) => cell.state.lacks_prompt(error, cell.clock.now()),
    }
    None
}

/// Sends a request, or runs a whole session; the failure it came to.
async fn send(
    cell: &CellContext,
    mut flight: InFlight,
    what: What,
    spec: RequestSpec,
) -> Option<FailureKind> {
    if let What::Session(session) = what {
        return session.run(flight, spec).await;
    }
    flight.send(&cell.client, &spec).await;
    flight.finish()
}

/// Whether no connection came about, at once.
const fn is_refusal(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Resolve | FailureKind::Connect | FailureKind::Tls)
}
