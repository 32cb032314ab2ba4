//! What real servers sent, as a table to be read.

use std::fmt::Write as _;

use pacemark::openai::{Endpoint, decode_answer, decode_error, decode_models};
use pacemark::record::{Failure, FinishReason, TokenUsage};

use super::capture::{Capture, all};
use super::reading::Reading;

#[test]
fn captures_of_real_servers_are_read_as_the_table_says() {
    let mut table = String::new();
    for capture in all() {
        if !capture.name.starts_with("synthetic/") {
            writeln!(table, "{}: {}", capture.name, line(&capture)).unwrap();
        }
    }
    insta::assert_snapshot!("captures", table);
}

/// What a client makes of the answer: as stream, as one answer, or as error, as it came.
fn line(capture: &Capture) -> String {
    if capture.status != 200 {
        let failure = decode_error(capture.status, capture.header("retry-after"), &capture.body);
        return failed(&failure);
    }
    match capture.endpoint() {
        Some(_) if capture.stream => stream(capture),
        Some(endpoint) => match decode_answer(endpoint, &capture.body) {
            Err(failure) => failed(&failure),
            Ok(answer) => {
                let text = match (answer.answer, answer.reasoning) {
                    (true, true) => ", answer and reasoning",
                    (true, false) => ", answer",
                    (false, true) => ", reasoning",
                    (false, false) => "",
                };
                let counts = counts(answer.finish, answer.usage);
                format!("{} items{text}{counts}", answer.items)
            }
        },
        None if capture.path == "/v1/models" => models(&capture.body),
        None => {
            // Addresses of the server's own are no part of this API, and must not pass for it.
            assert!(!stream(capture).starts_with("completed"), "{}", capture.name);
            assert!(decode_answer(Endpoint::Chat, &capture.body).is_err(), "{}", capture.name);
            "not of this API".to_owned()
        }
    }
}

fn models(body: &[u8]) -> String {
    let models = decode_models(body).unwrap();
    let models = models.iter().map(|model| match model.context_length() {
        Some(length) => format!("{} ({length})", model.id),
        None => model.id.clone(),
    });
    models.collect::<Vec<_>>().join(", ")
}

fn stream(capture: &Capture) -> String {
    let reading = Reading::of(capture.form(), [&*capture.body]);
    let state = reading.state();
    let outcome = match state.outcome_at_end() {
        Ok(()) => "completed".to_owned(),
        Err(failure) => failed(&failure),
    };
    let done = if state.done { ", done" } else { "" };
    let reasoning = if state.reasoning { ", reasoning" } else { "" };
    let tokens = reading.tokens();
    let running = match tokens.iter().copied().collect::<Option<Vec<_>>>() {
        Some(tokens) if !tokens.is_empty() => format!(" of {tokens:?} tokens"),
        _ => String::new(),
    };
    let counts = counts(state.finish, state.usage);
    format!("{outcome}, {} text events{running}{reasoning}{counts}{done}", tokens.len())
}

fn failed(failure: &Failure) -> String {
    format!("{}: {}", failure.kind, failure.message)
}

fn counts(finish: Option<FinishReason>, usage: Option<TokenUsage>) -> String {
    let finish = finish.map_or_else(String::new, |finish| format!(", {}", finish.key()));
    let count =
        |count: Option<u32>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    let usage = usage.map_or_else(String::new, |usage| {
        let mut said = format!(", {} in, {} out", count(usage.input), count(usage.output));
        for (what, tokens) in [("cached", usage.cached), ("reasoning", usage.reasoning)] {
            if let Some(tokens) = tokens {
                write!(said, ", {tokens} {what}").unwrap();
            }
        }
        said
    });
    format!("{finish}{usage}")
}
