//! A secret is sent to the server and shown nowhere else, even by a server that repeats it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::faulty::{Asked, FaultyServer, event, json_answer, say, stream, text};
use crate::program::{Ended, Sandbox};

const CANARY: &str = "sk-canary-5dK2xQ";

/// A server that repeats what it was sent: in a refusal, in an error, and inside a stream.
fn echo() -> FaultyServer {
    FaultyServer::start_with(
        |asked| json_answer(401, &error(asked)),
        |asked, client| {
            let answer = match asked.number % 3 {
                0 => json_answer(401, &error(asked)),
                1 => json_answer(500, &error(asked)),
                _ => stream(&[text("Good"), event(&error(asked))]),
            };
            say(client, &answer)
        },
    )
}

/// An error with the headers of the request in it.
fn error(asked: &Asked) -> String {
    let headers: Vec<_> =
        asked.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let message = format!("You sent {}. Is {CANARY} your key?", headers.join(", "));
    json!({"error": {"message": message, "code": "invalid"}}).to_string()
}

/// Asserts that the secret stands in nothing that was printed or written.
#[track_caller]
fn assert_hidden(ended: &Ended) {
    assert!(!ended.stdout.contains(CANARY), "{}", ended.stdout);
    assert!(!ended.stderr.contains(CANARY), "{}", ended.stderr);
    for folder in ended.folders() {
        assert_hidden_below(&folder);
    }
}

#[track_caller]
fn assert_hidden_below(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains(CANARY), "{}:\n{text}", path.display());
    }
}

/// A folder in which the secret lies where scenarios may look for it.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new().with_variable("KEY", CANARY);
    sandbox.write("key.txt", &format!("{CANARY}\n"));
    sandbox
}

fn scenario(url: &str, backend: &Value) -> Value {
    let mut server = json!({"kind": "generic", "url": url});
    server.as_object_mut().unwrap().extend(backend.as_object().unwrap().clone());
    json!({
        "pacemark": 1,
        "name": "secrets",
        "backends": {"server": server},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"concurrency": 1, "requests": 3}]},
    })
}

/// Runs everything that shows something of a scenario or of its run, and looks for the secret.
#[track_caller]
fn assert_keeps(sandbox: &Sandbox, server: &FaultyServer, source: &[&str]) {
    let start = |command: &[&str], more: &[&str]| {
        let ended = sandbox.start(&[command, source, more].concat());
        assert_hidden(&ended);
        ended
    };
    start(&["run"], &["--print-scenario"]).with_code(0);
    start(&["plan"], &["--json"]).with_code(0);
    start(&["plan"], &[]).with_code(0);
    let refused = start(&["run"], &["-v"]).with_code(3);
    assert!(refused.stderr.contains("***"), "{}", refused.stderr);
    let ended = start(&["run"], &["-v", "--no-preflight"]).with_code(4);
    let kinds: Vec<_> = ended.requests().iter().map(|row| row["failure"].clone()).collect();
    assert_eq!(kinds, ["http_status(401)", "http_status(500)", "api_error"]);
    assert!(ended.requests().iter().all(|row| row["message"].contains("***")));
    for format in ["table", "csv", "json", "markdown"] {
        let folder = ended.folder();
        let shown = sandbox.start(&["report", folder.to_str().unwrap(), "--format", format]);
        assert_hidden(&shown.with_code(0));
    }
    let sent = |asked: &Asked| asked.headers.iter().any(|(_, value)| value.contains(CANARY));
    assert!(server.asked_at_all().iter().all(sent));
}

#[track_caller]
fn assert_scenario_keeps(backend: &Value, more: &[&str]) {
    let (server, sandbox) = (echo(), sandbox());
    sandbox.write("scenario.yaml", &scenario(&server.url(), backend).to_string());
    assert_keeps(&sandbox, &server, &[&["scenario.yaml"], more].concat());
}

#[test]
fn a_key_from_the_environment() {
    assert_scenario_keeps(&json!({"api_key_env": "KEY"}), &[]);
}

#[test]
fn a_key_from_the_usual_variable_of_a_kind() {
    let (server, sandbox) = (echo(), Sandbox::new().with_variable("LITELLM_API_KEY", CANARY));
    let scenario = scenario(&server.url(), &json!({"kind": "litellm"}));
    sandbox.write("scenario.yaml", &scenario.to_string());
    assert_keeps(&sandbox, &server, &["scenario.yaml"]);
}

#[test]
fn a_key_from_a_file() {
    assert_scenario_keeps(&json!({"api_key_file": "key.txt"}), &[]);
}

#[test]
fn a_key_from_a_reference() {
    assert_scenario_keeps(&json!({"api_key": "${KEY}"}), &[]);
}

#[test]
fn a_key_written_in_the_scenario() {
    assert_scenario_keeps(&json!({"api_key": CANARY}), &[]);
}

#[test]
fn a_key_set_on_the_command_line() {
    let setting = format!("backends.server.api_key={CANARY}");
    assert_scenario_keeps(&json!({}), &["--set", &setting]);
    assert_scenario_keeps(&json!({}), &[&format!("--set={setting}")]);
}

#[test]
fn the_values_of_headers() {
    assert_scenario_keeps(&json!({"headers": {"x-team": "a", "api-key": CANARY}}), &[]);
    assert_scenario_keeps(&json!({"headers": {"authorization": "Bearer ${KEY}"}}), &[]);
}

#[test]
fn a_header_set_on_the_command_line() {
    let setting = format!("backends.server.headers.x-token={CANARY}");
    assert_scenario_keeps(&json!({}), &["--set", &setting]);
}

#[test]
fn a_header_of_a_run_from_flags() {
    let header = format!("authorization: Bearer {CANARY}");
    for spelling in [vec!["-H", &header], vec![&*format!("--header={header}")]] {
        let (server, sandbox) = (echo(), sandbox());
        let url = server.url();
        let flags = ["--url", &url, "--model", "m", "--requests", "3"];
        assert_keeps(&sandbox, &server, &[&flags, &spelling[..]].concat());
    }
}

#[test]
fn a_list_of_models_that_is_refused() {
    let (server, sandbox) = (echo(), sandbox());
    let url = server.url();
    let header = format!("x-key: {CANARY}");
    let ways = [["--api-key-env", "KEY"], ["-H", &header]];
    for way in ways {
        let ended = sandbox.start(&[&["models", "-v", "--url", &url], &way[..]].concat());
        assert_hidden(&ended);
        let ended = ended.with_code(3);
        assert!(ended.stderr.contains("You sent") && ended.stderr.contains("***"), "{ended:?}");
    }
}

#[test]
fn an_address_with_a_secret_in_it() {
    let sandbox = sandbox();
    for url in [
        format!("http://me:{CANARY}@127.0.0.1:9/v1"),
        format!("http://{CANARY}@127.0.0.1:9/v1"),
        format!("http://127.0.0.1:9/v1?key={CANARY}"),
        format!("http://127.0.0.1:9/v1#{CANARY}"),
    ] {
        sandbox.write("scenario.yaml", &scenario(&url, &json!({})).to_string());
        for arguments in [
            vec!["run", "-v", "scenario.yaml"],
            vec!["plan", "scenario.yaml"],
            vec!["run", "-v", "--url", &url, "--model", "m"],
            vec!["models", "-v", "--url", &url],
        ] {
            let ended = sandbox.start(&arguments);
            assert_hidden(&ended);
            ended.with_code(2);
        }
    }
}

#[test]
fn a_scenario_that_cannot_be_read() {
    let sandbox = sandbox();
    let good = format!(
        "pacemark: 1\nname: x\nbackends:\n  s: {{kind: generic, url: 'http://h:1', api_key: {CANARY}}}\n\
         workloads:\n  w: {{endpoint: chat, model: m, prompts: [hi]}}\n\
         load: {{stages: [{{concurrency: 1, requests: 1}}]}}\n"
    );
    let broken = [
        good.replace("api_key:", "api-key:"),
        good.replace("api_key:", "apikey:"),
        good.replace("kind: generic", "knd: generic"),
        good.replace("concurrency: 1", "concurrency: many"),
        good.replace("load: {", "load: {{{"),
        good.replace("name: x", "name: x\n\tname"),
        good.replace(CANARY, &format!("[{CANARY}]")),
        good.replace("api_key: ", "api_key_env: KEY, api_key: "),
        good.replace("url:", "headers: {x: ${NONE}}, url:"),
    ];
    for text in &broken {
        assert_ne!(text, &good);
        sandbox.write("scenario.yaml", text);
        for command in ["run", "plan"] {
            let ended = sandbox.start(&[command, "-v", "scenario.yaml"]);
            assert_hidden(&ended);
            let ended = ended.with_code(2);
            assert!(ended.stderr.contains("scenario.yaml:"), "{}", ended.stderr);
        }
    }
    let setting = format!("backends.server.nonsense.api_key={CANARY}");
    sandbox.write("scenario.yaml", &scenario("http://127.0.0.1:9", &json!({})).to_string());
    let ended = sandbox.start(&["plan", "scenario.yaml", "--set", &setting]);
    assert_hidden(&ended);
    ended.with_code(2);
}

#[test]
fn a_command_line_that_cannot_be_read() {
    let sandbox = sandbox();
    let header = format!("x-key {CANARY}");
    let ended = sandbox.start(&["run", "--url", "http://h:1", "--model", "m", "-H", &header]);
    assert_hidden(&ended);
    let ended = ended.with_code(2);
    assert!(ended.stderr.contains("-H takes a header as \"name: value\""), "{}", ended.stderr);
    // Flags that other tools have.
    let (joined, short) = (format!("--api-key={CANARY}"), format!("-k{CANARY}"));
    for flags in
        [vec!["--api-key", CANARY], vec![&joined], vec![&short], vec!["--api-key-env", CANARY]]
    {
        let ended =
            sandbox.start(&[&["run", "--url", "http://h:1", "--model", "m"], &flags[..]].concat());
        assert_hidden(&ended);
        ended.with_code(2);
    }
}

#[test]
fn a_key_that_a_gateway_and_its_metrics_repeat() {
    let page = |asked: &Asked| match asked.line.as_str() {
        "GET /v1/models" => json_answer(200, r#"{"object":"list","data":[{"id":"m"}]}"#),
        _ => json_answer(404, &error(asked)),
    };
    let server = FaultyServer::start_with(page, |asked, client| {
        let told = format!("HTTP/1.1 200 OK\r\nx-litellm-model-id: of-{CANARY}\r\n");
        let answer = match asked.number % 4 {
            0 => json_answer(500, &error(asked)),
            _ => stream(&[text("Good"), event(r#"{"choices":[{"finish_reason":"stop"}]}"#)]),
        };
        say(client, &answer.replacen("HTTP/1.1 200 OK\r\n", &told, 1))
    });
    let sandbox = sandbox();
    let backend = json!({"kind": "litellm", "url": server.url(), "api_key_env": "KEY",
        "metrics": true});
    let scenario = json!({
        "pacemark": 1,
        "name": "secrets",
        "backends": {"gateway": backend, "server": backend},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"concurrency": 1, "requests": 8}],
            "hooks": {"before_cell": "env > hook.txt"}},
        "compare": {"gateway": "gateway", "direct": "server", "pairs": 8},
    });
    sandbox.write("scenario.yaml", &scenario.to_string());
    let ended = sandbox.start(&["run", "scenario.yaml", "--no-preflight"]);
    assert!(matches!(ended.code, Some(0 | 4)), "{}", ended.stderr);
    assert_hidden(&ended);
    assert!(ended.file("requests.csv").contains("of-***"), "{}", ended.file("requests.csv"));
    let result = ended.file("result.json");
    assert!(result.contains("\"failed\"") && result.contains("***"), "{result}");
    assert!(ended.file("gateway_pairs.csv").contains("***"));
    // What the user set reaches the user's own hook; what pacemark made of it does not.
    let told = sandbox.read("hook.txt").replace(&format!("KEY={CANARY}"), "");
    assert!(!told.contains(CANARY), "{told}");
}
