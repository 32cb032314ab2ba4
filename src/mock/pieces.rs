//! The pieces that a stream is cut from.
//!
//! The words of an answer repeat, and so do its events: each is rendered once per request and
//! handed out again and again without being copied.

use bytes::Bytes;

use super::native::{Closing, Spent};
use super::phrases::{self, Phrases};
use super::refusal::Refusal;
use super::render::{Title, WORDS, words};
use super::script::Script;
use crate::openai::Endpoint;
use crate::units::{count, index, to_u32};

/// The pieces of a stream, all in one buffer.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    endpoint: Endpoint,
    text: Bytes,
    /// Where the head ends, and what comes with the first event begins.
    lead_at: usize,
    /// Where the events themselves begin.
    events_at: usize,
    /// Where each of the full events ends; they repeat in turn.
    ends: Vec<usize>,
    /// How many full events the answer has.
    full_events: u32,
    /// Where the tail begins; before it stands the last event, where that is not full.
    tail_at: usize,
    /// The end of an answer that tells what it took.
    closing: Option<Closing>,
}

impl Pieces {
    /// The pieces of the stream that answers by `script`.
    pub(super) fn new(title: &Title, script: &Script, include_usage: bool) -> Self {
        let Phrases { head, lead, before, after, tail } =
            Phrases::new(title, script, include_usage);
        let per_event = script.tokens_per_event;
        let full_events = script.tokens / per_event;
        // After as many events as there are words, the first word comes first again.
        let distinct = full_events.min(to_u32(count(WORDS.len())));
        let mut text = head;
        let lead_at = text.len();
        text.push_str(&lead);
        let events_at = text.len();
        let mut ends = Vec::with_capacity(index(u64::from(distinct)));
        let mut add_event = |first, tokens| {
            text.push_str(&before);
            text.extend(words(first, tokens));
            text.push_str(after);
            text.len()
        };
        for event in 0..distinct {
            ends.push(add_event(event * per_event, per_event));
        }
        let rest = script.tokens % per_event;
        if rest > 0 {
            add_event(full_events * per_event, rest);
        }
        let tail_at = text.len();
        text.push_str(&tail);
        Self {
            endpoint: title.endpoint,
            lead_at,
            text: text.into(),
            events_at,
            ends,
            full_events,
            tail_at,
            closing: Closing::new(title, script),
        }
    }

    /// What comes at once: the role of a chat, say; `None` for a completion.
    pub(super) fn head(&self) -> Option<Bytes> {
        (self.lead_at > 0).then(|| self.text.slice(..self.lead_at))
    }

    /// The error that takes the place of the next event.
    pub(super) fn failure(&self) -> Bytes {
        phrases::failure(self.endpoint, &Refusal::injected()).into()
    }

    /// What follows the last event: the finish, the usage, `[DONE]`, what it took.
    pub(super) fn tail(&self, spent: Spent) -> Bytes {
        match &self.closing {
            Some(closing) => closing.line(spent).into(),
            None => self.text.slice(self.tail_at..),
        }
    }

    /// Events from number `from` on, up to but without number `to` or fewer, and how many.
    pub(super) fn events(&self, from: u32, to: u32) -> (Bytes, u32) {
        if from >= self.full_events {
            let start = if from == 0 { self.lead_at } else { self.start_of(self.ends.len()) };
            return (self.text.slice(start..self.tail_at), 1);
        }
        let distinct = to_u32(count(self.ends.len()));
        let first = from % distinct;
        let events = to.min(self.full_events).saturating_sub(from).min(distinct - first);
        let (start, end) = (index(u64::from(first)), index(u64::from(first + events)));
        let start = if from == 0 { self.lead_at } else { self.start_of(start) };
        (self.text.slice(start..self.start_of(end)), events)
    }

    /// Where a full event begins, or where the last of them ends.
    fn start_of(&self, event: usize) -> usize {
        if event == 0 { self.events_at } else { self.ends[event - 1] }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pieces, Spent};
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
        let title = Title { endpoint, number: 7, created: 1, model, prompt_tokens: 5, tool: None };
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
        let all = [pieces.head().unwrap(), events, pieces.tail(Spent::default())].concat();
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
        assert_eq!(pieces.head(), None);
        let all = [pieces.events(0, 1).0, pieces.tail(Spent::default())].concat();
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
                assert_eq!(
                    text,
                    words(0, tokens).collect::<String>(),
                    "{tokens} by {per_event}, {run} at a time"
                );
            }
        }
    }
}
