//! Tokens counted by a tokenizer of the workload's own.

use serde_json::json;

use crate::program::{OPEN_LOOP, Sandbox};

/// A tokenizer that takes every piece that `split` gives for a token.
fn tokenizer(split: &serde_json::Value) -> String {
    json!({
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": split,
        "model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"},
    })
    .to_string()
}

/// A scenario with a server that counts and one that is not asked to.
fn scenario() -> serde_json::Value {
    let server = json!({"ttft": "2ms", "gap": "1ms", "output_tokens": 20});
    let silent = json!({"stream_options": {"include_usage": false}});
    json!({
        "pacemark": 1,
        "name": "counted",
        "backends": {"counts": {"mock": server}, "silent": {"mock": server, "body": silent}},
        "workloads": {"w": {
            "endpoint": "chat",
            "model": "m",
            "tokenizer": "tokenizer.json",
            "prompts": ["one two three four five"],
        }},
        "load": {"stages": [{"concurrency": 2, "requests": 12}]},
    })
}

#[test]
fn where_the_server_does_not_count_the_tokenizer_does() {
    let sandbox = Sandbox::new();
    sandbox.write("tokenizer.json", &tokenizer(&json!({"type": "WhitespaceSplit"})));
    let run = sandbox.run(&scenario(), &[]).with_code_of(OPEN_LOOP);
    let rows = run.requests();
    assert_eq!(rows.len(), 24);
    for row in &rows {
        let source = if row["cell"] == "0" { "usage" } else { "tokenizer" };
        assert_eq!((&*row["output_source"], &*row["output_tokens"]), (source, "20"));
        assert_ne!(row["input_tokens"], "");
    }
    let cells = run.result().cells;
    let twice = cells[0].measured.counted_twice.unwrap();
    assert_eq!(
        (twice.output.requests, twice.output.server, twice.output.tokenizer),
        (12, 240, 240)
    );
    assert_eq!((twice.input.requests, twice.input.tokenizer), (12, 60));
    assert_eq!(cells[1].measured.counted_twice, None);
    assert_eq!(cells[1].measured.token_sources.tokenizer, 12);
    let differ = |key: &str| cells[0].findings.iter().any(|finding| finding.key == key);
    assert!(!differ("counts_differ"));
}

#[test]
fn a_tokenizer_of_another_model_is_found_out() {
    let sandbox = Sandbox::new();
    let letters = json!({"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": false});
    sandbox.write("tokenizer.json", &tokenizer(&letters));
    let run = sandbox.run(&scenario(), &[]).with_code_of(OPEN_LOOP);
    let cells = run.result().cells;
    let finding = cells[0].findings.iter().find(|finding| finding.key == "counts_differ").unwrap();
    assert!(
        finding.text.contains(" output tokens for each one of `tokenizer`"),
        "{}",
        finding.text
    );
}

#[test]
fn the_turns_of_a_conversation_are_counted_too() {
    let sandbox = Sandbox::new();
    sandbox.write("tokenizer.json", &tokenizer(&json!({"type": "WhitespaceSplit"})));
    let mut scenario = scenario();
    scenario["workloads"]["w"]["turns"] = json!(3);
    scenario["workloads"]["w"]["prompts"] = json!(["one two", "three", "four five six"]);
    let run = sandbox.run(&scenario, &["--backend", "silent"]).with_code_of(OPEN_LOOP);
    let rows = run.requests();
    assert!(rows.iter().any(|row| row["turn"] == "3"), "{rows:?}");
    for row in &rows {
        assert_eq!((&*row["output_source"], &*row["output_tokens"]), ("tokenizer", "20"));
        // The history holds every answer before.
        let turn: u32 = row["turn"].parse().unwrap();
        let input: u32 = row["input_tokens"].parse().unwrap();
        assert!((20 * (turn - 1)..20 * (turn - 1) + 7).contains(&input), "{turn}: {input}");
    }
}
