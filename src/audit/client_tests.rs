//! What an audit finds where the client or its machine went wrong.

use std::time::Duration;

use super::case::{Case, answer};
use super::{ClientHealth, MachineTimes, Stock, ThreadTimes};
use crate::measure::Waits;
use crate::measure::samples::{stream, with_output};
use crate::record::RequestRecord;

const SECOND: Duration = Duration::from_secs(1);

/// A cell of ten seconds on two processors; its latencies are 50 ms to the first token, 10 ms
/// from token to token.
fn cell(health: ClientHealth) -> Case {
    let health = ClientHealth { watched: 10 * SECOND, workers: 2, processors: 2, ..health };
    Case { health, ..Case::of(&answer()) }
}

/// A thousand heartbeats: most of them so late, one in fifty later.
fn waits(usual_micros: u64, late_micros: u64) -> Waits {
    let mut waits = Waits::new();
    for beat in 0..1_000 {
        let micros = if beat % 50 == 0 { late_micros } else { usual_micros };
        waits.record(Duration::from_micros(micros));
    }
    waits
}

fn late(usual_micros: u64, late_micros: u64) -> ClientHealth {
    ClientHealth { event_waits: waits(usual_micros, late_micros), ..ClientHealth::default() }
}

/// Threads that waited as long as they ran, on a machine where this process took a tenth, the
/// server `server` tenths, and all together eight tenths.
fn crowded(server: u32) -> ClientHealth {
    ClientHealth {
        threads: Some(ThreadTimes { ran: SECOND, waited: SECOND }),
        process: Some(2 * SECOND),
        server: Some(2 * server * SECOND),
        machine: Some(MachineTimes { busy: 16 * SECOND, stolen: Duration::ZERO }),
        ..late(100, 3_000)
    }
}

#[test]
fn waits_that_are_small_beside_the_figures_are_no_matter() {
    assert_eq!(cell(late(100, 900)).findings(), "");
    let slow: Vec<u64> = (0..50).map(|event| 5_000 + 100 * event).collect();
    let slow = with_output(stream(&slow), 50);
    let health = late(100, 4_000);
    assert_eq!(Case { health, ..Case::of(&slow) }.findings(), "");
}

#[test]
fn a_client_that_comes_late_says_how_much_of_a_figure_is_its_own() {
    insta::assert_snapshot!(cell(late(100, 2_000)).findings(), @"
    reservation late_events: the client came late to what was ready for it: by 0.1 ms at p50, 2.0 ms at p99, 2 ms at worst; up to 20% of a p99 shown here may be its own
    ");
    insta::assert_snapshot!(cell(late(100, 30_000)).findings(), @"
    untrusted late_events: the client came late to what was ready for it: by 0.1 ms at p50, 30.0 ms at p99, 30 ms at worst; up to 100% of a p99 shown here may be its own
    ");
    insta::assert_snapshot!(cell(late(6_000, 9_000)).findings(), @"
    untrusted late_events: the client came late to what was ready for it: by 6.0 ms at p50, 9.0 ms at p99, 9 ms at worst; up to 90% of a p99 shown here may be its own
    ");
}

#[test]
fn a_few_heartbeats_say_nothing() {
    let mut few = Waits::new();
    few.record(SECOND);
    assert_eq!(cell(ClientHealth { event_waits: few, ..ClientHealth::default() }).findings(), "");
}

#[test]
fn a_client_that_strangers_starve_is_not_to_be_trusted() {
    insta::assert_snapshot!(cell(crowded(0)).findings(), @"
    untrusted client_starved: other processes took 70% of the client's processors, and its threads waited for 50% of the time they wanted to run: what was ready waited 3.0 ms at p99, which is up to 30% of a p99 shown here
    reservation late_events: the client came late to what was ready for it: by 0.1 ms at p50, 3.0 ms at p99, 3 ms at worst; up to 30% of a p99 shown here may be its own
    ");
}

#[test]
fn who_took_the_processors_decides_and_not_how_long_the_client_waited() {
    let threads = Some(ThreadTimes { ran: 2 * SECOND, waited: SECOND });
    let seldom = ClientHealth { threads, ..crowded(0) };
    assert!(
        cell(seldom).findings().starts_with("untrusted client_starved: other processes took 70%")
    );
}

#[test]
fn what_the_server_takes_on_the_same_machine_is_part_of_the_measurement() {
    insta::assert_snapshot!(cell(crowded(6)).findings(), @"
    reservation late_events: the client came late to what was ready for it: by 0.1 ms at p50, 3.0 ms at p99, 3 ms at worst; up to 30% of a p99 shown here may be its own
    ");
}

#[test]
fn where_nobody_knows_who_takes_the_processors_only_long_waits_are_held_against_it() {
    let unknown = ClientHealth { server: None, ..crowded(0) };
    assert!(!cell(unknown.clone()).findings().contains("client_starved"));
    let threads = Some(ThreadTimes { ran: SECOND, waited: 4 * SECOND });
    insta::assert_snapshot!(cell(ClientHealth { threads, ..unknown }).findings(), @"
    untrusted client_starved: the client's processors were taken, and its threads waited for 80% of the time they wanted to run: what was ready waited 3.0 ms at p99, which is up to 30% of a p99 shown here
    reservation late_events: the client came late to what was ready for it: by 0.1 ms at p50, 3.0 ms at p99, 3 ms at worst; up to 30% of a p99 shown here may be its own
    ");
}

#[test]
fn processors_that_are_busy_or_stolen_are_told() {
    let health = ClientHealth {
        threads: Some(ThreadTimes { ran: 19 * SECOND, waited: SECOND }),
        process: Some(19 * SECOND),
        server: Some(Duration::ZERO),
        machine: Some(MachineTimes { busy: 19 * SECOND, stolen: SECOND }),
        ..ClientHealth::default()
    };
    insta::assert_snapshot!(cell(health).findings(), @"
    reservation client_busy: the client's worker threads ran for 95% of the time: throughput may be what the client can take, and latencies hold its own queues
    note machine_busy: the client's processors were busy for 95% of the time (pacemark itself 95%, other processes 0%)
    note time_stolen: the host kept this virtual machine's processors from running for 5% of the time
    ");
}

#[test]
fn clocks_that_cannot_be_right_are_told() {
    let drifted = |millis| ClientHealth {
        clock_drift: Some(Duration::from_millis(millis)),
        ..ClientHealth::default()
    };
    // Ten seconds may drift by ten milliseconds, and reading the clocks by a hundred.
    assert_eq!(cell(drifted(110)).findings(), "");
    insta::assert_snapshot!(cell(drifted(111)).findings(), @"
    reservation clock_drift: the time of day moved 111 ms away from the clock that measures: one of them was set, or the machine stood still
    ");
    let asleep = ClientHealth { suspended: Some(90 * SECOND), ..ClientHealth::default() };
    insta::assert_snapshot!(cell(asleep).findings(), @"
    untrusted suspended: the machine was suspended for 90.0 s while it measured
    ");
}

#[test]
fn stocks_that_run_out_are_told() {
    let stocks = |used| ClientHealth {
        descriptors: Some(Stock { used, limit: 1_024 }),
        ports: Some(Stock { used, limit: 1_100 }),
        ..ClientHealth::default()
    };
    assert_eq!(cell(stocks(800)).findings(), "");
    insta::assert_snapshot!(cell(stocks(1_000)).findings(), @"
    reservation descriptors_short: 1000 of 1024 descriptors were open: connections may have failed
    reservation ports_short: 1000 of 1100 local ports were taken, closed connections that linger included: new ones are slow to open, or fail
    ");
}

/// Requests every 8 ms whose time to first token is `ttft` milliseconds at their place.
fn over_time(ttft: impl Fn(u64) -> u64) -> Case {
    let later = |number: u64| {
        let mut record = with_output(stream(&[100 + ttft(number), 600, 610]), 3);
        let shift = Duration::from_millis(8 * number);
        let moments = [&mut record.sent_at, &mut record.finished_at];
        for moment in moments {
            *moment = moment.map(|at| at + shift);
        }
        record.due_at += shift;
        record.text_events =
            record.text_events.iter().map(|event| ((event.at + shift).as_nanos(), None)).collect();
        record
    };
    let records: Vec<RequestRecord> = (0..1_200).map(later).collect();
    let warm = Case::of(&answer()).records.pop();
    Case { records: records.into_iter().chain(warm).collect(), ..Case::of(&answer()) }
}

#[test]
fn a_window_that_opened_too_early_says_for_how_long() {
    assert_eq!(over_time(|number| 40 + number % 7).findings(), "");
    let cold = over_time(|number| if number < 100 { 150 } else { 40 + number % 7 });
    insta::assert_snapshot!(cold.findings(), @"
    reservation late_warmup: the time to first token had not settled when the window opened: 144.4 ms on average in the first 0.8 s, 43.0 ms after that
    ");
}

#[test]
fn a_cell_that_never_settles_says_so() {
    insta::assert_snapshot!(over_time(|number| 40 + number / 8).findings(), @"
    reservation never_settled: the time to first token rose all the time, from 61.7 ms to 166.5 ms: the figures depend on how long was measured
    ");
    let mut filling = over_time(|number| 40 + number % 7).open(None);
    for step in 0..1_000 {
        filling.in_flight_over_time.record(Duration::from_millis(10 * step), 5 + step / 10);
    }
    insta::assert_snapshot!(filling.findings(), @"
    reservation never_settled: the number of requests in flight rose all the time, from 19.5 to 89.5: the figures depend on how long was measured
    ");
}
