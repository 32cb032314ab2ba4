//! `pacemark calibrate`: what it stores, and that runs pick it up.

use serde_json::{Value, json};

use crate::program::Sandbox;

/// A light load: 16 requests and 64 chunks a second at most.
fn light() -> Value {
    json!({
        "pacemark": 1,
        "backends": {"mock": {"mock": {"ttft": "2ms", "gap": "20ms", "output_tokens": 4}}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["a"]}},
        "load": {"stages": [{"concurrency": 1, "requests": 2}]},
    })
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let cache = sandbox.path().join("cache");
    sandbox.with_variable("XDG_CACHE_HOME", cache.to_str().unwrap())
}

#[test]
fn a_quick_calibration_is_stored_shown_and_used_by_runs() {
    let sandbox = sandbox();
    let measured = sandbox.start(&["calibrate", "--quick"]).with_code(0);
    let stored: Value =
        serde_json::from_str(&sandbox.read("cache/pacemark/calibration.json")).unwrap();
    let concurrencies: Vec<_> =
        stored["rows"].as_array().unwrap().iter().map(|row| &row["concurrency"]).collect();
    assert_eq!(concurrencies, [1, 64], "{stored}");
    assert_eq!(stored["pacer"].as_array().unwrap().len(), 2);
    assert!(stored["speed"]["chunks"]["per_s"].as_f64() > Some(0.0), "{stored}");

    let shown = sandbox.start(&["calibrate", "--show"]).with_code(0);
    assert_eq!(shown.stdout, measured.stdout);
    assert_eq!(shown.stderr, "");

    let ended = sandbox.run(&light(), &[]).with_code(0);
    let bound = ended.result().cells[0].error_bound.clone().unwrap();
    assert_eq!(stored["calibrated_at"], bound.calibrated_at);
    assert_eq!(bound.bound.unwrap().concurrency, 64);
    assert!(ended.stdout.contains("client error at this load: TTFT within "), "{}", ended.stdout);
    assert!(ended.file("summary.md").contains("client error at this load: "));
}

#[test]
fn without_a_calibration_runs_say_so_only_where_everything_is_said() {
    let sandbox = sandbox();
    let ended = sandbox.run(&light(), &[]).with_code(0);
    assert_eq!(ended.result().cells[0].error_bound, None);
    assert!(!ended.stdout.contains("calibrate"), "{}", ended.stdout);
    assert!(ended.file("summary.md").contains("this machine is not calibrated"));
}

#[test]
fn what_cannot_be_shown_is_said() {
    let sandbox = sandbox();
    let missing = sandbox.start(&["calibrate", "--show"]).with_code(2);
    assert!(missing.stderr.contains("run `pacemark calibrate`"), "{}", missing.stderr);
    let folder = sandbox.start(&["calibrate", "--show", "--output", "."]).with_code(1);
    assert!(folder.stderr.contains("cannot read `.`"), "{}", folder.stderr);
    sandbox.write("other.json", r#"{"calibration_version": 99}"#);
    let other = sandbox.start(&["calibrate", "--show", "--output", "other.json"]).with_code(2);
    assert!(other.stderr.contains("a calibration of version 99"), "{}", other.stderr);
}
