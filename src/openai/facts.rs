//! What one JSON object of the API says: a chunk of a stream, or a whole answer.
//!
//! Texts are handed to the caller as they are met; counts, reasons and errors are collected.
//! Fields are taken where any known server puts them, unknown ones are stepped over, and a
//! known field of an unexpected type counts as absent, except `choices`, without which there
//! is no protocol to speak of.

use super::scan::{Scan, Scanner};
use super::server_times::read_timings;
use super::text::{RawText, TextPart};
use super::usage::read_usage;
use crate::record::{FinishReason, ServerTimes, TokenUsage};

/// What one JSON object of the API says, but for its texts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts<'a> {
    /// The number of choices.
    pub(super) choices: u32,
    /// Why it ended; of several choices, the first that says so.
    pub(super) finish: Option<FinishReason>,
    /// The server's counts, unless all are zero.
    pub(super) usage: Option<TokenUsage>,
    /// The error it tells of, as JSON: the value of `error`, or the whole object.
    pub(super) error: Option<&'a [u8]>,
    /// Whether the finish reason is `error`.
    pub(super) finished_with_error: bool,
    /// Whether it is an event that ends its stream.
    pub(super) last: bool,
    /// The server's own times.
    pub(super) times: Option<ServerTimes>,
}

/// Reads a chunk or an answer. `on_text` is given every string of generated text, empty ones
/// too, reasoning before content; a text that comes in two reasoning fields comes once.
pub(super) fn read_facts<'a>(
    json: &'a [u8],
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<Facts<'a>> {
    let mut facts = Facts::default();
    let mut has_choices = false;
    let mut is_error = false;
    let mut scanner = Scanner::new(json);
    scanner.object(|key, value| {
        match key {
            b"choices" => has_choices = choices(value, &mut facts, on_text)?,
            b"usage" => facts.usage = read_usage(value)?,
            b"timings" => facts.times = read_timings(value)?,
            b"error" => facts.error = Some(value.value()?).filter(|error| says_something(error)),
            b"object" | b"type" => is_error |= value.value()? == b"\"error\"",
            b"detail" => {
                value.skip()?;
                is_error = true;
            }
            _ => value.skip()?,
        }
        Ok(())
    })?;
    scanner.end()?;
    if is_error && !has_choices {
        facts.error = facts.error.or(Some(json));
    }
    Ok(facts)
}

pub(super) fn says_something(error: &[u8]) -> bool {
    !matches!(error, b"null" | b"false" | b"\"\"" | b"{}")
}

/// Whether there was a list, be it an empty one.
fn choices<'a>(
    scanner: &mut Scanner<'a>,
    facts: &mut Facts<'a>,
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<bool> {
    if scanner.null()? {
        return Ok(false);
    }
    scanner.array(|choice| {
        facts.choices += 1;
        choice.object(|key, value| {
            match key {
                b"delta" | b"message" => message(value, on_text)?,
                b"text" => content(value, on_text)?,
                b"finish_reason" => finish_reason(value, facts)?,
                _ => value.skip()?,
            }
            Ok(())
        })
    })?;
    Ok(true)
}

pub(super) fn finish_reason<'a>(scanner: &mut Scanner<'a>, facts: &mut Facts<'a>) -> Scan<()> {
    let Some(reason) = string(scanner)? else { return Ok(()) };
    facts.finished_with_error |= reason.as_raw() == b"error";
    let reason = match reason.as_raw() {
        // Some gateways send an empty reason while the answer goes on.
        b"" => return Ok(()),
        b"stop" | b"eos_token" | b"stop_sequence" | b"end_turn" => FinishReason::Stop,
        b"length" | b"max_tokens" => FinishReason::Length,
        b"tool_calls" | b"function_call" | b"tool_use" => FinishReason::ToolCalls,
        b"content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Other,
    };
    facts.finish.get_or_insert(reason);
    Ok(())
}

/// A `delta` of a stream or a `message` of an answer.
pub(super) fn message<'a>(
    scanner: &mut Scanner<'a>,
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<()> {
    if scanner.peek() != Some(b'{') {
        return scanner.skip();
    }
    let mut reasoning: [Option<RawText<'a>>; 2] = [None; 2];
    let mut said: [Option<RawText<'a>>; 2] = [None; 2];
    scanner.object(|key, value| {
        match key {
            b"content" if value.peek() == Some(b'[') => content(value, on_text)?,
            b"content" => said[0] = string(value)?,
            b"refusal" => said[1] = string(value)?,
            b"reasoning_content" => reasoning[0] = string(value)?,
            b"reasoning" | b"thinking" => reasoning[1] = string(value)?,
            b"tool_calls" => tool_calls(value, on_text)?,
            b"function_call" => called(value, on_text)?,
            _ => value.skip()?,
        }
        Ok(())
    })?;
    if reasoning[0] == reasoning[1] {
        reasoning[1] = None;
    }
    for text in reasoning.into_iter().flatten() {
        on_text(TextPart::Reasoning, text);
    }
    for (part, text) in [TextPart::Content, TextPart::Refusal].into_iter().zip(said) {
        if let Some(text) = text {
            on_text(part, text);
        }
    }
    Ok(())
}

/// Content as a string, or as Mistral sends it from models that think: a list of parts.
fn content<'a>(
    scanner: &mut Scanner<'a>,
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<()> {
    match scanner.peek() {
        Some(b'"') => scanner.string().map(|text| on_text(TextPart::Content, text)),
        Some(b'[') => parts(scanner, &mut |key, value| match key {
            b"text" => text_of(TextPart::Content, value, on_text),
            b"thinking" => parts(value, &mut |key, value| match key {
                b"text" => text_of(TextPart::Reasoning, value, on_text),
                _ => value.skip(),
            }),
            _ => value.skip(),
        }),
        _ => scanner.skip(),
    }
}

/// Reads a list of objects, field by field; what is no list or no object is stepped over.
pub(super) fn parts<'a>(
    scanner: &mut Scanner<'a>,
    field: &mut impl FnMut(&'a [u8], &mut Scanner<'a>) -> Scan<()>,
) -> Scan<()> {
    if scanner.peek() != Some(b'[') {
        return scanner.skip();
    }
    scanner.array(|part| match part.peek() {
        Some(b'{') => part.object(&mut *field),
        _ => part.skip(),
    })
}

fn tool_calls<'a>(
    scanner: &mut Scanner<'a>,
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<()> {
    parts(scanner, &mut |key, value| match key {
        b"function" => called(value, on_text),
        _ => value.skip(),
    })
}

/// A function's name and arguments.
fn called<'a>(
    scanner: &mut Scanner<'a>,
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<()> {
    if scanner.peek() != Some(b'{') {
        return scanner.skip();
    }
    scanner.object(|key, value| match key {
        b"name" => text_of(TextPart::CallName, value, on_text),
        b"arguments" => text_of(TextPart::CallArguments, value, on_text),
        _ => value.skip(),
    })
}

pub(super) fn text_of<'a>(
    part: TextPart,
    scanner: &mut Scanner<'a>,
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<()> {
    if let Some(text) = string(scanner)? {
        on_text(part, text);
    }
    Ok(())
}

/// A string, or `None` for what is none.
#[inline]
pub(super) fn string<'a>(scanner: &mut Scanner<'a>) -> Scan<Option<RawText<'a>>> {
    match scanner.peek() {
        Some(b'"') => scanner.string().map(Some),
        _ => scanner.skip().map(|()| None),
    }
}
