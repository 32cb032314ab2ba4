//! `pacemark probe`: what a server supports, and where it deviates.

use std::collections::BTreeMap;

use pacemark::mock::MockServer;
use pacemark::scenario::{Distribution, MockSpec, Secret};
use serde_json::Value;

use crate::faulty::{FaultyServer, STREAM_HEAD, json_answer, say, text};
use crate::program::{Ended, Sandbox};

fn verdicts(ended: &Ended) -> BTreeMap<String, (String, String)> {
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let text = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    let checks = document["checks"].as_array().unwrap().iter();
    checks
        .map(|check| (text(check, "check"), (text(check, "verdict"), text(check, "found"))))
        .collect()
}

fn simulated() -> MockServer {
    let spec = MockSpec {
        ttft: Distribution::Constant(0.03),
        gap: Distribution::Constant(0.0),
        models: vec!["qwen3:4b".to_owned(), "bge-m3".to_owned(), "my-reranker".to_owned()],
        api_key: Some(Secret::new("sk-canary-of-probe".to_owned())),
        ..MockSpec::default()
    };
    MockServer::start(spec, ([127, 0, 0, 1], 0).into()).unwrap()
}

#[test]
fn a_server_that_keeps_to_the_api_is_told_so_at_every_point() {
    let server = simulated();
    let url = format!("http://{}", server.addr());
    let sandbox = Sandbox::new().with_variable("PROBE_KEY", "sk-canary-of-probe");
    let arguments = ["probe", "--url", &url, "--api-key-env", "PROBE_KEY"];
    let ended = sandbox.start(&[&arguments[..], &["--json"]].concat()).with_code(0);
    let found = verdicts(&ended);
    for key in [
        "models",
        "key",
        "chat",
        "chat_stream",
        "stream_done",
        "stream_usage",
        "stream_usage_unasked",
        "tokens_per_event",
        "headers",
        "max_tokens",
        "max_completion_tokens",
        "ignore_eos",
        "completions",
        "responses",
        "embeddings",
        "embeddings_base64",
        "rerank",
        "ollama_chat",
        "unknown_model",
        "bad_json",
        "no_messages",
        "unknown_path",
        "keep_alive",
    ] {
        assert_eq!(found[key].0, "yes", "{key}: {:?}", found[key]);
    }
    assert_eq!(found["metrics"].0, "no");
    let table = sandbox.start(&arguments).with_code(0);
    let asked = "asked for qwen3:4b (generates), bge-m3 (embeds), my-reranker (ranks)";
    assert!(table.stdout.contains(asked), "{}", table.stdout);
    for text in [&ended.stdout, &table.stdout, &table.stderr] {
        assert!(!text.contains("sk-canary"), "{text}");
    }
    let ended = Sandbox::new().start(&["probe", "--url", &url]).with_code(3);
    assert!(ended.stderr.contains("401"), "{}", ended.stderr);
}

#[test]
fn a_server_that_goes_its_own_way_is_told_where() {
    let server = FaultyServer::start(|asked, stream| {
        if asked.line != "POST /v1/chat/completions" {
            return say(stream, &json_answer(404, r#"{"detail":"Not Found"}"#));
        }
        if asked.body["stream"] != true {
            return say(stream, &json_answer(500, r#"{"error":"no whole answers here"}"#));
        }
        // No limit holds, nothing is counted, and the end is missing.
        let long = STREAM_HEAD.to_owned() + &text("word ").repeat(200) + "0\r\n\r\n";
        say(stream, &long)
    });
    let url = server.url();
    let arguments = ["probe", "--url", &url, "--model", "m", "--json", "--quiet"];
    let ended = Sandbox::new().start(&arguments).with_code(0);
    assert_eq!(ended.stderr, "");
    let found = verdicts(&ended);
    let said = |key: &str| format!("{}: {}", found[key].0, found[key].1);
    assert!(said("chat").starts_with("no: http_status(500): no whole answers here"));
    assert!(said("chat_stream").starts_with("no: truncated"), "{}", said("chat_stream"));
    assert!(said("stream_usage").starts_with("no: none come"), "{}", said("stream_usage"));
    assert_eq!(said("max_tokens"), "no: 200 events of 8, ended with no reason");
    assert!(said("embeddings").starts_with("unknown"));
    assert!(said("unknown_model").starts_with("differs: 500"), "{}", said("unknown_model"));
    assert_eq!(said("unknown_path"), "yes: 404: Not Found");
}

#[test]
fn nothing_is_asked_without_a_server() {
    let ended = Sandbox::new().start(&["probe"]).with_code(2);
    assert!(ended.stderr.contains("which server?"), "{}", ended.stderr);
    let ended = Sandbox::new().start(&["probe", "--url", "http://127.0.0.1:9"]).with_code(3);
    assert!(ended.stderr.contains("127.0.0.1:9"), "{}", ended.stderr);
}
