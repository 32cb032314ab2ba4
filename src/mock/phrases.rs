//! What a stream is made of: what stands before, around and after its words.
//!
//! Written out rather than built: a burst of requests waits for this in line.

use serde_json::Value;

use super::refusal::Refusal;
use super::render::Title;
use super::script::Script;
use super::{native, responses};
use crate::openai::Endpoint;

/// What a stream is made of.
#[derive(Clone, Debug)]
pub(super) struct Phrases {
    /// What comes at once, before anything is generated; may be empty.
    pub(super) head: String,
    /// What comes together with the first words; mostly empty.
    pub(super) lead: String,
    /// What stands before the words of an event.
    pub(super) before: String,
    /// What stands after them.
    pub(super) after: &'static str,
    /// What follows the last event with words.
    pub(super) tail: String,
}

impl Phrases {
    /// The phrases of the stream that answers by `script`.
    pub(super) fn new(title: &Title, script: &Script, include_usage: bool) -> Self {
        match (title.endpoint, &title.tool) {
            (Endpoint::Responses, _) => responses::phrases(title, script),
            (Endpoint::OllamaChat | Endpoint::OllamaGenerate, _) => native::phrases(title),
            (Endpoint::Chat, Some(tool)) => called(title, tool, script, include_usage),
            (Endpoint::Chat, None) => chat(title, script, include_usage),
            (Endpoint::Completions | Endpoint::Embeddings | Endpoint::Rerank, _) => {
                completion(title, script, include_usage)
            }
        }
    }
}

/// The event that tells of an error in the middle of a stream of `endpoint`.
pub(super) fn failure(endpoint: Endpoint, refusal: &Refusal) -> String {
    match endpoint {
        Endpoint::Responses => responses::failure(refusal),
        Endpoint::OllamaChat | Endpoint::OllamaGenerate => native::error(refusal) + "\n",
        Endpoint::Chat | Endpoint::Completions | Endpoint::Embeddings | Endpoint::Rerank => {
            format!("data: {}\n\n", refusal.body())
        }
    }
}

/// The rest of the event that tells who speaks.
const ROLE: &str = concat!(
    r#"[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
    "\n\n"
);

fn chat(title: &Title, script: &Script, include_usage: bool) -> Phrases {
    let opening = opening(title, "chat.completion.chunk");
    let tail = ending(title, script, &opening, r#""delta":{}"#, include_usage);
    Phrases {
        head: format!("{opening}{ROLE}"),
        lead: String::new(),
        before: format!(r#"{opening}[{{"index":0,"delta":{{"content":""#),
        after: concat!(r#""},"finish_reason":null}]}"#, "\n\n"),
        tail,
    }
}

/// A chat that calls a tool: the name first, then the arguments around the words.
fn called(title: &Title, tool: &str, script: &Script, include_usage: bool) -> Phrases {
    let opening = opening(title, "chat.completion.chunk");
    let delta = |call: &str| {
        format!(
            "{opening}[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":0,{call}}}]}},\
             \"finish_reason\":null}}]}}\n\n"
        )
    };
    let name = format!(
        r#""id":"{}","type":"function","function":{{"name":{},"arguments":"{{\"text\":\""}}"#,
        title.call_id(),
        Value::from(tool),
    );
    let close = delta(r#""function":{"arguments":"\"}"}"#);
    let ending = ending(title, script, &opening, r#""delta":{}"#, include_usage);
    Phrases {
        head: format!("{opening}{ROLE}"),
        lead: delta(&name),
        before: format!(
            r#"{opening}[{{"index":0,"delta":{{"tool_calls":[{{"index":0,"function":{{"arguments":""#
        ),
        after: concat!(r#""}}]},"finish_reason":null}]}"#, "\n\n"),
        tail: close + &ending,
    }
}

fn completion(title: &Title, script: &Script, include_usage: bool) -> Phrases {
    let opening = opening(title, "text_completion");
    let tail = ending(title, script, &opening, r#""text":"""#, include_usage);
    Phrases {
        head: String::new(),
        lead: String::new(),
        before: format!(r#"{opening}[{{"index":0,"text":""#),
        after: concat!(r#"","finish_reason":null}]}"#, "\n\n"),
        tail,
    }
}

/// What every event begins with, up to its choices.
fn opening(title: &Title, object: &str) -> String {
    format!(
        r#"data: {{"id":"{}","object":"{object}","created":{},"model":{},"choices":"#,
        title.id(),
        title.created,
        Value::from(title.model.as_str()),
    )
}

/// The finish, the usage, `[DONE]`.
fn ending(
    title: &Title,
    script: &Script,
    opening: &str,
    nothing: &str,
    include_usage: bool,
) -> String {
    let reason = title.finish_reason(script);
    let mut text =
        format!("{opening}[{{\"index\":0,{nothing},\"finish_reason\":\"{reason}\"}}]}}\n\n");
    if include_usage {
        let usage = title.usage(script).to_string();
        text.extend([opening, "[],\"usage\":", &usage, "}\n\n"]);
    }
    text.push_str("data: [DONE]\n\n");
    text
}
