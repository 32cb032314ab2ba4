//! Mixes: several workloads in one cell, measured together and apart.

use std::net::TcpStream;

use pacemark::metric::Metric;
use pacemark::result::Measured;
use serde_json::{Value, json};

use crate::accounting::assert_adds_up;
use crate::faulty::{Asked, FaultyServer, json_answer, say};
use crate::program::{Row, Sandbox, rows};

/// Chats and embeddings, mixed 70 to 30 in blocks of 20.
fn workloads() -> Value {
    json!({
        "chat": {"endpoint": "chat", "model": "m", "prompts": ["One?", "二？", "Three?"]},
        "embed": {"endpoint": "embeddings", "model": "m", "batch": 4,
            "prompts": {"synthetic": {"input_tokens": 12}}},
        "site": {"mix": {"chat": 70, "embed": 30}},
    })
}

fn scenario(backends: &Value, workloads: &Value, load: &Value) -> Value {
    json!({
        "pacemark": 1, "name": "mixes",
        "backends": backends, "workloads": workloads, "load": load,
    })
}

fn mocked() -> Value {
    json!({"mock": {"ttft": "5ms", "gap": "1ms", "output_tokens": 6}})
}

#[test]
fn a_mix_is_measured_together_and_apart() {
    let load = json!({"warmup": {"requests": 20}, "stages": [{"concurrency": 4, "requests": 60}]});
    let ended = Sandbox::new()
        .run(&scenario(&json!({"server": mocked()}), &workloads(), &load), &[])
        .with_code(0);
    let result = assert_adds_up(&ended);
    assert_eq!(result.cells.len(), 1, "its workloads have no cells of their own");
    let cell = &result.cells[0];
    assert_eq!(cell.labels.workload, "site");
    let whole = &cell.measured;
    let parts: Vec<_> =
        whole.parts.iter().map(|part| (part.part.as_str(), &part.measured)).collect();
    let [("chat", chat), ("embed", embed)] = parts[..] else { panic!("{parts:?}") };
    let completed = |of: &Measured| (of.outcomes.completed, of.warmup.completed);
    assert_eq!([whole, chat, embed].map(completed), [(60, 20), (42, 14), (18, 6)]);
    let count = |of: &Measured, metric| of.distribution(metric).map(|figures| figures.count);
    assert_eq!(
        [whole, chat, embed].map(|of| count(of, Metric::E2e)),
        [Some(60), Some(42), Some(18)]
    );
    assert_eq!([whole, chat, embed].map(|of| count(of, Metric::Ttft)), [Some(42), Some(42), None]);
    assert_eq!(whole.tokens.output, Some(42 * 6));
    assert!(whole.window(Metric::EmbeddingThroughput).is_some());
    assert_eq!(chat.window(Metric::EmbeddingThroughput), None);
    // Three prompts for all chats repeat, and made texts do not.
    let findings: Vec<_> = cell.findings.iter().map(|finding| finding.text.as_str()).collect();
    assert!(findings.iter().any(|text| text.starts_with("chat: 56 inputs")), "{findings:?}");
    assert!(!findings.iter().any(|text| text.starts_with("embed")), "{findings:?}");

    let entry = result.workloads.iter().find(|entry| entry.name == "site").unwrap();
    let shares: Vec<_> =
        entry.mix.iter().map(|part| (part.workload.as_str(), part.share)).collect();
    assert_eq!(shares, [("chat", 0.7), ("embed", 0.3)]);
    let of = |workload: &str, row: &&Row| row["phase"] == "measure" && row["workload"] == workload;
    let requests = ended.requests();
    let number = |workload| requests.iter().filter(|row| of(workload, row)).count();
    assert_eq!((number("chat"), number("embed"), number("")), (42, 18, 0));
    let page = ended.file("summary.md");
    assert!(page.contains("A mix of 70% chat, 30% embed:") && page.contains("| embed |"), "{page}");
    assert!(ended.stdout.contains("a mix of 70% chat, 30% embed"), "{}", ended.stdout);
}

/// A server that answers chats and embeddings.
fn server() -> FaultyServer {
    FaultyServer::start(|asked: &Asked, out: &mut TcpStream| {
        let answer = match asked.body["input"].as_array() {
            Some(inputs) => {
                let vector = json!({"object": "embedding", "embedding": [0.5]});
                json!({"data": vec![vector; inputs.len()]})
            }
            None => json!({"choices": [{
                "index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": "Yes."},
            }]}),
        };
        say(out, &json_answer(200, &answer.to_string()))
    })
}

/// What was asked of a server that has one request at a time, in order.
fn bodies(server: &FaultyServer) -> Vec<Value> {
    server.asked().iter().map(|asked| asked.body.clone()).collect()
}

#[test]
fn each_workload_sends_what_it_would_send_alone_and_every_backend_gets_the_same() {
    let (one, other) = (server(), server());
    let backend = |server: &FaultyServer| json!({"kind": "generic", "url": server.url()});
    let backends = json!({"one": backend(&one), "other": backend(&other)});
    let mut workloads = workloads();
    workloads["chat"]["stream"] = json!(false);
    workloads["chat"]["prompts"] = json!({"synthetic": {"input_tokens": 12}});
    workloads["chat"]["alone"] = json!(true);
    let load = json!({"stages": [{"concurrency": 1, "requests": 30}]});
    let ended = Sandbox::new().run(&scenario(&backends, &workloads, &load), &["--no-preflight"]);
    let result = assert_adds_up(&ended.with_code(0));
    assert_eq!(result.cells.len(), 4);
    assert_eq!(bodies(&one), bodies(&other));
    let (alone, mixed) = (&bodies(&one)[..30], &bodies(&one)[30..]);
    let chats: Vec<_> = mixed.iter().filter(|body| body["messages"].is_array()).collect();
    assert!((14..=24).contains(&chats.len()), "{}", chats.len());
    assert!(chats.iter().zip(alone).all(|(mixed, alone)| *mixed == alone));
}

#[test]
fn the_preflight_tries_each_workload_once() {
    let server = server();
    let mut workloads = workloads();
    workloads["chat"]["stream"] = json!(false);
    let backends = json!({"server": {"kind": "generic", "url": server.url()}});
    let load = json!({"stages": [{"concurrency": 1, "requests": 20}]});
    workloads["embed"]["prompts"] = json!(["text"]);
    assert_adds_up(&Sandbox::new().run(&scenario(&backends, &workloads, &load), &[]).with_code(0));
    let bodies = bodies(&server);
    let tried = bodies.iter().filter(|body| body["model"] == "m").count() - 20;
    assert_eq!(tried, 2, "{bodies:?}");
}

#[test]
fn rounds_of_a_mix_are_merged_and_compared() {
    let backends = json!({"one": mocked(), "other": mocked()});
    let load = json!({"rounds": 2, "stages": [{"concurrency": 2, "requests": 20}]});
    let sandbox = Sandbox::new();
    let ended = sandbox.run(&scenario(&backends, &workloads(), &load), &[]).with_code(0);
    assert_eq!(assert_adds_up(&ended).cells.len(), 4);
    assert!(ended.stdout.contains("chat, other"), "{}", ended.stdout);
    let folder = ended.folder();
    let compared = sandbox.start(&["compare", folder.to_str().unwrap(), "--format", "csv"]);
    let compared = rows(&compared.with_code(0).stdout);
    assert!(compared.iter().all(|row| row["workload"] == "site") && !compared.is_empty());
}

#[test]
fn a_plan_shows_what_a_mix_is_made_of() {
    let mut workloads = workloads();
    workloads["chat"]["prompts"] = json!({"synthetic": {"input_tokens": 100, }});
    workloads["chat"]["output_tokens"] = json!(10);
    let load = json!({"stages": [{"concurrency": 2, "requests": 40}]});
    let sandbox = Sandbox::new();
    let text = scenario(&json!({"server": mocked()}), &workloads, &load).to_string();
    sandbox.write("mix.json", &text);
    let shown = sandbox.start(&["plan", "mix.json", "--show", "3"]).with_code(0).stdout;
    assert!(shown.contains("mix: site is 70% chat, 30% embed"), "{shown}");
    assert!(shown.contains("  a mix of 70% chat, 30% embed"), "{shown}");
    assert!(shown.contains("request 1 of "), "{shown}");
    let json = sandbox.start(&["plan", "mix.json", "--json", "--show", "3"]).with_code(0).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["cells"][0]["mix"][1]["workload"], "embed");
    // 28 chats of 100 tokens, and 12 embeddings of 4 texts of 12.
    let totals = &json["preview"]["totals"][0];
    assert_eq!((&totals["requests"], &totals["input_tokens"]), (&json!(40), &json!(2_800 + 576)));
}

#[test]
fn a_gate_may_mean_one_workload_of_a_mix() {
    let load = json!({"stages": [{"concurrency": 4, "requests": 60}]});
    let scenario = scenario(&json!({"server": mocked()}), &workloads(), &load);
    let gated = |gate: &str| {
        let sandbox = Sandbox::new();
        sandbox.write("mixes.yaml", &scenario.to_string());
        sandbox.start(&["run", "mixes.yaml", "--gate", gate])
    };
    let held = gated("ttft.p50 < 10s where workload=chat").with_code(0);
    assert!(held.stdout.contains("gates: the one gate held"), "{}", held.stdout);
    let broken = gated("e2e.mean < 1us where workload=embed").with_code(5);
    assert!(broken.stdout.contains("server, embed of site, "), "{}", broken.stdout);
    // What the mix has together, one of its workloads never has.
    let vacuous = gated("ttft.p50 < 10s where workload=embed").with_code(5);
    assert!(vacuous.stdout.contains("does not apply: embeddings"), "{}", vacuous.stdout);
    // 42 of the 60 requests are chats.
    let thin = gated("ttft.p90 < 10s where workload=chat");
    assert!(thin.stderr.contains("42 requests are planned"), "{}", thin.stderr);
}
