//! What pipelines see: reports for their servers, annotations, summaries, and the examples of
//! `docs/ci.md` as they stand there.

#![expect(clippy::disallowed_methods, reason = "these tests look at files")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::markdown::code_blocks;
use crate::program::Sandbox;

const PAGE: &str = include_str!("../../docs/ci.md");
const ACTION: &str = include_str!("../../action.yml");

fn scenario() -> Value {
    json!({
        "pacemark": 1,
        "name": "ci",
        "backends": {"fast": {"mock": {"ttft": "10ms", "gap": "1ms", "output_tokens": 4}}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["a"]}},
        "load": {"stages": [{"concurrency": 2, "requests": 20}]},
        "gates": ["error_rate < 1%", "ttft.p50 < 1ms"],
    })
}

/// As a step of GitHub Actions, with a file for its summary.
fn github() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let summary = sandbox.path().join("summary.txt");
    let summary = summary.to_str().unwrap().to_owned();
    let sandbox = sandbox
        .with_variable("GITHUB_ACTIONS", "true")
        .with_variable("GITHUB_STEP_SUMMARY", &summary);
    (sandbox, summary)
}

#[test]
fn every_report_is_written_although_a_gate_failed() {
    let reports = ["junit=out/junit.xml", "comment=out/comment.md", "bencher=out/b.json"];
    let flags = reports.iter().flat_map(|report| ["--report", report]);
    let flags: Vec<_> = flags.chain(["--report", "flat=out/flat.json"]).collect();
    let sandbox = Sandbox::new();
    sandbox.run(&scenario(), &flags).with_code(5);
    let junit = sandbox.read("out/junit.xml");
    assert!(junit.contains("<testsuite name=\"ci.gates\" tests=\"2\""), "{junit}");
    assert!(junit.contains("type=\"broken\""), "{junit}");
    assert!(sandbox.read("out/comment.md").contains("❌ gates: 1 of 2 FAILED"));
    let bencher: Value = serde_json::from_str(&sandbox.read("out/b.json")).unwrap();
    let benchmark = &bencher["ci / chat / concurrency 2, 20 requests / fast"];
    assert!(benchmark["ttft-p50-ms"]["value"].as_f64().unwrap() >= 10.0, "{bencher}");
    let flat: Value = serde_json::from_str(&sandbox.read("out/flat.json")).unwrap();
    assert_eq!(flat["gates"][1]["outcome"], "broken");
    for format in ["junit", "comment", "bencher", "flat"] {
        let printed = sandbox.start(&["report", "--format", format]).with_code(0).stdout;
        let written = match format {
            "junit" => sandbox.read("out/junit.xml"),
            "comment" => sandbox.read("out/comment.md"),
            "bencher" => sandbox.read("out/b.json"),
            _ => sandbox.read("out/flat.json"),
        };
        assert_eq!(printed, written, "{format}");
    }
}

#[test]
fn a_report_that_cannot_be_meant_is_refused_before_the_load() {
    let sandbox = Sandbox::new();
    for (report, words) in [
        ("junit", "write FORMAT=FILE; the formats are table, wide, csv, json, markdown"),
        ("xml=a.xml", "there is no format `xml`"),
        ("junit=", "write FORMAT=FILE"),
    ] {
        let ended = sandbox.run(&scenario(), &["--report", report]).with_code(2);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
        assert!(ended.folders().is_empty());
    }
}

#[test]
fn github_gets_an_annotation_for_a_gate_that_failed_and_a_summary() {
    let (sandbox, summary) = github();
    fs::write(&summary, "before\n").unwrap();
    let ended = sandbox.run(&scenario(), &[]).with_code(5);
    let annotations: Vec<_> =
        ended.stderr.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(annotations.len(), 1, "{}", ended.stderr);
    let line = "::error title=pacemark%3A gate failed::ttft.p50 < 1ms: ";
    assert!(annotations[0].starts_with(line), "{annotations:?}");
    let text = fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("before\n## pacemark: ci\n"), "{text}");
    sandbox.start(&["check", "--gate", "error_rate < 3%"]).with_code(5);
    let text = fs::read_to_string(&summary).unwrap();
    assert_eq!(text.matches("## pacemark: ci").count(), 2, "each step adds to it");
    assert!(text.contains("| error\\_rate &lt; 3% |"), "{text}");
}

#[test]
fn outside_of_github_nothing_is_annotated() {
    let ended = Sandbox::new().run(&scenario(), &[]).with_code(5);
    assert!(!ended.stderr.contains("::error"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("::error"), "{}", ended.stdout);
}

#[test]
fn a_summary_stays_below_what_github_takes() {
    let (sandbox, summary) = github();
    fs::write(&summary, "x".repeat((1 << 20) - 400)).unwrap();
    sandbox.run(&scenario(), &[]).with_code(5);
    let text = fs::read_to_string(&summary).unwrap();
    assert!(text.len() <= 1 << 20, "{}", text.len());
    assert!(text.contains("The rest has no room here"), "{}", &text[text.len() - 400..]);
    fs::write(&summary, "x".repeat(1 << 20)).unwrap();
    let ended = sandbox.start(&["check"]).with_code(5);
    assert!(ended.stderr.contains("the summary of this step is full"), "{}", ended.stderr);
}

/// The commands of each step of a workflow: its name, and what it runs.
fn steps(workflow: &str) -> Vec<(String, String)> {
    let mut steps: Vec<(String, String)> = Vec::new();
    let mut name = String::new();
    let mut lines = workflow.lines().peekable();
    while let Some(line) = lines.next() {
        let text = line.trim_start().trim_start_matches("- ");
        if let Some(given) = text.strip_prefix("name: ") {
            given.clone_into(&mut name);
        }
        let Some(run) = text.strip_prefix("run: ") else { continue };
        if run != "|" {
            steps.push((name.clone(), run.to_owned()));
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let mut script = String::new();
        let is_deeper = |line: &&str| line.len() - line.trim_start().len() > indent;
        while let Some(line) = lines.next_if(is_deeper) {
            script.push_str(line.trim_start());
            script.push('\n');
        }
        steps.push((name.clone(), script));
    }
    steps
}

/// Runs a script in the sandbox as a step of a workflow does, with pacemark on the path; its exit
/// code and what it said.
#[cfg(unix)]
fn bash(sandbox: &Sandbox, script: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_pacemark"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = format!("{}:{}", program.parent().unwrap().display(), path.display());
    let mut command = std::process::Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
    command.current_dir(sandbox.path()).env_clear().env("PATH", path);
    command.envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// A folder with the scenario that the examples name.
fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path().join("scenarios")).unwrap();
    sandbox.write("scenarios/ci-smoke.yaml", include_str!("../../scenarios/ci-smoke.yaml"));
    sandbox
}

fn example(language: &str, containing: &str) -> String {
    let mut blocks = code_blocks(PAGE).into_iter();
    let wanted = |(found, text): &(&str, String)| *found == language && text.contains(containing);
    blocks.find(wanted).unwrap().1
}

#[cfg(unix)]
#[test]
fn the_github_example_runs_step_by_step() {
    let sandbox = repository();
    let summary = sandbox.path().join("summary.md").display().to_string();
    let variables = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_STEP_SUMMARY", summary.as_str()),
        ("GITHUB_REF", "refs/heads/main"),
        ("CI", "true"),
    ];
    let steps = steps(&example("yaml", "runs-on:"));
    let mut ran = Vec::new();
    for (name, script) in &steps {
        // These two need a network; the program is on the path already.
        if name == "Install pacemark" || name == "Comment on the pull request" {
            continue;
        }
        let (code, text) = bash(&sandbox, script, &variables);
        // A machine too busy to measure has the run not to be trusted, and rightly so; such a run
        // is no part of a baseline either.
        let busy = match name.as_str() {
            "Measure" => code == Some(4),
            "Add the run to the baseline" => code == Some(2) && text.contains("not to be trusted"),
            _ => false,
        };
        assert!(code == Some(0) || busy, "{name}: {code:?}\n{text}");
        ran.push(name.as_str());
    }
    assert!(ran.contains(&"What will be measured") && ran.contains(&"Measure"), "{ran:?}");
    assert!(fs::read_to_string(&summary).unwrap().contains("gates: all 5 held"));
    assert!(sandbox.read("reports/junit.xml").contains("ci-smoke.gates"));
    assert!(sandbox.read("reports/comment.md").contains("gates: all 5 held"));
    assert!(sandbox.read("reports/pacemark.json").contains("\"flat_version\": 1"));
}

#[cfg(unix)]
#[test]
fn the_shell_example_ends_with_the_code_of_pacemark() {
    let sandbox = repository();
    let script = example("sh", "#!/bin/sh");
    let (code, text) = bash(&sandbox, &script, &[]);
    assert!(code == Some(0) && text.contains("latency: fine") || code == Some(4), "{text}");
    let broken = include_str!("../../scenarios/ci-smoke.yaml").replace("< 500ms", "< 1ms");
    sandbox.write("scenarios/ci-smoke.yaml", &broken);
    let (code, text) = bash(&sandbox, &script, &[]);
    assert!(
        code == Some(5) && text.contains("latency: a gate failed") || code == Some(4),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn the_comparison_of_the_page_writes_its_reports() {
    let sandbox = Sandbox::new();
    sandbox.write("ab.yaml", &example("yaml", "name: ab"));
    let (code, text) = bash(&sandbox, &example("sh", "pacemark compare"), &[]);
    // The second server is slower, and a machine may be too busy to tell.
    assert!(matches!(code, Some(0 | 4 | 6)), "{code:?}: {text}");
    assert!(text.contains("after against before: 6 paired rounds"), "{text}");
    let junit = sandbox.read("comparison.xml");
    assert!(junit.contains("<testsuite name=\"ab.after against before\" tests=\"6\""), "{junit}");
    assert!(sandbox.read("comparison.md").starts_with("## pacemark: ab\n"));
}

#[cfg(unix)]
#[test]
fn the_steps_of_the_action_run_with_its_inputs() {
    let sandbox = repository();
    let output = sandbox.path().join("output.txt").display().to_string();
    let root = env!("CARGO_MANIFEST_DIR");
    let mut variables = vec![
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_OUTPUT", output.as_str()),
        ("RUNNER_OS", "Linux"),
        ("RUNNER_ARCH", "X64"),
        ("ACTION_PATH", root),
        ("SCENARIO", "scenarios/ci-smoke.yaml"),
        ("ARGUMENTS", "--seed 7 --quiet"),
        ("GATES", "error_rate < 1%\n\nttft.p50 < 1ms\n"),
        ("REPORTS", "pacemark-reports"),
    ];
    let steps = steps(ACTION);
    let script = |wanted: &str| &steps.iter().find(|(name, _)| name == wanted).unwrap().1;
    let (code, text) = bash(&sandbox, script("Find out what to build"), &variables);
    assert_eq!(code, Some(0), "{text}");
    assert!(sandbox.read("output.txt").starts_with("key=pacemark-Linux-X64-"));
    let (code, text) = bash(&sandbox, script("Run"), &variables);
    assert!(code == Some(5) || code == Some(4), "{code:?}: {text}");
    assert!(text.contains("::error title=pacemark%3A gate failed::ttft.p50 < 1ms"), "{text}");
    assert!(sandbox.read("output.txt").contains(&format!("exit-code={}", code.unwrap())));
    assert!(sandbox.read("pacemark-reports/junit.xml").contains("error_rate &lt; 1%"));
    variables.retain(|(name, _)| *name != "GATES");
    variables.push(("GATES", ""));
    let (code, text) = bash(&sandbox, script("Run"), &variables);
    assert!(code == Some(0) || code == Some(4), "{code:?}: {text}");
}
