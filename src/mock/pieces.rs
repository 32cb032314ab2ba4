//! The pieces that a stream is cut from.
//!
//! The words of an answer repeat, and so do its events: each is rendered once per request and
//! handed out again and again without being copied.

use bytes::Bytes;

use super::refusal::Refusal;
use super::render::{Title, WORDS, words};
use super::script::Script;
use crate::units::{count, index, to_u32};

/// The pieces of a stream.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    /// What comes at once: the role of a chat.
    pub(super) head: Option<Bytes>,
    /// What follows the last event: the finish, the usage, `[DONE]`.
    pub(super) tail: Bytes,
    /// What comes instead of the rest where the stream breaks.
    pub(super) error: Bytes,
    /// Events full of tokens, which repeat in turn.
    ring: Bytes,
    /// Where each of them ends.
    ends: Vec<usize>,
    full_events: u32,
    /// The last event, where it holds fewer tokens than the others.
    last: Bytes,
}

impl Pieces {
    /// The pieces of the stream that answers by `script`.
    pub(super) fn new(title: &Title, script: &Script, include_usage: bool) -> Self {
        let (before, after) = title.text_event();
        let per_event = script.tokens_per_event;
        let full_events = script.tokens / per_event;
        // After as many events as there are words, the first word comes first again.
        let distinct = full_events.min(to_u32(count(WORDS.len())));
        let (mut ring, mut ends) = (String::new(), Vec::new());
        for event in 0..distinct {
            ring += &before;
            ring += &words(event * per_event, per_event);
            ring += &after;
            ends.push(ring.len());
        }
        let rest = words(full_events * per_event, script.tokens % per_event);
        Self {
            head: title.role_event().map(Bytes::from),
            tail: title.closing_events(script, include_usage).into(),
            error: format!("data: {}\n\n", Refusal::injected().body()).into(),
            ring: ring.into(),
            ends,
            full_events,
            last: format!("{before}{rest}{after}").into(),
        }
    }

    /// Events from number `from` on, up to but without number `to` or fewer, and how many.
    pub(super) fn events(&self, from: u32, to: u32) -> (Bytes, u32) {
        if from >= self.full_events {
            return (self.last.clone(), 1);
        }
        let distinct = to_u32(count(self.ends.len()));
        let first = from % distinct;
        let events = to.min(self.full_events).saturating_sub(from).min(distinct - first);
        let start = if first == 0 { 0 } else { self.end_of(first - 1) };
        (self.ring.slice(start..self.end_of(first + events - 1)), events)
    }

    fn end_of(&self, event: u32) -> usize {
        self.ends[index(u64::from(event))]
    }
}

#[cfg(test)]
mod tests {
    use super::Pieces;
    use crate::mock::draw::Lottery;
    use crate::mock::render::{Title, words};
    use crate::mock::request::Limit;
    use crate::mock::script::Script;
    use crate::openai::Endpoint;
    use crate::scenario::{Distribution, MockSpec};

    fn pieces(endpoint: Endpoint, tokens: u32, tokens_per_event: u32) -> Pieces {
        let output_tokens = Distribution::Constant(f64::from(tokens));
        let spec = MockSpec { output_tokens, tokens_per_event, ..MockSpec::default() };
        let script = Script::generation(&spec, Limit::default(), &Lottery::new(0).draw("", b""));
        let model = "qwen3:\"4b\"".to_owned();
        let title = Title { endpoint, number: 7, created: 1, model, prompt_tokens: 5 };
        Pieces::new(&title, &script, true)
    }

    fn text(pieces: &Pieces, events: u32, run: u32) -> String {
        let (mut from, mut all) = (0, String::new());
        while from < events {
            let (bytes, given) = pieces.events(from, events.min(from + run));
            all += str::from_utf8(&bytes).unwrap();
            from += given;
        }
        let events = all.split_terminator("\n\n").map(|event| {
            let event = event.strip_prefix("data: ").unwrap();
            let event: serde_json::Value = serde_json::from_str(event).unwrap();
            event["choices"][0]["delta"]["content"].as_str().unwrap().to_owned()
        });
        events.collect()
    }

    #[test]
    fn a_stream_of_a_chat_reads_like_a_real_one() {
        let pieces = pieces(Endpoint::Chat, 2, 1);
        let (events, given) = pieces.events(0, 2);
        assert_eq!(given, 2);
        let all = [pieces.head.clone().unwrap(), events, pieces.tail.clone()].concat();
        insta::assert_snapshot!(String::from_utf8(all).unwrap(), @r#"
        data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1,"model":"qwen3:\"4b\"","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

        data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1,"model":"qwen3:\"4b\"","choices":[{"index":0,"delta":{"content":"the "},"finish_reason":null}]}

        data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1,"model":"qwen3:\"4b\"","choices":[{"index":0,"delta":{"content":"time "},"finish_reason":null}]}

        data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1,"model":"qwen3:\"4b\"","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

        data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1,"model":"qwen3:\"4b\"","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}

        data: [DONE]
        "#);
    }

    #[test]
    fn a_stream_of_a_completion_has_text_and_no_role() {
        let pieces = pieces(Endpoint::Completions, 1, 1);
        assert_eq!(pieces.head, None);
        let all = [pieces.events(0, 1).0, pieces.tail.clone()].concat();
        insta::assert_snapshot!(String::from_utf8(all).unwrap(), @r#"
        data: {"id":"cmpl-7","object":"text_completion","created":1,"model":"qwen3:\"4b\"","choices":[{"index":0,"text":"the ","finish_reason":null}]}

        data: {"id":"cmpl-7","object":"text_completion","created":1,"model":"qwen3:\"4b\"","choices":[{"index":0,"text":"","finish_reason":"stop"}]}

        data: {"id":"cmpl-7","object":"text_completion","created":1,"model":"qwen3:\"4b\"","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}

        data: [DONE]
        "#);
    }

    #[test]
    fn events_add_up_to_the_answer_however_they_are_taken() {
        for (tokens, per_event) in [(1, 1), (100, 1), (100, 3), (7, 8), (96, 4)] {
            let pieces = pieces(Endpoint::Chat, tokens, per_event);
            for run in [1, 5, 1_000] {
                let text = text(&pieces, tokens.div_ceil(per_event), run);
                assert_eq!(text, words(0, tokens), "{tokens} by {per_event}, {run} at a time");
            }
        }
    }
}
