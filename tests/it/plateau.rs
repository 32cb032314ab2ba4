//! What holds a server back is recognised from its figures: so many slots and a queue, or hardware
//! that all requests share.

use pacemark::result::RunResult;
use serde_json::{Value, json};

use crate::program::Sandbox;

/// The findings of a kind after a run against `mock` at these concurrencies.
fn findings(kind: &str, mock: &Value, concurrencies: &[u32]) -> Vec<(String, Option<f64>)> {
    let work = Sandbox::new();
    let scenario = json!({
        "pacemark": 1,
        "name": "plateau",
        "backends": {"ollama": {"kind": "mock", "mock": mock}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"concurrency": concurrencies, "duration": "2s"}]},
    });
    work.write("s.yaml", &scenario.to_string());
    let ended = work.command(&["run", "s.yaml", "--format", "json", "--quiet"]).output().unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    let result = RunResult::from_json(&String::from_utf8(ended.stdout).unwrap()).expect(&told);
    let of_kind = result.findings.into_iter().filter(|finding| finding.key == kind);
    of_kind.map(|finding| (finding.text, finding.figure)).collect()
}

#[test]
fn the_number_of_requests_that_are_served_at_a_time_is_found() {
    for slots in [1, 2, 4] {
        let mock = json!({"ttft": "20ms", "gap": "4ms", "output_tokens": 25, "slots": slots});
        let found = findings("limited_slots", &mock, &[1, slots * 2, slots * 6]);
        let [(text, Some(figure))] = found.as_slice() else { panic!("{slots}: {found:?}") };
        assert!((figure - f64::from(slots)).abs() < 0.4, "{slots}: {text}");
        assert!(text.starts_with(&format!("ollama serves about {slots} request")), "{text}");
    }
}

#[test]
fn hardware_that_all_share_is_no_queue() {
    let mock = json!({"ttft": "5ms", "decode_rate": 250, "batch_slowdown": 1.0,
        "output_tokens": 25, "slots": 64});
    assert_eq!(findings("limited_slots", &mock, &[4, 8, 16]), []);
    assert_eq!(findings("saturated", &mock, &[4, 8, 16]).len(), 1);
}
