//! Answers that come in one piece.

use super::endpoint::Endpoint;
use super::facts::read_facts;
use super::failure::{ApiError, excerpt};
use super::scan::{Broken, Scan, Scanner};
use super::text::TextPart;
use super::thinking::{Text, Thinking};
use super::usage::read_usage;
use crate::record::{Failure, FailureKind, FinishReason, TokenUsage};

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
    /// Choices of a generated answer, or vectors that are not empty.
    pub items: u32,
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
    if endpoint.generates() { decode_generated(body) } else { decode_embeddings(body) }
}

fn decode_generated(body: &[u8]) -> Result<Answer, Failure> {
    let mut thinking = Thinking::new();
    let mut any = false;
    let mut known = Text::default();
    let facts = read_facts(body, &mut |part, text| {
        any |= !text.is_empty();
        match part {
            TextPart::Content => thinking.read(text, &mut known),
            TextPart::Reasoning => known.reasoning |= !text.is_empty(),
            TextPart::Refusal | TextPart::CallName | TextPart::CallArguments => {
                known.answer |= !text.is_empty();
            }
        }
    });
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
    })
}

fn decode_embeddings(body: &[u8]) -> Result<Answer, Failure> {
    let mut answer = Answer::default();
    let mut error = None;
    let mut has_data = false;
    let mut scanner = Scanner::new(body);
    let read = scanner.object(|key, value| {
        match key {
            b"data" => has_data = read_vectors(value, &mut answer.items)?,
            b"usage" => answer.usage = read_usage(value)?,
            b"error" => error = Some(value.value()?).filter(|error| *error != b"null"),
            _ => value.skip()?,
        }
        Ok(())
    });
    read.and_then(|()| scanner.end()).map_err(|broken| malformed(broken, body))?;
    if let Some(error) = error.or((!has_data).then_some(body)) {
        return Err(ApiError::from_json(error).into());
    }
    if answer.items == 0 {
        return Err(empty("a success without any vector"));
    }
    Ok(answer)
}

/// Counts the vectors of a list; whether there was a list.
fn read_vectors(scanner: &mut Scanner<'_>, items: &mut u32) -> Scan<bool> {
    if scanner.peek() != Some(b'[') {
        return scanner.skip().map(|()| false);
    }
    scanner.array(|item| {
        let mut full = false;
        item.object(|key, value| {
            if key != b"embedding" {
                return value.skip();
            }
            full = match value.peek() {
                Some(b'[') => value.numbers()?,
                // Base64; what the numbers are is nobody's concern here.
                Some(b'"') => !value.string()?.is_empty(),
                _ => value.skip().map(|()| false)?,
            };
            Ok(())
        })?;
        *items += u32::from(full);
        Ok(())
    })?;
    Ok(true)
}

fn malformed(broken: Broken, body: &[u8]) -> Failure {
    let message = if body.trim_ascii_start().starts_with(b"data:") {
        format!("a stream of events came where one answer was asked for: {}", excerpt(body))
    } else {
        broken.explain("the answer", body)
    };
    Failure { kind: FailureKind::Malformed, message }
}

fn empty(message: &str) -> Failure {
    Failure { kind: FailureKind::Empty, message: message.to_owned() }
}
