//! The texts in the body of a request, for those who count them.

use std::borrow::Cow;

use serde_json::Value;

/// The texts that a server reads in `body`, one for each message or input; `None` where they are
/// not all it reads: token ids, pictures, documents to rank, descriptions of tools.
pub fn texts_of_body(body: &[u8]) -> Option<Vec<Cow<'static, str>>> {
    let Value::Object(mut body) = serde_json::from_slice(body).ok()? else { return None };
    if ["tools", "functions", "documents", "response_format"]
        .iter()
        .any(|key| body.contains_key(*key))
    {
        return None;
    }
    let mut texts = Vec::new();
    for key in ["instructions", "messages", "prompt", "input"] {
        if let Some(value) = body.remove(key) {
            add(value, &mut texts)?;
        }
    }
    (!texts.is_empty()).then_some(texts)
}

/// Adds a text, a message, a part of a message, or a list of them.
fn add(value: Value, texts: &mut Vec<Cow<'static, str>>) -> Option<()> {
    match value {
        Value::String(text) => texts.push(text.into()),
        Value::Array(values) => values.into_iter().try_for_each(|value| add(value, texts))?,
        Value::Object(mut message) => {
            let content = message.remove("content").or_else(|| message.remove("text"))?;
            add(content, texts)?;
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::texts_of_body;

    fn texts(body: &serde_json::Value) -> Option<Vec<String>> {
        let texts = texts_of_body(body.to_string().as_bytes())?;
        Some(texts.into_iter().map(std::borrow::Cow::into_owned).collect())
    }

    #[test]
    fn texts_are_found_in_every_shape() {
        let parts = json!([{"type": "text", "text": "b"}, {"type": "text", "text": "c"}]);
        let chat = json!({"model": "m", "messages": [
            {"role": "system", "content": "a"}, {"role": "user", "content": parts},
        ]});
        assert_eq!(texts(&chat).unwrap(), ["a", "b", "c"]);
        assert_eq!(texts(&json!({"prompt": "a"})).unwrap(), ["a"]);
        assert_eq!(texts(&json!({"input": ["a", "b"]})).unwrap(), ["a", "b"]);
        let response = json!({"instructions": "a", "input": [{"role": "user", "content": "b"}]});
        assert_eq!(texts(&response).unwrap(), ["a", "b"]);
    }

    #[test]
    fn what_is_more_than_text_is_not_counted() {
        let picture = json!({"messages": [{"role": "user", "content": [
            {"type": "text", "text": "b"}, {"type": "image_url", "image_url": {"url": "data:"}},
        ]}]});
        let tools = json!({"messages": [{"role": "user", "content": "a"}], "tools": [{}]});
        for body in [picture, tools, json!({"input": [1, 2]}), json!({"query": "a"}), json!(1)] {
            assert_eq!(texts(&body), None, "{body}");
        }
    }
}
