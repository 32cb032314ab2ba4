//! Answers that come in one piece.

use super::endpoint::{Endpoint, Output, TextForm};
use super::facts::{Facts, read_facts};
use super::failure::{ApiError, excerpt};
use super::ollama;
use super::responses::read_response;
use super::scan::{Broken, Scan};
use super::text::{RawText, TextPart};
use super::thinking::{Text, Thinking};
use crate::record::{Failure, FailureKind, FinishReason, ServerTimes, TokenUsage};

/// What an answer that came in one piece carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The server's counts; `None` where it gives none, or zeros.
    pub usage: Option<TokenUsage>,
    /// Why the server stopped; `None` for embeddings.
    pub finish: Option<FinishReason>,
    /// Whether there is text of the answer.
    pub answer: bool,
    /// Whether there is text of the reasoning.
    pub reasoning: bool,
    /// Choices of a generated answer, items of a response, vectors that are not empty, or
    /// documents with a score.
    pub items: u32,
    /// Calls of tools.
    pub calls: u32,
    /// The server's own times; `None` where it tells none.
    pub times: Option<ServerTimes>,
}

/// Reads the body of an answer with a success status.
///
/// Vectors are stepped over: an embedding is several kilobytes of digits that nobody reads.
///
/// # Errors
///
/// [`FailureKind::ApiError`] for an error inside, [`FailureKind::Malformed`] for what is not the
/// API's JSON, [`FailureKind::Empty`] where text or vectors were asked for and none came.
pub fn decode_answer(endpoint: Endpoint, body: &[u8]) -> Result<Answer, Failure> {
    match endpoint.output() {
        Output::Text(form) => decode_text(form, body),
        Output::Items { decode } => decode(body),
    }
}

fn decode_text(form: TextForm, body: &[u8]) -> Result<Answer, Failure> {
    let mut thinking = Thinking::new();
    let mut any = false;
    let mut known = Text::default();
    let mut calls = 0;
    let mut on_text = |part, text: RawText<'_>| {
        any |= !text.is_empty();
        calls += u32::from(part == TextPart::CallName && !text.is_empty());
        match part {
            TextPart::Content => thinking.read(text, &mut known),
            TextPart::Reasoning => known.reasoning |= !text.is_empty(),
            TextPart::Refusal | TextPart::CallName | TextPart::CallArguments => {
                known.answer |= !text.is_empty();
            }
        }
    };
    let facts = read_text(form, body, &mut on_text);
    let facts = facts.map_err(|broken| malformed(broken, body))?;
    if let Some(error) = facts.error {
        return Err(ApiError::from_json(error).into());
    }
    if facts.finished_with_error {
        return Err(ApiError::of_finish_reason().into());
    }
    if !any {
        return Err(empty("a success without any text"));
    }
    Ok(Answer {
        usage: facts.usage,
        finish: facts.finish,
        // What could have become a tag, and did not, is answer.
        answer: known.answer || !known.reasoning,
        reasoning: known.reasoning,
        items: facts.choices,
        calls,
        times: facts.times,
    })
}

/// Hands the texts of a generated answer that came in one piece to `sink`, part by part. An
/// answer that is broken may be told as far as it goes.
pub fn answer_texts(endpoint: Endpoint, body: &[u8], sink: &mut dyn FnMut(TextPart, &str)) {
    let mut on_text = |part, text: RawText<'_>| sink(part, &text.to_text());
    let read = read_text(endpoint.text_form(), body, &mut on_text);
    // What is broken was said when the answer was decoded.
    read.map(drop).unwrap_or_default();
}

fn read_text<'a>(
    form: TextForm,
    body: &'a [u8],
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<Facts<'a>> {
    match form {
        TextForm::Choices => read_facts(body, on_text),
        TextForm::Response => read_response(body, None, on_text),
        TextForm::Lines => ollama::read_object(body, on_text),
    }
}

/// The failure of an answer that is not the JSON it should be.
pub(super) fn malformed(broken: Broken, body: &[u8]) -> Failure {
    let message = if body.trim_ascii_start().starts_with(b"data:") {
        format!("a stream of events came where one answer was asked for: {}", excerpt(body))
    } else {
        broken.explain("the answer", body)
    };
    Failure { kind: FailureKind::Malformed, message }
}

/// The failure of a success that holds nothing.
pub(super) fn empty(message: &str) -> Failure {
    Failure { kind: FailureKind::Empty, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Answer, answer_texts, decode_answer};
    use crate::openai::{Endpoint, TextPart};
    use crate::record::{FinishReason, TokenUsage};

    #[test]
    fn the_text_of_an_answer_is_its_content_with_escapes_undone() {
        let body = br#"{"choices":[{"message":{"role":"assistant","reasoning_content":"Hm.",
            "content":"Say \"hi\"\n\u4f60\u597d"}}]}"#;
        let texts = |body: &[u8]| {
            let mut texts = Vec::new();
            answer_texts(Endpoint::Chat, body, &mut |part, text| {
                texts.push((part, text.to_owned()));
            });
            texts
        };
        let text = "Say \"hi\"\n\u{4f60}\u{597d}".to_owned();
        assert_eq!(
            texts(body),
            [(TextPart::Reasoning, "Hm.".to_owned()), (TextPart::Content, text)]
        );
        assert_eq!(texts(b"no JSON"), []);
    }

    fn answer(endpoint: Endpoint, body: &str) -> Result<Answer, String> {
        decode_answer(endpoint, body.as_bytes())
            .map_err(|failure| format!("{}: {}", failure.kind, failure.message))
    }

    fn chat(message: &str) -> Result<Answer, String> {
        let body = format!(r#"{{"choices":[{{"message":{message},"finish_reason":"stop"}}]}}"#);
        answer(Endpoint::Chat, &body)
    }

    #[test]
    fn a_chat_answers_by_text_refusal_or_call() {
        let expected = Answer {
            finish: Some(FinishReason::Stop),
            answer: true,
            items: 1,
            ..Answer::default()
        };
        assert_eq!(chat(r#"{"content":"Hi"}"#), Ok(expected));
        assert_eq!(chat(r#"{"content":null,"refusal":"No."}"#), Ok(expected));
        let call = r#"{"tool_calls":[{"function":{"name":"f","arguments":""}}]}"#;
        let called = Answer { calls: 1, ..expected };
        assert_eq!(chat(call), Ok(called));
        assert_eq!(chat(r#"{"function_call":{"name":"f"}}"#), Ok(called));
        assert_eq!(chat(r#"{"content":[{"type":"text","text":"Hi"}]}"#), Ok(expected));
        assert_eq!(chat(r#"{"content":"\n"}"#), Ok(expected));
    }

    #[test]
    fn reasoning_is_told_from_the_answer() {
        let kinds = |message| chat(message).map(|answer| (answer.reasoning, answer.answer));
        assert_eq!(kinds(r#"{"content":"Hi","reasoning":"Hm"}"#), Ok((true, true)));
        assert_eq!(kinds(r#"{"content":"","reasoning_content":"Hm"}"#), Ok((true, false)));
        assert_eq!(kinds(r#"{"content":"<think>Hm</think>Hi"}"#), Ok((true, true)));
        assert_eq!(kinds(r#"{"content":"Hm</think>"}"#), Ok((true, false)));
        let parts = r#"{"content":[{"type":"thinking","thinking":[{"text":"Hm"}]}]}"#;
        assert_eq!(kinds(parts), Ok((true, false)));
    }

    #[test]
    fn an_answer_without_text_is_empty() {
        let empty = Err("empty: a success without any text".to_owned());
        assert_eq!(chat(r#"{"content":""}"#), empty);
        let load =
            r#"{"choices":[{"text":"","finish_reason":"load"}],"usage":{"prompt_tokens":0}}"#;
        assert_eq!(answer(Endpoint::Completions, load), empty);
        assert_eq!(answer(Endpoint::Completions, r#"{"choices":[]}"#), empty);
    }

    #[test]
    fn vectors_are_counted_as_numbers_or_as_text() {
        let usage = Some(TokenUsage { input: Some(6), ..TokenUsage::default() });
        let body = r#"{"data":[{"embedding":[0.5,-1e-3]},{"index":1,"embedding":"AAAA"},
                       {"embedding":[]}],"usage":{"prompt_tokens":6}}"#;
        let expected = Answer { usage, items: 2, ..Answer::default() };
        assert_eq!(answer(Endpoint::Embeddings, body), Ok(expected));
        let none = Err("empty: a success without any vector".to_owned());
        assert_eq!(answer(Endpoint::Embeddings, r#"{"data":[]}"#), none);
    }

    #[test]
    fn errors_inside_a_success_are_failures() {
        let error = r#"{"error":{"message":"no","code":500}}"#;
        let failed = Err("api_error: no (code 500)".to_owned());
        assert_eq!(answer(Endpoint::Chat, error), failed);
        assert_eq!(answer(Endpoint::Embeddings, error), failed);
        let detail = r#"{"detail":"gone"}"#;
        assert_eq!(answer(Endpoint::Chat, detail), Err("api_error: gone".to_owned()));
        assert_eq!(answer(Endpoint::Embeddings, detail), Err("api_error: gone".to_owned()));
        let finished = r#"{"choices":[{"message":{"content":"H"},"finish_reason":"error"}]}"#;
        assert_eq!(
            answer(Endpoint::Chat, finished),
            Err("api_error: the answer ended with finish reason `error`".to_owned())
        );
    }

    #[test]
    fn what_is_not_this_api_is_malformed() {
        let message = |body| answer(Endpoint::Chat, body).unwrap_err();
        insta::assert_snapshot!(message("<html>"), @"malformed: the answer is not JSON of this API (an object expected at byte 0): `<html>`");
        insta::assert_snapshot!(message(r#"{"choices":{}}"#), @r#"malformed: the answer is not JSON of this API (an array expected at byte 11): `{"choices":{}}`"#);
        insta::assert_snapshot!(message(r#"{"choices":[{"message":{"content":"cut"#), @r#"malformed: the answer is not JSON of this API (the end of a string expected at byte 38): `{"choices":[{"message":{"content":"cut`"#);
        insta::assert_snapshot!(answer(Endpoint::Embeddings, r#"{"data":[{"embedding":[NaN]}]}"#).unwrap_err(), @r#"malformed: the answer is not JSON of this API (a value expected at byte 23): `{"data":[{"embedding":[NaN]}]}`"#);
    }
}
