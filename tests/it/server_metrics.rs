//! What servers tell of themselves while they are under load.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::faulty::{Asked, FaultyServer, good, json_answer, say};
use crate::program::{Ended, Sandbox, rows};

const KEY: &str = "sk-canary-of-metrics";

fn text_answer(text: &str) -> String {
    let length = text.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {length}\r\n\r\n{text}"
    )
}

/// A server with vLLM's metrics; every reading finds it busier.
fn vllm() -> FaultyServer {
    let readings = AtomicU64::new(0);
    FaultyServer::start_with(
        move |asked: &Asked| match asked.line.as_str() {
            "GET /metrics" => {
                let reading = readings.fetch_add(1, Ordering::SeqCst);
                text_answer(&format!(
                    "# TYPE vllm:num_requests_running gauge\n\
                     vllm:num_requests_running{{engine=\"0\"}} 3\n\
                     vllm:num_requests_waiting{{engine=\"0\"}} {reading}\n\
                     vllm:kv_cache_usage_perc{{engine=\"0\"}} 0.25\n\
                     vllm:prefix_cache_queries_total{{engine=\"0\"}} {}\n\
                     vllm:prefix_cache_hits_total{{engine=\"0\"}} {}\n",
                    reading * 200,
                    reading * 50
                ))
            }
            _ => json_answer(404, r#"{"error":"no such page"}"#),
        },
        |_, stream| say(stream, &good()),
    )
}

/// An exporter beside it.
fn exporter() -> FaultyServer {
    let readings = AtomicU64::new(0);
    FaultyServer::start_with(
        move |_| {
            let joules = readings.fetch_add(1, Ordering::SeqCst) * 100;
            let millijoules = joules * 1_000;
            text_answer(&format!(
                "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{{gpu=\"0\"}} {millijoules}\n"
            ))
        },
        |_, stream| say(stream, &good()),
    )
}

fn run(sandbox: &Sandbox, url: &str, metrics: &Value) -> Ended {
    let scenario = json!({
        "pacemark": 1,
        "name": "metrics",
        "backends": {"there": {"kind": "vllm", "url": url, "api_key": KEY, "metrics": metrics}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"rate": "20/s", "duration": "3500ms"}]},
    });
    sandbox.run(&scenario, &["--no-preflight"]).with_code_of(&[0, 4])
}

fn server_of(ended: &Ended) -> Value {
    let result: Value = serde_json::from_str(&ended.file("result.json")).unwrap();
    result["cells"][0]["server"].clone()
}

#[test]
fn a_servers_own_metrics_are_read_stored_and_told() {
    let (server, beside) = (vllm(), exporter());
    let sandbox = Sandbox::new();
    let other = format!("{}/metrics", beside.url());
    let ended = run(&sandbox, &server.url(), &json!(["own", other]));
    let told = server_of(&ended);
    let meters = &told["meters"];
    assert_eq!(meters["requests_running"]["mean"], 3.0, "{told}");
    assert!(meters["requests_waiting"]["max"].as_f64().unwrap() >= 2.0, "{told}");
    assert!((told["prefix_cache_hits"].as_f64().unwrap() - 0.25).abs() < 1e-9, "{told}");
    // 100 joules at every reading, a reading a second.
    let per_second = meters["gpu_energy_j"]["per_second"].as_f64().unwrap();
    assert!((50.0..=150.0).contains(&per_second), "{told}");
    assert!(told["tokens_per_joule"].as_f64().unwrap() > 0.0, "{told}");
    let readings = rows(&ended.file("server_metrics.csv"));
    assert!(readings.len() >= 3, "{readings:?}");
    assert_eq!((&*readings[0]["requests_running"], &*readings[0]["kv_cache_use"]), ("3", "0.25"));
    assert!(readings[0]["gpu_power_w"].is_empty());
    let said = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("the server's own metrics: requests running 3.00"), "{said}");
    assert!(said.contains("25% prefix cache hits"), "{said}");
    let page = ended.file("report.html");
    assert!(page.contains(r#""key":"server.requests""#) && !page.contains(r#""key":"server.gpu""#));
    // The key is for the server alone.
    let asked = beside.asked_at_all();
    assert!(asked.len() >= 3 && asked.iter().all(|asked| asked.header("authorization").is_none()));
    for file in ["result.json", "server_metrics.csv", "report.html", "scenario.yaml", "summary.md"]
    {
        assert!(!ended.file(file).contains(KEY), "{file}");
    }
}

#[test]
fn an_endpoint_that_is_not_there_is_told_and_harms_nothing() {
    let server = FaultyServer::start(|_, stream| say(stream, &good()));
    let ended = run(&Sandbox::new(), &server.url(), &json!("http://127.0.0.1:9/metrics"));
    let told = server_of(&ended);
    assert_eq!(told["failed"], told["readings"]);
    assert!(ended.stdout.contains("nothing that is known"), "{}", ended.stdout);
    let rows = rows(&ended.file("requests.csv"));
    assert!(rows.len() > 20 && rows.iter().all(|row| row["outcome"] == "completed"));
}

#[cfg(unix)]
#[test]
fn graphics_processors_of_this_machine_are_told_where_there_is_a_tool_for_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = vllm();
    let sandbox = Sandbox::new();
    let tools = sandbox.path().join("bin");
    std::fs::create_dir(&tools).unwrap();
    let tool = tools.join("nvidia-smi");
    let script = "#!/bin/sh\nwhile :; do echo '0, 90, 1000, 200.5'; echo '1, 70, 1000, 99.5'; \
                  sleep 1; done\n";
    sandbox.write("bin/nvidia-smi", script);
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the tool goes before the others")]
    let path = std::env::var("PATH").unwrap();
    let sandbox = sandbox.with_variable("PATH", &format!("{}:{path}", tools.display()));
    let ended = run(&sandbox, &server.url(), &json!(true));
    let told = server_of(&ended);
    assert_eq!(told["meters"]["gpu_power_w"]["mean"], 300.0, "{told}");
    assert!((told["meters"]["gpu_use"]["mean"].as_f64().unwrap() - 0.8).abs() < 1e-9, "{told}");
    assert!(told["energy_j"].as_f64().unwrap() > 0.0, "{told}");
}

#[test]
fn what_cannot_be_metrics_is_refused() {
    let scenario = |backend: Value| {
        json!({
            "pacemark": 1,
            "name": "metrics",
            "backends": {"there": backend},
            "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
            "load": {"stages": [{"concurrency": 1, "requests": 1}]},
        })
    };
    let refused = |backend| Sandbox::new().run(&scenario(backend), &[]).with_code(2).stderr;
    let said = refused(json!({"kind": "mock", "metrics": true}));
    assert!(said.contains("the simulated server has no metrics of its own"), "{said}");
    let url = "http://localhost:1";
    let said = refused(json!({"kind": "vllm", "url": url, "metrics": "localhost:9400"}));
    assert!(said.contains("this is not the address of metrics"), "{said}");
}
