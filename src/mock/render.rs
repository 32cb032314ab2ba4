//! The text of whole answers, and of single events.
//!
//! An answer repeats one sentence, a word a token, whatever was asked.

use serde_json::{Value, json};

use super::script::Script;
use crate::openai::Endpoint;
use crate::units::index;

/// The words of every answer; each is a token, and none needs escaping in JSON.
pub(super) const WORDS: [&str; 32] = [
    "the ", "time ", "to ", "the ", "first ", "token ", "is ", "what ", "a ", "reader ", "feels ",
    "and ", "the ", "gaps ", "that ", "follow ", "are ", "what ", "a ", "reader ", "sees ", "so ",
    "both ", "are ", "timed ", "here ", "one ", "by ", "one ", "and ", "kept ", "apart. ",
];

/// What names an answer.
#[derive(Clone, Debug)]
pub(super) struct Title {
    /// The endpoint that was asked.
    pub(super) endpoint: Endpoint,
    /// Number of the request; makes the id.
    pub(super) number: u64,
    /// Seconds since 1970.
    pub(super) created: i64,
    /// The model, as the request named it.
    pub(super) model: String,
    /// Input tokens.
    pub(super) prompt_tokens: u64,
}

/// `tokens` words, starting where `first` tokens came before.
pub(super) fn words(first: u32, tokens: u32) -> impl Iterator<Item = &'static str> {
    let at = |token: u32| index(u64::from(token)) % WORDS.len();
    (first..first.saturating_add(tokens)).map(move |token| WORDS[at(token)])
}

impl Title {
    /// The whole answer to a request that did not ask for a stream.
    pub(super) fn whole(&self, script: &Script) -> String {
        let text: String = words(0, script.tokens).collect();
        let (object, key, content) = match self.endpoint {
            Endpoint::Chat => {
                ("chat.completion", "message", json!({"role": "assistant", "content": text}))
            }
            Endpoint::Completions | Endpoint::Embeddings => {
                ("text_completion", "text", json!(text))
            }
        };
        let choice = json!({"index": 0, key: content, "finish_reason": finish_reason(script)});
        json!({
            "id": self.id(), "object": object, "created": self.created, "model": self.model,
            "choices": [choice], "usage": self.usage(script),
        })
        .to_string()
    }

    /// The answer to a request for embeddings.
    pub(super) fn embeddings(&self, vectors: impl Iterator<Item = Value>) -> String {
        let data: Vec<_> = vectors
            .enumerate()
            .map(|(index, embedding)| {
                json!({"object": "embedding", "index": index, "embedding": embedding})
            })
            .collect();
        let tokens = self.prompt_tokens;
        json!({
            "object": "list", "model": self.model, "data": data,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        })
        .to_string()
    }

    /// What every event of a stream begins with, up to its choices.
    pub(super) fn opening(&self) -> String {
        let object = match self.endpoint {
            Endpoint::Chat => "chat.completion.chunk",
            Endpoint::Completions | Endpoint::Embeddings => "text_completion",
        };
        // Written out rather than built: a burst of requests waits for this in line.
        format!(
            r#"data: {{"id":"{}","object":"{object}","created":{},"model":{},"choices":"#,
            self.id(),
            self.created,
            Value::from(self.model.as_str()),
        )
    }

    /// The rest of the event that tells who speaks; completions have none.
    pub(super) const fn role(&self) -> Option<&'static str> {
        const ROLE: &str = concat!(
            r#"[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            "\n\n"
        );
        match self.endpoint {
            Endpoint::Chat => Some(ROLE),
            Endpoint::Completions | Endpoint::Embeddings => None,
        }
    }

    /// The rest of an event with text: what stands before the text, and after.
    pub(super) const fn around_text(&self) -> (&'static str, &'static str) {
        match self.endpoint {
            Endpoint::Chat => (
                r#"[{"index":0,"delta":{"content":""#,
                concat!(r#""},"finish_reason":null}]}"#, "\n\n"),
            ),
            Endpoint::Completions | Endpoint::Embeddings => {
                (r#"[{"index":0,"text":""#, concat!(r#"","finish_reason":null}]}"#, "\n\n"))
            }
        }
    }

    /// The rest of the event that tells why the answer ends.
    pub(super) fn finish(&self, script: &Script) -> String {
        let nothing = match self.endpoint {
            Endpoint::Chat => r#""delta":{}"#,
            Endpoint::Completions | Endpoint::Embeddings => r#""text":"""#,
        };
        let reason = finish_reason(script);
        format!("[{{\"index\":0,{nothing},\"finish_reason\":\"{reason}\"}}]}}\n\n")
    }

    /// The rest of the event that counts tokens.
    pub(super) fn closing_usage(&self, script: &Script) -> String {
        format!("[],\"usage\":{}}}\n\n", self.usage(script))
    }

    fn id(&self) -> String {
        let prefix = match self.endpoint {
            Endpoint::Chat => "chatcmpl",
            Endpoint::Completions => "cmpl",
            Endpoint::Embeddings => "embd",
        };
        format!("{prefix}-{}", self.number)
    }

    fn usage(&self, script: &Script) -> Value {
        json!({
            "prompt_tokens": self.prompt_tokens, "completion_tokens": script.tokens,
            "total_tokens": self.prompt_tokens + u64::from(script.tokens),
        })
    }
}

const fn finish_reason(script: &Script) -> &'static str {
    if script.cut { "length" } else { "stop" }
}
