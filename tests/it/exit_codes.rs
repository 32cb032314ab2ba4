//! Every exit code, by a real run of the program. Code 130 needs a signal and is produced in
//! `interrupt`.

use serde_json::{Value, json};

use crate::program::Sandbox;

fn scenario(backend: &Value) -> Value {
    json!({
        "pacemark": 1,
        "name": "ends",
        "backends": {"b": backend},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["a"]}},
        "load": {"stages": [{"concurrency": 2, "requests": 30}]},
    })
}

fn server() -> Value {
    scenario(&json!({"mock": {"ttft": "10ms", "gap": "1ms", "output_tokens": 4}}))
}

/// Nothing listens there.
fn nobody() -> Value {
    scenario(&json!({"kind": "generic", "url": "http://127.0.0.1:9"}))
}

#[test]
fn every_exit_code_is_that_of_a_real_run() {
    let sandbox = Sandbox::new();
    sandbox.write("taken", "");
    for (code, scenario, flags) in [
        (0, server(), &["--gate", "error_rate < 1%"][..]),
        (1, server(), &["-o", "taken/below"]),
        (2, server(), &["--gate", "beauty > 3"]),
        (3, nobody(), &[]),
        (4, nobody(), &["--no-preflight"]),
        (5, server(), &["--gate", "ttft.p50 < 1ms"]),
    ] {
        sandbox.run(&scenario, flags).with_code(code);
    }
}

#[test]
fn the_worst_applies() {
    let sandbox = Sandbox::new();
    // Not to be trusted, and a gate fails: 4 comes before 5, and 2 before all of a run.
    let gate = ["--no-preflight", "--gate", "ttft.p50 < 1s"];
    let ended = sandbox.run(&nobody(), &gate).with_code(4);
    assert!(ended.stdout.contains("gates: 1 of 1 FAILED"), "{}", ended.stdout);
    sandbox.start(&["check"]).with_code(4);
}
