//! Responses, whole and as streams.
//!
//! Events of a real server are numbered (`sequence_number`). These are not: they are rendered
//! once and handed out again, so their numbers would repeat.

use serde_json::{Value, json};

use super::phrases::Phrases;
use super::refusal::Refusal;
use super::render::{Title, arguments, words};
use super::script::Script;

/// The answer to a request that did not ask for a stream.
pub(super) fn whole(title: &Title, script: &Script) -> Value {
    let status = if script.cut { "incomplete" } else { "completed" };
    let text: String = words(0, script.tokens).collect();
    response(title, status, &[item(title, status, &text)], Some(script))
}

/// What the stream that answers by `script` is made of.
pub(super) fn phrases(title: &Title, script: &Script) -> Phrases {
    let begun = response(title, "in_progress", &[], None);
    let mut head = event("response.created", &json!({"response": begun}));
    head += &event("response.in_progress", &json!({"response": begun}));
    let empty = item(title, "in_progress", "");
    let mut lead = event("response.output_item.added", &json!({"output_index": 0, "item": empty}));
    let text: String = words(0, script.tokens).collect();
    let mut done = json!({"item_id": item_id(title), "output_index": 0});
    let mut tail = String::new();
    let (kind, place) = if title.tool.is_some() {
        ("response.function_call_arguments", r#""output_index":0"#)
    } else {
        ("response.output_text", r#""output_index":0,"content_index":0"#)
    };
    let delta = |text: &str| {
        format!(
            "event: {kind}.delta\ndata: {{\"type\":\"{kind}.delta\",\"item_id\":\"{}\",{place},\
             \"delta\":\"{text}",
            item_id(title)
        )
    };
    if title.tool.is_some() {
        lead += &(delta(r#"{\"text\":\""#) + AFTER);
        tail += &(delta(r#"\"}"#) + AFTER);
        done["arguments"] = arguments(&text).into();
    } else {
        let part = json!({"type": "output_text", "text": "", "annotations": []});
        let added = json!({
            "item_id": item_id(title), "output_index": 0, "content_index": 0, "part": part,
        });
        lead += &event("response.content_part.added", &added);
        done["text"] = text.into();
    }
    tail += &event(&format!("{kind}.done"), &done);
    let whole = whole(title, script);
    let done = json!({"output_index": 0, "item": whole["output"][0]});
    tail += &event("response.output_item.done", &done);
    let closing = if script.cut { "response.incomplete" } else { "response.completed" };
    tail += &event(closing, &json!({"response": whole}));
    Phrases { head, lead, before: delta(""), after: AFTER, tail }
}

const AFTER: &str = "\"}\n\n";

/// The event that tells of an error in the middle of a stream.
pub(super) fn failure(refusal: &Refusal) -> String {
    let Refusal { code, message, .. } = refusal;
    event("error", &json!({"code": code, "message": message, "param": null}))
}

/// One event, named at its top and inside.
fn event(kind: &str, fields: &Value) -> String {
    let mut data = json!({"type": kind});
    if let (Some(data), Some(fields)) = (data.as_object_mut(), fields.as_object()) {
        data.extend(fields.clone());
    }
    format!("event: {kind}\ndata: {data}\n\n")
}

fn item_id(title: &Title) -> String {
    let prefix = if title.tool.is_some() { "fc" } else { "msg" };
    format!("{prefix}-{}", title.number)
}

/// The one item of the answer.
fn item(title: &Title, status: &str, text: &str) -> Value {
    if let Some(tool) = &title.tool {
        return json!({
            "type": "function_call", "id": item_id(title), "call_id": title.call_id(),
            "name": tool, "status": status,
            "arguments": if text.is_empty() { String::new() } else { arguments(text) },
        });
    }
    let parts = json!([{"type": "output_text", "text": text, "annotations": []}]);
    json!({
        "type": "message", "id": item_id(title), "role": "assistant", "status": status,
        "content": if text.is_empty() { json!([]) } else { parts },
    })
}

fn response(title: &Title, status: &str, output: &[Value], script: Option<&Script>) -> Value {
    let reason = (status == "incomplete").then(|| json!({"reason": "max_output_tokens"}));
    let usage = script.map(|script| {
        json!({
            "input_tokens": title.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": script.tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": title.prompt_tokens + u64::from(script.tokens),
        })
    });
    json!({
        "id": title.id(), "object": "response", "created_at": title.created, "status": status,
        "error": null, "incomplete_details": reason, "model": title.model, "output": output,
        "usage": usage,
    })
}
