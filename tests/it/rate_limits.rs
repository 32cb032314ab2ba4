//! Limits that servers tell of: refusals say them, and on request they are kept to.

use std::sync::Mutex;
use std::time::Duration;

use pacemark::clock::Clock;
use serde_json::json;

use crate::faulty::{FaultyServer, good, say};
use crate::program::{Ended, Sandbox};

/// A server that takes three requests, and then none for 400 ms.
fn limited() -> FaultyServer {
    let clock = Clock::start();
    let taken = Mutex::new((0_u32, clock.now()));
    FaultyServer::start(move |_, stream| {
        let mut taken = taken.lock().unwrap();
        let now = clock.now();
        if now.since(taken.1) > Duration::from_millis(400) {
            *taken = (0, now);
        }
        taken.0 += 1;
        let left = 3_u32.saturating_sub(taken.0);
        let headers = format!(
            "x-ratelimit-limit-requests: 3\r\nx-ratelimit-remaining-requests: {left}\r\n\
             x-ratelimit-reset-requests: {}ms\r\n",
            420_u128.saturating_sub(now.since(taken.1).as_millis())
        );
        if taken.0 <= 3 {
            let answer = good();
            let (first, rest) = answer.split_once("\r\n").unwrap();
            return say(stream, &format!("{first}\r\n{headers}{rest}"));
        }
        let body = r#"{"error":{"message":"Rate limit reached"}}"#;
        say(
            stream,
            &format!(
                "HTTP/1.1 429 Too Many\r\n{headers}Retry-After: 1\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
                body.len()
            ),
        )
    })
}

fn run(rule: &str) -> Ended {
    let server = limited();
    let scenario = json!({
        "pacemark": 1,
        "name": "limits",
        "backends": {"hosted": {"kind": "generic", "url": server.url(), "rate_limits": rule}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"concurrency": 1, "requests": 12}]},
    });
    Sandbox::new().run(&scenario, &["--no-preflight"])
}

#[test]
fn a_refusal_is_counted_with_what_the_server_says_of_its_limits() {
    let ended = run("ignore");
    let refused: Vec<_> =
        ended.requests().into_iter().filter(|row| row["outcome"] == "failed").collect();
    assert!(refused.len() >= 8, "{}", refused.len());
    for row in refused {
        assert_eq!((&*row["failure"], &*row["status"]), ("overloaded", "429"));
        let said = "Rate limit reached; retry after 1 s; its limits: 3 requests";
        assert_eq!(row["message"], said);
    }
}

#[test]
fn limits_are_kept_to_on_request() {
    let ended = run("obey").with_code_of(&[0, 4]);
    let rows = ended.requests();
    assert_eq!(rows.len(), 12);
    assert!(rows.iter().all(|row| row["outcome"] == "completed"), "{rows:?}");
    let sent = |row: usize| rows[row]["sent_at_ms"].parse::<f64>().unwrap();
    assert!(sent(11) - sent(0) >= 1_000.0, "four windows of 400 ms");
}
