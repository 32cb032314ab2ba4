//! `pacemark capacity`: what a run at several loads says of how much a server can take.

use serde_json::{Value, json};

use crate::program::Sandbox;

/// A server with four places of 100 ms each: it answers 40 requests a second and no more, and what
/// waits waits for a first token.
fn measured(loads: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    let scenario = json!({
        "pacemark": 1,
        "name": "four-places",
        "backends": {"sim": {"kind": "mock", "mock": {"slots": 4, "ttft": "50ms", "gap": "5ms",
            "output_tokens": 11}}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"concurrency": loads, "duration": "1500ms"}],
            "warmup": {"requests": 4}},
    });
    sandbox.run(&scenario, &[]).with_code_of(&[0, 4]);
    sandbox
}

fn near(value: &Value, expected: f64, share: f64) -> bool {
    value.as_f64().is_some_and(|value| (value / expected - 1.0).abs() <= share)
}

#[test]
fn the_load_that_holds_the_copies_and_the_law_follow_from_the_curve() {
    let sandbox = measured(&json!([1, 2, 4, 8]));
    let arguments =
        ["capacity", "--limit", "ttft.p50 < 100ms", "--users", "400", "--think", "9900ms"];
    let ended = sandbox.start(&[&arguments[..], &["--json"]].concat()).with_code(0);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let curve = &document["curves"][0];
    assert_eq!(curve["points"].as_array().unwrap().len(), 4);
    let sustained = &curve["sustained"];
    assert_eq!((&sustained["low"], &sustained["high"]), (&json!(4.0), &json!(8.0)), "{curve}");
    assert_eq!(sustained["broken"], "ttft.p50 < 100ms");
    assert!(near(&sustained["throughput_rps"], 40.0, 0.25), "{curve}");
    // Short windows differ by more than the 5 % that make a load as good as the greatest.
    assert!(curve["saturated_at"].as_f64().is_none_or(|load| load >= 4.0), "{curve}");
    assert_eq!(curve["littles_law_violations"], json!([]), "{curve}");
    assert!(near(&curve["usl"]["lambda"], 10.0, 0.3), "{curve}");
    // 40 a second of users who take ten seconds each are 400.
    let provision = &curve["provision"];
    assert!(near(&provision["users_each"], 400.0, 0.25), "{curve}");
    assert!(provision["replicas"].as_u64().unwrap() <= 2, "{curve}");
    let said = sandbox.start(&arguments).with_code(0).stdout;
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("beyond that ttft.p50 breaks first"), "{said}");
    assert!(said.contains("400 users who think for 9.9s"), "{said}");
}

#[test]
fn what_cannot_be_said_is_said_so() {
    let sandbox = measured(&json!([1, 2]));
    let said = |limit: &str| {
        let ended = sandbox.start(&["capacity", "--limit", limit, "--users", "5"]).with_code(0);
        ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let all = said("ttft.p50 < 10s");
    assert!(all.contains("at every load that was measured, up to 2 requests at a time"), "{all}");
    let none = said("ttft.p50 < 1ms");
    assert!(none.contains("even at the least load: ttft.p50 is"), "{none}");
    assert!(none.contains("what 5 users need cannot be said"), "{none}");
    let ended = sandbox.start(&["capacity", "--limit", "ttft.p50 < fast"]).with_code(2);
    assert!(ended.stderr.contains("--limit 'ttft.p50 < fast'"), "{}", ended.stderr);
    let sandbox = measured(&json!([2]));
    let ended = sandbox.start(&["capacity"]).with_code(2);
    assert!(ended.stderr.contains("measured at two loads or more"), "{}", ended.stderr);
}
