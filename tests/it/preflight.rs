//! Before any load: what makes a backend unusable is said with its remedy, the exit code is 3,
//! and nothing is left behind.

use pacemark::mock::MockServer;
use pacemark::scenario::{Distribution, MockSpec, Secret};
use serde_json::{Value, json};

use crate::accounting::assert_adds_up;
use crate::faulty::{DeadPort, FaultyServer, good, hang, json_answer, say};
use crate::program::{Ended, Sandbox};

/// A scenario of a few chats with these backends.
fn scenario(backends: &Value) -> Value {
    json!({
        "pacemark": 1,
        "name": "preflight",
        "backends": backends,
        "workloads": {
            "chat": {"endpoint": "chat", "model": "m", "max_tokens": 4, "prompts": ["Hello"]},
        },
        "load": {"stages": [{"concurrency": 1, "requests": 3}]},
    })
}

fn mock(spec: MockSpec) -> MockServer {
    let zero = Distribution::Constant(0.0);
    MockServer::start(MockSpec { ttft: zero, gap: zero, ..spec }, ([127, 0, 0, 1], 0).into())
        .unwrap()
}

fn url(server: &MockServer) -> String {
    format!("http://{}", server.addr())
}

/// Asserts that the run was refused with these words, and that nothing was written.
#[track_caller]
fn assert_refused(ended: Ended, words: &[&str]) {
    let ended = ended.with_code(3);
    for words in words {
        assert!(ended.stderr.contains(words), "`{words}` in:\n{}", ended.stderr);
    }
    assert!(ended.stderr.contains("cannot be used; no load was sent"), "{}", ended.stderr);
    assert_eq!((ended.stdout.as_str(), ended.folders()), ("", vec![]));
}

#[test]
fn a_dead_port_is_told_with_how_to_start_the_server() {
    let port = DeadPort::new();
    let scenario = scenario(&json!({
        "ollama": {"kind": "ollama", "url": port.url()},
        "mine": {"kind": "generic", "url": port.url()},
    }));
    let ended = Sandbox::new().run(&scenario, &[]);
    let words = [
        "`mine` and `ollama` cannot be used",
        "start it with `ollama serve`, or correct backends.ollama.url",
        "start the server, or correct backends.mine.url",
        "\n  hint: --no-preflight sends the load regardless\n",
    ];
    assert_refused(ended, &words);
}

#[test]
fn a_wrong_key_is_told_with_where_it_came_from() {
    let server = mock(MockSpec { api_key: Some(Secret::new("sk-right")), ..MockSpec::default() });
    let none = scenario(&json!({"s": {"kind": "generic", "url": url(&server)}}));
    let words = ["it asks for a key (401: Incorrect API key provided.)", "backends.s.api_key_env"];
    assert_refused(Sandbox::new().run(&none, &[]), &words);
    let wrong =
        scenario(&json!({"s": {"kind": "generic", "url": url(&server), "api_key_env": "KEY"}}));
    let sandbox = Sandbox::new().with_variable("KEY", "sk-wrong");
    let words = ["it refuses the key (401: Incorrect API key provided.)", "correct the key in KEY"];
    assert_refused(sandbox.run(&wrong, &[]), &words);
    let sandbox = Sandbox::new().with_variable("KEY", "sk-right");
    assert_adds_up(&sandbox.run(&wrong, &[]).with_code(0));
}

#[test]
fn a_model_that_is_not_served_is_told_with_what_is() {
    let models = vec!["m-large".to_owned(), "other".to_owned()];
    let server = mock(MockSpec { models, ..MockSpec::default() });
    let scenario = scenario(&json!({"s": {"kind": "generic", "url": url(&server)}}));
    let ended = Sandbox::new().run(&scenario, &[]);
    let words = [
        "http_status(404)",
        "it does not list `m`, but `m-large`",
        "change the model of the workload",
    ];
    assert_refused(ended, &words);
}

#[test]
fn a_server_that_refuses_token_counts_is_asked_without_them() {
    let refusals = [
        (400, r#"{"error":{"message":"Unrecognized request argument: stream_options"}}"#),
        (
            422,
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
        ),
    ];
    for (status, body) in refusals {
        let server = FaultyServer::start(move |asked, stream| {
            let wanted = asked.body.get("stream_options").is_some();
            say(stream, &if wanted { json_answer(status, body) } else { good() })
        });
        let scenario = scenario(&json!({"s": {"kind": "generic", "url": server.url()}}));
        let ended = Sandbox::new().run(&scenario, &[]).with_code(0);
        let result = assert_adds_up(&ended);
        assert_eq!(result.cells[0].measured.outcomes.completed, 3);
        let note = "s: refuses `stream_options`; chat streams are asked for without token counts";
        assert!(ended.stderr.contains(note), "{}", ended.stderr);
        assert_eq!(result.notes[0].backend.as_deref(), Some("s"));
        assert!(ended.stdout.contains("refuses `stream_options`"), "{}", ended.stdout);
        let wanted: Vec<_> =
            server.asked().iter().map(|asked| asked.body.get("stream_options").is_some()).collect();
        assert_eq!(wanted, [true, false, false, false, false]);
    }
}

#[test]
fn unusable_backends_are_left_out_where_that_is_wanted() {
    let (server, port) = (mock(MockSpec::default()), DeadPort::new());
    let scenario = scenario(&json!({
        "dead": {"kind": "generic", "url": port.url()},
        "alive": {"kind": "generic", "url": url(&server)},
    }));
    let refused = Sandbox::new().run(&scenario, &[]);
    assert_refused(refused, &["`dead` cannot be used", "--skip-unusable runs the others"]);
    let ended = Sandbox::new().run(&scenario, &["--skip-unusable"]).with_code(0);
    let result = assert_adds_up(&ended);
    let measured: Vec<_> = result.cells.iter().map(|cell| cell.labels.backend.as_str()).collect();
    assert_eq!(measured, ["alive"]);
    assert!(!result.partial);
    assert!(result.notes.iter().any(|note| note.text.starts_with("left out: ")), "{result:?}");
    assert!(ended.stdout.contains("left out: "), "{}", ended.stdout);
}

#[test]
fn nothing_is_measured_where_every_backend_is_left_out() {
    let port = DeadPort::new();
    let scenario = scenario(&json!({"dead": {"kind": "generic", "url": port.url()}}));
    let ended = Sandbox::new().run(&scenario, &["--skip-unusable"]).with_code(3);
    assert!(ended.stderr.contains("no backend can be used"), "{}", ended.stderr);
    assert_eq!((ended.stdout.as_str(), ended.folders()), ("", vec![]));
}

#[test]
fn a_server_that_does_not_answer_is_given_up_in_time() {
    let server = FaultyServer::start(|_, stream| hang(stream));
    let timeouts = json!({"request": "300ms"});
    let backends = json!({"s": {"kind": "generic", "url": server.url(), "timeouts": timeouts}});
    let ended = Sandbox::new().run(&scenario(&backends), &[]);
    assert_refused(ended, &["request_timeout: not finished within 300ms", "raise `timeouts`"]);
}

#[test]
fn a_server_without_http_2_is_told() {
    let server = FaultyServer::start(|_, stream| say(stream, &good()));
    let scenario = scenario(&json!({"s": {"kind": "generic", "url": server.url(), "http": 2}}));
    let ended = Sandbox::new().run(&scenario, &[]);
    assert_refused(ended, &["disconnected: ", "leave `http: 2` out of the backend"]);
}

#[test]
fn without_a_preflight_the_first_request_is_a_measured_one() {
    let server = mock(MockSpec::default());
    let scenario = scenario(&json!({"s": {"kind": "generic", "url": url(&server)}}));
    let ended = Sandbox::new().run(&scenario, &["--no-preflight"]).with_code(0);
    assert_adds_up(&ended);
    assert_eq!(server.truth().requests, 3);
}

#[test]
fn a_preflight_sends_one_short_request_for_each_endpoint_and_model() {
    let server = mock(MockSpec::default());
    let mut scenario = scenario(&json!({"s": {"kind": "generic", "url": url(&server)}}));
    let workloads = scenario["workloads"].as_object_mut().unwrap();
    let chat = workloads["chat"].clone();
    workloads.insert("same".to_owned(), chat.clone());
    workloads.insert("whole".to_owned(), chat);
    workloads["whole"]["stream"] = json!(false);
    workloads.insert(
        "embed".to_owned(),
        json!({"endpoint": "embeddings", "model": "e", "prompts": ["a"]}),
    );
    let ended = Sandbox::new().run(&scenario, &[]).with_code(0);
    let measured: u64 =
        assert_adds_up(&ended).cells.iter().map(|cell| cell.measured.outcomes.arrivals).sum();
    assert_eq!(measured, 4 * 3);
    assert_eq!(server.truth().requests, 4 * 3 + 3);
}

#[test]
fn a_missing_key_is_told_before_anything_is_sent() {
    let server = mock(MockSpec::default());
    let scenario =
        scenario(&json!({"s": {"kind": "generic", "url": url(&server), "api_key_env": "NO_KEY"}}));
    let ended = Sandbox::new().run(&scenario, &[]).with_code(2);
    assert!(ended.stderr.contains("`NO_KEY` is not set"), "{}", ended.stderr);
    assert_eq!(server.truth().requests, 0);
}
