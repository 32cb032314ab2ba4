//! Gates in scenarios and on the command line: what they say, and the exit code they lead to.

use serde_json::{Value, json};

use crate::program::Sandbox;

/// A run of 24 requests of 20 ms and more, that is over at once.
fn scenario(gates: &Value) -> Value {
    let mut scenario = json!({
        "pacemark": 1,
        "name": "gated",
        "backends": {"fast": {"mock": {"ttft": "20ms", "gap": "1ms", "output_tokens": 4}}},
        "workloads": {
            "chat": {"endpoint": "chat", "model": "m", "prompts": ["a"]},
            "embed": {"endpoint": "embeddings", "model": "m", "prompts": ["a"]},
        },
        "load": {"stages": [{"concurrency": 2, "requests": 24}]},
    });
    if !gates.is_null() {
        scenario["gates"] = gates.clone();
    }
    scenario
}

#[test]
fn gates_that_hold_end_with_0_and_stand_in_every_report() {
    let gates =
        json!(["ttft.p50 < 10s", "error_rate <= 0%", "e2e.p50 >= 10ms where workload=chat"]);
    let ended = Sandbox::new().run(&scenario(&gates), &[]).with_code(0);
    assert!(ended.stdout.contains("gates: all 3 held"), "{}", ended.stdout);
    let page = ended.file("summary.md");
    assert!(page.contains("## Gates"), "{page}");
    assert!(page.contains("| error\\_rate &lt;= 0% | fast | chat | concurrency 2"), "{page}");
    assert!(page.contains("does not apply: embeddings have no first token"), "{page}");
    assert_eq!(ended.result().gates.len(), 3);
}

#[test]
fn a_gate_that_is_broken_ends_with_5_and_says_by_how_much() {
    let gates = json!([
        {"gate": "ttft.p50 < 5ms", "where": {"backend": "fast", "stage": "concurrency 2"}},
        "error_rate < 1%",
    ]);
    let ended = Sandbox::new().run(&scenario(&gates), &[]).with_code(5);
    assert!(ended.stdout.contains("gates: 1 of 2 FAILED"), "{}", ended.stdout);
    let line = "! ttft.p50 < 5ms where backend=fast and stage=\"concurrency 2\": fast, chat,";
    assert!(ended.stdout.contains(line), "{}", ended.stdout);
}

#[test]
fn a_gate_on_the_command_line_counts_as_one_of_the_scenario() {
    let sandbox = Sandbox::new();
    let ended = sandbox.run(&scenario(&Value::Null), &["--gate", "e2e.p50 < 1ms"]).with_code(5);
    assert_eq!(ended.result().gates[0].gate, "e2e.p50 < 1ms");
    assert!(ended.file("scenario.yaml").contains("e2e.p50 < 1ms"));
    let again = sandbox.start(&["check"]).with_code(5);
    assert!(again.stdout.starts_with("FAILED e2e.p50 < 1ms\n"), "{}", again.stdout);
    let held = sandbox.start(&["check", "--gate", "error_rate < 1%"]).with_code(5);
    assert!(held.stdout.contains("held error_rate < 1%"), "{}", held.stdout);
}

#[test]
fn a_percentile_of_too_few_values_fails_unless_it_is_allowed() {
    let sandbox = Sandbox::new();
    let gate = ["--gate", "e2e.p99 < 10s"];
    let ended = sandbox.run(&scenario(&Value::Null), &gate).with_code(5);
    let warning = "warning: the gate `e2e.p99 < 10s` cannot hold in chat, concurrency 2, 24 \
                   requests: 24 requests are planned (1 round), and its percentile needs 1000";
    assert!(ended.stderr.contains(warning), "{}", ended.stderr);
    assert!(ended.stdout.contains("it rests on 24 values and needs 1000"), "{}", ended.stdout);
    let plan = sandbox.start(&["plan", "scenario.yaml", "--gate", "e2e.p99 < 10s"]).with_code(0);
    assert!(plan.stderr.contains(warning), "{}", plan.stderr);
    assert!(plan.stdout.contains("gate: e2e.p99 < 10s"), "{}", plan.stdout);
    let allowed = [&gate[..], &["--unsupported", "allow"]].concat();
    let ended = Sandbox::new().run(&scenario(&Value::Null), &allowed).with_code(0);
    assert!(ended.stdout.contains("gates: the one gate held"), "{}", ended.stdout);
    assert!(!ended.stderr.contains("cannot hold"), "{}", ended.stderr);
}

#[test]
fn a_gate_without_its_figure_fails_loudly() {
    let gates = json!(["goodput >= 1/s"]);
    let ended = Sandbox::new().run(&scenario(&gates), &[]).with_code(5);
    let line = "! goodput >= 1/s: no cell of the run has the figure";
    assert!(ended.stdout.contains(line), "{}", ended.stdout);
    assert!(ended.stdout.contains("the scenario has no `slo`"), "{}", ended.stdout);
}

#[test]
fn a_gate_that_is_wrong_is_pointed_at_and_nothing_is_sent() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "scenario.yaml",
        "pacemark: 1\nbackends: {fast: {kind: mock}}\nworkloads:\n  chat: {endpoint: chat, \
         model: m, prompts: [a]}\nload: {stages: [{concurrency: 1, requests: 1}]}\ngates:\n  \
         - ttft.p9x < 800ms\n  - \"error_rate < 0.01\"\n  - {gate: e2e.p50 < 1s, where: {backend: \
         fats}}\n  - {gate: e2e.p50 < 1s, wher: {}}\n",
    );
    let ended = sandbox.start(&["run", "scenario.yaml", "--gate", "tttf.p50 < 1s"]).with_code(2);
    for line in [
        "scenario.yaml:7:10: in `ttft.p9x < 800ms`: there is no statistic `p9x` (did you mean `p90`?)",
        "scenario.yaml:8:19: in `error_rate < 0.01`: the limit of `error_rate` is `0.01` (write a \
         share from 0% to 100%, as `1%`)",
        "scenario.yaml:10:26: `gates.3` has no key `wher` (did you mean `where`?)",
        "--gate: in `tttf.p50 < 1s`, column 1: there is no metric `tttf` (did you mean `ttft`?)",
    ] {
        assert!(ended.stderr.contains(line), "{line}\n{}", ended.stderr);
    }
    assert!(ended.folders().is_empty());
    let right = "pacemark: 1\nbackends: {fast: {kind: mock}}\nworkloads:\n  chat: {endpoint: \
                 chat, model: m, prompts: [a]}\nload: {stages: [{concurrency: 1, requests: 1}]}\n";
    let gates = "gates:\n  - {gate: e2e.p50 < 1s, where: {backend: fats, stage: concurrency 8}}\n";
    sandbox.write("scenario.yaml", &format!("{right}{gates}"));
    let ended = sandbox.start(&["run", "scenario.yaml"]).with_code(2);
    for line in
        ["there is no backend `fats` (did you mean `fast`?)", "there is no stage `concurrency 8`"]
    {
        assert!(ended.stderr.contains(line), "{line}\n{}", ended.stderr);
    }
}

#[test]
fn gates_about_what_is_left_out_are_left_out() {
    let sandbox = Sandbox::new();
    let gates = json!([
        "ttft.p50 < 1ms",
        "e2e.p50 < 1ms where workload=chat",
        {"gate": "error_rate < 1%", "where": {"workload": "embed"}},
    ]);
    let ended = sandbox.run(&scenario(&gates), &["--workload", "embed"]).with_code(0);
    assert!(ended.stdout.contains("gates: the one gate held"), "{}", ended.stdout);
}

#[test]
fn a_run_without_gates_cannot_be_checked() {
    let sandbox = Sandbox::new();
    sandbox.run(&scenario(&Value::Null), &[]).with_code(0);
    let ended = sandbox.start(&["check"]).with_code(2);
    assert!(
        ended.stderr.contains("was run without gates; add some with --gate"),
        "{}",
        ended.stderr
    );
    let ended = sandbox.start(&["check", "--gate", "e2e.p5o < 1s"]).with_code(2);
    assert!(ended.stderr.contains("--gate 'e2e.p5o < 1s': column 5: "), "{}", ended.stderr);
    sandbox.start(&["check", "--gate", "e2e.p50 < 100s"]).with_code(0);
}
