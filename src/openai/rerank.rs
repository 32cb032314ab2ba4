//! Rerankings: a score for each document, by how well it answers a query.
//!
//! # Source
//!
//! The API of Jina and Cohere, as vLLM, XInference, LiteLLM and infinity serve it. They differ in
//! where the counts stand (`usage`, or Cohere's `meta`) and in whether a document comes back as
//! an object or as a text; Voyage calls the list `data`.

use super::answer::{Answer, empty, malformed};
use super::endpoint::{Api, Description, Output};
use super::failure::ApiError;
use super::scan::{Scan, Scanner};
use super::usage::count;
use crate::record::{Failure, TokenUsage};

/// `/v1/rerank`
pub(super) const ENDPOINT: Description = Description {
    key: "rerank",
    path: "/rerank",
    api: Api::Openai,
    output: Output::Items { decode },
};

/// Where servers tell the input tokens, the most trusted first.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    input: Option<u32>,
    total: Option<u32>,
}

fn decode(body: &[u8]) -> Result<Answer, Failure> {
    let mut answer = Answer::default();
    let mut counts = Counts::default();
    let mut error = None;
    let mut has_list = false;
    let mut scanner = Scanner::new(body);
    let read = scanner.object(|key, value| {
        match key {
            b"results" | b"data" => has_list |= read_ranking(value, &mut answer.items)?,
            b"usage" => read_counts(value, &mut counts)?,
            b"meta" => read_meta(value, &mut counts)?,
            b"error" => error = Some(value.value()?).filter(|error| *error != b"null"),
            _ => value.skip()?,
        }
        Ok(())
    });
    read.and_then(|()| scanner.end()).map_err(|broken| malformed(broken, body))?;
    if let Some(error) = error.or((!has_list).then_some(body)) {
        return Err(ApiError::from_json(error).into());
    }
    if answer.items == 0 {
        return Err(empty("a success without any scored document"));
    }
    // There is no output, so the total is the input.
    let input = counts.input.or(counts.total).filter(|tokens| *tokens > 0);
    answer.usage = input.map(|_| TokenUsage { input, ..TokenUsage::default() });
    Ok(answer)
}

/// Counts the documents of a list that have a score; whether there was a list.
fn read_ranking(scanner: &mut Scanner<'_>, items: &mut u32) -> Scan<bool> {
    if scanner.peek() != Some(b'[') {
        return scanner.skip().map(|()| false);
    }
    scanner.array(|item| {
        let mut scored = false;
        item.object(|key, value| {
            let is_number = matches!(value.peek(), Some(b'-' | b'0'..=b'9'));
            scored |= is_number && matches!(key, b"relevance_score" | b"score");
            value.skip()
        })?;
        *items += u32::from(scored);
        Ok(())
    })?;
    Ok(true)
}

fn read_counts(scanner: &mut Scanner<'_>, counts: &mut Counts) -> Scan<()> {
    if scanner.peek() != Some(b'{') {
        return scanner.skip();
    }
    scanner.object(|key, value| {
        match key {
            b"prompt_tokens" | b"input_tokens" => counts.input = count(value)?.or(counts.input),
            b"total_tokens" => counts.total = count(value)?.or(counts.total),
            _ => value.skip()?,
        }
        Ok(())
    })
}

/// `tokens` says what was read, `billed_units` what is to be paid.
fn read_meta(scanner: &mut Scanner<'_>, counts: &mut Counts) -> Scan<()> {
    if scanner.peek() != Some(b'{') {
        return scanner.skip();
    }
    let mut billed = Counts::default();
    scanner.object(|key, value| match key {
        b"tokens" => read_counts(value, counts),
        b"billed_units" => read_counts(value, &mut billed),
        _ => value.skip(),
    })?;
    counts.total = counts.total.or(billed.input).or(billed.total);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::openai::{Answer, Endpoint, decode_answer};

    fn decode(body: &str) -> Result<Answer, String> {
        decode_answer(Endpoint::Rerank, body.as_bytes())
            .map_err(|failure| format!("{}: {}", failure.kind, failure.message))
    }

    fn items_and_input(body: &str) -> (u32, Option<u32>) {
        let answer = decode(body).unwrap();
        (answer.items, answer.usage.and_then(|usage| usage.input))
    }

    #[test]
    fn documents_with_a_score_are_counted_in_the_answers_of_every_server() {
        let vllm = r#"{"id":"rerank-1","model":"m","usage":{"total_tokens":56},"results":[
            {"index":0,"document":{"text":"a"},"relevance_score":0.99},
            {"index":1,"document":{"text":"b"},"relevance_score":-3e-4}]}"#;
        assert_eq!(items_and_input(vllm), (2, Some(56)));
        let xinference = r#"{"id":"1","results":[{"index":0,"relevance_score":1.0,
            "document":null}],"meta":{"api_version":null,"billed_units":null,
            "tokens":{"input_tokens":7,"output_tokens":7},"warnings":null}}"#;
        assert_eq!(items_and_input(xinference), (1, Some(7)));
        let cohere = r#"{"results":[{"index":3,"relevance_score":0.5}],
            "meta":{"billed_units":{"search_units":1,"total_tokens":9}}}"#;
        assert_eq!(items_and_input(cohere), (1, Some(9)));
        let infinity = r#"{"object":"rerank","results":[{"relevance_score":0.7,"index":0,
            "document":"a"}],"model":"m","usage":{"prompt_tokens":4,"total_tokens":5}}"#;
        assert_eq!(items_and_input(infinity), (1, Some(4)));
        let voyage = r#"{"data":[{"index":0,"relevance_score":0.4}],"usage":{"total_tokens":2}}"#;
        assert_eq!(items_and_input(voyage), (1, Some(2)));
    }

    #[test]
    fn counts_of_zero_are_no_counts() {
        let body = r#"{"results":[{"relevance_score":1}],"usage":{"total_tokens":0}}"#;
        assert_eq!(items_and_input(body), (1, None));
    }

    #[test]
    fn an_answer_without_scores_is_empty() {
        let empty = Err("empty: a success without any scored document".to_owned());
        assert_eq!(decode(r#"{"results":[]}"#), empty);
        assert_eq!(decode(r#"{"results":[{"index":0,"relevance_score":null}]}"#), empty);
    }

    #[test]
    fn what_is_no_ranking_is_told_apart() {
        assert_eq!(decode(r#"{"error":{"message":"no"}}"#), Err("api_error: no".to_owned()));
        assert_eq!(decode(r#"{"detail":"gone"}"#), Err("api_error: gone".to_owned()));
        insta::assert_snapshot!(decode("[0.5]").unwrap_err(), @"malformed: the answer is not JSON of this API (an object expected at byte 0): `[0.5]`");
        assert!(decode(r#"{"results":["#).unwrap_err().starts_with("malformed: "));
    }
}
