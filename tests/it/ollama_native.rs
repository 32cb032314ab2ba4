//! Ollama's own endpoints: what the server says of its own time stands beside what was seen.

use std::time::Duration;

use pacemark::mock::MockServer;
use pacemark::scenario::{Distribution, MockSpec};
use serde_json::{Value, json};

use crate::faulty::{FaultyServer, json_answer, say};
use crate::program::{Ended, Row, Sandbox};

fn scenario(backend: &Value, endpoint: &str, stream: bool) -> Value {
    json!({
        "pacemark": 1,
        "name": "native",
        "backends": {"ollama": backend},
        "workloads": {"own": {"endpoint": endpoint, "model": "m", "prompts": ["What is AI?"],
            "stream": stream, "system": "Be brief.", "max_tokens": 12,
            "body": {"options": {"temperature": 0}}}},
        "load": {"stages": [{"concurrency": 2, "requests": 20}]},
    })
}

fn rows(ended: &Ended) -> Vec<Row> {
    crate::program::rows(&ended.file("requests.csv"))
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: {:?}", row[column]))
}

#[test]
fn the_servers_own_times_are_kept_of_streams_and_of_whole_answers() {
    let simulated = json!({"kind": "mock",
        "mock": {"ttft": "20ms", "gap": "1ms", "output_tokens": 40}});
    for endpoint in ["ollama_chat", "ollama_generate"] {
        for stream in [true, false] {
            let sandbox = Sandbox::new();
            let ended = sandbox.run(&scenario(&simulated, endpoint, stream), &[]);
            let ended = ended.with_code_of(&[0, 4]);
            let rows = rows(&ended);
            assert_eq!(rows.len(), 20);
            for row in &rows {
                assert_eq!(row["outcome"], "completed", "{row:?}");
                assert_eq!((&*row["output_tokens"], &*row["input_tokens"]), ("12", "6"));
                assert_eq!((&*row["finish_reason"], &*row["output_source"]), ("length", "usage"));
                assert!((number(row, "server_prefill_ms") - 20.0).abs() < 1e-3, "{row:?}");
                assert!((number(row, "server_prefill_rate_tok_s") - 300.0).abs() < 1e-3);
                assert!(number(row, "server_load_ms").abs() < 1e-9);
                assert!(number(row, "server_decode_rate_tok_s") > 0.0);
                assert_eq!(row["ttft_ms"].is_empty(), !stream);
            }
            assert!(
                ended.stdout.contains(
                    "by the server's own clock, at p50: 20.0 ms for the \
                input, 300.0 tok/s input"
                ),
                "{}",
                ended.stdout
            );
        }
    }
}

#[test]
fn the_load_of_a_model_is_told_by_the_request_that_waited_for_it() {
    let spec = MockSpec {
        ttft: Distribution::Constant(0.005),
        gap: Distribution::Constant(0.0),
        load: Some(Duration::from_millis(300)),
        models: vec!["m".to_owned()],
        ..MockSpec::default()
    };
    let server = MockServer::start(spec, ([127, 0, 0, 1], 0).into()).unwrap();
    let backend = json!({"kind": "ollama", "url": format!("http://{}", server.addr()),
        "cold_start": "measure"});
    let ended = Sandbox::new().run(&scenario(&backend, "ollama_chat", true), &[]);
    let ended = ended.with_code_of(&[0, 4]);
    let loads: Vec<f64> = rows(&ended).iter().map(|row| number(row, "server_load_ms")).collect();
    let waited = loads.iter().filter(|load| **load > 200.0).count();
    assert!((1..=2).contains(&waited), "{loads:?}");
    assert!(ended.stdout.contains("at most for loading the model"), "{}", ended.stdout);
    assert!(ended.stdout.contains("cold_start") || ended.stdout.contains("unloaded"));
}

#[test]
fn a_server_that_is_known_to_be_another_is_not_asked() {
    let backend = json!({"kind": "vllm", "url": "http://127.0.0.1:9"});
    let ended = Sandbox::new().run(&scenario(&backend, "ollama_chat", true), &[]).with_code(2);
    let said =
        "`endpoint: ollama_chat` is Ollama's own, and other servers do not have it: `ollama`";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
}

#[test]
fn a_server_without_these_endpoints_is_told_before_the_load() {
    let server = FaultyServer::start(|_, stream| {
        say(stream, &json_answer(404, r#"{"error":"no such page"}"#))
    });
    let backend = json!({"kind": "generic", "url": server.url()});
    let ended = Sandbox::new().run(&scenario(&backend, "ollama_generate", true), &[]);
    let ended = ended.with_code(3);
    assert!(
        ended.stderr.contains("/api/generate: http_status(404): no such page"),
        "{}",
        ended.stderr
    );
}
