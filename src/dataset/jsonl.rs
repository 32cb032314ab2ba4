//! One row of a JSONL file as a prompt.

use serde_json::{Map, Value};

use crate::workload::Prompt;

/// What a row may be.
pub(super) const EXPECTED: &str = "one JSON object a line with exactly one of `prompt` (a text, or \
     token ids), `messages` (an array of objects with `role`), `input` (a text or token ids, or an \
     array of either) or `query` (a text, with `documents`, an array of texts)";

/// The keys that carry the prompt; others are left alone (data sets keep ids and labels there).
const KEYS: [&str; 4] = ["prompt", "messages", "input", "query"];

/// Longest piece of a line that an error repeats, in characters.
const EXCERPT_CHARS: usize = 60;

/// The prompt in `line`.
///
/// # Errors
///
/// What was found instead, in words.
pub(super) fn parse_row(line: &str) -> Result<Prompt, String> {
    let row: Value = serde_json::from_str(line)
        .map_err(|error| format!("broken JSON at column {}: {}", error.column(), excerpt(line)))?;
    let Value::Object(mut row) = row else {
        return Err(format!("{} instead of an object: {}", kind(&row), excerpt(line)));
    };
    let present: Vec<&str> = KEYS.into_iter().filter(|key| row.contains_key(*key)).collect();
    let [key] = present[..] else {
        return Err(wrong_keys(&present, &row));
    };
    let value = row.remove(key).unwrap_or_default();
    match (key, value) {
        ("prompt" | "input", Value::String(text)) if !text.is_empty() => Ok(Prompt::Text(text)),
        ("prompt" | "input", Value::Array(items))
            if items.first().is_some_and(Value::is_number) =>
        {
            token_ids(&items, key).map(Prompt::Tokens)
        }
        ("input", Value::Array(items)) if items.first().is_some_and(Value::is_array) => {
            token_inputs(&items)
        }
        ("input", Value::Array(items)) => texts(items, key).map(Prompt::Inputs),
        ("query", Value::String(query)) if !query.is_empty() => match row.remove("documents") {
            Some(Value::Array(items)) => {
                let documents = texts(items, "documents")?;
                Ok(Prompt::Ranking { query, documents })
            }
            Some(other) => Err(format!("`documents` is {}", kind(&other))),
            None => Ok(Prompt::Text(query)),
        },
        ("messages", messages @ Value::Array(_)) => conversation(messages),
        (_, other) => Err(format!("`{key}` is {}", kind(&other))),
    }
}

/// An array of texts under `key`, none of them empty.
fn texts(items: Vec<Value>, key: &str) -> Result<Vec<String>, String> {
    let mut texts = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        match item {
            Value::String(text) if !text.is_empty() => texts.push(text),
            other => return Err(format!("`{key}[{index}]` is {}", kind(&other))),
        }
    }
    if texts.is_empty() { Err(format!("`{key}` is an empty array")) } else { Ok(texts) }
}

/// The token ids of one text, which stands under `key`.
fn token_ids(items: &[Value], key: &str) -> Result<Vec<u32>, String> {
    let id = |(index, item): (usize, &Value)| {
        let id = item.as_u64().and_then(|id| u32::try_from(id).ok());
        id.ok_or_else(|| match item {
            Value::Number(number) => format!("`{key}[{index}]` is {number}, which is no token id"),
            other => format!("`{key}[{index}]` is {}", kind(other)),
        })
    };
    items.iter().enumerate().map(id).collect()
}

fn token_inputs(items: &[Value]) -> Result<Prompt, String> {
    let ids = |(index, item): (usize, &Value)| {
        let key = format!("input[{index}]");
        match item {
            Value::Array(ids) if !ids.is_empty() => token_ids(ids, &key),
            Value::Array(_) => Err(format!("`{key}` is an empty array")),
            other => Err(format!("`{key}` is {}", kind(other))),
        }
    };
    items.iter().enumerate().map(ids).collect::<Result<_, _>>().map(Prompt::TokenInputs)
}

fn conversation(messages: Value) -> Result<Prompt, String> {
    let list = messages.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return Err("`messages` is an empty array".into());
    }
    for (index, message) in list.iter().enumerate() {
        match message.get("role") {
            Some(Value::String(_)) => {}
            Some(role) => return Err(format!("`messages[{index}].role` is {}", kind(role))),
            None if message.is_object() => {
                return Err(format!("`messages[{index}]` has no `role`"));
            }
            None => return Err(format!("`messages[{index}]` is {}", kind(message))),
        }
    }
    Ok(Prompt::Messages(messages))
}

fn wrong_keys(present: &[&str], row: &Map<String, Value>) -> String {
    if present.is_empty() {
        let keys: Vec<_> = row.keys().take(8).map(|key| format!("`{}`", excerpt(key))).collect();
        let keys = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
        return format!("none of these keys; the row's keys are: {keys}");
    }
    let present: Vec<_> = present.iter().map(|key| format!("`{key}`")).collect();
    format!("{} in the same row", present.join(" and "))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn excerpt(text: &str) -> String {
    let mut cut: String = text.chars().take(EXCERPT_CHARS).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse_row;
    use crate::workload::Prompt;

    #[test]
    fn each_of_the_three_keys_gives_its_prompt() {
        let text = |text: &str| Prompt::Text(text.to_owned());
        assert_eq!(parse_row(r#"{"id": 7, "prompt": "你好"}"#), Ok(text("你好")));
        assert_eq!(parse_row(r#"{"input": "embed me"}"#), Ok(text("embed me")));
        assert_eq!(
            parse_row(r#"{"input": ["a", "b"]}"#),
            Ok(Prompt::Inputs(vec!["a".to_owned(), "b".to_owned()]))
        );
        assert_eq!(
            parse_row(r#"{"messages": [{"role": "user", "content": "hi"}]}"#),
            Ok(Prompt::Messages(json!([{"role": "user", "content": "hi"}])))
        );
    }

    #[test]
    fn token_ids_are_told_from_texts() {
        assert_eq!(parse_row(r#"{"prompt": [1, 2]}"#), Ok(Prompt::Tokens(vec![1, 2])));
        assert_eq!(parse_row(r#"{"input": [1, 2]}"#), Ok(Prompt::Tokens(vec![1, 2])));
        let several = Prompt::TokenInputs(vec![vec![1, 2], vec![3]]);
        assert_eq!(parse_row(r#"{"input": [[1, 2], [3]]}"#), Ok(several));
    }

    #[test]
    fn a_query_brings_its_documents_or_leaves_them_to_the_workload() {
        let ranking = Prompt::Ranking { query: "q".to_owned(), documents: vec!["a".to_owned()] };
        assert_eq!(parse_row(r#"{"query": "q", "documents": ["a"]}"#), Ok(ranking));
        assert_eq!(parse_row(r#"{"query": "q"}"#), Ok(Prompt::Text("q".to_owned())));
    }

    #[test]
    fn what_is_wrong_with_a_row_is_said() {
        let found = |line| parse_row(line).unwrap_err();
        let all = [
            found(r#"{"prompt": "a", "input": "b"}"#),
            found(r#"{"question": "a", "answer": "b"}"#),
            found("{}"),
            found(r#"["a"]"#),
            found(r#"{"prompt": 3}"#),
            found(r#"{"prompt": ""}"#),
            found(r#"{"input": ["a", null]}"#),
            found(r#"{"input": []}"#),
            found(r#"{"messages": []}"#),
            found(r#"{"messages": "hi"}"#),
            found(r#"{"messages": [{"content": "hi"}]}"#),
            found(r#"{"messages": ["hi"]}"#),
            found(r#"{"messages": [{"role": 1}]}"#),
            found("{\"prompt\": \"a"),
            found(r#"{"prompt": [1, -2]}"#),
            found(r#"{"input": [[1], []]}"#),
            found(r#"{"input": [[1], "a"]}"#),
            found(r#"{"query": "q", "documents": []}"#),
            found(r#"{"query": "q", "documents": "a"}"#),
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
        `prompt` and `input` in the same row
        none of these keys; the row's keys are: `question`, `answer`
        none of these keys; the row's keys are: none
        an array instead of an object: ["a"]
        `prompt` is a number
        `prompt` is an empty text
        `input[1]` is null
        `input` is an empty array
        `messages` is an empty array
        `messages` is a text
        `messages[0]` has no `role`
        `messages[0]` is a text
        `messages[0].role` is a number
        broken JSON at column 13: {"prompt": "a
        `prompt[1]` is -2, which is no token id
        `input[1]` is an empty array
        `input[1]` is a text
        `documents` is an empty array
        `documents` is a text
        "#);
    }
}
