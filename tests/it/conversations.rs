//! Conversations: the history of each turn is what the server answered to those before it.

use std::collections::BTreeMap;
use std::net::TcpStream;

use pacemark::result::RunResult;
use serde_json::{Value, json};

use crate::accounting::assert_adds_up;
use crate::faulty::{Asked, FaultyServer, event, json_answer, say, stream};
use crate::program::{Ended, OPEN_LOOP, Row, Sandbox, number, rows};

/// A scenario of conversations with a server at `url`.
fn scenario(url: &str, workload: &Value, load: &Value) -> Value {
    let mut chat = json!({"endpoint": "chat", "model": "m", "prompts": ["One?", "二？", "Three?"]});
    for (key, value) in workload.as_object().unwrap() {
        chat[key] = value.clone();
    }
    json!({
        "pacemark": 1,
        "name": "conversations",
        "backends": {"server": {"kind": "generic", "url": url}},
        "workloads": {"chat": chat},
        "load": load,
    })
}

fn mocked(mock: &Value, workload: &Value, load: &Value) -> Value {
    let mut scenario = scenario("", workload, load);
    scenario["backends"] = json!({"server": {"mock": mock}});
    scenario
}

fn run(scenario: &Value) -> (Ended, RunResult) {
    let ended = Sandbox::new().run(scenario, &["--no-preflight"]).with_code_of(OPEN_LOOP);
    let result = assert_adds_up(&ended);
    (ended, result)
}

/// What the scripted server says to request `number`: cut into events, with characters that
/// need escapes, and thinking in front of it.
fn answer(number: usize) -> String {
    format!("Answer \"{number}\"\n你好, \u{1F600}")
}

/// A server that thinks, answers every request with something else, and streams if asked to.
fn talker() -> FaultyServer {
    FaultyServer::start(|asked: &Asked, out: &mut TcpStream| {
        let said = format!("<think>Hm {}.</think>\n\n{}", asked.number, answer(asked.number));
        if asked.body["stream"] == false {
            let body = json!({"choices": [{
                "index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": said},
            }]});
            return say(out, &json_answer(200, &body.to_string()));
        }
        let pieces: Vec<char> = said.chars().collect();
        let mut events: Vec<String> = pieces
            .chunks(3)
            .map(|piece| {
                event(
                    &json!({"choices": [{"index": 0, "delta": {
                        "content": piece.iter().collect::<String>(),
                    }}]})
                    .to_string(),
                )
            })
            .collect();
        let finish = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
        events.push(event(&finish.to_string()));
        say(out, &stream(&events))
    })
}

/// Asserts that each request carries the conversation that led to it: after the system message
/// the user and the server in turn, and what the server says is what it said. The requests of
/// each session, in order.
#[track_caller]
fn assert_history_is_what_was_answered(asked: &[Asked]) -> Vec<Vec<Asked>> {
    let mut sessions: BTreeMap<usize, Vec<Asked>> = BTreeMap::new();
    let mut begun_by: BTreeMap<String, usize> = BTreeMap::new();
    for request in asked {
        let messages = request.body["messages"].as_array().unwrap();
        assert_eq!(messages[0], json!({"role": "system", "content": "Be brief."}));
        assert_eq!(messages.len() % 2, 0, "{messages:?}");
        for (place, message) in messages[1..].iter().enumerate() {
            let role = if place % 2 == 0 { "user" } else { "assistant" };
            assert_eq!(message["role"], role, "{messages:?}");
        }
        // The server's first answer is unlike all others, so it names the session.
        let session = match messages.get(2) {
            None => request.number,
            Some(first) => begun_by[first["content"].as_str().unwrap()],
        };
        let turns = sessions.entry(session).or_default();
        for (turn, earlier) in turns.iter().enumerate() {
            assert_eq!(messages[2 * turn + 2]["content"], answer(earlier.number));
            let said_then = earlier.body["messages"].as_array().unwrap();
            assert_eq!(messages[..said_then.len()], said_then[..]);
        }
        assert_eq!(messages.len(), 2 + 2 * turns.len());
        begun_by.insert(answer(request.number), session);
        turns.push(request.clone());
    }
    sessions.into_values().collect()
}

#[test]
fn a_conversation_of_five_turns_carries_what_the_server_answered() {
    for streamed in [true, false] {
        let server = talker();
        let workload = json!({"turns": 5, "system": "Be brief.", "stream": streamed});
        let load = json!({"stages": [{"concurrency": 3, "requests": 30}]});
        let (ended, result) = run(&scenario(&server.url(), &workload, &load));
        let sessions = assert_history_is_what_was_answered(&server.asked());
        assert_eq!(sessions.iter().map(Vec::len).sum::<usize>(), 30);
        let whole = sessions.iter().filter(|turns| turns.len() == 5).count();
        assert!(whole >= 4 && sessions.iter().all(|turns| turns.len() <= 5), "{whole}");

        let measured = &result.cells[0].measured;
        assert_eq!((measured.outcomes.arrivals, measured.outcomes.completed), (30, 30));
        let ends = measured.sessions.unwrap();
        let (begun, whole) =
            (u64::try_from(sessions.len()).unwrap(), u64::try_from(whole).unwrap());
        assert_eq!((ends.completed, ends.failed, ends.cut_short), (whole, 0, begun - whole));
        let turns: Vec<_> = measured.parts.iter().map(|part| part.part.as_str()).collect();
        assert_eq!(turns, ["turn 1", "turn 2", "turn 3", "turn 4", "turn 5"]);
        let of_turns = measured.parts.iter().map(|part| part.measured.outcomes.completed);
        assert_eq!(of_turns.sum::<u64>(), 30);
        assert_sessions_are_in_order(&ended.requests());
    }
}

/// Asserts that the turns of each session are numbered from 1 and follow each other.
#[track_caller]
fn assert_sessions_are_in_order(requests: &[Row]) {
    let mut sessions: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in requests {
        sessions.entry(&row["session"]).or_default().push(row);
    }
    for turns in sessions.values_mut() {
        turns.sort_by_key(|row| row["turn"].parse::<u32>().unwrap());
        let numbers: Vec<_> = turns.iter().map(|row| row["turn"].clone()).collect();
        let expected: Vec<_> = (1..=turns.len()).map(|turn| turn.to_string()).collect();
        assert_eq!(numbers, expected);
        for pair in turns.windows(2) {
            let (before, after) = (number(pair[0], "finished_at_ms"), number(pair[1], "due_at_ms"));
            assert!(before <= after, "{before:?} {after:?}");
            assert_eq!(pair[0]["outcome"], "completed");
        }
    }
}

#[test]
fn every_backend_hears_the_same_from_its_users() {
    let (one, other) = (talker(), talker());
    let workload = json!({"turns": {"uniform": [1, 4]}, "system": "Be brief."});
    let load = json!({"stages": [{"concurrency": 1, "requests": 12}]});
    let mut scenario = scenario(&one.url(), &workload, &load);
    scenario["backends"]["other"] = json!({"kind": "generic", "url": other.url()});
    run(&scenario);
    let users = |server: &FaultyServer| -> Vec<Vec<Value>> {
        let said = |asked: &Asked| {
            let messages = asked.body["messages"].as_array().unwrap().iter();
            messages.filter(|message| message["role"] == "user").cloned().collect()
        };
        server.asked().iter().map(said).collect()
    };
    assert_eq!(users(&one).len(), 12);
    assert_eq!(users(&one), users(&other));
    let lengths: Vec<_> =
        assert_history_is_what_was_answered(&one.asked()).iter().map(Vec::len).collect();
    assert!(lengths.iter().any(|turns| *turns != lengths[0]), "{lengths:?}");
}

#[test]
fn a_prompt_that_is_a_conversation_brings_its_users_words_and_not_its_answers() {
    let server = talker();
    let row = json!({"messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "First?"},
        {"role": "assistant", "content": "As recorded."},
        {"role": "user", "content": "Second?"},
        {"role": "assistant", "content": "As recorded, too."},
    ]});
    let sandbox = Sandbox::new();
    sandbox.write("talks.jsonl", &format!("{row}\n"));
    let workload = json!({"turns": 9, "prompts": {"file": "talks.jsonl"}});
    let load = json!({"stages": [{"concurrency": 1, "requests": 6}]});
    let scenario = scenario(&server.url(), &workload, &load);
    let result = assert_adds_up(&sandbox.run(&scenario, &["--no-preflight"]).with_code(0));
    let sessions = assert_history_is_what_was_answered(&server.asked());
    assert_eq!(sessions.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
    let last = &sessions[0][1].body["messages"];
    assert_eq!((&last[1]["content"], &last[3]["content"]), (&json!("First?"), &json!("Second?")));
    assert_eq!(result.cells[0].measured.sessions.unwrap().completed, 3);
}

#[test]
fn a_turn_that_fails_ends_its_session() {
    let server = FaultyServer::start(|asked: &Asked, out: &mut TcpStream| {
        let turn = asked.body["messages"].as_array().unwrap().len() / 2;
        if turn == 2 {
            return say(out, &json_answer(500, r#"{"error":{"message":"no more"}}"#));
        }
        let body = json!({"choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}]});
        say(out, &json_answer(200, &body.to_string()))
    });
    let workload = json!({"turns": 5, "stream": false});
    let load = json!({"stages": [{"concurrency": 1, "requests": 12}]});
    let (ended, result) = run(&scenario(&server.url(), &workload, &load));
    let measured = &result.cells[0].measured;
    assert_eq!((measured.outcomes.completed, measured.outcomes.failures()), (8, 4));
    assert_eq!(measured.sessions.unwrap().failed, 4);
    assert!(ended.requests().iter().all(|row| row["turn"].parse::<u32>().unwrap() <= 3));
    assert!(ended.stdout.contains("4 ended with a turn that failed"), "{}", ended.stdout);
}

#[test]
fn users_think_between_turns_and_the_request_is_due_after_that() {
    let workload = json!({"turns": 3, "think_time": "50ms"});
    let load = json!({"stages": [{"concurrency": 1, "requests": 9}]});
    let mock = json!({"ttft": "2ms", "gap": "1ms", "output_tokens": 4});
    let (ended, _) = run(&mocked(&mock, &workload, &load));
    let mut requests = ended.requests();
    requests.sort_by_key(|row| row["request"].parse::<u64>().unwrap());
    for pair in requests.windows(2) {
        let since =
            number(&pair[1], "due_at_ms").unwrap() - number(&pair[0], "finished_at_ms").unwrap();
        let expected = if pair[1]["turn"] == "1" { 0.0..40.0 } else { 50.0..200.0 };
        assert!(expected.contains(&since), "{since} before turn {}", pair[1]["turn"]);
    }
}

#[test]
fn sessions_arrive_in_an_open_loop_and_their_turns_follow() {
    let workload = json!({"turns": 4, "think_time": "20ms"});
    let load = json!({
        "warmup": {"duration": "300ms"},
        "stages": [{"rate": "20/s", "arrival": "constant", "duration": "1500ms"}],
    });
    let mock = json!({"ttft": "5ms", "gap": "1ms", "output_tokens": 4});
    let (ended, result) = run(&mocked(&mock, &workload, &load));
    let measured = &result.cells[0].measured;
    let ends = measured.sessions.unwrap();
    assert_eq!(ends.completed + ends.failed + ends.cut_short, 30, "{ends:?}");
    assert!(ends.completed >= 20 && ends.cut_short >= 1, "{ends:?}");
    let requests = ended.requests();
    let first = requests.iter().filter(|row| row["turn"] == "1" && row["phase"] == "measure");
    assert_eq!(first.count(), 30);
    // Sessions of the warm-up flow on into the window.
    let flowed = |row: &&Row| row["session"].starts_with('w') && row["phase"] == "measure";
    assert!(requests.iter().filter(flowed).count() > 0);
    let seconds = rows(&ended.file("timeseries.csv"));
    let due: u64 = seconds.iter().map(|row| row["due"].parse::<u64>().unwrap()).sum();
    assert_eq!(due, u64::try_from(requests.len()).unwrap());
}

#[test]
fn a_limit_in_flight_holds_sessions_back_and_never_a_turn_of_one_that_has_begun() {
    let workload = json!({"turns": 3, "think_time": "100ms"});
    let load = json!({
        "stages": [{"rate": "40/s", "arrival": "constant", "duration": "1s", "max_in_flight": 2}],
    });
    let mock = json!({"ttft": "5ms", "gap": "1ms", "output_tokens": 4});
    let (ended, result) = run(&mocked(&mock, &workload, &load));
    assert!(result.cells[0].measured.outcomes.unsent > 10);
    let requests = ended.requests();
    let mut begun: Vec<(f64, f64)> = Vec::new();
    let mut spans: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for row in requests.iter().filter(|row| row["outcome"] == "completed") {
        let (from, to) =
            (number(row, "sent_at_ms").unwrap(), number(row, "finished_at_ms").unwrap());
        let span = spans.entry(&row["session"]).or_insert((from, to));
        *span = (span.0.min(from), span.1.max(to));
        if row["turn"] != "1" {
            assert!(number(row, "schedule_delay_ms").unwrap() < 400.0);
        }
    }
    begun.extend(spans.values());
    for (from, _) in &begun {
        let at_once = begun.iter().filter(|(begin, end)| begin <= from && from < end).count();
        assert!(at_once <= 2, "{at_once} at {from}");
    }
}

#[test]
fn a_session_can_have_a_connection_of_its_own() {
    let connections = |of_backend: &str| {
        let server = talker();
        let workload = json!({"turns": 5, "system": "Be brief."});
        let load = json!({"stages": [{"concurrency": 2, "requests": 20}]});
        let mut scenario = scenario(&server.url(), &workload, &load);
        scenario["backends"]["server"]["connections"] = json!(of_backend);
        run(&scenario);
        let sessions = assert_history_is_what_was_answered(&server.asked());
        let of_session = |turns: &Vec<Asked>| {
            let mut used: Vec<_> = turns.iter().map(|asked| asked.connection).collect();
            used.dedup();
            used
        };
        sessions.iter().map(of_session).collect::<Vec<_>>()
    };
    let session = connections("session");
    assert!(session.iter().all(|used| used.len() == 1), "{session:?}");
    let mut all: Vec<_> = session.concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), session.len());
    let fresh = connections("fresh");
    assert!(fresh.iter().any(|used| used.len() == 5), "{fresh:?}");
}

#[test]
fn a_run_that_is_cut_off_loses_no_turn() {
    let workload = json!({"turns": 4, "think_time": "30ms"});
    let load = json!({"stages": [{"concurrency": 4, "duration": "400ms"}], "drain": "50ms"});
    let mock = json!({"ttft": "150ms", "gap": "1ms", "output_tokens": 4});
    let (_, result) = run(&mocked(&mock, &workload, &load));
    let measured = &result.cells[0].measured;
    assert_eq!(measured.outcomes.failed.keys().collect::<Vec<_>>(), ["drain_timeout"]);
    assert_eq!(measured.sessions.unwrap().cut_short + measured.sessions.unwrap().failed, 4);
}
