//! Loads that change over time, users who think: what is sent, and when.

use std::time::Duration;

use pacemark::result::RunResult;
use serde_json::{Value, json};

use crate::accounting::assert_adds_up;
use crate::program::{Ended, OPEN_LOOP, Row, Sandbox, number, rows};

/// Answers within a few milliseconds.
fn quick() -> Value {
    json!({"ttft": "2ms", "gap": "1ms", "output_tokens": 5})
}

fn run(mock: &Value, load: &Value) -> (Ended, RunResult) {
    let scenario = json!({
        "pacemark": 1,
        "name": "profiles",
        "backends": {"mock": {"mock": mock}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": load,
    });
    let ended = Sandbox::new().run(&scenario, &["--no-preflight"]).with_code_of(OPEN_LOOP);
    let result = assert_adds_up(&ended);
    (ended, result)
}

/// Seconds from the opening of the window to when each measured request was due, in order.
fn due_after_opening(ended: &Ended, result: &RunResult) -> Vec<f64> {
    let opened = Duration::from_nanos(result.cells[0].window.opened_ns).as_secs_f64();
    let requests = ended.requests();
    let measured = requests.iter().filter(|row| row["phase"] == "measure");
    let mut due: Vec<_> =
        measured.map(|row| number(row, "due_at_ms").unwrap() / 1e3 - opened).collect();
    due.sort_by(f64::total_cmp);
    due
}

#[track_caller]
fn assert_near(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within, "{found} instead of {expected}");
}

#[test]
fn a_ramp_of_arrivals_keeps_to_its_formula_and_begins_when_the_window_opens() {
    let stage =
        json!({"rate": {"from": "20/s", "to": "60/s"}, "duration": "2s", "arrival": "constant"});
    let load = json!({"warmup": {"duration": "500ms"}, "stages": [stage]});
    let (ended, result) = run(&quick(), &load);
    let cell = &result.cells[0];
    assert_eq!((cell.measured.warmup.arrivals, cell.measured.outcomes.arrivals), (10, 80));
    assert_eq!(cell.labels.stage, "20/s to 60/s constant, 2s");
    // After t seconds 20 t + 10 t² requests have come: number i is due at √(1 + i / 10) - 1.
    for (index, due) in (0_u32..).zip(due_after_opening(&ended, &result)) {
        assert_near(due, (1.0 + f64::from(index) / 10.0).sqrt() - 1.0, 1e-6);
    }
    assert_near(cell.window.length_s.unwrap(), 2.0, 1e-9);
    let steps = &result.stages[0].steps;
    assert_eq!((steps.len(), steps[0].from, steps[0].to), (1, 20.0, 60.0));
    assert_eq!((result.stages[0].rate_rps, &*ended.summary()[0]["load_rate_rps"]), (None, ""));
}

#[test]
fn a_profile_is_one_cell_whose_window_is_all_of_its_steps() {
    let steps = json!([
        {"rate": "40/s", "duration": "1s"},
        {"pause": "1s"},
        {"rate": {"from": "40/s", "to": "80/s"}, "duration": "1s"},
        {"pause": "1s"},
    ]);
    let load = json!({
        "warmup": {"requests": 3},
        "stages": [{"profile": steps, "arrival": "constant"}],
    });
    let (ended, result) = run(&quick(), &load);
    assert_eq!(result.cells.len(), 1);
    let cell = &result.cells[0];
    assert_eq!((cell.measured.warmup.arrivals, cell.measured.outcomes.arrivals), (3, 100));
    assert_near(cell.window.length_s.unwrap(), 4.0, 1e-9);
    let due = due_after_opening(&ended, &result);
    let in_each_second =
        [0.0, 1.0, 2.0, 3.0].map(|t| due.iter().filter(|due| (t..t + 1.0).contains(*due)).count());
    assert_eq!(in_each_second, [40, 0, 60, 0]);
    // The last pause is part of the window, and of its seconds.
    let seconds = rows(&ended.file("timeseries.csv"));
    let measured = seconds.iter().filter(|row| row["phase"] == "measure");
    let length: f64 = measured.map(|row| number(row, "length_ms").unwrap()).sum();
    assert!(length > 3_400.0, "{length}");
}

/// Requests that were due and not finished at a moment, all in milliseconds.
fn in_use(requests: &[Row], at: f64) -> usize {
    let is_in_use = |row: &&Row| {
        number(row, "due_at_ms").unwrap() <= at && at < number(row, "finished_at_ms").unwrap()
    };
    requests.iter().filter(is_in_use).count()
}

#[test]
fn a_ramp_of_slots_has_no_more_in_use_than_are_wanted() {
    let stage = json!({"concurrency": {"from": 1, "to": 6}, "duration": "3s"});
    let (ended, result) = run(
        &json!({"ttft": "20ms", "gap": "1ms", "output_tokens": 5}),
        &json!({"stages": [stage]}),
    );
    let requests = ended.requests();
    let due = due_after_opening(&ended, &result);
    let opened = Duration::from_nanos(result.cells[0].window.opened_ns).as_secs_f64() * 1e3;
    let mut most = 0;
    for row in &requests {
        let at = number(row, "due_at_ms").unwrap();
        // The slots start at 0.3 s, 0.9 s, 1.5 s and so on.
        let wanted = 1.0 + ((at - opened) / 600.0 + 0.5).floor();
        let found = in_use(&requests, at);
        assert!(f64::from(u32::try_from(found).unwrap()) <= wanted, "{found} at {at}");
        most = most.max(found);
    }
    assert_eq!(most, 6);
    assert_near(*due.iter().find(|due| **due >= 0.9).unwrap(), 0.9, 0.03);
    assert_eq!(
        result.cells[0].measured.window(pacemark::metric::Metric::ConcurrencyMax),
        Some(6.0)
    );
}

#[test]
fn slots_retire_after_their_answer_and_come_back_after_a_pause() {
    let steps = json!([
        {"concurrency": {"from": 4, "to": 1}, "duration": "1s"},
        {"pause": "500ms"},
        {"concurrency": 2, "duration": "500ms"},
    ]);
    let mock = json!({"ttft": "30ms", "gap": "1ms", "output_tokens": 5});
    let (ended, result) = run(&mock, &json!({"stages": [{"profile": steps}]}));
    let due = due_after_opening(&ended, &result);
    let quiet = due.iter().filter(|due| (1.001..1.499).contains(*due)).count();
    assert_eq!(quiet, 0, "{due:?}");
    assert_eq!(due.iter().filter(|due| (1.499..1.501).contains(*due)).count(), 2, "{due:?}");
    let outcomes = &result.cells[0].measured.outcomes;
    assert_eq!((outcomes.completed, outcomes.unsent), (outcomes.arrivals, 0));
}

#[test]
fn a_slot_is_due_once_its_user_has_thought() {
    let stage = json!({"concurrency": 1, "duration": "1s", "think_time": "60ms"});
    let (ended, result) = run(&quick(), &json!({"stages": [stage]}));
    let mut requests = ended.requests();
    requests.sort_by_key(|row| row["request"].parse::<u64>().unwrap());
    assert!(requests.len() > 5, "{}", requests.len());
    for pair in requests.windows(2) {
        let thought =
            number(&pair[1], "due_at_ms").unwrap() - number(&pair[0], "finished_at_ms").unwrap();
        assert!((60.0..200.0).contains(&thought), "{thought}");
        assert!(number(&pair[1], "schedule_delay_ms").unwrap() >= 0.0);
    }
    assert_eq!(result.cells[0].labels.stage, "concurrency 1 thinking 60ms, 1s");
    assert_eq!(result.stages[0].think_time.as_deref(), Some("60ms"));
}

#[test]
fn think_times_depend_on_the_seed_alone() {
    let stage = json!({
        "concurrency": 1, "requests": 8, "think_time": {"uniform": ["5ms", "400ms"]},
    });
    let thought = || {
        let (ended, _) = run(&quick(), &json!({"stages": [stage]}));
        let mut requests = ended.requests();
        requests.sort_by_key(|row| row["request"].parse::<u64>().unwrap());
        let gap = |pair: &[Row]| {
            number(&pair[1], "due_at_ms").unwrap() - number(&pair[0], "finished_at_ms").unwrap()
        };
        requests.windows(2).map(gap).collect::<Vec<_>>()
    };
    let (first, second) = (thought(), thought());
    assert_eq!(first.len(), 7);
    for (one, other) in first.iter().zip(&second) {
        assert_near(*one, *other, 60.0);
    }
    assert!(first.iter().any(|gap| (gap - first[0]).abs() > 60.0), "{first:?}");
}

#[test]
fn a_cell_that_is_given_up_waits_for_nobody_who_thinks() {
    let scenario = json!({
        "pacemark": 1,
        "name": "profiles",
        "backends": {"mock": {"mock": {"ttft": "2ms", "gap": "1ms", "errors": "100%"}}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {
            "stages": [{"concurrency": 4, "duration": "1h", "think_time": "1h"}],
            "stop": {"error_rate": "50%", "after": 4},
        },
    });
    let ended = Sandbox::new().run(&scenario, &["--no-preflight"]).with_code(4);
    let result = assert_adds_up(&ended);
    assert_eq!(result.cells[0].measured.outcomes.failures(), 4);
    assert!(result.cells[0].ended_early.is_some());
}

#[test]
fn a_warm_up_counted_in_requests_waits_for_nobody_who_thinks() {
    let stage = json!({"concurrency": 2, "duration": "300ms", "think_time": "1h"});
    let load = json!({"warmup": {"requests": 2}, "stages": [stage]});
    let (_, result) = run(&quick(), &load);
    let measured = &result.cells[0].measured;
    assert_eq!((measured.warmup.completed, measured.outcomes.completed), (2, 2));
}
