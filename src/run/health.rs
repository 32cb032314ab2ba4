//! Watches the client while it measures: what it got of the machine between two readings, at
//! the opening of the window and at the end of the load.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cell::CellState;
use super::machine::{
    ProcessorTicks, descriptors, ports, process_time, processor_ticks, suspended_time, thread_times,
};
use super::neighbour::{ServerPlace, ServerTicks, ticks_between};
use super::worker::THREAD_NAME;
use crate::audit::{ClientHealth, MachineTimes, Stock, ThreadTimes};
use crate::clock::{Clock, WallTime};
use crate::measure::{TimeSeries, Waits};
use crate::units::{Moment, ratio, seconds, span_from_seconds};

/// Both clocks are read within this much of each other.
const SAME_TIME: Duration = Duration::from_micros(200);
/// How often that is tried; on a machine too busy for it the last try counts.
const SAME_TIME_TRIES: u32 = 10;

/// Shortest time between two counts of requests in flight.
const COUNT_EVERY: Duration = Duration::from_millis(10);

/// Watches the client in one cell.
pub(super) struct Checkup {
    clock: Clock,
    opened: Option<Reading>,
    closed: Option<Reading>,
    waits: Waits,
    server: ServerPlace,
    in_flight: TimeSeries,
    counted_at: Moment,
}

/// What the system tells at one moment.
struct Reading {
    at: Moment,
    wall: WallTime,
    suspended: Option<Duration>,
    threads: BTreeMap<String, ThreadTimes>,
    process: Option<Duration>,
    processors: Option<ProcessorTicks>,
    descriptors: Option<Stock>,
    server: Option<ServerTicks>,
}

impl Checkup {
    /// Of a cell whose server runs at `server`.
    pub(super) fn new(clock: Clock, server: ServerPlace) -> Self {
        Self {
            clock,
            opened: None,
            closed: None,
            waits: Waits::new(),
            server,
            in_flight: TimeSeries::new(),
            counted_at: Moment::ZERO,
        }
    }

    /// Looks whether the window has opened, and counts requests in flight while it is open; to
    /// be called every now and then.
    pub(super) fn look(&mut self, state: &CellState, now: Moment) {
        let window = state.window();
        if !window.contains(now) {
            return;
        }
        if self.opened.is_none() {
            self.opened = Some(Reading::take(&self.clock, &self.server));
        }
        if now.since(self.counted_at) >= COUNT_EVERY {
            self.counted_at = now;
            self.in_flight.record(now.since(window.opened_at), state.in_flight());
        }
    }

    /// The load has ended; what is still in flight has yet to finish.
    pub(super) fn close(&mut self) {
        self.closed = Some(Reading::take(&self.clock, &self.server));
    }

    /// Requests in flight since the opening of the window.
    pub(super) fn in_flight(&self) -> TimeSeries {
        self.in_flight.clone()
    }

    /// Adds how long events waited for a worker.
    pub(super) fn add(&mut self, waits: &Waits) {
        self.waits.merge(waits);
    }

    /// What the client went through.
    pub(super) fn health(self, workers: u32, channel_full: u64) -> ClientHealth {
        let health = ClientHealth {
            workers,
            channel_full,
            event_waits: self.waits,
            ..ClientHealth::default()
        };
        let (Some(opened), Some(closed)) = (self.opened, self.closed) else { return health };
        let watched = closed.at.since(opened.at);
        ClientHealth {
            watched,
            processors: closed.processors.map_or(0, |ticks| ticks.processors),
            threads: threads(&opened.threads, &closed.threads),
            process: growth(opened.process, closed.process),
            server: server(&opened, &closed, watched),
            machine: machine(opened.processors, closed.processors, watched),
            descriptors: closed.descriptors,
            ports: closed.descriptors.and_then(|open| ports(open.used)),
            clock_drift: drift(&opened, &closed),
            suspended: growth(opened.suspended, closed.suspended),
            ..health
        }
    }
}

impl Reading {
    fn take(clock: &Clock, server: &ServerPlace) -> Self {
        let (at, wall) = both_clocks(clock);
        Self {
            at,
            wall,
            suspended: suspended_time(),
            threads: thread_times(THREAD_NAME),
            process: process_time(),
            processors: processor_ticks(),
            descriptors: descriptors(),
            server: server.ticks(),
        }
    }
}

/// The moment and the time of day, read at the same time if the machine allows.
fn both_clocks(clock: &Clock) -> (Moment, WallTime) {
    let mut tries = 0;
    loop {
        let (before, wall) = (clock.now(), WallTime::now());
        let after = clock.now();
        tries += 1;
        if after.since(before) <= SAME_TIME || tries >= SAME_TIME_TRIES {
            return (after, wall);
        }
    }
}

/// How much more or less the time of day moved on than the measuring clock.
fn drift(opened: &Reading, closed: &Reading) -> Option<Duration> {
    let measured = i64::try_from(closed.at.since(opened.at).as_millis()).ok()?;
    let of_day = closed.wall.unix_millis().checked_sub(opened.wall.unix_millis())?;
    Some(Duration::from_millis(of_day.checked_sub(measured)?.unsigned_abs()))
}

fn growth(opened: Option<Duration>, closed: Option<Duration>) -> Option<Duration> {
    Some(closed?.saturating_sub(opened?))
}

/// What the threads got that were there at both readings; `None` if none is known.
fn threads(
    opened: &BTreeMap<String, ThreadTimes>,
    closed: &BTreeMap<String, ThreadTimes>,
) -> Option<ThreadTimes> {
    let grown = closed.iter().filter_map(|(thread, later)| {
        let earlier = opened.get(thread)?;
        Some(ThreadTimes {
            ran: later.ran.saturating_sub(earlier.ran),
            waited: later.waited.saturating_sub(earlier.waited),
        })
    });
    grown.reduce(|sum, thread| ThreadTimes {
        ran: sum.ran + thread.ran,
        waited: sum.waited + thread.waited,
    })
}

/// What the processors did in `watched`.
fn machine(
    opened: Option<ProcessorTicks>,
    closed: Option<ProcessorTicks>,
    watched: Duration,
) -> Option<MachineTimes> {
    let (opened, closed) = (opened?, closed?);
    let time = |earlier: u64, later: u64| {
        time_of(later.saturating_sub(earlier), (opened, closed), watched)
    };
    Some(MachineTimes {
        busy: time(opened.busy, closed.busy)?,
        stolen: time(opened.stolen, closed.stolen)?,
    })
}

/// What the server under test took of the client's processors in `watched`.
fn server(opened: &Reading, closed: &Reading, watched: Duration) -> Option<Duration> {
    let ticks = ticks_between(opened.server.as_ref()?, closed.server.as_ref()?);
    time_of(ticks, (opened.processors?, closed.processors?), watched)
}

/// How long some ticks of the processors were. They are taken as a share of all ticks in
/// `watched`, since how long a tick is differs between systems.
fn time_of(
    ticks: u64,
    (opened, closed): (ProcessorTicks, ProcessorTicks),
    watched: Duration,
) -> Option<Duration> {
    let share = ratio(ticks, closed.all.saturating_sub(opened.all))?;
    span_from_seconds(seconds(watched) * f64::from(closed.processors) * share)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::{machine, threads};
    use crate::audit::{MachineTimes, ThreadTimes};
    use crate::run::machine::ProcessorTicks;

    fn times(ran: u64, waited: u64) -> ThreadTimes {
        ThreadTimes { ran: Duration::from_secs(ran), waited: Duration::from_secs(waited) }
    }

    #[test]
    fn only_threads_that_were_there_all_the_time_count() {
        let opened = BTreeMap::from([("1".to_owned(), times(1, 1)), ("2".to_owned(), times(5, 0))]);
        let closed = BTreeMap::from([
            ("1".to_owned(), times(3, 2)),
            ("2".to_owned(), times(6, 4)),
            ("9".to_owned(), times(9, 9)),
        ]);
        assert_eq!(threads(&opened, &closed), Some(times(3, 5)));
        assert_eq!(threads(&BTreeMap::new(), &closed), None);
    }

    #[test]
    fn ticks_are_shares_of_the_time_watched() {
        let opened = ProcessorTicks { processors: 2, busy: 100, stolen: 0, all: 1_000 };
        let closed = ProcessorTicks { processors: 2, busy: 200, stolen: 50, all: 1_200 };
        let told = machine(Some(opened), Some(closed), Duration::from_secs(10));
        let [busy, stolen] = [10, 5].map(Duration::from_secs);
        assert_eq!(told, Some(MachineTimes { busy, stolen }));
        assert_eq!(machine(Some(opened), Some(opened), Duration::from_secs(10)), None);
    }
}
