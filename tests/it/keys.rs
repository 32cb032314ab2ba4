//! Several keys in turn, a token for who logs in, and no answers out of a cache.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::faulty::{Asked, FaultyServer, Next, good, json_answer, say};
use crate::program::{Ended, Sandbox};

fn scenario(kind: &str, url: &str, more: &Value) -> Value {
    let mut backend = json!({"kind": kind, "url": url});
    backend.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({
        "pacemark": 1,
        "name": "keys",
        "backends": {"there": backend},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"concurrency": 3, "requests": 30}]},
    })
}

#[track_caller]
fn assert_hidden(ended: &Ended, secrets: &[&str]) {
    let files = ["result.json", "requests.csv", "scenario.yaml", "summary.md", "report.html"];
    let texts = files.map(|file| ended.file(file));
    for text in texts.iter().chain([&ended.stdout, &ended.stderr]) {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn keys_take_turns_over_all_requests() {
    let server = FaultyServer::start(|_, stream| say(stream, &good()));
    let keys = ["sk-canary-one", "sk-canary-two", "sk-canary-three"];
    let sandbox = Sandbox::new().with_variable("SECOND", keys[1]);
    let backend = json!({"api_keys": [keys[0], "${SECOND}", keys[2]], "no_cache": true});
    let scenario = scenario("litellm", &server.url(), &backend);
    let ended = sandbox.run(&scenario, &["--no-preflight"]).with_code_of(&[0, 4]);
    let mut seen = BTreeMap::new();
    for asked in server.asked() {
        *seen.entry(asked.header("authorization").unwrap().to_owned()).or_insert(0) += 1;
        assert_eq!(asked.body["cache"], json!({"no-cache": true}));
    }
    let expected = keys.map(|key| (format!("Bearer {key}"), 10));
    assert_eq!(seen, expected.into());
    assert_hidden(&ended, &keys);
    assert!(ended.file("scenario.yaml").contains("${SECOND}"));
}

/// A server that gives a token for the right password, and repeats a wrong one.
fn with_login() -> FaultyServer {
    let page = |asked: &Asked| {
        let authorised = asked.header("authorization") == Some("Bearer tok-canary");
        match asked.line.as_str() {
            "GET /v1/models" if authorised => {
                json_answer(200, r#"{"object":"list","data":[{"id":"m","replica":2}]}"#)
            }
            "GET /v1/models" => json_answer(401, r#"{"detail":"Could not validate credentials"}"#),
            _ => json_answer(404, r#"{"detail":"Not Found"}"#),
        }
    };
    FaultyServer::start_with(page, |asked, stream| -> Next {
        if asked.line == "POST /token" {
            let right = json!({"username": "admin", "password": "pw-canary"});
            if asked.body == right {
                return say(stream, &json_answer(200, r#"{"access_token":"tok-canary"}"#));
            }
            let told = json!({"detail": format!("not {}", asked.body["password"])});
            return say(stream, &json_answer(401, &told.to_string()));
        }
        let authorised = asked.header("authorization") == Some("Bearer tok-canary");
        say(stream, &if authorised { good() } else { json_answer(401, "{}") })
    })
}

#[test]
fn who_logs_in_gets_a_token_that_is_sent_and_shown_nowhere() {
    let server = with_login();
    let sandbox = Sandbox::new().with_variable("PASSWORD", "pw-canary");
    let login = json!({"login": {"user": "admin", "password": "${PASSWORD}"}});
    let scenario = scenario("xinference", &server.url(), &login);
    let ended = sandbox.run(&scenario, &[]).with_code_of(&[0, 4]);
    assert!(ended.requests().iter().all(|row| row["outcome"] == "completed"));
    assert!(ended.stderr.contains("`m` runs 2 times"), "{}", ended.stderr);
    assert_hidden(&ended, &["tok-canary", "pw-canary"]);
}

#[test]
fn a_wrong_password_is_told_without_it() {
    let server = with_login();
    let login = json!({"login": {"user": "admin", "password": "wrong-canary"}});
    let ended = Sandbox::new().run(&scenario("xinference", &server.url(), &login), &[]);
    let ended = ended.with_code(3);
    assert!(ended.stderr.contains("cannot log in at `there`"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("wrong-canary"), "{}", ended.stderr);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let refused = |kind: &str, more: Value| {
        let scenario = scenario(kind, "http://localhost:1", &more);
        Sandbox::new().run(&scenario, &[]).with_code(2).stderr
    };
    let said = refused("litellm", json!({"api_keys": ["a", "b"], "api_key": "c"}));
    assert!(said.contains("`api_keys` and `api_key` both give the key"), "{said}");
    let said = refused("vllm", json!({"login": {"user": "a", "password": "b"}}));
    assert!(said.contains("`login` does not go with `kind: vllm`"), "{said}");
    let said = refused("vllm", json!({"no_cache": true}));
    assert!(said.contains("`no_cache` does not go with `kind: vllm`"), "{said}");
    let said = refused("vllm", json!({"rate_limits": "obay"}));
    assert!(said.contains("(did you mean `obey`?)"), "{said}");
}
