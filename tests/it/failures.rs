//! Servers that misbehave in one way each: the right kind of failure, with its message, and
//! not a request lost.

use std::io::Write as _;
use std::net::TcpStream;

use pacemark::mock::MockServer;
use pacemark::result::RunResult;
use pacemark::scenario::{Distribution, MockSpec};
use serde_json::{Value, json};

use crate::accounting::assert_adds_up;
use crate::faulty::{
    Asked, DeadPort, FaultyServer, Next, STREAM_END, STREAM_HEAD, event, finish, good, hang,
    json_answer, pause, say, stream, text,
};
use crate::program::{Ended, Sandbox};

const REQUESTS: u64 = 4;

/// A scenario of a few chats with a server.
fn scenario(url: &str, backend: &Value) -> Value {
    let mut server = json!({"kind": "generic", "url": url});
    server.as_object_mut().unwrap().extend(backend.as_object().unwrap().clone());
    json!({
        "pacemark": 1,
        "name": "failures",
        "backends": {"server": server},
        "workloads": {
            "chat": {"endpoint": "chat", "model": "m", "max_tokens": 2, "prompts": ["Hello"]},
        },
        "load": {"stages": [{"concurrency": 2, "requests": REQUESTS}], "drain": "5s"},
    })
}

/// Runs a few chats against a server that answers each in the same way.
fn run(script: fn(&mut TcpStream) -> Next, backend: &Value, code: i32) -> (Ended, RunResult) {
    let server = FaultyServer::start(move |_, stream| script(stream));
    let ended = Sandbox::new().run(&scenario(&server.url(), backend), &["--no-preflight"]);
    let ended = ended.with_code(code);
    let result = assert_adds_up(&ended);
    (ended, result)
}

/// Asserts that all requests fail in the same way, that the message says why, that it stands
/// on the screen, and that the run is not to be trusted.
#[track_caller]
fn assert_fails_with(
    kind: &str,
    message: &str,
    backend: &Value,
    script: fn(&mut TcpStream) -> Next,
) {
    let (ended, result) = run(script, backend, 4);
    let measured = &result.cells[0].measured;
    let kinds: Vec<_> = measured.outcomes.failed.iter().collect();
    assert_eq!(kinds, [(&kind.to_owned(), &REQUESTS)]);
    for row in ended.requests() {
        assert!(row["message"].contains(message), "{}", row["message"]);
    }
    assert!(ended.stdout.contains(kind), "{}", ended.stdout);
    assert!(ended.stdout.contains("none of 4 requests succeeded"), "{}", ended.stdout);
}

fn nothing() -> Value {
    json!({})
}

#[test]
fn a_connection_closed_before_the_headers() {
    assert_fails_with("disconnected", "connection closed", &nothing(), |_| Next::Close);
}

#[test]
fn an_error_before_the_stream() {
    assert_fails_with("http_status(500)", "the model is gone", &nothing(), |stream| {
        say(stream, &json_answer(500, r#"{"error":{"message":"the model is gone"}}"#))
    });
}

#[test]
fn an_error_without_a_word() {
    assert_fails_with("http_status(502)", "Bad Gateway, without a word", &nothing(), |stream| {
        say(stream, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
    });
}

#[test]
fn a_rate_limit_and_a_full_queue_are_overloads() {
    assert_fails_with("overloaded", "slow down; retry after 7 s", &nothing(), |stream| {
        let body = r#"{"error":{"message":"slow down"}}"#;
        let answer = json_answer(429, body).replacen("\r\n", "\r\nRetry-After: 7\r\n", 1);
        say(stream, &answer)
    });
    assert_fails_with("overloaded", "server busy", &nothing(), |stream| {
        say(stream, &json_answer(503, r#"{"error":{"message":"server busy, please try again."}}"#))
    });
}

#[test]
fn a_redirect_is_not_followed() {
    assert_fails_with("http_status(307)", "Temporary Redirect", &nothing(), |stream| {
        say(stream, "HTTP/1.1 307 Any\r\nLocation: /v2\r\nContent-Length: 0\r\n\r\n")
    });
}

#[test]
fn an_error_inside_a_stream() {
    assert_fails_with("api_error", "backend died (code 500)", &nothing(), |client| {
        let error = event(r#"{"error":{"message":"backend died","code":"500"}}"#);
        say(client, &stream(&[text("Good"), error]))
    });
}

#[test]
fn an_error_in_place_of_a_stream() {
    assert_fails_with("api_error", "no such prompt", &nothing(), |stream| {
        say(stream, &json_answer(200, r#"{"error":"no such prompt"}"#))
    });
}

#[test]
fn a_stream_cut_inside_a_chunk() {
    assert_fails_with("truncated", "closed inside the answer", &nothing(), |stream| {
        say(stream, &[STREAM_HEAD, &text("Good"), "40\r\ndata: {\"cho"].concat());
        Next::Close
    });
}

#[test]
fn a_chunk_that_is_none() {
    assert_fails_with("malformed", "invalid chunk", &nothing(), |stream| {
        say(stream, &[STREAM_HEAD, &text("Good"), "data: {\"choices\""].concat())
    });
}

#[test]
fn a_clean_end_without_a_reason() {
    let message = "without [DONE], a finish reason or a closing event";
    assert_fails_with("truncated", message, &nothing(), |stream| {
        say(stream, &[STREAM_HEAD, &text("Good"), STREAM_END].concat())
    });
}

#[test]
fn a_stream_without_text() {
    assert_fails_with("empty", "without any text", &nothing(), |client| {
        say(client, &stream(&[finish()]))
    });
}

#[test]
fn a_stream_without_an_event() {
    assert_fails_with("truncated", "without [DONE]", &nothing(), |stream| {
        say(stream, &[STREAM_HEAD, STREAM_END].concat())
    });
}

#[test]
fn garbage_in_place_of_http() {
    assert_fails_with("malformed", "invalid HTTP", &nothing(), |stream| {
        say(stream, "\u{1}\u{2} what is this? \r\n\r\n");
        Next::Close
    });
}

#[test]
fn garbage_in_place_of_an_event() {
    assert_fails_with("malformed", "is not JSON", &nothing(), |client| {
        say(client, &stream(&[text("Good"), event("{broken")]))
    });
}

#[test]
fn a_web_page_in_place_of_a_stream() {
    assert_fails_with("malformed", "not a stream of events", &nothing(), |stream| {
        let page = "<html><title>Welcome</title></html>";
        let length = page.len();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";
        say(stream, &format!("{head}Content-Length: {length}\r\n\r\n{page}"))
    });
}

#[test]
fn a_first_token_that_does_not_come() {
    let backend = json!({"timeouts": {"first_token": "200ms"}});
    assert_fails_with("first_token_timeout", "no text within 200ms", &backend, |stream| {
        say(stream, STREAM_HEAD);
        hang(stream)
    });
}

#[test]
fn headers_that_do_not_come() {
    let backend = json!({"timeouts": {"first_token": "200ms"}});
    assert_fails_with("first_token_timeout", "no text within 200ms", &backend, hang);
}

#[test]
fn a_stream_that_stalls() {
    let backend = json!({"timeouts": {"stall": "200ms"}});
    assert_fails_with("stall_timeout", "no further text within 200ms", &backend, |stream| {
        say(stream, &[STREAM_HEAD, &text("Good")].concat());
        hang(stream)
    });
}

#[test]
fn a_request_that_does_not_end() {
    let backend = json!({"timeouts": {"request": "500ms"}});
    assert_fails_with("request_timeout", "not finished within 500ms", &backend, |stream| {
        say(stream, STREAM_HEAD);
        // Less than what would be too much for the tokens asked for.
        for _ in 0..70 {
            pause(20);
            if say(stream, &text("x")) == Next::Close {
                break;
            }
        }
        hang(stream)
    });
}

#[test]
fn a_connection_that_is_not_accepted() {
    let port = DeadPort::new();
    let scenario = scenario(&port.url(), &nothing());
    let ended = Sandbox::new().run(&scenario, &["--no-preflight"]).with_code(4);
    let result = assert_adds_up(&ended);
    assert_eq!(result.cells[0].measured.outcomes.failed["connect"], REQUESTS);
    let message = &ended.requests()[0]["message"];
    assert!(message.starts_with(&format!("cannot connect to {}: ", port.addr())), "{message}");
}

#[test]
fn a_host_that_does_not_exist() {
    let url = "http://no-such-host.invalid:8000";
    let ended = Sandbox::new().run(&scenario(url, &nothing()), &["--no-preflight"]).with_code(4);
    assert_eq!(assert_adds_up(&ended).cells[0].measured.outcomes.failed["resolve"], REQUESTS);
    let message = &ended.requests()[0]["message"];
    assert!(message.starts_with("cannot resolve `no-such-host.invalid`: "), "{message}");
}

#[test]
fn a_server_that_fails_after_the_preflight() {
    let server = FaultyServer::start(|asked, stream| match asked.number {
        0 => say(stream, &good()),
        _ => say(stream, &json_answer(500, r#"{"detail":"out of memory"}"#)),
    });
    let ended = Sandbox::new().run(&scenario(&server.url(), &nothing()), &[]).with_code(4);
    let result = assert_adds_up(&ended);
    assert_eq!(result.cells[0].measured.outcomes.failed["http_status(500)"], REQUESTS);
    assert!(ended.stdout.contains("out of memory"), "{}", ended.stdout);
    assert_eq!(server.asked().len(), 5);
}

#[test]
fn a_server_that_dies_in_mid_run() {
    let spec = MockSpec {
        ttft: Distribution::Constant(0.005),
        gap: Distribution::Constant(0.005),
        ..MockSpec::default()
    };
    let server = MockServer::start(spec, ([127, 0, 0, 1], 0).into()).unwrap();
    let mut scenario = scenario(&format!("http://{}", server.addr()), &nothing());
    scenario["workloads"]["chat"]["max_tokens"] = json!(20);
    scenario["load"]["stages"][0] = json!({"concurrency": 4, "requests": 60});
    let sandbox = Sandbox::new();
    sandbox.write("scenario.yaml", &scenario.to_string());
    let running = sandbox.command(&["run", "scenario.yaml"]).spawn().unwrap();
    while server.truth().answered < 20 {
        pause(5);
    }
    server.stop();
    let ended = Ended::new(&sandbox, running.wait_with_output().unwrap()).with_code(0);
    let outcomes = assert_adds_up(&ended).cells[0].measured.outcomes.clone();
    assert_eq!(outcomes.arrivals, 60);
    assert!((15..60).contains(&outcomes.completed), "{outcomes:?}");
    assert!(outcomes.failed["connect"] > 0, "{outcomes:?}");
    let known = ["connect", "disconnected", "truncated"];
    assert!(outcomes.failed.keys().all(|kind| known.contains(&kind.as_str())), "{outcomes:?}");
    assert!(ended.stdout.contains("requests failed"), "{}", ended.stdout);
}

#[test]
fn a_stream_far_past_its_limit_is_capped() {
    let (ended, result) = run(
        |stream| {
            say(stream, STREAM_HEAD);
            while say(stream, &text("x")) == Next::Keep {
                pause(1);
            }
            Next::Close
        },
        &nothing(),
        0,
    );
    let outcomes = &result.cells[0].measured.outcomes;
    assert_eq!((outcomes.completed, outcomes.capped), (REQUESTS, REQUESTS));
    let remark = "4 requests cut off by the client past the token limit";
    assert!(ended.stdout.contains(remark), "{}", ended.stdout);
    assert!(result.cells[0].findings.iter().any(|finding| finding.key == "capped"));
}

#[test]
fn json_in_place_of_a_stream_is_taken_as_a_whole_answer() {
    let (ended, result) = run(
        |stream| {
            let body = r#"{"choices":[{"message":{"content":"Good day"},"finish_reason":"stop"}],
                "usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
            say(stream, &json_answer(200, body))
        },
        &nothing(),
        0,
    );
    let measured = &result.cells[0].measured;
    assert_eq!((measured.outcomes.completed, measured.tokens.output), (REQUESTS, Some(8)));
    for row in ended.requests() {
        assert_eq!((row["streamed"].as_str(), row["ttft_ms"].as_str()), ("false", ""));
    }
}

#[test]
fn a_connection_closed_while_idle_is_opened_again_and_counted() {
    // Every connection is closed once it has served a request, without a word before.
    let server = FaultyServer::start(|_, stream| {
        say(stream, &good());
        Next::Close
    });
    let scenario = scenario(&server.url(), &nothing());
    let ended = Sandbox::new().run(&scenario, &["--no-preflight"]).with_code(0);
    let outcomes = &assert_adds_up(&ended).cells[0].measured.outcomes;
    assert_eq!((outcomes.completed, outcomes.failures()), (REQUESTS, 0));
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn a_request_on_a_connection_that_closes_is_sent_again() {
    // The second request of a connection finds it closed: it was read, and not answered.
    let server =
        FaultyServer::start(
            |asked, stream| {
                if asked.number % 2 == 1 { Next::Close } else { say(stream, &good()) }
            },
        );
    let mut scenario = scenario(&server.url(), &nothing());
    scenario["load"]["stages"][0] = json!({"concurrency": 1, "requests": 3});
    let ended = Sandbox::new().run(&scenario, &["--no-preflight"]).with_code(0);
    let result = assert_adds_up(&ended);
    assert_eq!(result.cells[0].measured.outcomes.completed, 3);
    let again: Vec<_> =
        ended.requests().iter().map(|row| row["stale_reconnects"].clone()).collect();
    assert_eq!(again, ["0", "1", "1"]);
    assert_eq!(ended.summary()[0]["stale_reconnects"], "2");
    assert_eq!(server.asked().len(), 5);
}

#[test]
fn an_interim_answer_is_not_the_answer() {
    let server = FaultyServer::start(|_, stream| {
        say(stream, &["HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", &good()].concat())
    });
    let ended = Sandbox::new().run(&scenario(&server.url(), &nothing()), &[]).with_code(0);
    assert_eq!(assert_adds_up(&ended).cells[0].measured.outcomes.completed, REQUESTS);
    assert_eq!(ended.summary()[0]["stale_reconnects"], "0");
}

#[test]
fn an_answer_that_ends_with_the_connection_is_whole() {
    let server = FaultyServer::start(|_, stream| {
        let body = [text("Good"), finish()].concat();
        let events: Vec<_> = body.lines().filter(|line| line.starts_with("data: ")).collect();
        let events = events.join("\n\n") + "\n\n";
        say(stream, &format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n{events}"));
        Next::Close
    });
    let ended = Sandbox::new().run(&scenario(&server.url(), &nothing()), &[]).with_code(0);
    assert_eq!(assert_adds_up(&ended).cells[0].measured.outcomes.completed, REQUESTS);
    assert!(ended.requests().iter().all(|row| row["reused"] == "false"));
}

#[test]
fn a_refusal_before_the_request_was_read_is_the_answer() {
    // More than the system keeps for a server that does not read.
    let mut file = tempfile::NamedTempFile::with_suffix(".txt").unwrap();
    file.write_all("x".repeat(12 << 20).as_bytes()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let body = r#"{"error":{"message":"far too long"}}"#;
                say(&mut stream, &json_answer(413, body));
                // A close would throw away what was sent, unread, and the answer with it.
                pause(5_000);
            });
        }
    });
    let mut scenario = scenario(&url, &nothing());
    scenario["workloads"]["chat"]["prompts"] = json!({"file": file.path()});
    let ended = Sandbox::new().run(&scenario, &["--no-preflight"]).with_code(4);
    assert_eq!(
        assert_adds_up(&ended).cells[0].measured.outcomes.failed["http_status(413)"],
        REQUESTS
    );
    assert!(ended.requests()[0]["message"].contains("far too long"));
}

#[test]
fn a_server_that_closes_after_every_answer_costs_connections_and_nothing_else() {
    let server = FaultyServer::start(|_, stream| {
        say(stream, &good().replacen("\r\n", "\r\nConnection: close\r\n", 1));
        Next::Close
    });
    let scenario = scenario(&server.url(), &nothing());
    let ended = Sandbox::new().run(&scenario, &["--no-preflight"]).with_code(0);
    let outcomes = &assert_adds_up(&ended).cells[0].measured.outcomes;
    assert_eq!((outcomes.completed, outcomes.failures()), (REQUESTS, 0));
    assert!(ended.requests().iter().all(|row| row["reused"] == "false"));
    assert_eq!(ended.summary()[0]["connections_opened"], "4");
    assert_eq!(ended.summary()[0]["stale_reconnects"], "0");
}

#[test]
fn requests_say_what_they_want_and_never_ask_for_compression() {
    let server = FaultyServer::start(|_, stream| say(stream, &good()));
    Sandbox::new().run(&scenario(&server.url(), &nothing()), &[]).with_code(0);
    for asked in server.asked_at_all() {
        assert_eq!(asked.header("accept-encoding"), None, "{asked:?}");
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 5);
    for Asked { line, headers: _, body, .. } in &asked {
        assert_eq!(line, "POST /v1/chat/completions");
        let wanted = json!({
            "model": "m",
            "messages": [{"role": "user", "content": "Hello"}],
            "stream": true,
            "stream_options": {"include_usage": true},
            "max_tokens": 2,
        });
        assert_eq!(body, &wanted);
    }
    let connections: std::collections::BTreeSet<_> =
        asked[1..].iter().map(|asked| asked.connection).collect();
    assert!(connections.len() <= 2, "{connections:?}");
}
