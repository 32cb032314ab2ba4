//! The text of whole answers, and of single events.
//!
//! An answer repeats one sentence, a word a token, whatever was asked.

use serde_json::{Value, json};

use super::script::Script;
use crate::openai::Endpoint;
use crate::units::index;

/// The words of every answer; each is a token, and none needs escaping in JSON.
pub(super) const WORDS: [&str; 32] = [
    "the ",
    "time ",
    "to ",
    "the ",
    "first ",
    "token ",
    "is ",
    "what ",
    "a ",
    "reader ",
    "feels ",
    "and ",
    "the ",
    "gaps ",
    "that ",
    "follow ",
    "are ",
    "what ",
    "a ",
    "reader ",
    "sees ",
    "so ",
    "both ",
    "are ",
    "measured ",
    "here ",
    "one ",
    "by ",
    "one ",
    "and ",
    "kept ",
    "apart. ",
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
pub(super) fn words(first: u32, tokens: u32) -> String {
    let at = |token: u32| index(u64::from(token)) % WORDS.len();
    (first..first.saturating_add(tokens)).map(|token| WORDS[at(token)]).collect()
}

impl Title {
    /// The whole answer to a request that did not ask for a stream.
    pub(super) fn whole(&self, script: &Script) -> String {
        let text = words(0, script.tokens);
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

    /// The event that tells who speaks; completions have none.
    pub(super) fn role_event(&self) -> Option<String> {
        let delta = json!({"role": "assistant", "content": ""});
        let choices = json!([{"index": 0, "delta": delta, "finish_reason": null}]);
        (self.endpoint == Endpoint::Chat).then(|| self.event(&choices, None))
    }

    /// An event with text, cut in two where the text belongs.
    pub(super) fn text_event(&self) -> (String, String) {
        let (choice, mark) = match self.endpoint {
            Endpoint::Chat => {
                let choice = json!({"index": 0, "delta": {"content": ""}, "finish_reason": null});
                (choice, r#""content":""#)
            }
            Endpoint::Completions | Endpoint::Embeddings => {
                (json!({"index": 0, "text": "", "finish_reason": null}), r#""text":""#)
            }
        };
        let mut event = self.event(&json!([choice]), None);
        // The last mark: a model's name may hold one too, but stands before the choices.
        let cut = event.rfind(mark).map_or(event.len(), |at| at + mark.len());
        let after = event.split_off(cut);
        (event, after)
    }

    /// The events that end a stream.
    pub(super) fn closing_events(&self, script: &Script, include_usage: bool) -> String {
        let reason = finish_reason(script);
        let choices = match self.endpoint {
            Endpoint::Chat => json!([{"index": 0, "delta": {}, "finish_reason": reason}]),
            Endpoint::Completions | Endpoint::Embeddings => {
                json!([{"index": 0, "text": "", "finish_reason": reason}])
            }
        };
        let mut events = self.event(&choices, None);
        if include_usage {
            events.push_str(&self.event(&json!([]), Some(self.usage(script))));
        }
        events.push_str("data: [DONE]\n\n");
        events
    }

    fn event(&self, choices: &Value, usage: Option<Value>) -> String {
        let object = match self.endpoint {
            Endpoint::Chat => "chat.completion.chunk",
            Endpoint::Completions | Endpoint::Embeddings => "text_completion",
        };
        let mut chunk = json!({
            "id": self.id(), "object": object, "created": self.created, "model": self.model,
            "choices": choices,
        });
        if let Some(usage) = usage {
            chunk["usage"] = usage;
        }
        format!("data: {chunk}\n\n")
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
