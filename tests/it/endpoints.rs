//! Every endpoint from a scenario to the files of a run, against the simulated server.

use pacemark::result::{CellResult, RunResult};
use serde_json::{Value, json};

use crate::accounting::assert_adds_up;
use crate::program::{Ended, Row, Sandbox, number};

/// A run of one workload: 40 requests after a warm-up.
fn run(workload: &Value) -> Ended {
    let scenario = json!({
        "pacemark": 1,
        "name": "one",
        "backends": {"mock": {"mock": {"ttft": "20ms", "gap": "2ms", "output_tokens": 12}}},
        "workloads": {"one": workload},
        "load": {"warmup": {"requests": 2}, "stages": [{"concurrency": 4, "requests": 40}]},
    });
    Sandbox::new().run(&scenario, &[]).with_code(0)
}

fn only_cell(ended: &Ended) -> CellResult {
    let RunResult { mut cells, .. } = assert_adds_up(ended);
    assert_eq!(cells.len(), 1);
    let cell = cells.remove(0);
    assert_eq!(cell.measured.outcomes.completed, 40, "{:?}", cell.measured.failures);
    cell
}

fn measured(ended: &Ended) -> Vec<Row> {
    let mut rows = ended.requests();
    rows.retain(|row| row["phase"] == "measure");
    rows
}

#[track_caller]
fn assert_all(rows: &[Row], column: &str, value: &str) {
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(row[column], value, "{column} of request {}", row["request"]);
    }
}

#[test]
fn responses_are_streams_of_counted_tokens() {
    let ended = run(&json!({
        "endpoint": "responses", "model": "m", "prompts": ["What is AI?"],
        "system": "abcd", "max_tokens": 8,
    }));
    let cell = only_cell(&ended);
    let rows = measured(&ended);
    for (column, value) in [
        ("streamed", "true"),
        ("text_events", "8"),
        ("output_tokens", "8"),
        ("output_source", "usage"),
        ("input_tokens", "4"),
        ("finish_reason", "length"),
        ("tool_calls", "0"),
    ] {
        assert_all(&rows, column, value);
    }
    for row in &rows {
        let ttft = number(row, "ttft_ms").unwrap();
        assert!((20.0..500.0).contains(&ttft), "{ttft}");
        // Seven gaps of 2 ms between eight tokens, none of which comes before it is due.
        let e2e = number(row, "e2e_ms").unwrap();
        assert!((34.0..500.0).contains(&e2e), "{e2e}");
    }
    assert!(cell.measured.windows.contains_key("output_token_throughput"));
}

#[test]
fn responses_come_whole_where_no_stream_is_wanted() {
    let ended = run(&json!({
        "endpoint": "responses", "model": "m", "prompts": ["hi"], "stream": false,
    }));
    only_cell(&ended);
    let rows = measured(&ended);
    assert_all(&rows, "streamed", "false");
    assert_all(&rows, "output_tokens", "12");
    assert_all(&rows, "finish_reason", "stop");
}

#[test]
fn calls_of_tools_are_text_and_counted() {
    let chat = json!([{"type": "function", "function": {"name": "get_weather"}}]);
    let response = json!([{"type": "function", "name": "get_weather"}]);
    for (endpoint, tools, stream) in [
        ("chat", &chat, true),
        ("chat", &chat, false),
        ("responses", &response, true),
        ("responses", &response, false),
    ] {
        let ended = run(&json!({
            "endpoint": endpoint, "model": "m", "prompts": ["hi"], "stream": stream,
            "body": {"tools": tools, "tool_choice": "required"},
        }));
        let cell = only_cell(&ended);
        assert_eq!(cell.measured.tool_calls, 40);
        let rows = measured(&ended);
        assert_all(&rows, "tool_calls", "1");
        assert_all(&rows, "finish_reason", "tool_calls");
        for ttft in rows.iter().filter_map(|row| number(row, "ttft_ms")) {
            assert!(ttft >= 20.0, "the name is generated as well: {ttft}");
        }
        if stream {
            // The name, the arguments' begin and end, and twelve words; a chat has the begin
            // together with the name.
            assert_all(&rows, "text_events", if endpoint == "chat" { "14" } else { "15" });
        }
        assert!(ended.stdout.contains("40 tool calls in 40 answers"), "{}", ended.stdout);
    }
}

#[test]
fn rankings_count_the_documents_that_were_sent() {
    let ended = run(&json!({
        "endpoint": "rerank", "model": "m", "prompts": ["q one", "q two"],
        "documents": ["a", "b", "c"], "batch": {"uniform": [4, 12]}, "top_n": 2,
    }));
    let cell = only_cell(&ended);
    let rows = measured(&ended);
    let items: Vec<f64> = rows.iter().map(|row| number(row, "items").unwrap()).collect();
    assert!(items.iter().all(|items| (4.0..=12.0).contains(items)), "{items:?}");
    assert!(items.iter().any(|one| (one - items[0]).abs() > 0.5), "{items:?}");
    for row in &rows {
        // Each document of one token is read with the two tokens of the query.
        let (documents, input) = (number(row, "items"), number(row, "input_tokens"));
        assert!((documents.unwrap() * 3.0 - input.unwrap()).abs() < 1e-9);
    }
    let windows = &cell.measured.windows;
    let (documents, requests) = (windows["document_throughput"], windows["request_throughput"]);
    assert!((4.0..=12.0).contains(&(documents / requests)), "{documents} {requests}");
    assert!(!windows.contains_key("embedding_throughput"));
    assert!(!windows.contains_key("output_token_throughput"));
    assert!(ended.stdout.contains("docs/s"), "{}", ended.stdout);
}

#[test]
fn rows_bring_their_own_documents() {
    let sandbox = Sandbox::new();
    sandbox.write("rows.jsonl", "{\"query\": \"q\", \"documents\": [\"a\", \"b\", \"c\"]}\n");
    let scenario = json!({
        "pacemark": 1, "name": "rows",
        "backends": {"mock": {"mock": {"ttft": "1ms"}}},
        "workloads": {"rank": {"endpoint": "rerank", "model": "m", "prompts": {"file": "rows.jsonl"}}},
        "load": {"stages": [{"concurrency": 1, "requests": 5}]},
    });
    let ended = sandbox.run(&scenario, &[]).with_code(0);
    assert_all(&ended.requests(), "items", "3");
}

#[test]
fn queries_without_documents_are_refused_before_the_load() {
    let sandbox = Sandbox::new();
    sandbox.write("queries.txt", "one\ntwo\n");
    let scenario = json!({
        "pacemark": 1, "name": "bare",
        "backends": {"mock": {"mock": {"ttft": "1ms"}}},
        "workloads": {"rank": {"endpoint": "rerank", "model": "m", "prompts": {"file": "queries.txt"}}},
        "load": {"stages": [{"concurrency": 1, "requests": 5}]},
    });
    let ended = sandbox.run(&scenario, &[]).with_code(2);
    assert!(ended.stderr.contains("a query has no documents"), "{}", ended.stderr);
}

#[test]
fn embeddings_take_drawn_batches_and_are_the_same_for_every_backend() {
    let sandbox = Sandbox::new();
    let scenario = json!({
        "pacemark": 1, "name": "batches",
        "backends": {"a": {"mock": {"ttft": "1ms"}}, "b": {"mock": {"ttft": "3ms"}}},
        "workloads": {"embed": {
            "endpoint": "embeddings", "model": "m", "prompts": ["abcd", "efgh", "ijkl"],
            "batch": {"mean": 6, "stddev": 3, "min": 1, "max": 20},
            "dimensions": 8, "encoding_format": "base64",
        }},
        "load": {"stages": [{"concurrency": 2, "requests": 60}]},
    });
    let ended = sandbox.run(&scenario, &[]).with_code(0);
    let rows = ended.requests();
    let batches = |cell: &str| {
        let mut rows: Vec<&Row> = rows.iter().filter(|row| row["cell"] == cell).collect();
        rows.sort_by_key(|row| row["request"].parse::<u64>().unwrap());
        for row in &rows {
            assert_eq!(row["items"], row["input_tokens"], "a token a text");
        }
        rows.into_iter().map(|row| row["items"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(batches("0"), batches("1"));
    assert!(batches("0").iter().any(|batch| *batch != batches("0")[0]));
    assert!(ended.stdout.contains("items/s"), "{}", ended.stdout);
}

#[test]
fn token_ids_are_sent_as_they_stand() {
    let sandbox = Sandbox::new();
    sandbox.write("ids.jsonl", "{\"input\": [5, 6, 7]}\n{\"input\": [8]}\n");
    sandbox.write("prompt.jsonl", "{\"prompt\": [5, 6, 7, 8, 9]}\n");
    let scenario = json!({
        "pacemark": 1, "name": "ids",
        "backends": {"mock": {"mock": {"ttft": "1ms", "gap": "0ms", "output_tokens": 2}}},
        "workloads": {
            "embed": {"endpoint": "embeddings", "model": "m", "batch": 2, "prompts": {"file": "ids.jsonl"}},
            "complete": {"endpoint": "completions", "model": "m", "prompts": {"file": "prompt.jsonl"}},
        },
        "load": {"stages": [{"concurrency": 1, "requests": 5}]},
    });
    let ended = sandbox.run(&scenario, &[]).with_code(0);
    for row in ended.requests() {
        let tokens = if row["cell"] == "0" { "4" } else { "5" };
        assert_eq!(row["input_tokens"], tokens);
    }
}

#[test]
fn painted_pictures_go_with_each_prompt() {
    let ended = run(&json!({
        "endpoint": "chat", "model": "m", "prompts": ["abcd"],
        "images": {"count": 2, "width": 64, "height": 64},
    }));
    let cell = only_cell(&ended);
    // A token of text, and twice the 85 of a picture.
    assert_all(&measured(&ended), "input_tokens", "171");
    assert_eq!(ended.result().workloads[0].images.as_deref(), Some("2 of 64x64"));
    assert!(cell.measured.windows["output_token_throughput"] > 0.0);
}

#[test]
fn a_picture_that_is_none_is_refused_before_the_load() {
    let sandbox = Sandbox::new();
    sandbox.write("a.png", "no picture");
    let scenario = json!({
        "pacemark": 1, "name": "wrong",
        "backends": {"mock": {"mock": {"ttft": "1ms"}}},
        "workloads": {"see": {
            "endpoint": "chat", "model": "m", "prompts": ["hi"], "images": {"files": ["a.png"]},
        }},
        "load": {"stages": [{"concurrency": 1, "requests": 5}]},
    });
    let ended = sandbox.run(&scenario, &[]).with_code(2);
    assert!(ended.stderr.contains("neither PNG nor JPEG"), "{}", ended.stderr);
}
