//! Ollama: the state of a model before the run, and loading it measured or left out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::faulty::{Asked, FaultyServer, good, json_answer, say};
use crate::program::{Ended, Sandbox};

/// How long loading the model takes.
const LOAD: Duration = Duration::from_millis(400);

/// One model that is loaded when it is asked for, as Ollama does it.
#[derive(Default)]
struct Memory {
    is_loaded: AtomicBool,
    loads: AtomicU32,
}

impl Memory {
    fn load(&self) {
        if !self.is_loaded.load(Ordering::SeqCst) {
            thread::sleep(LOAD);
            self.is_loaded.store(true, Ordering::SeqCst);
            self.loads.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn list(&self) -> String {
        let entry = json!({"name": "m:latest", "size": 2_000_000_000, "size_vram": 1_500_000_000,
            "context_length": 4096});
        let loaded = self.is_loaded.load(Ordering::SeqCst);
        json_answer(200, &json!({"models": if loaded { vec![entry] } else { vec![] }}).to_string())
    }

    fn order(&self, body: &Value) -> String {
        let is_drop = body["keep_alive"] == json!(0);
        if is_drop {
            self.is_loaded.store(false, Ordering::SeqCst);
        } else {
            self.load();
        }
        let reason = if is_drop { "unload" } else { "load" };
        json_answer(200, &json!({"model": "m", "done": true, "done_reason": reason}).to_string())
    }
}

fn ollama(memory: &Arc<Memory>) -> FaultyServer {
    let (of_lists, of_posts) = (Arc::clone(memory), Arc::clone(memory));
    FaultyServer::start_with(
        move |asked: &Asked| match asked.line.as_str() {
            "GET /v1/models" => json_answer(200, r#"{"object":"list","data":[{"id":"m:latest"}]}"#),
            "GET /api/version" => json_answer(200, r#"{"version":"0.9.9"}"#),
            "GET /api/ps" => of_lists.list(),
            _ => json_answer(404, r#"{"error":"no such page"}"#),
        },
        move |asked, stream| match asked.line.as_str() {
            "POST /api/generate" => say(stream, &of_posts.order(&asked.body)),
            "POST /v1/chat/completions" => {
                of_posts.load();
                say(stream, &good())
            }
            _ => say(stream, &json_answer(404, r#"{"error":"no such page"}"#)),
        },
    )
}

fn run(cold_start: &str, arguments: &[&str]) -> (Ended, Arc<Memory>) {
    let memory = Arc::new(Memory::default());
    let server = ollama(&memory);
    let scenario = json!({
        "pacemark": 1,
        "name": "cold",
        "backends": {"ollama": {"kind": "ollama", "url": server.url(), "cold_start": cold_start}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"concurrency": 1, "requests": 20}], "rounds": 2},
    });
    (Sandbox::new().run(&scenario, arguments).with_code_of(&[0, 4]), memory)
}

fn cells(ended: &Ended) -> Vec<Value> {
    let result: Value = serde_json::from_str(&ended.file("result.json")).unwrap();
    result["cells"].as_array().unwrap().clone()
}

fn slowest_first_token(cell: &Value) -> f64 {
    cell["distributions"]["ttft"]["max"].as_f64().unwrap()
}

#[test]
fn loading_is_measured_in_every_cell_where_that_is_asked_for() {
    let (ended, memory) = run("measure", &["--no-preflight"]);
    for cell in cells(&ended) {
        assert_eq!(cell["model_starts"][0]["action"], "unloaded");
        assert!(slowest_first_token(&cell) >= 400.0, "{}", slowest_first_token(&cell));
        let p50 = cell["distributions"]["ttft"]["percentiles"]["p50"].as_f64().unwrap();
        assert!(p50 < 400.0, "{p50}");
        let findings = cell["findings"].as_array().unwrap();
        assert!(findings.iter().any(|finding| finding["key"] == "cold_start"), "{findings:?}");
    }
    assert_eq!(memory.loads.load(Ordering::SeqCst), 2);
}

#[test]
fn loading_is_left_out_where_that_is_asked_for_and_its_time_is_told() {
    let (ended, memory) = run("exclude", &["--no-preflight"]);
    let cells = cells(&ended);
    let starts: Vec<_> = cells.iter().map(|cell| &cell["model_starts"][0]).collect();
    assert_eq!([&starts[0]["was_loaded"], &starts[1]["was_loaded"]], [&json!(false), &json!(true)]);
    assert!(starts[0]["took_ms"].as_f64().unwrap() >= 400.0);
    assert!(cells.iter().all(|cell| slowest_first_token(cell) < 400.0));
    assert_eq!(memory.loads.load(Ordering::SeqCst), 1);
    assert!(ended.stderr.contains("`m` was loaded before the cell, in 0."), "{}", ended.stderr);
}

#[test]
fn the_state_before_the_run_is_told() {
    let (ended, _) = run("exclude", &[]);
    let told = "`m` was loaded by the check, takes 2.00 GB of memory, 1.50 GB of it on graphics \
                processors, with a context of 4096 tokens";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    let result: Value = serde_json::from_str(&ended.file("result.json")).unwrap();
    let model = &result["backends"][0]["models"][0];
    let known = ["was_loaded", "size_bytes", "size_vram_bytes", "context_length"];
    let expected = [json!(false), json!(2_000_000_000_u64), json!(1_500_000_000_u64), json!(4096)];
    assert_eq!(known.map(|key| model[key].clone()), expected);
}

#[test]
fn a_server_that_cannot_be_told_is_measured_all_the_same() {
    let server = FaultyServer::start(|asked, stream| match asked.line.as_str() {
        "POST /v1/chat/completions" => say(stream, &good()),
        _ => say(stream, &json_answer(404, r#"{"error":"no such page"}"#)),
    });
    let scenario = json!({
        "pacemark": 1,
        "name": "cold",
        "backends": {"ollama": {"kind": "ollama", "url": server.url(), "cold_start": "exclude"}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"concurrency": 1, "requests": 20}]},
    });
    let ended = Sandbox::new().run(&scenario, &["--no-preflight"]).with_code_of(&[0, 4]);
    assert!(ended.stderr.contains("`m` could not be loaded before the cell: "), "{}", ended.stderr);
    assert_eq!(cells(&ended)[0]["outcomes"]["completed"], 20);
}

#[test]
fn a_warm_up_would_hide_what_is_to_be_measured() {
    let work = Sandbox::new();
    work.write(
        "s.yaml",
        "pacemark: 1\nbackends: {ollama: {kind: ollama, cold_start: measure}}\n\
         workloads: {chat: {endpoint: chat, model: m, prompts: [Hello]}}\n\
         load: {warmup: {requests: 2}, stages: [{concurrency: 1, requests: 5}]}\n",
    );
    let ended = work.start(&["plan", "s.yaml"]).with_code(2);
    assert!(ended.stderr.contains("measures the loading of its model"), "{}", ended.stderr);
}
