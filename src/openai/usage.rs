//! The server's token counts.

use super::scan::{Scan, Scanner};
use super::stream::Chunk;
use crate::record::TokenUsage;
use crate::units::{to_u32, whole};

/// Reads a `usage` object; `None` for `null`, for what is no object, and where all counts are
/// zero: several servers send zeros for "not counted yet", some to the very end.
pub(super) fn read_usage(scanner: &mut Scanner<'_>) -> Scan<Option<TokenUsage>> {
    if scanner.peek() != Some(b'{') {
        return scanner.skip().map(|()| None);
    }
    let mut usage = TokenUsage::default();
    scanner.object(|key, value| {
        match key {
            // Chats name the counts one way, responses the other.
            b"prompt_tokens" | b"input_tokens" => usage.input = count(value)?,
            b"completion_tokens" | b"output_tokens" => usage.output = count(value)?,
            b"completion_tokens_details" | b"output_tokens_details" => {
                details(value, b"reasoning_tokens", &mut usage.reasoning)?;
            }
            b"prompt_tokens_details" | b"input_tokens_details" => {
                details(value, b"cached_tokens", &mut usage.cached)?;
            }
            // SGLang and DeepSeek write these beside the totals.
            b"reasoning_tokens" => usage.reasoning = usage.reasoning.or(count(value)?),
            b"prompt_cache_hit_tokens" => usage.cached = usage.cached.or(count(value)?),
            _ => value.skip()?,
        }
        Ok(())
    })?;
    let counted = usage.input.unwrap_or(0) > 0 || usage.output.unwrap_or(0) > 0;
    Ok(counted.then_some(usage))
}

fn details(scanner: &mut Scanner<'_>, wanted: &[u8], into: &mut Option<u32>) -> Scan<()> {
    if scanner.peek() != Some(b'{') {
        return scanner.skip();
    }
    scanner.object(|key, value| {
        if key == wanted {
            *into = count(value)?.or(*into);
            return Ok(());
        }
        value.skip()
    })
}

/// A count, or `None` for what is none.
pub(super) fn count(scanner: &mut Scanner<'_>) -> Scan<Option<u32>> {
    let text = str::from_utf8(scanner.value()?).unwrap_or_default();
    let number = text.parse().ok().or_else(|| text.parse().ok().map(whole));
    Ok(number.map(to_u32))
}

/// Tells the tokens of each text event where the server counts while it streams.
///
/// The difference of two counts is what the text between them took. That holds only as long
/// as every event with text brings a count: one that comes with the last event alone says
/// nothing about the events before it, nor about that one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunningUsage {
    counted: u32,
    broken: bool,
}

impl RunningUsage {
    /// The tokens of an event with text; `None` where they are not known, or without text.
    ///
    /// Tokens that came without text (held back until a character was whole) belong to the
    /// text that follows them.
    pub fn tokens_of(&mut self, chunk: &Chunk) -> Option<u32> {
        chunk.text?;
        let Some(output) = chunk.usage.and_then(|usage| usage.output) else {
            self.broken = true;
            return None;
        };
        let tokens = output.checked_sub(self.counted).filter(|tokens| *tokens > 0);
        self.counted = output;
        tokens.filter(|_| !self.broken)
    }
}

#[cfg(test)]
mod tests {
    use super::{RunningUsage, Scanner, read_usage};
    use crate::openai::{Chunk, Text};
    use crate::record::TokenUsage;

    fn read(json: &str) -> Option<TokenUsage> {
        read_usage(&mut Scanner::new(json.as_bytes())).unwrap()
    }

    #[test]
    fn all_counts_are_read_wherever_servers_put_them() {
        let expected =
            TokenUsage { input: Some(24), output: Some(7), reasoning: Some(3), cached: Some(23) };
        assert_eq!(
            read(
                r#"{"prompt_tokens": 24, "completion_tokens": 7, "total_tokens": 31,
                    "prompt_tokens_details": {"cached_tokens": 23, "audio_tokens": null},
                    "completion_tokens_details": {"reasoning_tokens": 3}}"#
            ),
            Some(expected)
        );
        assert_eq!(
            read(
                r#"{"prompt_tokens": 24.0, "completion_tokens": 7, "reasoning_tokens": 3,
                    "prompt_tokens_details": null, "prompt_cache_hit_tokens": 23}"#
            ),
            Some(expected)
        );
    }

    #[test]
    fn zero_or_absent_usage_is_none() {
        let zero = r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#;
        assert_eq!([read(zero), read("null"), read("[1]"), read("{}")], [None; 4]);
    }

    #[test]
    fn what_is_no_count_is_absent() {
        let usage = read(r#"{"prompt_tokens": "9", "completion_tokens": -1}"#);
        assert_eq!(usage, None);
    }

    fn tokens(events: &[(bool, Option<u32>)]) -> Vec<Option<u32>> {
        let mut running = RunningUsage::default();
        let tokens_of = |(text, output): &(bool, Option<u32>)| {
            running.tokens_of(&Chunk {
                calls: 0,
                text: text.then(Text::default),
                finish: None,
                usage: output
                    .map(|output| TokenUsage { output: Some(output), ..TokenUsage::default() }),
            })
        };
        events.iter().map(tokens_of).collect()
    }

    #[test]
    fn a_running_count_tells_the_tokens_of_each_event() {
        let events = [(false, Some(0)), (true, Some(1)), (true, Some(3)), (false, Some(5))];
        assert_eq!(tokens(&events), [None, Some(1), Some(2), None]);
    }

    #[test]
    fn tokens_without_text_belong_to_the_text_that_follows() {
        let events = [(false, Some(2)), (false, None), (true, Some(4)), (true, Some(6))];
        assert_eq!(tokens(&events), [None, None, Some(4), Some(2)]);
    }

    #[test]
    fn a_count_at_the_end_tells_no_event_apart() {
        let events = [(true, None), (true, None), (true, Some(9)), (true, Some(10))];
        assert_eq!(tokens(&events), [None; 4]);
    }
}
