//! Baselines: saved, listed, shown, removed, and compared with at the end of a run.

use serde_json::{Value, json};

use crate::program::Sandbox;

/// A run of 40 requests whose first token takes `ttft`.
fn scenario(ttft: &str) -> Value {
    json!({
        "pacemark": 1,
        "name": "based",
        "backends": {"fast": {"mock": {"ttft": ttft, "gap": "1ms", "output_tokens": 4}}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["a"]}},
        "load": {"stages": [{"concurrency": 2, "requests": 40}]},
    })
}

/// A baseline `main` of so many runs.
fn based(runs: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    for _ in 0..runs {
        sandbox.run(&scenario("20ms"), &["--quiet"]).with_code(0);
        sandbox.forgive_the_machine();
        sandbox.start(&["baseline", "save", "main"]).with_code(0);
    }
    sandbox
}

#[test]
fn a_run_that_is_much_slower_than_its_baseline_ends_with_6() {
    let sandbox = based(5);
    let reports = ["--report", "junit=junit.xml", "--report", "comment=comment.md"];
    let slow = [&["--baseline", "main"][..], &reports].concat();
    let ended = sandbox.run(&scenario("300ms"), &slow).with_code(6);
    if ended.code == Some(4) {
        // On a machine too busy for the client there is no verdict.
        return;
    }
    assert!(ended.stdout.contains("against 5 stored runs of based: regressed"), "{}", ended.stdout);
    assert!(ended.stdout.contains("! ttft.p50 of fast, chat, concurrency 2"), "{}", ended.stdout);
    let junit = sandbox.read("junit.xml");
    assert!(junit.contains("<testsuite name=\"based.baseline\""), "{junit}");
    assert!(junit.contains("type=\"regressed\""), "{junit}");
    let changed = "note: fast is simulated otherwise: ttft 20ms against 300ms";
    assert!(ended.stdout.contains(changed), "{}", ended.stdout);
    let folder = ended.folders().pop().unwrap();
    let summary = sandbox.read(folder.join("summary.md").to_str().unwrap());
    let told = "## Against the baseline\n\n**against 5 stored runs of based: regressed (";
    assert!(summary.contains(told), "{summary}");
    assert!(sandbox.read("comment.md").contains("❌"), "{}", sandbox.read("comment.md"));
    let again = sandbox.start(&["report", "--baseline", "main", "--format", "junit"]).with_code(0);
    assert_eq!(again.stdout, junit);
    let never = [&["--baseline", "main"][..], &["--fail-on", "never"]].concat();
    sandbox.run(&scenario("300ms"), &never).with_code(0);
    let gate = [&["--baseline", "main"][..], &["--gate", "ttft.p50 < 1ms"]].concat();
    sandbox.run(&scenario("300ms"), &gate).with_code(5);
}

#[test]
fn few_stored_runs_are_only_indicative_and_that_ends_with_7_where_it_is_asked_to() {
    let sandbox = based(2);
    let ended = sandbox.run(&scenario("300ms"), &["--baseline", "main"]).with_code(0);
    assert!(ended.stdout.contains("no verdict: 2 stored runs"), "{}", ended.stdout);
    let asked = ["--baseline", "main", "--fail-on", "inconclusive"];
    sandbox.run(&scenario("20ms"), &asked).with_code(7);
}

#[test]
fn without_a_baseline_the_gates_alone_decide() {
    let sandbox = Sandbox::new();
    let ended = sandbox.run(&scenario("20ms"), &["--baseline", "main"]).with_code(0);
    let said = "the baseline `main` in `baselines` holds no run to compare with";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    let ended = sandbox.run(&scenario("20ms"), &["--baseline", "../main"]).with_code(2);
    assert!(ended.stderr.contains("cannot be the name of a baseline"), "{}", ended.stderr);
}

#[test]
fn baselines_are_listed_shown_and_removed() {
    let sandbox = based(2);
    let listed = sandbox.start(&["baseline", "list"]).with_code(0);
    assert_eq!(listed.stdout, "main: 2 runs, 1 environment\n");
    let shown = sandbox.start(&["baseline", "show", "main"]).with_code(0);
    assert!(shown.stdout.contains("processors: "), "{}", shown.stdout);
    assert_eq!(shown.stdout.matches("-based").count(), 2, "{}", shown.stdout);
    let kept = sandbox.start(&["baseline", "save", "main", "--force", "--keep", "1"]).with_code(0);
    assert!(kept.stderr.contains("removed the oldest 1 of this environment"), "{}", kept.stderr);
    let listed = sandbox.start(&["baseline", "list"]).with_code(0);
    assert_eq!(listed.stdout, "main: 1 run, 1 environment\n");
    let elsewhere = ["baseline", "list", "--baselines", "elsewhere"];
    let none = sandbox.start(&elsewhere).with_code(0);
    assert_eq!((none.stdout.as_str(), none.stderr.contains("no baselines")), ("", true));
    let unknown = sandbox.start(&["baseline", "rm", "mian"]).with_code(2);
    assert!(unknown.stderr.contains("no baseline `mian` in `baselines`: there are `main`"));
    sandbox.start(&["baseline", "rm", "main"]).with_code(0);
    assert!(!sandbox.path().join("baselines/main").exists());
}

#[test]
fn a_stored_run_is_small_and_can_be_read_again() {
    let sandbox = based(1);
    let shown = sandbox.start(&["baseline", "show", "main"]).with_code(0).stdout;
    let (digest, run) = (&shown[..12], shown.split("  - ").nth(1).unwrap());
    let run = run.split(',').next().unwrap();
    let file = format!("baselines/main/{digest}/{run}.result.json");
    let size = sandbox.read(&file).len();
    assert!(size < 60_000, "{size} bytes");
    assert!(sandbox.read(&format!("baselines/main/{digest}/environment.txt")).contains("kernel: "));
    sandbox.start(&["report", &file]).with_code(0);
}

#[test]
fn a_run_of_another_scenario_is_no_part_of_a_baseline() {
    let sandbox = based(1);
    let mut other = scenario("20ms");
    other["load"]["stages"][0]["requests"] = json!(20);
    sandbox.run(&other, &[]).with_code(0);
    let refused = sandbox.start(&["baseline", "save", "main"]).with_code(2);
    assert!(
        refused.stderr.contains("makes no good part of the baseline `main`"),
        "{}",
        refused.stderr
    );
    sandbox.start(&["baseline", "save", "main", "--force"]).with_code(0);
}
