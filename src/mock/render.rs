//! The text of whole answers.
//!
//! An answer repeats one sentence, a word a token, whatever was asked.

use serde_json::{Value, json};

use super::responses;
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
    /// The tool that is called; `None` where the answer is plain text.
    pub(super) tool: Option<String>,
}

/// `tokens` words, starting where `first` tokens came before.
pub(super) fn words(first: u32, tokens: u32) -> impl Iterator<Item = &'static str> {
    let at = |token: u32| index(u64::from(token)) % WORDS.len();
    (first..first.saturating_add(tokens)).map(move |token| WORDS[at(token)])
}

/// The arguments of a called tool that hold `text`.
pub(super) fn arguments(text: &str) -> String {
    json!({"text": text}).to_string()
}

impl Title {
    /// The whole answer to a request for text that did not ask for a stream.
    pub(super) fn whole(&self, script: &Script) -> String {
        let text: String = words(0, script.tokens).collect();
        let (object, key, content) = match self.endpoint {
            Endpoint::Responses => return responses::whole(self, script).to_string(),
            Endpoint::Chat => ("chat.completion", "message", self.message(&text)),
            Endpoint::Completions
            | Endpoint::Embeddings
            | Endpoint::Rerank
            | Endpoint::OllamaChat
            | Endpoint::OllamaGenerate => ("text_completion", "text", json!(text)),
        };
        let reason = self.finish_reason(script);
        let choice = json!({"index": 0, key: content, "finish_reason": reason});
        json!({
            "id": self.id(), "object": object, "created": self.created, "model": self.model,
            "choices": [choice], "usage": self.usage(script),
        })
        .to_string()
    }

    fn message(&self, text: &str) -> Value {
        match &self.tool {
            None => json!({"role": "assistant", "content": text}),
            Some(tool) => json!({
                "role": "assistant", "content": null,
                "tool_calls": [{
                    "id": self.call_id(), "type": "function",
                    "function": {"name": tool, "arguments": arguments(text)},
                }],
            }),
        }
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

    /// The answer to a request for a ranking; `results` stand in its order.
    pub(super) fn ranking(&self, results: &[Value]) -> String {
        let tokens = self.prompt_tokens;
        json!({
            "id": self.id(), "model": self.model, "results": results,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        })
        .to_string()
    }

    pub(super) fn id(&self) -> String {
        let prefix = match self.endpoint {
            Endpoint::Chat => "chatcmpl",
            Endpoint::Completions | Endpoint::OllamaChat | Endpoint::OllamaGenerate => "cmpl",
            Endpoint::Responses => "resp",
            Endpoint::Embeddings => "embd",
            Endpoint::Rerank => "rerank",
        };
        format!("{prefix}-{}", self.number)
    }

    /// The id of the call of the tool.
    pub(super) fn call_id(&self) -> String {
        format!("call-{}", self.number)
    }

    /// The counts of an answer with choices.
    pub(super) fn usage(&self, script: &Script) -> Value {
        json!({
            "prompt_tokens": self.prompt_tokens, "completion_tokens": script.tokens,
            "total_tokens": self.prompt_tokens + u64::from(script.tokens),
        })
    }

    /// Why an answer with choices ends.
    pub(super) const fn finish_reason(&self, script: &Script) -> &'static str {
        match (script.cut, &self.tool) {
            (true, _) => "length",
            (false, Some(_)) => "tool_calls",
            (false, None) => "stop",
        }
    }
}
