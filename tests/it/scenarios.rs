//! Every scenario that is shipped with pacemark parses and plans.
#![expect(clippy::disallowed_methods, reason = "the shipped files are what is tested")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pacemark::metric::{Metric, Statistic};
use pacemark::mock::MockServer;
use pacemark::plan::RunPlan;
use pacemark::result::RunResult;
use pacemark::scenario::{
    BackendKind, Distribution, Environment, MockSpec, Origin, Overrides, Scenario, quickstart,
    starter,
};

use crate::accounting::assert_adds_up;
use crate::program::{OPEN_LOOP, Sandbox};

fn parsed(name: &str, text: &str) -> Result<Scenario, String> {
    let origin = Origin { name: name.to_owned(), folder: "scenarios".into() };
    let environment = Environment { var: &|_| None, read: &|path| fs::read_to_string(path) };
    Scenario::parse(text, &origin, &environment, &Overrides::default())
        .map_err(|errors| errors.to_string())
}

#[test]
fn every_shipped_scenario_parses_and_plans() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let scenario = parsed(path.to_str().unwrap(), &fs::read_to_string(&path).unwrap()).unwrap();
        assert!(!RunPlan::new(Arc::new(scenario)).cells().is_empty(), "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 13);
}

#[test]
fn the_quickstart_loads_for_less_than_half_a_minute() {
    let scenario = parsed("quickstart.yaml", quickstart()).unwrap();
    let plan = RunPlan::new(Arc::new(scenario));
    let time = plan.load_time();
    assert!((14..25).contains(&time.least.as_secs()), "{time:?}");
    assert_eq!(time.most, Some(time.least));
}

#[test]
fn every_starter_parses() {
    for &kind in BackendKind::ALL {
        let scenario = parsed("starter.yaml", &starter(kind)).unwrap();
        assert_eq!(scenario.backends[0].kind, kind);
    }
}

#[test]
fn the_ramp_runs_against_the_simulated_server() {
    let text = fs::read_to_string(shipped("ramp.yaml")).unwrap();
    let sandbox = Sandbox::new();
    sandbox.write("ramp.yaml", &text);
    let shorter = [
        "load.stages.0.duration=2s",
        "load.stages.1.profile.0.duration=500ms",
        "load.stages.1.profile.1.duration=1s",
        "load.stages.1.profile.2.duration=500ms",
        "load.stages.1.profile.3.pause=500ms",
        "load.stages.1.profile.4.duration=500ms",
        "load.stages.2.duration=2s",
    ];
    let sets = shorter.iter().flat_map(|set| ["--set", set]);
    let arguments: Vec<_> = ["run", "ramp.yaml"].into_iter().chain(sets).collect();
    let result = assert_adds_up(&sandbox.start(&arguments).with_code_of(OPEN_LOOP));
    let labels: Vec<_> = result.cells.iter().map(|cell| cell.labels.stage.as_str()).collect();
    assert_eq!(
        labels,
        [
            "2/s to 40/s poisson, 2s",
            "5/s then 5/s to 45/s then 45/s then pause and 1 more step poisson, 3s",
            "concurrency 1 to 16 thinking 100ms to 500ms, 2s",
        ]
    );
}

#[test]
fn the_conversation_runs_against_the_simulated_server() {
    let sandbox = Sandbox::new();
    let text = fs::read_to_string(shipped("conversation.yaml")).unwrap();
    sandbox.write("conversation.yaml", &text);
    let shorter = [
        "load.warmup.duration=1s",
        "load.stages.0.duration=4s",
        "load.stages.1.duration=4s",
        "workloads.talk.think_time=50ms",
    ];
    let sets = shorter.iter().flat_map(|set| ["--set", set]);
    let arguments: Vec<_> = ["run", "conversation.yaml"].into_iter().chain(sets).collect();
    let ended = sandbox.start(&arguments).with_code_of(OPEN_LOOP);
    let result = assert_adds_up(&ended);
    for cell in &result.cells {
        assert!(cell.measured.sessions.unwrap().completed > 0);
        let input = |turn: usize| {
            let part = &cell.measured.parts[turn - 1].measured;
            assert!(part.distribution(Metric::Ttft).is_some());
            part.figure(Metric::InputTokens, Statistic::Percentile(50.0)).unwrap()
        };
        // The history grows by an answer of 48 tokens a turn, and by what the user says.
        assert!(input(3) > input(1) + 80.0, "{} {}", input(1), input(3));
    }
    assert!(ended.stdout.contains("turn 1"), "{}", ended.stdout);
    assert!(ended.file("summary.md").contains("| turn 1 |"));
}

#[test]
fn the_mix_runs_against_the_simulated_server() {
    let sandbox = Sandbox::new();
    sandbox.write("mix.yaml", &fs::read_to_string(shipped("mix.yaml")).unwrap());
    let shorter = ["load.stages.0.duration=2s", "load.stages.1.duration=2s"];
    let sets = shorter.iter().flat_map(|set| ["--set", set]);
    let arguments: Vec<_> = ["run", "mix.yaml"].into_iter().chain(sets).collect();
    let ended = sandbox.start(&arguments).with_code_of(OPEN_LOOP);
    let result = assert_adds_up(&ended);
    let cells = result.cells.iter().map(|cell| cell.labels.workload.as_str());
    let cells: Vec<_> = cells.collect();
    assert_eq!(cells, ["short-chat", "short-chat", "everyday", "everyday"]);
    for cell in &result.cells[2..] {
        let parts: Vec<_> = cell.measured.parts.iter().map(|part| part.part.as_str()).collect();
        assert_eq!(parts, ["short-chat", "code", "embed"]);
    }
    assert!(ended.stdout.contains("a mix of 70% short-chat, 20% code, 10% embed"));
    assert!(ended.file("summary.md").contains("| code |"));
}

#[test]
fn the_trace_is_replayed_against_the_simulated_server() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path().join("traces")).unwrap();
    for name in ["trace-replay.yaml", "traces/mooncake-sample.jsonl"] {
        sandbox.write(name, &fs::read_to_string(shipped(name)).unwrap());
    }
    let arguments = ["run", "trace-replay.yaml", "--set", "load.stages.0.replay.speed=8"];
    let result = assert_adds_up(&sandbox.start(&arguments).with_code_of(OPEN_LOOP));
    assert_eq!(result.cells[0].labels.stage, "replay 8x max 64");
    assert_eq!(result.cells[0].measured.outcomes.arrivals, 40);
    assert_eq!(result.workloads[0].prompt_count, Some(40));
}

#[test]
fn the_scenarios_for_real_servers_run_against_simulated_ones() {
    runs("ollama-vs-xinference", &["OLLAMA_URL", "XINFERENCE_URL"]);
    runs("litellm-gateway", &["LITELLM_URL", "DIRECT_URL"]);
    runs("embeddings", &["EMBED_URL"]);
    runs("vision", &["VISION_URL"]);
    for cell in runs("rerank", &["RERANK_URL"]).cells {
        assert!(cell.measured.windows["document_throughput"] > 0.0);
    }
}

#[test]
fn the_datasets_run_and_a_broken_row_is_counted() {
    let result = runs("datasets", &[]);
    let counts: Vec<_> = result.workloads.iter().map(|workload| workload.prompt_count).collect();
    assert_eq!(counts, [Some(8), Some(6), Some(4), Some(4)]);
    let note = result.notes.iter().find(|note| note.text.contains("sharegpt-sample.json"));
    assert!(note.unwrap().text.contains("no turn of a human"), "{:?}", result.notes);
}

/// Runs a shipped scenario, shortened, with a simulated server behind each of `variables`.
fn runs(name: &str, variables: &[&str]) -> RunResult {
    let spec = || {
        let (ttft, gap) = (Distribution::Constant(0.002), Distribution::Constant(0.001));
        MockSpec { ttft, gap, output_tokens: Distribution::Constant(16.0), ..MockSpec::default() }
    };
    let start = |_: &&str| MockServer::start(spec(), ([127, 0, 0, 1], 0).into()).unwrap();
    let servers: Vec<_> = variables.iter().map(start).collect();
    let mut sandbox = Sandbox::new().with_variable("LITELLM_API_KEY", "sk-1234");
    for (variable, server) in variables.iter().zip(&servers) {
        sandbox = sandbox.with_variable(variable, &format!("http://{}", server.addr()));
    }
    let file = format!("{name}.yaml");
    sandbox.write(&file, &fs::read_to_string(shipped(&file)).unwrap());
    fs::create_dir_all(sandbox.path().join("data")).unwrap();
    for entry in fs::read_dir(shipped("data")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, sandbox.path().join("data").join(path.file_name().unwrap())).unwrap();
    }
    let short = ["--set", "load.stages=[{concurrency: 4, requests: 20}]", "--rounds", "1"];
    let ended = sandbox.start(&[&["run", &file], &short[..]].concat()).with_code(0);
    let result = assert_adds_up(&ended);
    for cell in &result.cells {
        assert_eq!(cell.measured.outcomes.completed, 20, "{:?}", cell.measured.failures);
    }
    result
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name)
}
