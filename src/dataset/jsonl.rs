//! A row of JSONL as a prompt: an object with one of a few keys.

use serde_json::{Map, Value};

use super::found::{Fault, keys_of, kind, object, tokens};
use crate::workload::{Prompt, PromptRow};

/// What a row may be.
pub(super) const EXPECTED: &str = "one JSON object a line with exactly one of `prompt` (a text, or \
     token ids), `messages` (an array of objects with `role`), `input` (a text or token ids, or an \
     array of either) or `query` (a text, with `documents`, an array of texts), and where wanted \
     `output_tokens` (a whole number above 0)";

/// The keys that carry the prompt. `output_tokens` is read besides; others are left alone (data
/// sets keep ids and labels there).
const KEYS: [&str; 4] = ["prompt", "messages", "input", "query"];

/// The prompt in a row.
///
/// # Errors
///
/// What was found instead.
pub(super) fn parse(text: &str) -> Result<PromptRow, Fault> {
    prompt_row(text).map_err(|found| Fault::new(found, EXPECTED))
}

fn prompt_row(text: &str) -> Result<PromptRow, String> {
    let mut row = object(text)?;
    let output_tokens = tokens(&row, "output_tokens")?;
    let prompt = prompt(&mut row)?;
    Ok(PromptRow { output_tokens, ..PromptRow::from(prompt) })
}

fn prompt(row: &mut Map<String, Value>) -> Result<Prompt, String> {
    let present: Vec<&str> = KEYS.into_iter().filter(|key| row.contains_key(*key)).collect();
    let [key] = present[..] else {
        return Err(wrong_keys(&present, row));
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
    if !present.is_empty() {
        let present: Vec<_> = present.iter().map(|key| format!("`{key}`")).collect();
        return format!("{} in the same row", present.join(" and "));
    }
    let looks_like = if row.contains_key("custom_id") && row.contains_key("body") {
        " (it looks like `format: openai-batch`)"
    } else if row.contains_key("conversations") {
        " (it looks like `format: sharegpt`)"
    } else if row.contains_key("timestamp") && row.contains_key("hash_ids") {
        " (it looks like a trace: `prompts: {trace: {file: …, format: mooncake}}`)"
    } else {
        ""
    };
    format!("none of these keys; the row's keys are: {}{looks_like}", keys_of(row))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;
    use crate::workload::{Prompt, PromptRow};

    fn parse_row(line: &str) -> Result<Prompt, String> {
        parse(line).map(|row| row.prompt).map_err(|fault| fault.found)
    }

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
    fn a_row_may_say_how_long_its_answer_is_to_be() {
        let row = parse(r#"{"prompt": "a", "output_tokens": 32}"#).unwrap();
        let text = Prompt::Text("a".to_owned());
        assert_eq!(row, PromptRow { output_tokens: Some(32), ..PromptRow::from(text.clone()) });
        let row = parse(r#"{"prompt": "a", "output_tokens": null}"#).unwrap();
        assert_eq!(row, PromptRow::from(text));
    }

    #[test]
    fn what_is_wrong_with_a_row_is_said() {
        let found = |line| parse_row(line).unwrap_err();
        let all = [
            found(r#"{"prompt": "a", "input": "b"}"#),
            found(r#"{"question": "a", "answer": "b"}"#),
            found(r#"{"custom_id": "a", "method": "POST", "body": {}}"#),
            found(r#"{"id": "a", "conversations": []}"#),
            found(r#"{"prompt": "a", "output_tokens": 0}"#),
            found(r#"{"prompt": "a", "output_tokens": "many"}"#),
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
        none of these keys; the row's keys are: `custom_id`, `method`, `body` (it looks like `format: openai-batch`)
        none of these keys; the row's keys are: `id`, `conversations` (it looks like `format: sharegpt`)
        `output_tokens` is 0
        `output_tokens` is a text
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
