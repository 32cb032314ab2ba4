//! What a gateway costs, by requests that go both ways.

use serde_json::{Value, json};

use crate::faulty::{FaultyServer, good, say};
use crate::program::{Sandbox, rows};

fn scenario(gateway: &Value, direct: &Value, compare: &Value) -> Value {
    json!({
        "pacemark": 1,
        "name": "cost",
        "backends": {"gateway": gateway, "server": direct},
        "workloads": {
            "chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello", "World"],
                "max_tokens": 5},
            "embed": {"endpoint": "embeddings", "model": "m", "prompts": ["Hello"]},
            "alone": {"endpoint": "chat", "model": "m", "prompts": ["Hello"],
                "backends": ["server"]},
        },
        "load": {"stages": [{"concurrency": 1, "requests": 2}]},
        "compare": compare,
    })
}

fn simulated(ttft: &str) -> Value {
    json!({"kind": "mock", "mock": {"ttft": ttft, "gap": "2ms", "output_tokens": 5}})
}

#[test]
fn what_is_added_is_told_with_an_interval() {
    let compare = json!({"gateway": "gateway", "direct": "server", "pairs": 40, "concurrency": 2});
    let scenario = scenario(&simulated("40ms"), &simulated("10ms"), &compare);
    let sandbox = Sandbox::new();
    let ended = sandbox.run(&scenario, &[]).with_code_of(&[0, 4]);
    let result: Value = serde_json::from_str(&ended.file("result.json")).unwrap();
    let costs = result["gateway_costs"].as_array().unwrap();
    let workloads: Vec<_> = costs.iter().map(|cost| &cost["workload"]).collect();
    assert_eq!(workloads, ["chat", "embed"]);
    for cost in costs {
        assert_eq!((&cost["pairs"], &cost["failed"]), (&json!(40), &json!(0)));
        let added = &cost["added"]["e2e"];
        assert_eq!(added["count"], 20);
        let [low, mean, high] =
            ["low_ms", "mean_ms", "high_ms"].map(|key| added[key].as_f64().unwrap());
        assert!(low <= mean && mean <= high && (20.0..45.0).contains(&mean), "{added}");
    }
    assert!(costs[0]["added"]["ttft"]["p50_ms"].as_f64().unwrap() > 20.0);
    assert!(costs[0]["added"]["tpot"]["mean_ms"].as_f64().unwrap().abs() < 5.0);
    assert_eq!(costs[1]["added"]["ttft"], Value::Null);
    let said = "cost of gateway in front of server: chat, 40 requests both ways, 2 at a time";
    assert!(ended.stdout.contains(said), "{}", ended.stdout);
    let rows = rows(&ended.file("gateway_pairs.csv"));
    assert_eq!(rows.len(), 80);
    let firsts: Vec<_> = rows.iter().take(4).map(|row| row["first"].as_str()).collect();
    assert_eq!(firsts, ["direct", "gateway", "direct", "gateway"]);
    assert!(ended.file("summary.md").contains("cost of gateway in front of server: embed"));
    assert!(ended.file("report.html").contains("What the gateway costs"));
}

#[test]
fn what_the_gateway_says_of_itself_stands_beside_it() {
    let server = FaultyServer::start(|_, stream| say(stream, &good()));
    let gateway = FaultyServer::start(|_, stream| {
        let told = "HTTP/1.1 200 OK\r\nx-litellm-overhead-duration-ms: 3.5\r\n";
        say(stream, &good().replacen("HTTP/1.1 200 OK\r\n", told, 1))
    });
    let backend = |kind: &str, url: String| json!({"kind": kind, "url": url});
    let compare = json!({"gateway": "gateway", "direct": "server", "pairs": 9});
    let scenario =
        scenario(&backend("litellm", gateway.url()), &backend("generic", server.url()), &compare);
    let ended = Sandbox::new().run(&scenario, &["--no-preflight"]).with_code_of(&[0, 4]);
    let result: Value = serde_json::from_str(&ended.file("result.json")).unwrap();
    let cost = &result["gateway_costs"][0];
    assert_eq!((&cost["told"], &cost["told_mean_ms"]), (&json!(10), &json!(3.5)));
    let said = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("by its own clock gateway added 3.50 ms on average (10 answers)"),
        "{said}"
    );
}

#[test]
fn pairs_that_cannot_be_are_refused() {
    let refused = |compare: Value| {
        let scenario = scenario(&simulated("1ms"), &simulated("1ms"), &compare);
        Sandbox::new().run(&scenario, &[]).with_code(2).stderr
    };
    let said = refused(json!({"gateway": "gatway", "direct": "server"}));
    assert!(said.contains("there is no backend `gatway` (did you mean `gateway`?)"), "{said}");
    let said = refused(json!({"gateway": "server", "direct": "server"}));
    assert!(said.contains("a gateway is compared with itself"), "{said}");
    let said = refused(json!({"gateway": "server"}));
    assert!(said.contains("`compare` lacks the key `direct`"), "{said}");
}
