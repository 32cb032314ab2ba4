//! Prompts from files: what the server is asked, in which order, and what is said of rows that
//! are no prompts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::faulty::{Asked, FaultyServer, good, say};
use crate::program::{Ended, Sandbox};

/// A run of one request at a time against a server that keeps what it is asked.
fn run(sandbox: &Sandbox, prompts: &Value, workload: &Value, stage: &Value) -> (Ended, Vec<Asked>) {
    let server = FaultyServer::start(|_, stream| say(stream, &good()));
    let mut chat = json!({"endpoint": "chat", "model": "m", "prompts": prompts});
    for (key, value) in workload.as_object().unwrap() {
        chat[key] = value.clone();
    }
    let scenario = json!({
        "pacemark": 1,
        "backends": {"server": {"kind": "generic", "url": server.url()}},
        "workloads": {"chat": chat},
        "load": {"stages": [stage]},
    });
    let ended = sandbox.run(&scenario, &["--no-preflight"]);
    (ended, server.asked())
}

/// What a chat of one message asks.
fn question(asked: &Asked) -> &str {
    asked.body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap()
}

fn one_at_a_time(requests: u64) -> Value {
    json!({"concurrency": 1, "requests": requests})
}

#[test]
fn a_sharegpt_file_with_broken_rows_is_sent_without_them() {
    let sandbox = Sandbox::new();
    let file = r#"[
      {"id": "a", "conversations": [
        {"from": "human", "value": "Why is the sky blue?"},
        {"from": "gpt", "value": "Because blue light is scattered more than red light is."}]},
      {"id": "b", "conversations": []},
      {"id": "c", "conversations": [{"from": "human", "value": "Hello"}]},
      {"id": "d", "conver"#;
    sandbox.write("sharegpt.json", file);
    let prompts = json!({"file": "sharegpt.json"});
    let (ended, asked) = run(&sandbox, &prompts, &json!({}), &one_at_a_time(2));
    let ended = ended.with_code(2);
    let said = "sharegpt.json:5: found `conversations` is an empty array; accepted is";
    assert!(ended.stderr.replace('\n', " ").contains("sharegpt.json:5: found"), "{}", ended.stderr);
    assert!(asked.is_empty(), "{said}");

    let prompts = json!({"file": "sharegpt.json", "skip_invalid": true});
    let (ended, asked) = run(&sandbox, &prompts, &json!({}), &one_at_a_time(2));
    let ended = ended.with_code(0);
    let sent: Vec<_> = asked.iter().map(question).collect();
    assert_eq!(sent, ["Why is the sky blue?", "Hello"]);
    assert_eq!(asked[0].body["max_tokens"], 14, "the length of the recorded answer");
    assert_eq!(asked[1].body.get("max_tokens"), None);
    assert!(
        ended.stdout.contains("2 rows of the prompt file left out as invalid"),
        "{}",
        ended.stdout
    );
    let result = ended.result();
    assert_eq!(result.workloads[0].prompts_left_out, 2);
    assert_eq!(result.workloads[0].prompt_count, Some(2));
    assert!(result.notes.iter().any(|note| note.text.contains("sharegpt.json:5: found")));
}

#[test]
fn the_body_of_a_batch_is_sent_as_it_is() {
    let sandbox = Sandbox::new();
    let body = json!({
        "model": "gpt-4o", "temperature": 0.5, "max_tokens": 9, "seed": 3,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
    });
    let row = json!({
        "custom_id": "r-1", "method": "POST", "url": "/v1/chat/completions", "body": body,
    });
    sandbox.write("batch.jsonl", &format!("{row}\n"));
    let prompts = json!({"file": "batch.jsonl", "format": "openai-batch"});
    let workload = json!({"body": {"temperature": 0}});
    let (ended, asked) = run(&sandbox, &prompts, &workload, &one_at_a_time(1));
    ended.with_code(0);
    let mut expected = body;
    expected["model"] = json!("m");
    expected["temperature"] = json!(0);
    expected["stream"] = json!(true);
    expected["stream_options"] = json!({"include_usage": true});
    assert_eq!(asked[0].body, expected);
}

#[test]
fn columns_of_csv_are_found_by_their_names() {
    let sandbox = Sandbox::new();
    sandbox.write("questions.csv", "id,question,length\n1,\"Why, and\nhow?\",12\n2,Who?,\n");
    let columns = json!({"prompt": "question", "output_tokens": "length"});
    let prompts = json!({"file": "questions.csv", "columns": columns});
    let (ended, asked) = run(&sandbox, &prompts, &json!({}), &one_at_a_time(2));
    ended.with_code(0);
    let sent: Vec<_> =
        asked.iter().map(|asked| (question(asked), asked.body["max_tokens"].as_u64())).collect();
    assert_eq!(sent, [("Why, and\nhow?", Some(12)), ("Who?", None)]);
}

#[test]
fn a_file_that_is_sent_once_ends_the_stage() {
    let sandbox = Sandbox::new();
    sandbox.write("five.txt", "one\ntwo\nthree\nfour\nfive\n");
    let prompts = json!({"file": "five.txt", "order": "shuffled", "at_end": "stop"});
    let (ended, asked) = run(&sandbox, &prompts, &json!({}), &one_at_a_time(100));
    let ended = ended.with_code(0);
    let mut sent: Vec<_> = asked.iter().map(question).collect();
    assert_ne!(sent, ["one", "two", "three", "four", "five"]);
    sent.sort_unstable();
    assert_eq!(sent, ["five", "four", "one", "three", "two"]);
    assert_eq!(ended.result().cells[0].measured.outcomes.completed, 5);
}

/// Larger than what is held in memory, so that it is read as it goes.
const LARGE_ROWS: usize = 360_000;

#[test]
fn of_a_large_file_a_broken_row_costs_no_more_than_itself() {
    let sandbox = Sandbox::new();
    let padding = "x".repeat(80);
    let mut text = String::new();
    for row in 0..LARGE_ROWS {
        // Far behind the beginning that is checked before the load; the second stage takes it.
        let key = if row == LARGE_ROWS / 2 + 1 { "prompts" } else { "prompt" };
        writeln!(text, "{{\"{key}\": \"{row} {padding}\"}}").unwrap();
    }
    assert!(text.len() > 33 << 20);
    sandbox.write("large.jsonl", &text);
    let server = FaultyServer::start(|_, stream| say(stream, &good()));
    let scenario = json!({
        "pacemark": 1,
        "backends": {"server": {"kind": "generic", "url": server.url()}},
        "workloads": {"chat": {
            "endpoint": "chat", "model": "m", "prompts": {"file": "large.jsonl"},
        }},
        "load": {"stages": [one_at_a_time(3), one_at_a_time(3)]},
    });
    let ended = sandbox.run(&scenario, &["--no-preflight"]).with_code(0);
    let asked = server.asked();
    let sent: Vec<usize> = asked
        .iter()
        .map(|asked| question(asked).split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(sent[..3], [0, 1, 2]);
    assert_eq!([sent[3], sent[5]], [LARGE_ROWS / 2, LARGE_ROWS / 2 + 2]);
    assert!(sent[4] > LARGE_ROWS / 2 + 2 || sent[4] < LARGE_ROWS / 2, "another one in its place");
    let result = ended.result();
    assert_eq!(result.workloads[0].prompts_left_out, 1);
    assert_eq!(result.workloads[0].prompt_count, Some(360_000));
    let line = format!("large.jsonl:{}: found", LARGE_ROWS / 2 + 2);
    assert!(result.notes.iter().any(|note| note.text.contains(&line)), "{:?}", result.notes);
}
