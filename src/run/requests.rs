//! The two ways a request comes to be sent: from a closed-loop slot, or as an arrival.

use std::rc::Rc;
use std::time::Duration;

use super::sink::InFlight;
use super::worker::{CellContext, Release};
use crate::record::{FailureKind, Phase};
use crate::workload::RequestSpec;

/// Pause of a closed-loop slot after a connection that could not be opened. Without it a dead
/// server would be tried thousands of times a second, and the rows would be all its failures.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// One slot of a closed loop: sends, waits for the end, sends the next.
pub(super) async fn run_slot(cell: Rc<CellContext>) {
    loop {
        let now = cell.clock.now();
        let Some(turn) = cell.state.next_turn(now) else { break };
        let Some(spec) = spec_of(&cell, turn.phase, turn.index) else { break };
        cell.sink.observe_in_flight(turn.phase, cell.state.sent());
        let flight = cell.sink.begin(turn.phase, turn.index, now);
        let failure = send(&cell, flight, &spec).await;
        if failure.is_some_and(is_refusal) {
            tokio::time::sleep(REFUSED_PAUSE).await;
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
        match spec_of(&cell, release.phase, release.index) {
            Some(spec) => drop(send(&cell, flight, &spec).await),
            // It was due and is not sent, and its record says so.
            None => drop(flight.finish()),
        }
    }
}

/// The request to send. Without one, for want of prompts, the window closes.
fn spec_of(cell: &CellContext, phase: Phase, index: u64) -> Option<RequestSpec> {
    match cell.factory.request(phase, index) {
        Ok(Some(spec)) => return Some(spec),
        Ok(None) => cell.state.close_window(cell.clock.now()),
        Err(error) => cell.state.lacks_prompt(error, cell.clock.now()),
    }
    None
}

async fn send(cell: &CellContext, mut flight: InFlight, spec: &RequestSpec) -> Option<FailureKind> {
    if let Some(record) = flight.record() {
        cell.client.send(spec, record).await;
    }
    flight.finish()
}

/// Whether no connection came about, at once.
const fn is_refusal(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Resolve | FailureKind::Connect | FailureKind::Tls)
}
