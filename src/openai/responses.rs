//! Responses: answers made of items, and streams whose events are named by what they tell.
//!
//! A stream ends with the event that closes the response (`response.completed`, `.incomplete`,
//! `.failed`), or with `error`; that event carries the counts. What follows is not read, a
//! `[DONE]` included, which some gateways add and which alone completes nothing.
//!
//! Text is what the `delta` events bring. The events that repeat it whole (`….done`), and the
//! output inside the closing event, are stepped over.
//!
//! # Source
//!
//! "Responses" and "Streaming events" in the API reference of OpenAI. Servers name the deltas of
//! reasoning differently; all names that are known count.

use super::endpoint::{Api, Description, Output, TextForm};
use super::facts::{Facts, parts, says_something, string};
use super::scan::{Scan, Scanner};
use super::text::{RawText, TextPart};
use super::usage::read_usage;
use crate::record::FinishReason;

/// `/v1/responses`
pub(super) const ENDPOINT: Description = Description {
    key: "responses",
    path: "/responses",
    api: Api::Openai,
    output: Output::Text(TextForm::Response),
};

/// Told where a response failed and does not say why.
const NO_REASON: &[u8] = b"\"the response failed, without a reason\"";

/// What an event says at its top.
#[derive(Default)]
struct Event<'a> {
    kind: &'a [u8],
    delta: Option<RawText<'a>>,
    response: Option<&'a [u8]>,
    item: Option<&'a [u8]>,
    error: Option<&'a [u8]>,
}

/// Reads one event of a stream. `on_text` is given the generated text in it, empty ones too.
pub(super) fn read_event<'a>(
    json: &'a [u8],
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<Facts<'a>> {
    let mut event = Event::default();
    let mut scanner = Scanner::new(json);
    scanner.object(|key, value| {
        match key {
            b"type" => event.kind = string(value)?.map_or(b"", RawText::as_raw),
            b"delta" => event.delta = string(value)?,
            b"response" => event.response = Some(value.value()?),
            b"item" => event.item = Some(value.value()?),
            b"error" => event.error = Some(value.value()?).filter(|error| says_something(error)),
            _ => value.skip()?,
        }
        Ok(())
    })?;
    scanner.end()?;
    if let (Some(part), Some(delta)) = (part_of(event.kind), event.delta) {
        on_text(part, delta);
        return Ok(Facts::default());
    }
    match event.kind {
        b"response.output_item.added" => {
            if let Some(item) = event.item {
                read_called(&mut Scanner::new(item), on_text)?;
            }
            Ok(Facts::default())
        }
        b"response.completed" | b"response.done" => closing(&event, b"completed"),
        b"response.incomplete" => closing(&event, b"incomplete"),
        b"response.failed" => closing(&event, b"failed"),
        b"response.cancelled" => closing(&event, b"cancelled"),
        b"error" => Ok(Facts { error: event.error.or(Some(json)), last: true, ..Facts::default() }),
        // An error that has no name, as gateways send it.
        _ => Ok(Facts { error: event.error, last: event.error.is_some(), ..Facts::default() }),
    }
}

/// What the delta of an event is part of; `None` for events without one that is generated.
fn part_of(kind: &[u8]) -> Option<TextPart> {
    Some(match kind {
        b"response.output_text.delta" => TextPart::Content,
        b"response.refusal.delta" => TextPart::Refusal,
        b"response.reasoning_text.delta"
        | b"response.reasoning_summary_text.delta"
        | b"response.reasoning.delta"
        | b"response.reasoning_summary.delta" => TextPart::Reasoning,
        b"response.function_call_arguments.delta"
        | b"response.custom_tool_call_input.delta"
        | b"response.mcp_call_arguments.delta"
        | b"response.mcp_call.arguments_delta"
        | b"response.code_interpreter_call_code.delta" => TextPart::CallArguments,
        _ => return None,
    })
}

/// The facts of an event that closes a response; the response itself knows its status best.
fn closing<'a>(event: &Event<'a>, status: &'a [u8]) -> Scan<Facts<'a>> {
    let mut facts = match event.response {
        Some(response) => read_response(response, Some(status), &mut |_, _| {})?,
        None => of_status(&Response::default(), status),
    };
    if facts.error.is_none() && status == b"failed" {
        facts.error = event.error.or(Some(NO_REASON));
    }
    facts.last = true;
    Ok(facts)
}

/// What a response says of itself.
#[derive(Default)]
struct Response<'a> {
    status: Option<RawText<'a>>,
    reason: Option<RawText<'a>>,
    error: Option<&'a [u8]>,
    calls: bool,
}

/// Reads a whole response. `status` counts where it does not tell its own; without either there
/// is no saying whether it is one.
pub(super) fn read_response<'a>(
    json: &'a [u8],
    status: Option<&'a [u8]>,
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<Facts<'a>> {
    let mut response = Response::default();
    let mut usage = None;
    let mut items = 0;
    let mut is_response = status.is_some();
    let mut scanner = Scanner::new(json);
    scanner.object(|key, value| {
        match key {
            b"status" => response.status = string(value)?,
            b"incomplete_details" => response.reason = reason(value)?,
            b"error" => response.error = Some(value.value()?).filter(|error| says_something(error)),
            b"usage" => usage = read_usage(value)?,
            b"output" if value.peek() == Some(b'[') => {
                is_response = true;
                value.array(|item| {
                    items += 1;
                    item_of(item, &mut response.calls, on_text)
                })?;
            }
            _ => value.skip()?,
        }
        Ok(())
    })?;
    scanner.end()?;
    let status = response.status.map(RawText::as_raw).or(status).unwrap_or(b"completed");
    let mut facts = of_status(&response, status);
    if !is_response {
        facts.error = facts.error.or(Some(json));
    }
    Ok(Facts { usage, choices: items, ..facts })
}

fn of_status<'a>(response: &Response<'a>, status: &[u8]) -> Facts<'a> {
    let (finish, error) = match status {
        b"completed" if response.calls => (Some(FinishReason::ToolCalls), response.error),
        b"completed" => (Some(FinishReason::Stop), response.error),
        b"incomplete" => (Some(why_incomplete(response.reason)), response.error),
        b"failed" | b"cancelled" => (None, response.error.or(Some(NO_REASON))),
        // Still in progress: nothing has ended it.
        _ => (None, response.error),
    };
    Facts { finish, error, ..Facts::default() }
}

fn why_incomplete(reason: Option<RawText<'_>>) -> FinishReason {
    match reason.map(RawText::as_raw) {
        Some(b"max_output_tokens" | b"max_tokens") => FinishReason::Length,
        Some(b"content_filter") => FinishReason::ContentFilter,
        _ => FinishReason::Other,
    }
}

fn reason<'a>(scanner: &mut Scanner<'a>) -> Scan<Option<RawText<'a>>> {
    let mut reason = None;
    if scanner.peek() != Some(b'{') {
        return scanner.skip().map(|()| None);
    }
    scanner.object(|key, value| {
        if key == b"reason" {
            reason = string(value)?;
            return Ok(());
        }
        value.skip()
    })?;
    Ok(reason)
}

/// One item of a response's output.
fn item_of<'a>(
    scanner: &mut Scanner<'a>,
    calls: &mut bool,
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<()> {
    if scanner.peek() != Some(b'{') {
        return scanner.skip();
    }
    let whole = scanner.value()?;
    let (mut kind, mut scanner) = (&b""[..], Scanner::new(whole));
    scanner.object(|key, value| {
        if key == b"type" {
            kind = string(value)?.map_or(b"", RawText::as_raw);
            return Ok(());
        }
        value.skip()
    })?;
    match kind {
        b"reasoning" => texts_of(whole, TextPart::Reasoning, on_text),
        kind if is_call(kind) => {
            *calls = true;
            read_called(&mut Scanner::new(whole), on_text)
        }
        _ => texts_of(whole, TextPart::Content, on_text),
    }
}

/// The texts in the content and the summary of an item.
fn texts_of<'a>(
    item: &'a [u8],
    part: TextPart,
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<()> {
    Scanner::new(item).object(|key, value| match key {
        b"content" | b"summary" => parts(value, &mut |key, value| {
            let part = match key {
                b"text" => part,
                b"refusal" => TextPart::Refusal,
                _ => return value.skip(),
            };
            if let Some(text) = string(value)? {
                on_text(part, text);
            }
            Ok(())
        }),
        _ => value.skip(),
    })
}

/// The name and the arguments of an item that calls a tool; nothing of any other.
fn read_called<'a>(
    scanner: &mut Scanner<'a>,
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<()> {
    let (mut kind, mut name, mut arguments) = (&b""[..], None, None);
    if scanner.peek() != Some(b'{') {
        return scanner.skip();
    }
    scanner.object(|key, value| {
        match key {
            b"type" => kind = string(value)?.map_or(b"", RawText::as_raw),
            b"name" => name = string(value)?,
            b"arguments" | b"input" => arguments = string(value)?,
            _ => value.skip()?,
        }
        Ok(())
    })?;
    if !is_call(kind) {
        return Ok(());
    }
    let said = [(TextPart::CallName, name), (TextPart::CallArguments, arguments)];
    for (part, text) in said {
        if let Some(text) = text {
            on_text(part, text);
        }
    }
    Ok(())
}

fn is_call(kind: &[u8]) -> bool {
    matches!(kind, b"function_call" | b"custom_tool_call" | b"mcp_call")
}
