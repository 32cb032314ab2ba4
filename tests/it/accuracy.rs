//! What is measured is what happened: against known delays, over every kind of connection.

use std::collections::BTreeSet;

use pacemark::mock::MockServer;
use pacemark::result::{Measured, RunResult};
use pacemark::scenario::{Distribution, MockSpec};
use pacemark::units::millis;
use serde_json::{Value, json};

use crate::accounting::assert_adds_up;
use crate::faulty::{FaultyServer, good, say};
use crate::lateness::with_lateness;
use crate::program::{OPEN_LOOP, Row, Sandbox, number};
use crate::tls_front;

const TOKENS: u32 = 40;

fn server() -> MockServer {
    let spec = MockSpec {
        ttft: Distribution::Constant(0.050),
        gap: Distribution::Constant(0.010),
        output_tokens: Distribution::Constant(f64::from(TOKENS)),
        ..MockSpec::default()
    };
    MockServer::start(spec, ([127, 0, 0, 1], 0).into()).unwrap()
}

fn quick_server() -> MockServer {
    let zero = Distribution::Constant(0.0);
    let spec = MockSpec { ttft: zero, gap: zero, ..MockSpec::default() };
    MockServer::start(spec, ([127, 0, 0, 1], 0).into()).unwrap()
}

fn plain(server: &MockServer) -> String {
    format!("http://{}", server.addr())
}

fn scenario(url: &str, backend: &Value, load: &Value) -> Value {
    let mut server = json!({"kind": "generic", "url": url});
    server.as_object_mut().unwrap().extend(backend.as_object().unwrap().clone());
    json!({
        "pacemark": 1,
        "name": "accuracy",
        "backends": {"server": server},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": load,
    })
}

fn run(scenario: &Value) -> (RunResult, Vec<Row>) {
    let ended = Sandbox::new().run(scenario, &[]).with_code_of(OPEN_LOOP);
    (assert_adds_up(&ended), ended.requests())
}

fn median(measured: &Measured, metric: &str) -> f64 {
    measured.distributions[metric].percentiles["p50"]
}

/// Sixteen streams at once, three times each.
fn streams() -> Value {
    json!({"warmup": {"requests": 16}, "stages": [{"concurrency": 16, "requests": 48}]})
}

#[test]
fn tokens_are_counted_as_the_server_counts_them() {
    let server = server();
    let (result, rows) = run(&scenario(&plain(&server), &json!({}), &streams()));
    let measured = &result.cells[0].measured;
    let (requests, tokens) = (48, 48 * u64::from(TOKENS));
    assert_eq!(measured.token_sources.usage, requests);
    assert_eq!((measured.tokens.output, measured.text_events), (Some(tokens), tokens));
    // A token in each event: the gaps between events are those between tokens.
    let gaps = requests * u64::from(TOKENS - 1);
    assert_eq!(["icl", "itl"].map(|metric| measured.distributions[metric].count), [gaps, gaps]);
    for row in rows {
        let [tokens, events] = ["output_tokens", "text_events"].map(|name| row[name].clone());
        assert_eq!((tokens.as_str(), events.as_str()), ("40", "40"));
        assert_eq!((row["output_source"].as_str(), row["input_tokens"].as_str()), ("usage", "2"));
    }
}

/// A shared machine may be held up for a while: one good measurement of three is enough.
#[test]
fn known_delays_are_measured() {
    let server = server();
    let scenario = scenario(&plain(&server), &json!({}), &streams());
    let mut seen = Vec::new();
    for _ in 0..3 {
        let ((result, _), late) = with_lateness(|| run(&scenario));
        let measured = &result.cells[0].measured;
        let medians = ["ttft", "itl", "tpot", "e2e"].map(|metric| median(measured, metric));
        let truth = [50.0, 10.0, 10.0, 50.0 + 10.0 * f64::from(TOKENS - 1)];
        let bounds = [5.0, 5.0, 5.0, 20.0].map(|bound| bound + 2.0 * millis(late));
        let errors = medians.iter().zip(truth).map(|(median, truth)| (median - truth).abs());
        if errors.zip(bounds).all(|(error, bound)| error < bound) {
            return;
        }
        seen.push((medians, late));
    }
    panic!("ttft, itl, tpot, e2e, and the lateness of the machine: {seen:?}");
}

/// Asserts what holds between the moments of every request, whatever the machine does.
fn assert_in_order(row: &Row) {
    let at = |moment: &str| number(row, &format!("{moment}_at_ms"));
    let moments = [
        "due",
        "sent",
        "connected",
        "headers",
        "first_event",
        "first_token",
        "last_token",
        "finished",
    ];
    let known: Vec<f64> = moments.iter().filter_map(|moment| at(moment)).collect();
    assert!(known.is_sorted(), "{row:?}");
    let [response, e2e, delay, ttft] = ["response_ms", "e2e_ms", "schedule_delay_ms", "ttft_ms"]
        .map(|metric| number(row, metric).unwrap());
    assert!((response - e2e - delay).abs() < 1e-5, "{row:?}");
    assert!(response >= e2e && e2e >= ttft, "{row:?}");
    assert!(ttft >= 50.0, "before the server sent it: {row:?}");
}

#[test]
fn a_response_counts_from_when_the_request_was_due() {
    let server = server();
    let load = json!({
        "stages": [{"rate": "40/s", "arrival": "constant", "requests": 12, "max_in_flight": 4}],
    });
    let (result, rows) = run(&scenario(&plain(&server), &json!({}), &load));
    rows.iter().for_each(assert_in_order);
    let measured = &result.cells[0].measured;
    assert!(median(measured, "response") > median(measured, "e2e") + 100.0, "{measured:?}");
    let late = rows.iter().filter(|row| number(row, "schedule_delay_ms").unwrap() > 100.0);
    assert!(late.count() >= 6, "four are in flight, the others wait");
}

#[test]
fn a_fresh_connection_for_every_request_is_one_for_every_request() {
    let server = FaultyServer::start(|_, stream| say(stream, &good()));
    let load = json!({"stages": [{"concurrency": 2, "requests": 8}]});
    let (result, rows) = run(&scenario(&server.url(), &json!({"connections": "fresh"}), &load));
    let connections: BTreeSet<_> = server.asked().iter().map(|asked| asked.connection).collect();
    assert_eq!(connections.len(), 8 + 1, "one of them was the preflight's");
    assert_eq!(result.cells[0].measured.connections_opened, 8);
    assert_eq!(result.cells[0].measured.distributions["connect"].count, 8);
    assert!(rows.iter().all(|row| row["reused"] == "false" && !row["connect_ms"].is_empty()));
    let (result, _) = run(&scenario(&server.url(), &json!({}), &load));
    assert!(result.cells[0].measured.connections_opened <= 2, "{result:?}");
}

/// Asserts that a few streams over HTTP/2 share connections and are whole.
fn assert_speaks_http2(url: &str, backend: &Value) {
    let load = json!({"stages": [{"concurrency": 6, "requests": 30}]});
    let (result, rows) = run(&scenario(url, backend, &load));
    let measured = &result.cells[0].measured;
    assert_eq!(measured.outcomes.completed, 30);
    assert_eq!(measured.tokens.output, Some(30 * 64));
    // One for each worker, and there are not more workers than streams.
    assert!((1..=6).contains(&measured.connections_opened), "{measured:?}");
    assert!(rows.iter().filter(|row| row["reused"] == "true").count() >= 24);
    assert_eq!(result.backends[0].http, "2");
}

#[test]
fn http_2_is_spoken_where_it_is_asked_for() {
    let server = quick_server();
    assert_speaks_http2(&plain(&server), &json!({"http": 2}));
}

#[test]
fn http_2_is_spoken_over_tls() {
    let server = quick_server();
    let backend = json!({"http": 2, "tls": {"ca": tls_front::fixture("ca.pem")}});
    assert_speaks_http2(&tls_front::start(server.addr()), &backend);
}

#[test]
fn a_fresh_connection_speaks_http_2_too() {
    let server = quick_server();
    let load = json!({"stages": [{"concurrency": 3, "requests": 9}]});
    let backend = json!({"http": 2, "connections": "fresh"});
    let (result, rows) = run(&scenario(&plain(&server), &backend, &load));
    assert_eq!(result.cells[0].measured.connections_opened, 9);
    assert!(rows.iter().all(|row| row["reused"] == "false"));
}

#[test]
fn an_authority_of_ones_own_is_trusted() {
    let server = quick_server();
    let url = tls_front::start(server.addr());
    let load = json!({"stages": [{"concurrency": 2, "requests": 6}]});
    for tls in [json!({"ca": tls_front::fixture("ca.pem")}), json!({"verify": false})] {
        let (result, rows) = run(&scenario(&url, &json!({"tls": tls}), &load));
        assert_eq!(result.cells[0].measured.outcomes.completed, 6);
        let opened = rows.iter().filter(|row| row["reused"] == "false");
        assert!(opened.clone().count() >= 1);
        assert!(opened.map(|row| number(row, "connect_ms").unwrap()).all(|connect| connect > 0.0));
    }
}

#[test]
fn a_certificate_that_is_not_trusted_is_told_with_the_remedy() {
    let server = quick_server();
    let url = tls_front::start(server.addr());
    let load = json!({"stages": [{"concurrency": 1, "requests": 2}]});
    let scenario = scenario(&url, &json!({}), &load);
    let refused = Sandbox::new().run(&scenario, &[]).with_code(3);
    let remedy = "set backends.server.tls.ca to the authority that signed its certificate";
    assert!(refused.stderr.contains(remedy), "{}", refused.stderr);
    let ended = Sandbox::new().run(&scenario, &["--no-preflight"]).with_code(4);
    let failed = &assert_adds_up(&ended).cells[0].measured.outcomes.failed;
    assert_eq!(failed["tls"], 2);
    assert!(ended.stdout.contains("certificate"), "{}", ended.stdout);
}
