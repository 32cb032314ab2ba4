//! Synthetic captures against what stands beside them.

use pacemark::openai::{Endpoint, TextPart, decode_answer, decode_error};
use pacemark::record::{Failure, FinishReason, TokenUsage};
use serde_json::Value;

use super::capture::{Capture, all};
use super::reading::Reading;

#[test]
fn synthetic_captures_are_read_as_they_should_be() {
    let mut checked = 0;
    for capture in all() {
        let Some(expected) = capture.beside(".expect.json") else { continue };
        if expected.get("items").is_some() {
            check_answer(&capture, &expected);
        } else if capture.status == 200 {
            check_stream(&capture, &expected);
        } else {
            check_error(&capture, &expected);
        }
        checked += 1;
    }
    assert_eq!(checked, 63);
}

/// An answer that is to come whole.
fn check_answer(capture: &Capture, expected: &Value) {
    let name = &capture.name;
    let answer = decode_answer(capture.endpoint().unwrap(), &capture.body).unwrap();
    assert_eq!(u64::from(answer.items), expected["items"].as_u64().unwrap(), "{name}");
    assert_eq!(u64::from(answer.calls), expected["calls"].as_u64().unwrap_or(0), "{name}");
    assert_eq!(answer.answer, expected["answer"] == true, "{name}");
    assert_eq!(answer.reasoning, expected["reasoning"] == true, "{name}");
    assert_eq!(answer.finish, expected["finish_reason"].as_str().map(finish), "{name}");
    assert_eq!(answer.usage, usage(&expected["usage"]), "{name}");
}

fn check_error(capture: &Capture, expected: &Value) {
    let failure = decode_error(capture.status, capture.header("retry-after"), &capture.body);
    // A full queue is a kind of its own, whatever the status was.
    let kind = match expected["status"].as_u64() {
        Some(429 | 503) => "overloaded",
        _ => expected["failure"].as_str().unwrap(),
    };
    assert_eq!(failure.kind.key(), kind, "{}", capture.name);
    if let Some(message) = expected["error_message"].as_str() {
        assert!(failure.message.starts_with(message), "{}: {failure:?}", capture.name);
    }
    if let Some(seconds) = expected["retry_after_s"].as_u64() {
        let ending = format!("; retry after {seconds} s");
        assert!(failure.message.ends_with(&ending), "{}: {failure:?}", capture.name);
    }
}

fn check_stream(capture: &Capture, expected: &Value) {
    let name = &capture.name;
    let reading = Reading::of(capture.form(), capture.reads.iter().map(Vec::as_slice));
    let state = reading.state();
    let outcome = state.outcome_at_end();
    assert_eq!(outcome_of(&outcome), expected["outcome"].as_str().unwrap(), "{name}");
    let failure = outcome.as_ref().err().map(|failure| failure.kind.key());
    assert_eq!(failure, expected["failure"].as_str(), "{name}");
    if expected.get("done_marker").is_none() {
        return; // no stream at all
    }
    assert_eq!(state.done, expected["done_marker"] == true, "{name}");
    // The expectations leave out what some samples say of caches, and SGLang of reasoning.
    let counts = usage(&expected["usage"]);
    let told = counts.and_then(|usage| usage.reasoning);
    let cached = counts.and_then(|usage| usage.cached);
    let counted = state.usage.map(|usage| TokenUsage {
        cached: cached.and(usage.cached),
        reasoning: told.and(usage.reasoning),
        ..usage
    });
    assert_eq!(counted, counts, "{name}");
    assert_eq!(reading.text(TextPart::Reasoning), text(expected, "reasoning"), "{name}");
    assert_eq!(reading.text(TextPart::Refusal), text(expected, "refusal"), "{name}");
    assert_eq!(calls(&reading), expected_calls(expected), "{name}");
    assert_eq!(usize::try_from(state.calls).unwrap(), expected_calls(expected).len(), "{name}");
    match expected["choices"].as_array() {
        None => {
            assert_eq!(reading.text(TextPart::Content), text(expected, "content"), "{name}");
            assert_eq!(state.finish, expected["finish_reason"].as_str().map(finish), "{name}");
        }
        Some(choices) => {
            let contents: String =
                choices.iter().map(|choice| choice["content"].as_str().unwrap()).collect();
            assert_eq!(sorted(&reading.text(TextPart::Content)), sorted(&contents), "{name}");
            assert_eq!(state.finish, choices[0]["finish_reason"].as_str().map(finish), "{name}");
        }
    }
    check_details(&reading, expected, name);
}

fn check_details(reading: &Reading, expected: &Value, name: &str) {
    if let Some(message) = expected["error_message"].as_str() {
        let error = reading.error().unwrap();
        assert_eq!(error.message, message, "{name}");
        if let Some(code) = expected["error_code"].as_u64() {
            assert_eq!(error.code, Some(code.to_string()), "{name}");
        }
    }
    if let Some(part) = expected["first_output"].as_str() {
        let first = match reading.texts[0].0 {
            TextPart::Reasoning => "reasoning",
            TextPart::CallName | TextPart::CallArguments => "tool_calls",
            TextPart::Content | TextPart::Refusal => "content",
        };
        assert_eq!(first, part, "{name}");
    }
    if let Some(tokens) = expected["tokens_per_chunk"].as_array() {
        let mut known: Vec<_> = reading.tokens().into_iter().map(Option::unwrap).collect();
        // The end token has no text, so it is no text event of ours.
        known.push(reading.state().usage.unwrap().output.unwrap() - known.iter().sum::<u32>());
        let known: Vec<_> = known.into_iter().map(Value::from).collect();
        assert_eq!(&known, tokens, "{name}");
    }
}

#[test]
fn one_object_is_read_where_one_was_asked_for() {
    let captures = all();
    let named = |name: &str| captures.iter().find(|capture| capture.name == name).unwrap();
    let answer =
        decode_answer(Endpoint::Chat, &named("synthetic/json-instead-of-sse").body).unwrap();
    assert_eq!(answer.usage.unwrap().output, Some(3));
    assert_eq!((answer.finish, answer.answer), (Some(FinishReason::Stop), true));
    let stream = decode_answer(Endpoint::Chat, &named("synthetic/sse-crlf").body).unwrap_err();
    assert_eq!(stream.kind.key(), "malformed");
    assert!(stream.message.starts_with("a stream of events came"), "{}", stream.message);
}

const fn outcome_of(outcome: &Result<(), Failure>) -> &'static str {
    if outcome.is_ok() { "completed" } else { "failed" }
}

fn text<'a>(expected: &'a Value, field: &str) -> &'a str {
    expected[field].as_str().unwrap_or_default()
}

fn usage(expected: &Value) -> Option<TokenUsage> {
    let count = |pointer: &str| {
        expected.pointer(pointer).and_then(Value::as_u64).map(|count| u32::try_from(count).unwrap())
    };
    expected.is_object().then(|| TokenUsage {
        input: count("/prompt_tokens"),
        output: count("/completion_tokens"),
        reasoning: count("/completion_tokens_details/reasoning_tokens"),
        cached: count("/prompt_tokens_details/cached_tokens"),
    })
}

fn finish(reason: &str) -> FinishReason {
    let known = [
        FinishReason::Stop,
        FinishReason::Length,
        FinishReason::ToolCalls,
        FinishReason::ContentFilter,
    ];
    known.into_iter().find(|known| known.key() == reason).unwrap_or(FinishReason::Other)
}

fn calls(reading: &Reading) -> Vec<(String, String)> {
    let mut calls: Vec<(String, String)> = Vec::new();
    for (part, text) in &reading.texts {
        match part {
            TextPart::CallName => calls.push((text.clone(), String::new())),
            TextPart::CallArguments => calls.last_mut().unwrap().1.push_str(text),
            TextPart::Content | TextPart::Reasoning | TextPart::Refusal => {}
        }
    }
    calls
}

fn expected_calls(expected: &Value) -> Vec<(String, String)> {
    let calls = expected["tool_calls"].as_array().into_iter().flatten();
    let field = |call: &Value, field: &str| call[field].as_str().unwrap().to_owned();
    calls.map(|call| (field(call, "name"), field(call, "arguments"))).collect()
}

fn sorted(text: &str) -> Vec<char> {
    let mut characters: Vec<_> = text.chars().collect();
    characters.sort_unstable();
    characters
}
