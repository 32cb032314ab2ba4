//! Ollama's own answers: an object a line, and the same whole.
//!
//! A stream ends with the object that says `done`; it carries the reason, the counts and the
//! server's own times. A stream that breaks off inside, as when the process behind it dies, has
//! none, or an `error` in its place.
//!
//! # Source
//!
//! <https://github.com/ollama/ollama/blob/main/docs/api.md>: "Generate a completion", "Generate a
//! chat completion". Times are in nanoseconds.

use super::facts::{Facts, finish_reason, message, says_something, text_of};
use super::scan::{Scan, Scanner};
use super::server_times::nanoseconds;
use super::text::{RawText, TextPart};
use super::usage::count;
use crate::record::{FinishReason, ServerTimes, TokenUsage};

/// Reads a line of a stream or a whole answer. `on_text` is given the generated text in it, empty
/// ones too, reasoning before content.
pub(super) fn read_object<'a>(
    json: &'a [u8],
    on_text: &mut impl FnMut(TextPart, RawText<'a>),
) -> Scan<Facts<'a>> {
    let mut facts = Facts::default();
    let (mut times, mut usage) = (ServerTimes::default(), TokenUsage::default());
    let mut is_error = false;
    let mut scanner = Scanner::new(json);
    scanner.object(|key, value| {
        match key {
            b"message" => {
                facts.choices = 1;
                message(value, on_text)?;
            }
            b"response" => {
                facts.choices = 1;
                text_of(TextPart::Content, value, on_text)?;
            }
            b"thinking" => text_of(TextPart::Reasoning, value, on_text)?,
            b"done" => facts.last = value.value()? == b"true",
            b"done_reason" => finish_reason(value, &mut facts)?,
            b"load_duration" => times.load = nanoseconds(value)?,
            b"prompt_eval_count" => usage.input = count(value)?,
            b"prompt_eval_duration" => times.prefill = nanoseconds(value)?,
            b"eval_count" => usage.output = count(value)?,
            b"eval_duration" => times.decode = nanoseconds(value)?,
            b"error" => facts.error = Some(value.value()?).filter(|error| says_something(error)),
            b"detail" => {
                value.skip()?;
                is_error = true;
            }
            _ => value.skip()?,
        }
        Ok(())
    })?;
    scanner.end()?;
    if facts.choices == 0 && is_error {
        facts.error = facts.error.or(Some(json));
    }
    if !facts.last {
        // A reason means something only where the answer is over.
        facts.finish = None;
        return Ok(facts);
    }
    // Servers before 0.3 say `done` and not why.
    facts.finish = facts.finish.or(Some(FinishReason::Stop));
    (times.prefill_tokens, times.decode_tokens) = (usage.input, usage.output);
    facts.usage = (usage != TokenUsage::default()).then_some(usage);
    facts.times = (times != ServerTimes::default()).then_some(times);
    Ok(facts)
}
