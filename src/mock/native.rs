//! Answers in Ollama's own shape, whole and as lines.
//!
//! They end with the server's own times: of loading, as it was waited for; of the prompt, as the
//! settings have it, without the queue; of the output, as it was written.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::phrases::Phrases;
use super::refusal::Refusal;
use super::render::{Title, words};
use super::script::Script;
use crate::clock::WallTime;
use crate::openai::Endpoint;
use crate::units::nanos;

const MILLIS_PER_SECOND: i64 = 1_000;

/// What the end of an answer says, but for the times.
#[derive(Clone, Debug)]
pub(super) struct Closing {
    fields: Map<String, Value>,
}

/// What an answer took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    /// Waiting for the model.
    pub(super) load: Duration,
    /// Reading the prompt.
    pub(super) prefill: Duration,
    /// From the first token to the last.
    pub(super) decode: Duration,
    /// In all.
    pub(super) total: Duration,
}

impl Closing {
    /// The end of the answer by `script`; `None` where its endpoint is not Ollama's own.
    pub(super) fn new(title: &Title, script: &Script) -> Option<Self> {
        title.endpoint.is_of_ollama().then(|| Self { fields: closing(title, script, "") })
    }

    /// The last line.
    pub(super) fn line(&self, spent: Spent) -> String {
        let mut fields = self.fields.clone();
        add_times(&mut fields, spent);
        Value::Object(fields).to_string() + "\n"
    }
}

/// The answer to a request that did not ask for a stream.
pub(super) fn whole(title: &Title, script: &Script, spent: Spent) -> String {
    let text: String = words(0, script.tokens).collect();
    let mut fields = closing(title, script, &text);
    add_times(&mut fields, spent);
    Value::Object(fields).to_string()
}

/// The answer to a request that wants nothing but a model in memory, or out of it.
pub(super) fn nothing(model: &str, unload: bool) -> String {
    let reason = if unload { "unload" } else { "load" };
    let created = WallTime::now().with_millis();
    json!({"model": model, "created_at": created, "response": "", "done": true,
        "done_reason": reason})
    .to_string()
}

/// What the stream that answers by `script` is made of; its last line is made when it is due.
pub(super) fn phrases(title: &Title) -> Phrases {
    let model = Value::from(title.model.as_str());
    let opening = format!(r#"{{"model":{model},"created_at":"{}","#, created(title));
    let (before, after) = match title.endpoint {
        Endpoint::OllamaChat => (
            format!(r#"{opening}"message":{{"role":"assistant","content":""#),
            concat!(r#""},"done":false}"#, "\n"),
        ),
        _ => (format!(r#"{opening}"response":""#), concat!(r#"","done":false}"#, "\n")),
    };
    Phrases { head: String::new(), lead: String::new(), before, after, tail: String::new() }
}

/// The body of an error.
pub(super) fn error(refusal: &Refusal) -> String {
    json!({"error": refusal.message}).to_string()
}

fn closing(title: &Title, script: &Script, text: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |key: &str, value: Value| fields.insert(key.to_owned(), value);
    set("model", title.model.as_str().into());
    set("created_at", created(title).into());
    match title.endpoint {
        Endpoint::OllamaChat => set("message", json!({"role": "assistant", "content": text})),
        _ => set("response", text.into()),
    };
    set("done", true.into());
    set("done_reason", title.finish_reason(script).into());
    set("prompt_eval_count", title.prompt_tokens.into());
    set("eval_count", script.tokens.into());
    fields
}

fn add_times(fields: &mut Map<String, Value>, spent: Spent) {
    let Spent { load, prefill, decode, total } = spent;
    for (key, span) in [
        ("total_duration", total),
        ("load_duration", load),
        ("prompt_eval_duration", prefill),
        ("eval_duration", decode),
    ] {
        fields.insert(key.to_owned(), nanos(span).into());
    }
}

fn created(title: &Title) -> String {
    WallTime::from_unix_millis(title.created * MILLIS_PER_SECOND).with_millis()
}
