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
    sandbox.forgive_the_machine();
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
fn a_pipeline_gets_reports_annotations_and_a_summary() {
    let sandbox = Sandbox::new();
    let run = run(&sandbox, &scenario("piped", "60ms", 3));
    let summary = sandbox.path().join("summary.md").display().to_string();
    let sandbox = sandbox
        .with_variable("GITHUB_ACTIONS", "true")
        .with_variable("GITHUB_STEP_SUMMARY", &summary);
    let reports = ["junit=out/junit.xml", "comment=out/comment.md", "json=out/comparison.json"];
    let flags: Vec<_> = reports.iter().flat_map(|report| ["--report", report]).collect();
    let ended = compare(&sandbox, &[&[run.as_str()][..], &flags].concat()).with_code(6);
    let junit = sandbox.read("out/junit.xml");
    assert!(junit.contains("<testsuite name=\"piped.two against one\""), "{junit}");
    assert!(junit.contains("type=\"regressed\""), "{junit}");
    let comment = sandbox.read("out/comment.md");
    assert!(
        comment.starts_with("## pacemark: piped\n\n❌ two against one: regressed ("),
        "{comment}"
    );
    assert_eq!(sandbox.read("summary.md"), comment.clone() + "\n");
    let document: Value = serde_json::from_str(&sandbox.read("out/comparison.json")).unwrap();
    assert_eq!(document["verdict"], "regressed");
    let line = "::error title=pacemark%3A regression::ttft.p50 of two, chat, concurrency 2";
    assert!(ended.stderr.contains(line), "{}", ended.stderr);
    let never = compare(&sandbox, &[&run, "--fail-on", "never"]).with_code(0);
    assert!(never.stderr.contains("::warning title=pacemark%3A regression::"), "{}", never.stderr);
    let refused = compare(&sandbox, &[&run, "--report", "flat=x.json"]).with_code(2);
    assert!(refused.stderr.contains("there is no format `flat`; there are table, json"));
}

#[test]
fn a_run_that_is_not_to_be_trusted_gets_no_verdict_and_ends_with_4() {
    let sandbox = Sandbox::new();
    let run = run(&sandbox, &scenario("asleep", "60ms", 3));
    let file = format!("{run}/result.json");
    let mut result: Value = serde_json::from_str(&sandbox.read(&file)).unwrap();
    let finding = json!({"key": "suspended", "severity": "untrusted", "text": "asleep for 9s"});
    result["cells"][0]["findings"].as_array_mut().unwrap().push(finding);
    sandbox.write(&file, &result.to_string());
    let ended = compare(&sandbox, &[&run]);
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    let said = "inconclusive: withheld, ";
    assert!(ended.stdout.contains(said), "{}", ended.stdout);
    assert!(ended.stdout.contains("is not to be trusted: suspended"), "{}", ended.stdout);
    let ended = compare(&sandbox, &[&run, "--format", "junit"]);
    assert!(ended.stdout.contains("failures=\"1\""), "{}", ended.stdout);
    assert!(ended.stdout.contains("type=\"untrusted\""), "{}", ended.stdout);
    compare(&sandbox, &[&run, "--fail-on", "never"]).with_code(0);
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
    if ended.code == Some(4) {
        // On a machine too busy for the client the verdict is withheld.
        return;
    }
    assert!(ended.stdout.contains("verdict: two against one: regressed ("), "{}", ended.stdout);
    assert!(!ended.stdout.contains("no verdict"), "{}", ended.stdout);
}
