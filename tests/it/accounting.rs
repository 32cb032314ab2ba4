//! Whatever happens, every request that was due is counted once, and the files of a run agree.

use std::collections::BTreeMap;

use pacemark::result::{CellResult, OutcomeEntry, RunResult};
use serde_json::{Value, json};

use crate::program::{Ended, OPEN_LOOP, Row, Sandbox};

/// Asserts that the outcomes of every cell add up to its arrivals, that `requests.csv` tells
/// the same, with one row for each request, and that `summary.csv` has a row for each cell.
#[track_caller]
pub(crate) fn assert_adds_up(ended: &Ended) -> RunResult {
    let result = ended.result();
    let requests = ended.requests();
    let mut counted = 0;
    for cell in &result.cells {
        for (phase, outcomes) in
            [("measure", &cell.measured.outcomes), ("warmup", &cell.measured.warmup)]
        {
            let parts =
                outcomes.completed + outcomes.failures() + outcomes.cancelled + outcomes.unsent;
            assert_eq!(parts, outcomes.arrivals, "cell {}, {phase}", cell.labels.id);
            let rows = rows_of(&requests, cell, phase);
            assert_eq!(&tally(&rows), outcomes, "cell {}, {phase}", cell.labels.id);
            let mut numbers: Vec<u64> =
                rows.iter().map(|row| row["request"].parse().unwrap()).collect();
            numbers.sort_unstable();
            let expected: Vec<u64> = (0..outcomes.arrivals).collect();
            assert_eq!(numbers, expected, "cell {}, {phase}", cell.labels.id);
            counted += rows.len();
        }
    }
    assert_eq!(counted, requests.len(), "rows of cells that are not in the result");
    assert_summary_agrees(&result, &ended.summary());
    result
}

fn rows_of<'a>(requests: &'a [Row], cell: &CellResult, phase: &str) -> Vec<&'a Row> {
    let id = cell.labels.id.to_string();
    requests.iter().filter(|row| row["cell"] == id && row["phase"] == phase).collect()
}

/// What the rows say of their outcomes.
fn tally(rows: &[&Row]) -> OutcomeEntry {
    let mut outcomes = OutcomeEntry::default();
    for row in rows {
        outcomes.arrivals += 1;
        match row["outcome"].as_str() {
            "completed" => outcomes.completed += 1,
            "capped" => {
                outcomes.completed += 1;
                outcomes.capped += 1;
            }
            "failed" => *outcomes.failed.entry(row["failure"].clone()).or_default() += 1,
            "cancelled" => outcomes.cancelled += 1,
            "unsent" => outcomes.unsent += 1,
            other => panic!("no such outcome: {other}"),
        }
    }
    outcomes
}

fn assert_summary_agrees(result: &RunResult, summary: &[Row]) {
    assert_eq!(summary.len(), result.cells.len());
    for (row, cell) in summary.iter().zip(&result.cells) {
        let outcomes = &cell.measured.outcomes;
        let shown = ["arrivals", "completed", "failed", "cancelled", "unsent", "warmup_arrivals"]
            .map(|column| row[column].parse::<u64>().unwrap());
        let stored = [
            outcomes.arrivals,
            outcomes.completed,
            outcomes.failures(),
            outcomes.cancelled,
            outcomes.unsent,
            cell.measured.warmup.arrivals,
        ];
        assert_eq!(shown, stored, "cell {}", cell.labels.id);
        let names = [&row["backend"], &row["workload"], &row["round"]];
        assert_eq!(
            names,
            [&cell.labels.backend, &cell.labels.workload, &cell.labels.round.to_string()]
        );
    }
}

/// A scenario with one chat workload on one simulated backend.
fn scenario(mock: &Value, load: &Value) -> Value {
    json!({
        "pacemark": 1,
        "name": "accounting",
        "backends": {"mock": {"mock": mock}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "max_tokens": 8, "prompts": ["Hello"]}},
        "load": load,
    })
}

/// Answers within a few milliseconds.
fn quick() -> Value {
    json!({"ttft": "2ms", "gap": "1ms", "output_tokens": 5})
}

/// Does not answer while anybody waits.
fn asleep() -> Value {
    json!({"ttft": "1h", "gap": "1ms"})
}

#[track_caller]
fn run(mock: &Value, load: &Value, codes: &[i32]) -> OutcomeAndWarmup {
    let sandbox = Sandbox::new();
    let ended = sandbox.run(&scenario(mock, load), &["--no-preflight"]).with_code_of(codes);
    let result = assert_adds_up(&ended);
    assert_eq!(result.cells.len(), 1);
    let measured = &result.cells[0].measured;
    OutcomeAndWarmup {
        outcomes: measured.outcomes.clone(),
        warmup: measured.warmup.clone(),
        ended_early: result.cells[0].ended_early.clone(),
    }
}

/// What became of the requests of a run of one cell.
#[derive(Debug)]
struct OutcomeAndWarmup {
    outcomes: OutcomeEntry,
    warmup: OutcomeEntry,
    ended_early: Option<String>,
}

fn failed(kind: &str, count: u64) -> BTreeMap<String, u64> {
    BTreeMap::from([(kind.to_owned(), count)])
}

#[test]
fn every_cell_of_a_matrix_has_its_requests() {
    let scenario = json!({
        "pacemark": 1,
        "name": "matrix",
        "backends": {"one": {"mock": quick()}, "two": {"mock": quick()}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["a", "b"]}},
        "load": {
            "warmup": {"requests": 3},
            "stages": [{"concurrency": 3, "requests": 7}],
            "rounds": 2,
        },
    });
    let result = assert_adds_up(&Sandbox::new().run(&scenario, &[]).with_code(0));
    let backends: Vec<_> = result.cells.iter().map(|cell| cell.labels.backend.as_str()).collect();
    assert_eq!(backends, ["one", "two", "two", "one"]);
    assert!(!result.partial);
    for cell in &result.cells {
        assert_eq!(cell.measured.outcomes.completed, 7, "{:?}", cell.labels);
        assert_eq!(cell.measured.warmup.completed, 3, "{:?}", cell.labels);
    }
}

#[test]
fn every_endpoint_has_its_requests() {
    let scenario = json!({
        "pacemark": 1,
        "name": "endpoints",
        "backends": {"mock": {"mock": quick()}},
        "workloads": {
            "whole": {"endpoint": "chat", "model": "m", "stream": false, "prompts": ["a"]},
            "text": {"endpoint": "completions", "model": "m", "prompts": ["a"]},
            "embed": {"endpoint": "embeddings", "model": "e", "batch": 3, "prompts": ["a", "b"]},
        },
        "load": {"stages": [{"rate": "200/s", "requests": 9}]},
    });
    let ended = Sandbox::new().run(&scenario, &[]).with_code_of(OPEN_LOOP);
    let result = assert_adds_up(&ended);
    let items = |cell: usize| -> u64 {
        let requests = ended.requests();
        let rows = rows_of(&requests, &result.cells[cell], "measure");
        rows.iter().map(|row| row["items"].parse::<u64>().unwrap()).sum()
    };
    assert_eq!([items(0), items(1), items(2)], [9, 9, 27]);
}

#[test]
fn a_closed_loop_of_some_time_flows_on_from_its_warm_up() {
    let load = json!({
        "warmup": {"duration": "200ms"},
        "stages": [{"concurrency": 4, "duration": "400ms"}],
    });
    let ran = run(&quick(), &load, &[0]);
    assert!(ran.outcomes.completed > 0 && ran.warmup.completed > 0, "{ran:?}");
    assert_eq!(ran.outcomes.completed, ran.outcomes.arrivals);
}

#[test]
fn an_open_loop_of_constant_arrivals_sends_exactly_as_many_as_asked() {
    let load = json!({
        "warmup": {"requests": 10},
        "stages": [{"rate": "200/s", "arrival": "constant", "requests": 60}],
    });
    let ran = run(&quick(), &load, OPEN_LOOP);
    assert_eq!((ran.outcomes.completed, ran.warmup.completed), (60, 10), "{ran:?}");
}

#[test]
fn an_open_loop_of_some_time_flows_on_from_its_warm_up() {
    let load = json!({
        "warmup": {"duration": "200ms"},
        "stages": [{"rate": "300/s", "arrival": "poisson", "duration": "400ms"}],
    });
    let ran = run(&quick(), &load, OPEN_LOOP);
    assert!(ran.outcomes.completed > 0 && ran.warmup.completed > 0, "{ran:?}");
}

#[test]
fn the_same_seed_makes_the_same_arrivals() {
    let load = json!({
        "stages": [{"rate": "300/s", "arrival": "gamma", "burstiness": 0.3, "duration": "400ms"}],
    });
    let [first, second] = [0, 1].map(|_| run(&quick(), &load, OPEN_LOOP).outcomes.arrivals);
    assert_eq!(first, second);
    assert!(first > 20, "{first}");
}

#[test]
fn arrivals_that_are_held_back_to_the_end_are_unsent() {
    let load = json!({
        "stages": [{"rate": "100/s", "arrival": "constant", "duration": "500ms", "max_in_flight": 2}],
        "drain": "100ms",
    });
    let ran = run(&asleep(), &load, &[4]);
    let outcomes = &ran.outcomes;
    assert!((45..=50).contains(&outcomes.arrivals), "{ran:?}");
    assert_eq!(outcomes.failed, failed("drain_timeout", 2));
    assert_eq!(outcomes.unsent, outcomes.arrivals - 2);
}

#[test]
fn a_warm_up_that_is_held_back_is_counted_apart() {
    let load = json!({
        "warmup": {"duration": "200ms"},
        "stages": [{"rate": "100/s", "arrival": "constant", "duration": "300ms", "max_in_flight": 3}],
        "drain": "100ms",
    });
    let ran = run(&json!({"ttft": "30ms", "gap": "1ms", "output_tokens": 2}), &load, OPEN_LOOP);
    let is_as_planned = |ran: &OutcomeAndWarmup| {
        (17..=21).contains(&ran.warmup.arrivals) && (27..=31).contains(&ran.outcomes.arrivals)
    };
    assert!(is_as_planned(&ran) && ran.outcomes.completed > 0, "{ran:?}");
    let ran = run(&asleep(), &load, &[4]);
    assert_eq!(ran.warmup.failed, failed("drain_timeout", 3));
    assert_eq!(
        (ran.warmup.unsent, ran.outcomes.unsent),
        (ran.warmup.arrivals - 3, ran.outcomes.arrivals)
    );
    assert!(is_as_planned(&ran), "{ran:?}");
}

#[test]
fn answers_that_outlast_the_drain_fail() {
    let closed = json!({"stages": [{"concurrency": 3, "duration": "300ms"}], "drain": "100ms"});
    let ran = run(&asleep(), &closed, &[4]);
    assert_eq!(ran.outcomes.failed, failed("drain_timeout", 3));
    let open = json!({
        "stages": [{"rate": "50/s", "arrival": "constant", "duration": "200ms"}],
        "drain": "100ms",
    });
    let ran = run(&asleep(), &open, &[4]);
    // A busy machine may wake too late to send the last one.
    let sent = ran.outcomes.arrivals - ran.outcomes.unsent;
    assert_eq!(ran.outcomes.failed, failed("drain_timeout", sent));
    assert!((8..=10).contains(&ran.outcomes.arrivals) && sent >= 5, "{ran:?}");
}

#[test]
fn a_cell_that_only_fails_is_given_up() {
    let mock = json!({"ttft": "2ms", "gap": "1ms", "errors": "100%"});
    let load = json!({
        "warmup": {"requests": 2},
        "stages": [{"concurrency": 2, "requests": 5000}],
        "stop": {"error_rate": "50%", "after": 20},
    });
    let ran = run(&mock, &load, &[4]);
    assert!((18..100).contains(&ran.outcomes.arrivals), "{ran:?}");
    assert_eq!(ran.outcomes.failures(), ran.outcomes.arrivals);
    assert_eq!(ran.ended_early.as_deref(), Some("given up: too many failures"));
}

#[test]
fn failures_among_successes_are_counted_by_kind() {
    let mock = json!({"ttft": "2ms", "gap": "1ms", "output_tokens": 4, "errors": "50%"});
    let load = json!({"stages": [{"concurrency": 4, "requests": 200}]});
    let ran = run(&mock, &load, &[0]);
    assert_eq!(ran.outcomes.arrivals, 200);
    let kinds: Vec<_> = ran.outcomes.failed.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["api_error", "http_status(500)"]);
    assert!((50..150).contains(&ran.outcomes.completed), "{ran:?}");
}

#[test]
fn a_full_queue_is_an_overload() {
    let mock = json!({"ttft": "20ms", "gap": "1ms", "output_tokens": 2, "slots": 1, "queue": 1});
    let load = json!({"stages": [{"concurrency": 6, "requests": 60}]});
    let ran = run(&mock, &load, &[0]);
    assert_eq!(ran.outcomes.arrivals, 60);
    let kinds: Vec<_> = ran.outcomes.failed.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["overloaded"]);
    assert!(ran.outcomes.completed > 0, "{ran:?}");
}

#[test]
fn fewer_rows_change_no_count() {
    let load = json!({"stages": [{"concurrency": 2, "requests": 30}]});
    for (records, rows) in [("sample", Some(30)), ("none", None)] {
        let sandbox = Sandbox::new();
        let arguments = ["--no-preflight", "--records", records];
        let ended = sandbox.run(&scenario(&quick(), &load), &arguments).with_code(0);
        let result = ended.result();
        assert_eq!(result.cells[0].measured.outcomes.completed, 30);
        let stored = result.records.unwrap();
        assert_eq!((stored.policy.as_str(), stored.finished), (records, 30));
        assert_eq!(stored.kept, rows.unwrap_or(0));
        assert_eq!(ended.folder().join("requests.csv").exists(), rows.is_some());
    }
}
