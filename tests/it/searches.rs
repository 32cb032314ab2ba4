//! Sweeps and searches against the simulated server, whose capacity is known.

use serde_json::{Value, json};

use crate::program::Sandbox;

/// A run of one stage, with short drains.
fn run(mock: &Value, stage: &Value) -> (Sandbox, Value, String) {
    let sandbox = Sandbox::new();
    let scenario = json!({
        "pacemark": 1,
        "name": "loads",
        "backends": {"sim": {"kind": "mock", "mock": mock}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [stage], "drain": "1s", "warmup": {"duration": "300ms"}},
    });
    let ended = sandbox.run(&scenario, &[]).with_code_of(&[0, 4]);
    let said = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let result = serde_json::from_str(&ended.file("result.json")).unwrap();
    (sandbox, result, said)
}

/// Four places of 50 ms each: 80 requests a second.
fn four_places() -> Value {
    json!({"slots": 4, "ttft": "40ms", "gap": "1ms", "output_tokens": 11})
}

#[test]
fn a_search_finds_about_what_the_places_can_serve() {
    let stage = json!({"search": {
        "rate": {"from": "10/s", "to": "1000/s"},
        "limits": ["ttft.p90 < 120ms"],
        "probe": "1500ms", "confirm": 2, "precision": "20%", "budget": {"probes": 16},
    }});
    let (sandbox, result, said) = run(&four_places(), &stage);
    let search = &result["searches"][0];
    let probes = search["probes"].as_array().unwrap();
    assert_eq!(result["partial"], false);
    assert_eq!(probes.len(), result["cells"].as_array().unwrap().len());
    assert!((5..=16).contains(&probes.len()), "{probes:#?}");
    let limits = json!(["ttft.p90 < 120ms", "error_rate < 1%"]);
    assert_eq!((&search["axis"], &search["limits"]), (&json!("rate"), &limits));
    // A busy machine makes the server slower, never faster.
    let load = search["answer"]["load"].as_f64().unwrap();
    assert!((20.0..100.0).contains(&load), "{search:#}");
    assert!(said.contains("sim/chat holds ttft.p90 < 120ms and error_rate < 1% up to"), "{said}");
    assert!(said.contains("search: sim/chat,"), "{said}");
    // Whatever reads a curve reads that of its probes.
    let arguments = ["capacity", "--users", "100", "--think", "2s", "--json"];
    let document = sandbox.start(&arguments).with_code(0).stdout;
    let document: Value = serde_json::from_str(&document).unwrap();
    let curve = &document["curves"][0];
    assert_eq!((&curve["axis"], &curve["limits"]), (&json!("rate"), &limits), "{curve:#}");
    assert_eq!(curve["sustained"]["load"], search["answer"]["load"], "{curve:#}");
    assert!(curve["provision"]["replicas"].as_u64().unwrap() >= 1, "{curve:#}");
}

#[test]
fn a_server_that_refuses_is_told_apart_from_one_that_is_slow() {
    let refusing = json!({"slots": 2, "queue": 1, "ttft": "40ms", "gap": "1ms",
        "output_tokens": 11});
    let stage = json!({"search": {
        "concurrency": {"from": 1, "to": 16},
        "limits": ["ttft.p90 < 2s"], "probe": "500ms", "confirm": 2, "budget": {"probes": 14},
    }});
    let (_sandbox, result, said) = run(&refusing, &stage);
    let answer = &result["searches"][0]["answer"];
    // Two are served and one waits; of three at a time one may come before its place is free.
    let load = answer["load"].as_f64().unwrap();
    assert!((1.0..=3.0).contains(&load), "{answer:#}");
    assert_eq!(answer["broken"], "error_rate < 1%", "{answer:#}");
    assert!(said.contains("at a time; beyond that error_rate breaks first"), "{said}");
    assert!(said.contains("requests failed from "), "{said}");
}

#[test]
fn a_sweep_ends_where_more_comes_in_than_goes_out() {
    let stage = json!({"sweep": {
        "rate": {"from": "20/s", "to": "800/s", "steps": 3, "scale": "linear"},
        "duration": "6s",
    }});
    let (_sandbox, result, said) = run(&four_places(), &stage);
    let cells = result["cells"].as_array().unwrap();
    let ends: Vec<_> = cells.iter().map(|cell| &cell["ended_early"]).collect();
    assert_eq!(ends, [&Value::Null, &json!("over-saturated")], "{result:#}");
    let window = cells[1]["window"]["length_s"].as_f64().unwrap();
    assert!(window < 5.9, "{window}");
    assert_eq!(result["partial"], false);
    assert!(said.contains("over_saturated"), "{said}");
}

#[test]
fn an_adaptive_sweep_gathers_loads_where_the_curve_bends() {
    let stage = json!({"sweep": {
        "concurrency": {"from": 1, "to": 32, "steps": 7, "scale": "adaptive"},
        "duration": "500ms",
    }});
    let (_sandbox, result, _) = run(&four_places(), &stage);
    let stages = result["stages"].as_array().unwrap();
    let loads: Vec<_> = stages.iter().map(|stage| stage["concurrency"].as_u64().unwrap()).collect();
    assert_eq!(loads[..4], [1, 3, 10, 32]);
    assert_eq!((loads.len(), &result["partial"]), (7, &json!(false)));
    let near = loads.iter().filter(|load| (2..=12).contains(*load)).count();
    assert!(near >= 3, "{loads:?}");
}
