//! A row of an OpenAI batch file as a prompt: its `body`, sent as it is.

use serde_json::Value;

use super::found::{Fault, keys_of, kind, object};
use crate::openai::Endpoint;
use crate::workload::{Prompt, PromptRow};

/// What a row may be.
///
/// # Source
///
/// The input file of <https://platform.openai.com/docs/api-reference/batch>.
const EXPECTED: &str = "an object a line with `custom_id`, `method` (`POST`), `url` (the endpoint \
     of the workload) and `body` (the request)";

/// The prompt in a row for `endpoint`.
///
/// # Errors
///
/// What was found instead.
pub(super) fn parse(text: &str, endpoint: Endpoint) -> Result<PromptRow, Fault> {
    prompt_row(text, endpoint).map_err(|found| Fault::new(found, EXPECTED))
}

fn prompt_row(text: &str, endpoint: Endpoint) -> Result<PromptRow, String> {
    let mut row = object(text)?;
    match row.get("method") {
        None => {}
        Some(Value::String(method)) if method.eq_ignore_ascii_case("post") => {}
        Some(other) => return Err(format!("`method` is {other}")),
    }
    match row.get("url") {
        None => {}
        Some(Value::String(url)) if url.trim_end_matches('/').ends_with(endpoint.path()) => {}
        Some(other) => return Err(format!("`url` is {other}, but the workload is {endpoint}")),
    }
    match row.remove("body") {
        Some(Value::Object(body)) if !body.is_empty() => Ok(Prompt::Body(body).into()),
        Some(Value::Object(_)) => Err("`body` is an empty object".to_owned()),
        Some(other) => Err(format!("`body` is {}", kind(&other))),
        None => Err(format!("no `body`; the row's keys are: {}", keys_of(&row))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;
    use crate::openai::Endpoint;
    use crate::workload::Prompt;

    #[test]
    fn the_body_is_taken_whole() {
        let body = json!({"model": "gpt-4o", "temperature": 0, "messages": [
            {"role": "user", "content": "Hi"},
        ]});
        let row = json!({
            "custom_id": "r-1", "method": "POST", "url": "/v1/chat/completions", "body": body,
        });
        let prompt = parse(&row.to_string(), Endpoint::Chat).unwrap().prompt;
        assert_eq!(prompt, Prompt::Body(body.as_object().unwrap().clone()));
    }

    #[test]
    fn what_is_wrong_with_a_row_is_said() {
        let found = |row: &str| parse(row, Endpoint::Chat).unwrap_err().found;
        let all = [
            found(r#"{"custom_id": "a", "prompt": "hi"}"#),
            found(r#"{"custom_id": "a", "body": {}}"#),
            found(r#"{"custom_id": "a", "body": "hi"}"#),
            found(r#"{"method": "GET", "body": {"a": 1}}"#),
            found(r#"{"url": "/v1/embeddings", "body": {"a": 1}}"#),
            found("[1]"),
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
        no `body`; the row's keys are: `custom_id`, `prompt`
        `body` is an empty object
        `body` is a text
        `method` is "GET"
        `url` is "/v1/embeddings", but the workload is chat
        an array instead of an object: [1]
        "#);
    }
}
