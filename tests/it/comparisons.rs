//! `pacemark compare` as it is typed: verdicts, formats and exit codes of real runs.

use serde_json::{Value, json};

use crate::program::{Ended, Sandbox};

/// A run of two simulated servers, the second of which takes `ttft` to its first token.
fn scenario(name: &str, ttft: &str, rounds: u32) -> Value {
    let mock = |ttft: &str| json!({"mock": {"ttft": ttft, "gap": "2ms", "output_tokens": 4}});
    json!({
        "pacemark": 1,
        "name": name,
        "backends": {"one": mock("20ms"), "two": mock(ttft)},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["a"]}},
        "load": {"rounds": rounds, "stages": [{"concurrency": 2, "requests": 24}]},
    })
}

/// Runs `scenario` and gives the path of its folder back.
fn run(sandbox: &Sandbox, scenario: &Value) -> String {
    let ended = sandbox.run(scenario, &["--quiet"]).with_code_of(&[0, 4]);
    let folder = ended.stderr.lines().find_map(|line| line.strip_prefix("results: "));
    folder.unwrap().to_owned()
}

fn compare(sandbox: &Sandbox, arguments: &[&str]) -> Ended {
    sandbox.start(&[&["compare"], arguments].concat())
}

#[test]
fn a_slower_backend_is_a_regression_and_ends_with_6() {
    let sandbox = Sandbox::new();
    let run = run(&sandbox, &scenario("slower", "60ms", 3));
    let ended = compare(&sandbox, &[&run]).with_code(6);
    assert!(ended.stdout.contains("verdict: two against one: regressed ("), "{}", ended.stdout);
    assert!(ended.stdout.contains("- two answers its first token "), "{}", ended.stdout);
    assert!(!ended.stdout.contains('\u{1b}'), "{}", ended.stdout);
    // Seen from the other side, it is faster.
    let ended = compare(&sandbox, &[&run, "--base", "two", "--metric", "ttft.p50"]).with_code(0);
    assert!(
        ended.stdout.contains("verdict: one against two: improved (1 of 1"),
        "{}",
        ended.stdout
    );
    let never = compare(&sandbox, &[&run, "--fail-on", "never", "--format", "json"]).with_code(0);
    let document: Value = serde_json::from_str(&never.stdout).unwrap();
    assert_eq!(document["verdict"], "regressed");
    assert_eq!(document["comparisons"][0]["basis"], "rounds");
    let csv = compare(&sandbox, &[&run, "--format", "csv"]).with_code(6);
    assert!(csv.stdout.starts_with("base,new,basis,workload,"), "{}", csv.stdout);
    let markdown = compare(&sandbox, &[&run, "--format", "markdown"]).with_code(6);
    assert!(markdown.stdout.starts_with("## two against one: 3 paired rounds"));
}

#[test]
fn two_runs_are_indicative_and_fail_only_where_that_is_asked_for() {
    let sandbox = Sandbox::new();
    let base = run(&sandbox, &scenario("short", "20ms", 1));
    let new = run(&sandbox, &scenario("short", "60ms", 1));
    let ended = compare(&sandbox, &[&base, &new]).with_code(0);
    assert!(ended.stdout.contains("no verdict: two single runs"), "{}", ended.stdout);
    assert!(ended.stdout.contains("- indicative: two now answers its first token "));
    assert!(ended.stdout.contains("moving-block bootstrap"), "{}", ended.stdout);
    compare(&sandbox, &[&base, &new, "--fail-on", "inconclusive"]).with_code(7);
    // One round of two backends is indicative too.
    let ended = compare(&sandbox, &[&base]).with_code(0);
    assert!(ended.stdout.contains("no verdict: 1 round; a verdict needs at least 3"));
}

#[test]
fn a_run_is_judged_against_five_stored_ones() {
    let sandbox = Sandbox::new();
    let stored: Vec<_> = (0..5).map(|_| run(&sandbox, &scenario("stored", "20ms", 1))).collect();
    let slower = run(&sandbox, &scenario("stored", "90ms", 1));
    let mut arguments: Vec<_> = stored.iter().map(String::as_str).collect();
    arguments.extend([slower.as_str(), "--metric", "ttft.p50"]);
    let ended = compare(&sandbox, &arguments).with_code(6);
    assert!(ended.stdout.contains("the spread of 5 stored runs"), "{}", ended.stdout);
    // A folder of runs stands for all of them but the new one.
    let all = compare(&sandbox, &["results", &slower, "--metric", "ttft.p50"]);
    assert!(all.stdout.contains("the spread of 5 stored runs"), "{all:?}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let sandbox = Sandbox::new();
    let refused = |arguments: &[&str], words: &str| {
        let ended = compare(&sandbox, arguments).with_code(2);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    };
    refused(&["nowhere"], "no run at `nowhere`");
    let run = run(&sandbox, &scenario("short", "20ms", 1));
    refused(&[&run, "--base", "three"], "no backend `three`; there are one, two");
    refused(&[&run, "--metric", "latency"], "`latency` cannot be compared");
    refused(&[&run, "--tolerance", "5"], "write `5%`");
    refused(&[&run, "--confidence", "10%"], "--confidence must lie between 50% and 100%");
    refused(&[&run, &run, "--base", "one"], "--base names a backend of one run");
}

#[test]
fn a_run_of_three_rounds_ends_with_its_verdict() {
    let sandbox = Sandbox::new();
    sandbox.write("scenario.yaml", &scenario("three", "60ms", 3).to_string());
    let ended = sandbox.start(&["run", "scenario.yaml", "--quiet"]);
    assert!(ended.stdout.contains("verdict: two against one: regressed ("), "{}", ended.stdout);
    assert!(!ended.stdout.contains("no verdict"), "{}", ended.stdout);
}
