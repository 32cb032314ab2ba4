//! What `LiteLLM` tells in the heads of its answers is kept for each request, and what it does
//! behind the client's back is a finding.

use serde_json::{Value, json};

use crate::faulty::{Asked, FaultyServer, good, say};
use crate::program::{Ended, Sandbox};

/// A gateway whose answers have these headers besides their own.
fn gateway(headers: impl Fn(&Asked) -> String + Send + Sync + 'static) -> FaultyServer {
    FaultyServer::start(move |asked, stream| {
        let answer = good();
        let (first, rest) = answer.split_once("\r\n").unwrap();
        say(stream, &format!("{first}\r\n{}{rest}", headers(asked)))
    })
}

fn run(server: &FaultyServer) -> Ended {
    let scenario = json!({
        "pacemark": 1,
        "name": "gateway",
        "backends": {"litellm": {"kind": "litellm", "url": server.url(), "api_key": "none"}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"concurrency": 2, "requests": 40}]},
    });
    Sandbox::new().run(&scenario, &["--no-preflight"]).with_code_of(&[0, 4])
}

fn findings(ended: &Ended) -> Vec<(String, String)> {
    let cells = ended.result().cells.into_iter();
    let findings = cells.flat_map(|cell| cell.findings);
    let of_gateway = findings.filter(|finding| finding.key.starts_with("gateway_"));
    of_gateway.map(|finding| (finding.key, finding.severity)).collect()
}

#[test]
fn what_a_gateway_tells_stands_in_the_rows_and_the_result() {
    let server = gateway(|_| {
        "x-litellm-overhead-duration-ms: 7.5\r\nx-litellm-response-duration-ms: 20.25\r\n\
         x-litellm-attempted-retries: 0\r\nx-litellm-attempted-fallbacks: 0\r\n\
         x-litellm-model-id: deployment-a\r\nx-litellm-response-cost: 6.5e-06\r\n"
            .to_owned()
    });
    let ended = run(&server);
    for row in ended.requests() {
        let told = ["gateway_overhead_ms", "gateway_response_ms", "gateway_retries"];
        assert_eq!(told.map(|name| row[name].as_str()), ["7.5", "20.25", "0"]);
        let told = ["gateway_cached", "gateway_model_id", "gateway_cost_usd"];
        assert_eq!(told.map(|name| row[name].as_str()), ["false", "deployment-a", "0.0000065"]);
    }
    let result: Value = serde_json::from_str(&ended.file("result.json")).unwrap();
    let cell = &result["cells"][0];
    let expected = json!({"told": 40, "retried": 0, "fell_back": 0, "cached": 0,
        "cost_usd": 0.00026, "deployments": {"deployment-a": 40}});
    assert_eq!(cell["gateway"], expected);
    let overhead = cell["distributions"]["gateway_overhead"]["mean"].as_f64().unwrap();
    assert!((overhead - 7.5).abs() < 0.01, "{overhead}");
    assert_eq!(findings(&ended), []);
}

#[test]
fn retries_and_cached_answers_are_findings() {
    let server = gateway(|asked| match asked.number {
        3 => "x-litellm-attempted-retries: 2\r\n".to_owned(),
        4..8 => "x-litellm-cache-key: 3b1f\r\n".to_owned(),
        _ => "x-litellm-attempted-retries: 0\r\n".to_owned(),
    });
    let reservation = |key: &str| (key.to_owned(), "reservation".to_owned());
    assert_eq!(
        findings(&run(&server)),
        [reservation("gateway_retried"), reservation("gateway_cached")]
    );
}

#[test]
fn a_server_that_is_no_gateway_has_no_such_figures() {
    let ended = run(&gateway(|_| String::new()));
    assert!(ended.requests().iter().all(|row| row["gateway_cached"].is_empty()));
    let result: Value = serde_json::from_str(&ended.file("result.json")).unwrap();
    assert_eq!(result["cells"][0].get("gateway"), None);
}
