//! The commands as they are typed: what they print, where, and how they end.

use std::io::{BufRead, BufReader};

use pacemark::mock::MockServer;
use pacemark::result::RunResult;
use pacemark::scenario::{BackendKind, Distribution, MockSpec};
use serde_json::{Value, json};

use crate::accounting::assert_adds_up;
use crate::program::{Ended, OPEN_LOOP, Sandbox, rows};

const FORMATS: [&str; 11] = [
    "table",
    "wide",
    "csv",
    "json",
    "markdown",
    "comment",
    "junit",
    "bencher",
    "flat",
    "html",
    "openmetrics",
];

fn scenarios() -> [(&'static str, &'static str); 8] {
    [
        ("ci-smoke", include_str!("../../scenarios/ci-smoke.yaml")),
        ("embeddings", include_str!("../../scenarios/embeddings.yaml")),
        ("litellm-gateway", include_str!("../../scenarios/litellm-gateway.yaml")),
        ("ollama-vs-xinference", include_str!("../../scenarios/ollama-vs-xinference.yaml")),
        ("quickstart", include_str!("../../scenarios/quickstart.yaml")),
        ("rerank", include_str!("../../scenarios/rerank.yaml")),
        ("vision", include_str!("../../scenarios/vision.yaml")),
        ("synthetic", include_str!("../../scenarios/synthetic.yaml")),
    ]
}

/// A run that is over in no time.
fn short() -> Value {
    json!({
        "pacemark": 1,
        "name": "short",
        "backends": {"mock": {"mock": {"ttft": "2ms", "gap": "1ms", "output_tokens": 4}}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["a"]}},
        "load": {"stages": [{"concurrency": [1, 2], "requests": 6}]},
    })
}

fn server(models: &[&str]) -> MockServer {
    let spec = MockSpec {
        ttft: Distribution::Constant(0.002),
        gap: Distribution::Constant(0.001),
        models: models.iter().map(|&model| model.to_owned()).collect(),
        ..MockSpec::default()
    };
    MockServer::start(spec, ([127, 0, 0, 1], 0).into()).unwrap()
}

fn url(server: &MockServer) -> String {
    format!("http://{}", server.addr())
}

/// Asserts that the program was refused with these words on stderr and nothing on stdout.
#[track_caller]
fn assert_usage(ended: Ended, words: &str) {
    let ended = ended.with_code(2);
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[test]
fn help_and_version_are_data() {
    let sandbox = Sandbox::new();
    let commands = ["run", "plan", "compare", "report", "models", "mock", "init", "schema"];
    let help = sandbox.start(&["--help"]).with_code(0);
    assert!(commands.iter().all(|name| help.stdout.contains(&format!("\n  {name} "))), "{help:?}");
    assert_eq!(help.stderr, "");
    for command in commands {
        let help = sandbox.start(&[command, "--help"]).with_code(0);
        assert!(help.stdout.contains(&format!("Usage: pacemark {command}")), "{}", help.stdout);
        assert!(help.stdout.lines().all(|line| line.len() <= 100), "{}", help.stdout);
        assert_eq!(help.stderr, "");
    }
    let version = sandbox.start(&["--version"]).with_code(0);
    assert_eq!(version.stdout, concat!("pacemark ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let sandbox = Sandbox::new();
    let start = |arguments: &[&str]| sandbox.start(arguments);
    assert_usage(start(&["run", "--nonsense"]), "unexpected argument '--nonsense'");
    assert_usage(start(&["rnu"]), "unrecognized subcommand 'rnu'");
    assert_usage(start(&["modles"]), "a similar subcommand exists: 'models'");
    assert_usage(start(&["run", "absent.yaml"]), "cannot read scenario `absent.yaml`");
    assert_usage(start(&["run", "--model", "m"]), "which server?");
    assert_usage(start(&["run", "--url", "http://h:1"]), "which model?");
    assert_usage(start(&["run", "x.yaml", "--url", "http://h:1"]), "cannot be used with");
    assert_usage(start(&["run", "--kind", "olama", "-m", "m"]), "there are ");
    assert_usage(start(&["plan", "-q", "-v"]), "cannot be used with");
    assert_usage(start(&["models"]), "which server?");
    assert_usage(start(&["report"]), "there is no run below `results`");
    assert_usage(start(&["report", "absent"]), "no run at `absent`");
    assert_usage(start(&["mock", "--set", "nonsense=1"]), "has no key `nonsense`");
    let schemas = "[possible values: scenario, result, comparison, summary, requests, timeseries]";
    assert_usage(start(&["schema", "plan"]), schemas);
}

#[test]
fn a_plan_shows_every_cell_and_sends_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("ci-smoke.yaml", scenarios()[0].1);
    let plan = sandbox.start(&["plan", "ci-smoke.yaml"]).with_code(0);
    insta::assert_snapshot!(plan.stdout, @"
    ci-smoke: 6 cells; 2 warm-up requests before each; at most 90s under load

     #  round  backend  workload     load           until               model
     1      1  server   chat-stream  concurrency 2  20 requests or 15s  simulated
     2      1  server   chat-plain   concurrency 2  20 requests or 15s  simulated
     3      1  server   completions  concurrency 2  20 requests or 15s  simulated
     4      1  server   responses    concurrency 2  20 requests or 15s  simulated
     5      1  server   embed        concurrency 2  20 requests or 15s  simulated-embed
     6      1  server   rank         concurrency 2  20 requests or 15s  simulated-rank

    gate: error_rate <= 0%
    gate: slo_attainment >= 99%
    gate: ttft.p50 < 500ms
    gate: e2e.p50 < 2s where workload=embed
    ");
    for (name, text) in scenarios() {
        sandbox.write("scenario.yaml", text);
        let table = sandbox.start(&["plan", "scenario.yaml"]).with_code(0);
        let json = sandbox.start(&["plan", "scenario.yaml", "--json"]).with_code(0);
        assert_eq!((table.stderr.as_str(), json.stderr.as_str()), ("", ""), "{name}");
        let document: Value = serde_json::from_str(&json.stdout).unwrap();
        let cells = document["cells"].as_array().unwrap();
        assert_eq!(document["name"], name);
        let first = format!("{name}: {} cells", cells.len());
        assert!(table.stdout.starts_with(&first), "{}", table.stdout);
        let gates = document["gates"].as_array().unwrap().len();
        // Where there are gates, an empty line parts them from the cells.
        let below = if gates == 0 { 0 } else { gates + 1 };
        assert_eq!(table.stdout.lines().count(), cells.len() + 3 + below, "{name}");
        assert_eq!(cells.last().unwrap()["id"], cells.len() - 1);
    }
    assert!(!sandbox.path().join("results").exists());
}

#[test]
fn the_scenario_of_no_scenario_is_the_quickstart() {
    let sandbox = Sandbox::new();
    let plan = sandbox.start(&["plan"]).with_code(0);
    assert!(plan.stdout.starts_with("quickstart: "), "{}", plan.stdout);
}

#[test]
fn every_starter_can_be_planned() {
    for kind in BackendKind::ALL {
        let sandbox = Sandbox::new();
        let ended = sandbox.start(&["init", "--kind", kind.key()]).with_code(0);
        assert_eq!(ended.stdout, "");
        assert!(ended.stderr.contains("next: pacemark plan scenario.yaml"), "{}", ended.stderr);
        sandbox.start(&["plan", "scenario.yaml"]).with_code(0);
        let printed = sandbox.start(&["init", "--kind", kind.key(), "-"]).with_code(0);
        assert_eq!(
            (printed.stdout, printed.stderr),
            (sandbox.read("scenario.yaml"), String::new())
        );
        assert_usage(sandbox.start(&["init"]), "`scenario.yaml` is there already; --force");
        sandbox.start(&["init", "--force"]).with_code(0);
    }
}

#[test]
fn the_schemas_are_those_of_the_documents() {
    let sandbox = Sandbox::new();
    let result = sandbox.start(&["schema", "result"]).with_code(0);
    assert!(result.stdout == include_str!("../../docs/result.schema.json"));
    let requests = sandbox.start(&["schema", "requests"]).with_code(0);
    assert!(requests.stdout == include_str!("../../docs/requests.schema.json"));
    let scenario = sandbox.start(&["schema"]).with_code(0);
    let scenario: Value = serde_json::from_str(&scenario.stdout).unwrap();
    assert!(scenario["properties"]["backends"].is_object());
}

#[test]
fn models_are_listed_by_name() {
    let (server, sandbox) = (server(&["org/one", "two"]), Sandbox::new());
    let url = url(&server);
    let listed = sandbox.start(&["models", "--url", &url]).with_code(0);
    assert_eq!(listed.stdout, "org/one\ntwo\n");
    let listed = sandbox.start(&["models", "--url", &format!("{url}/v1"), "--json"]).with_code(0);
    let document: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(document, json!({"url": format!("{url}/v1"), "models": ["org/one", "two"]}));
}

#[test]
fn reports_of_a_stored_run_are_what_the_run_printed() {
    for format in FORMATS {
        let sandbox = Sandbox::new();
        let ran = sandbox.run(&short(), &["--format", format]).with_code(0);
        let folder = ran.folder();
        let path = folder.to_str().unwrap();
        let again = sandbox.start(&["report", path, "--format", format]).with_code(0);
        assert_eq!(again.stdout, ran.stdout, "{format}");
        assert_eq!(again.stderr, "");
        let latest = sandbox.start(&["report", "--format", format]).with_code(0);
        assert_eq!(latest.stdout, ran.stdout, "{format}");
        let file = match format {
            "csv" => "summary.csv",
            "json" => "result.json",
            "markdown" => "summary.md",
            _ => continue,
        };
        assert_eq!(ran.stdout, ran.file(file), "{format}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_stops_a_run_before_its_load() {
    let (server, sandbox) = (server(&[]), Sandbox::new());
    sandbox.write("taken", "");
    let (url, flags) = (url(&server), ["--model", "m", "--requests", "5"]);
    let to = ["run", "--url", &url, "-o", "taken/below", "--no-preflight"];
    let ended = sandbox.start(&[&to[..], &flags].concat()).with_code(1);
    assert!(ended.stderr.contains("cannot write `taken/below`: "), "{}", ended.stderr);
    assert_eq!((ended.stdout.as_str(), server.truth().requests), ("", 0));
}

#[test]
fn json_on_stdout_is_one_document_and_nothing_else() {
    let ended = Sandbox::new().run(&short(), &["--format", "json"]).with_code(0);
    let result = RunResult::from_json(&ended.stdout).unwrap();
    assert_eq!(result, assert_adds_up(&ended));
    assert_eq!(result.cells.len(), 2);
    assert!(ended.stderr.contains("[2/2] mock / chat / concurrency 2"), "{}", ended.stderr);
    let quiet = Sandbox::new().run(&short(), &["--format", "csv", "--quiet"]).with_code(0);
    assert_eq!(rows(&quiet.stdout).len(), 2);
    assert_eq!(quiet.stderr.lines().count(), 1, "{}", quiet.stderr);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sandbox = Sandbox::new();
    sandbox.write("scenario.yaml", &short().to_string());
    let commands: [&[&str]; 5] =
        [&["--help"], &["plan"], &["schema"], &["run", "scenario.yaml"], &["report"]];
    for arguments in commands {
        let mut child = sandbox.command(arguments).spawn().unwrap();
        drop(child.stdout.take());
        Ended::new(&sandbox, child.wait_with_output().unwrap()).with_code(0);
    }
}

#[test]
fn flags_alone_make_a_run() {
    let (server, sandbox) = (server(&["m"]), Sandbox::new());
    let url = url(&server);
    let to = ["run", "--url", &url, "--model", "m"];
    let chat = ["--concurrency", "1,2", "--num-prompts", "5", "--warmup-requests", "2"];
    let ask = ["--prompt", "Hello", "--max-tokens", "3", "-H", "x-team: bench"];
    let slo = ["--goodput", "ttft:5000 e2e:9000"];
    let ended = sandbox.start(&[&to[..], &chat, &ask, &slo].concat()).with_code(0);
    let result = assert_adds_up(&ended);
    assert_eq!(result.cells.len(), 2);
    assert!(result.cells.iter().all(|cell| cell.measured.outcomes.completed == 5));
    assert!(result.cells.iter().all(|cell| cell.measured.tokens.output == Some(15)));
    assert_eq!((result.slo.len(), result.name.as_str()), (2, "server-chat"));

    let sandbox = Sandbox::new();
    let open = ["--request-rate", "100", "--arrival", "constant", "--duration", "200ms"];
    let embed = ["--endpoint", "embeddings", "--batch", "4", "--max-in-flight", "8", "--seed", "9"];
    let ended = sandbox.start(&[&to[..], &open, &embed].concat()).with_code_of(OPEN_LOOP);
    let result = assert_adds_up(&ended);
    assert!((17..=20).contains(&result.cells[0].measured.outcomes.arrivals));
    // What was held back to the end was never made.
    let rows = ended.requests();
    let sent = rows.iter().filter(|row| row["outcome"] != "unsent");
    assert!(sent.clone().count() > 0 && sent.clone().all(|row| row["items"] == "4"));
    assert_eq!(result.seed, 9);
}

#[test]
fn a_printed_scenario_is_the_one_that_is_run() {
    let sandbox = Sandbox::new();
    for (name, text) in scenarios() {
        sandbox.write("scenario.yaml", text);
        let changed = ["scenario.yaml", "--rounds", "3", "--seed", "5"];
        let printed = sandbox.start(&[&["run", "--print-scenario"], &changed[..]].concat());
        let plan = sandbox.start(&[&["plan", "--json"], &changed[..]].concat()).with_code(0);
        let again = sandbox.start_with(&["plan", "--json", "-"], &printed.with_code(0).stdout);
        assert_eq!(again.with_code(0).stdout, plan.stdout, "{name}");
    }
    let flags = ["--url", "http://h:1/v1", "--model", "m", "--request-rate", "2,4"];
    let printed = sandbox.start(&[&["run", "--print-scenario"], &flags[..]].concat());
    let plan = sandbox.start(&[&["plan"], &flags[..]].concat()).with_code(0);
    let again = sandbox.start_with(&["plan", "-"], &printed.with_code(0).stdout);
    assert_eq!(again.with_code(0).stdout, plan.stdout);
    assert!(!sandbox.path().join("results").exists());
}

#[test]
fn what_a_run_stores_can_be_run_again() {
    let sandbox = Sandbox::new();
    let first = sandbox.run(&short(), &["--set", "load.stages.0.requests=3"]).with_code(0);
    let stored = first.file("scenario.yaml");
    let second = Sandbox::new();
    second.write("again.yaml", &stored);
    let second = second.start(&["run", "again.yaml"]).with_code(0);
    assert_eq!(second.file("scenario.yaml"), stored);
    let hash = |ended: &Ended| ended.result().provenance.scenario_sha256;
    assert_eq!(hash(&second), hash(&first));
    assert_eq!(second.result().cells[0].measured.outcomes.completed, 3);
}

#[test]
fn parts_of_a_scenario_can_be_chosen() {
    let sandbox = Sandbox::new();
    sandbox.write("scenario.yaml", scenarios()[3].1);
    let chosen = ["--backend", "ollama", "--workload", "embed", "--rounds", "1", "--json"];
    let plan = sandbox.start(&[&["plan", "scenario.yaml"], &chosen[..]].concat()).with_code(0);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    let cells = plan["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 3);
    let is_chosen = |cell: &Value| cell["backend"] == "ollama" && cell["workload"] == "embed";
    assert!(cells.iter().all(is_chosen), "{cells:?}");
    let wrong = sandbox.start(&["plan", "scenario.yaml", "--backend", "olama"]);
    assert_usage(wrong, "there is no backend `olama` (did you mean `ollama`?");
}

#[cfg(unix)]
#[test]
fn the_simulated_server_serves_until_it_is_stopped() {
    let sandbox = Sandbox::new();
    let flags = ["--listen", "127.0.0.1:0", "--profile", "ollama", "--set", "queue=3"];
    let mut child = sandbox.command(&[&["mock"], &flags[..]].concat()).spawn().unwrap();
    let mut said = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut said).unwrap();
    let address = said.strip_prefix("simulated server at ").unwrap().split_once(' ').unwrap().0;
    let models = Sandbox::new().start(&["models", "--url", address]).with_code(0);
    assert_eq!(models.stdout.lines().count(), 1, "{}", models.stdout);
    let number = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-s", "TERM", &number]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    stderr.read_line(&mut rest).unwrap();
    assert_eq!(rest, "stopping\n");
}
