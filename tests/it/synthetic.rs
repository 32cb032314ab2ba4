//! Made prompts of given lengths, from the scenario to what the server counted.

use serde_json::json;

use crate::program::{OPEN_LOOP, Row, Sandbox, number};

fn sum(rows: &[Row], column: &str) -> f64 {
    rows.iter().map(|row| number(row, column).unwrap()).sum()
}

#[test]
fn the_shipped_scenario_runs_and_gets_the_lengths_it_asks_for() {
    let sandbox = Sandbox::new();
    sandbox.write("synthetic.yaml", include_str!("../../scenarios/synthetic.yaml"));
    let shorter = ["--set", "load.stages.1.duration=1s"];
    let run = sandbox.start(&[&["run", "synthetic.yaml"], &shorter[..]].concat());
    let run = run.with_code_of(OPEN_LOOP);
    for workload in run.result().workloads {
        let lengths = workload.input_lengths.unwrap();
        assert_eq!(lengths.method, "corrected");
        assert_eq!(lengths.factor, Some(lengths.checks[0].tokens_per_token));
        assert!(lengths.checks[0].template_tokens.abs() < 10.0, "{lengths:?}");
    }
    let rows = run.requests();
    assert!(rows.len() > 56, "{}", rows.len());
    let (asked, counted) = (sum(&rows, "asked_input_tokens"), sum(&rows, "input_tokens"));
    assert!((counted / asked - 1.0).abs() < 0.03, "{counted} of {asked}");
    for row in &rows {
        assert_eq!(row["output_tokens"], row["max_tokens"], "the end of the answer is forced");
    }
}

#[test]
fn every_server_gets_the_same_prompts_and_no_prompt_comes_twice() {
    let server = |ttft: &str| json!({"mock": {"ttft": ttft, "gap": "1ms", "output_tokens": 4}});
    let lengths = json!({"uniform": [20, 200]});
    let scenario = json!({
        "pacemark": 1,
        "name": "same",
        "backends": {"quick": server("1ms"), "slow": server("9ms")},
        "workloads": {"made": {
            "endpoint": "completions",
            "model": "m",
            "output_tokens": {"uniform": [2, 9]},
            "prompts": {"synthetic": {"input_tokens": lengths, "language": "zh"}},
        }},
        "load": {"warmup": {"requests": 3}, "stages": [{"concurrency": 3, "requests": 20}], "rounds": 2},
    });
    let run = Sandbox::new().run(&scenario, &[]).with_code_of(OPEN_LOOP);
    let rows = run.requests();
    let keys = ["phase", "request", "asked_input_tokens", "input_tokens", "max_tokens"];
    let of_cell = |cell: &str| {
        let rows = rows.iter().filter(|row| row["cell"] == cell);
        let mut lines: Vec<_> = rows.map(|row| keys.map(|key| row[key].clone())).collect();
        lines.sort();
        lines
    };
    // The backends of the second round are in reverse order.
    assert_eq!((of_cell("0").len(), of_cell("0")), (23, of_cell("1")));
    assert_eq!((of_cell("2").len(), of_cell("2")), (23, of_cell("3")));
    assert_ne!(of_cell("0"), of_cell("2"));
}

#[test]
fn a_plan_shows_what_would_be_sent() {
    let sandbox = Sandbox::new();
    sandbox.write("synthetic.yaml", include_str!("../../scenarios/synthetic.yaml"));
    let plan = sandbox.start(&["plan", "synthetic.yaml", "--show", "2", "--json"]).with_code(0);
    let document: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    let preview = &document["preview"];
    let bodies = preview["workloads"][1]["requests"].as_array().unwrap();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0]["ignore_eos"], true);
    assert_eq!(preview["workloads"][0]["input_lengths"], "estimated");
    let totals = preview["totals"].as_array().unwrap();
    assert_eq!([&totals[0]["requests"], &totals[1]["requests"]], [24, 24]);
    let table = sandbox.start(&["plan", "synthetic.yaml", "--show"]).with_code(0).stdout;
    assert_eq!(table.matches("  request ").count(), 6);
    assert!(table.contains("input tokens asked for (estimated): "), "{table}");
    assert!(!sandbox.path().join("results").exists());
}

#[test]
fn a_tokenizer_that_is_none_is_named_before_any_load() {
    let sandbox = Sandbox::new();
    sandbox.write("tokenizer.json", "{}");
    let scenario = json!({
        "pacemark": 1,
        "name": "wrong",
        "backends": {"b": {"mock": {}}},
        "workloads": {"made": {
            "endpoint": "chat",
            "model": "m",
            "tokenizer": "tokenizer.json",
            "prompts": {"synthetic": {"input_tokens": 20}},
        }},
        "load": {"stages": [{"concurrency": 1, "requests": 1}]},
    });
    let run = sandbox.run(&scenario, &[]).with_code(2);
    assert!(run.stderr.contains("not a tokenizer in Hugging Face's format"), "{}", run.stderr);
}
