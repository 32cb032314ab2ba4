//! What a request asks for, and how many input tokens it is worth.
//!
//! # Input tokens
//!
//! The server has no tokenizer. A character of Chinese, Japanese or Korean is a token, four
//! other characters are one (rounded up per text), and a token id is itself one. Roles and
//! templates count nothing, a picture as much as at low detail at OpenAI.

use std::time::Duration;

use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::residence::Keep;
use crate::openai::Endpoint;
use crate::units::{count, index, parse_span, span_from_seconds, to_u32};

/// Characters of alphabetic scripts that make a token.
const CHARS_PER_TOKEN: u64 = 4;

/// Tokens of a picture.
const IMAGE_TOKENS: u64 = 85;

/// Numbers of an embedding where the request does not say.
const DIMENSIONS: u32 = 64;

/// Most numbers of an embedding.
const MAX_DIMENSIONS: u32 = 4_096;

/// A request that makes sense.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ask {
    /// The model, as named in the request.
    pub(super) model: String,
    /// Input tokens.
    pub(super) prompt_tokens: u64,
    /// What is wanted.
    pub(super) wanted: Wanted,
    /// The tool that must be called.
    pub(super) tool: Option<String>,
    /// How long the model is to be kept afterwards, where the request says so.
    pub(super) keep: Option<Keep>,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    /// An answer to a chat, a response, or the rest of a text.
    Text {
        /// Whether it comes as a stream.
        stream: bool,
        /// Whether the stream ends with the usage.
        include_usage: bool,
        /// How long the answer may be.
        limit: Limit,
    },
    /// A model in memory, or out of it, and no text.
    Nothing,
    /// Vectors.
    Embeddings {
        /// A key per vector: the text, or the token ids as text.
        inputs: Vec<String>,
        /// Whether vectors come as base64 instead of arrays.
        base64: bool,
        /// Numbers of a vector.
        dimensions: u32,
    },
    /// Documents by how well they answer a query.
    Ranking {
        /// The query.
        query: String,
        /// The documents.
        documents: Vec<String>,
        /// How many of them at most.
        most: usize,
        /// Whether their texts are wanted as well.
        with_documents: bool,
    },
}

/// How long an answer may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limit {
    /// Most tokens: the lowest of `max_tokens`, `max_completion_tokens` and
    /// `max_output_tokens`.
    pub(super) most: Option<u32>,
    /// Fewest tokens: `min_tokens`.
    pub(super) least: u32,
    /// Whether to go on up to the limit: `ignore_eos`.
    pub(super) ignore_end: bool,
}

impl Ask {
    /// Reads the body of a request to `endpoint`.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with status 400 that names the field.
    pub(super) fn parse(endpoint: Endpoint, body: &[u8]) -> Result<Self, Refusal> {
        let body: Value = serde_json::from_slice(body).map_err(|error| {
            Refusal::invalid(format!("We could not parse the JSON body of your request: {error}"))
        })?;
        let Value::Object(body) = body else {
            return Err(Refusal::invalid("The body must be a JSON object."));
        };
        let model = match body.get("model") {
            Some(Value::String(model)) if !model.is_empty() => model.clone(),
            _ => return Err(Refusal::invalid("you must provide a model parameter")),
        };
        let (prompt_tokens, wanted) = match endpoint {
            Endpoint::Chat => (conversation(&body, "messages")?, text(&body)?),
            Endpoint::Completions => (inputs(&body, "prompt", 1)?.1, text(&body)?),
            Endpoint::Responses => (response_input(&body)?, text(&body)?),
            Endpoint::Embeddings => embeddings(&body)?,
            Endpoint::Rerank => documents(&body)?,
            Endpoint::OllamaChat if is_empty(&body, "messages") => (0, Wanted::Nothing),
            Endpoint::OllamaChat => (conversation(&body, "messages")?, native_text(&body)?),
            Endpoint::OllamaGenerate if is_empty(&body, "prompt") => (0, Wanted::Nothing),
            Endpoint::OllamaGenerate => (generation(&body)?, native_text(&body)?),
        };
        let tool = match endpoint {
            Endpoint::Chat | Endpoint::Responses => called_tool(&body)?,
            Endpoint::Completions
            | Endpoint::Embeddings
            | Endpoint::Rerank
            | Endpoint::OllamaChat
            | Endpoint::OllamaGenerate => None,
        };
        Ok(Self { model, prompt_tokens, wanted, tool, keep: keep(&body)? })
    }
}

fn text(body: &Map<String, Value>) -> Result<Wanted, Refusal> {
    if !matches!(whole_number(body, "n")?, None | Some(1)) {
        return Err(Refusal::invalid("`n` must be 1: the simulated server gives one choice."));
    }
    let mut most = None;
    for bound in ["max_tokens", "max_completion_tokens", "max_output_tokens"] {
        most = most.into_iter().chain(whole_number(body, bound)?).min();
    }
    if most == Some(0) {
        return Err(Refusal::invalid("`max_tokens` must be at least 1."));
    }
    let limit = Limit {
        most,
        least: whole_number(body, "min_tokens")?.unwrap_or(0),
        ignore_end: flag(body, "ignore_eos")?,
    };
    let include_usage = match body.get("stream_options") {
        None | Some(Value::Null) => false,
        Some(Value::Object(options)) => flag(options, "include_usage")?,
        Some(_) => return Err(Refusal::invalid("`stream_options` must be an object.")),
    };
    Ok(Wanted::Text { stream: flag(body, "stream")?, include_usage, limit })
}

/// A request to Ollama's own addresses, which stream unless they are told not to.
fn native_text(body: &Map<String, Value>) -> Result<Wanted, Refusal> {
    let limit = body.get("options").and_then(|options| options.get("num_predict"));
    // Less than none stands for no bound.
    let most = limit.and_then(Value::as_u64).map(to_u32);
    let stream = body.get("stream").is_none_or(Value::is_null) || flag(body, "stream")?;
    let limit = Limit { most, ..Limit::default() };
    Ok(Wanted::Text { stream, include_usage: true, limit })
}

/// Input tokens of a text with its system message.
fn generation(body: &Map<String, Value>) -> Result<u64, Refusal> {
    let system = body.get("system").and_then(Value::as_str).map_or(0, text_tokens);
    let prompt = body.get("prompt").and_then(Value::as_str);
    let prompt = prompt.ok_or_else(|| Refusal::invalid("`prompt` must be a text."))?;
    Ok(system + text_tokens(prompt))
}

fn is_empty(body: &Map<String, Value>, key: &str) -> bool {
    match body.get(key) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

/// `keep_alive`: seconds, or a text with a unit; less than none stands for ever.
fn keep(body: &Map<String, Value>) -> Result<Option<Keep>, Refusal> {
    let said = match body.get("keep_alive") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(seconds)) => seconds
            .as_f64()
            .map(|seconds| if seconds < 0.0 { None } else { span_from_seconds(seconds) }),
        Some(Value::String(text)) if text.starts_with('-') => Some(None),
        Some(Value::String(text)) if text == "0" => Some(Some(Duration::ZERO)),
        Some(Value::String(text)) => parse_span(text).ok().map(Some),
        Some(_) => None,
    };
    let refused = || Refusal::invalid("`keep_alive` must be seconds or a text such as `5m`.");
    said.map(Some).ok_or_else(refused)
}

fn embeddings(body: &Map<String, Value>) -> Result<(u64, Wanted), Refusal> {
    let (inputs, tokens) = inputs(body, "input", usize::MAX)?;
    let base64 = match body.get("encoding_format").and_then(Value::as_str) {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => return Err(Refusal::invalid("`encoding_format` must be `float` or `base64`.")),
    };
    let dimensions = whole_number(body, "dimensions")?.unwrap_or(DIMENSIONS);
    if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
        let message = format!("`dimensions` must be from 1 to {MAX_DIMENSIONS}.");
        return Err(Refusal::invalid(message));
    }
    Ok((tokens, Wanted::Embeddings { inputs, base64, dimensions }))
}

/// A query with its documents, which are texts or objects with a `text`. A model that ranks reads
/// the query anew with each document.
fn documents(body: &Map<String, Value>) -> Result<(u64, Wanted), Refusal> {
    let refused = || {
        Refusal::invalid(
            "`query` must be a text, and `documents` an array of texts or of objects with `text`.",
        )
    };
    let query = body.get("query").and_then(Value::as_str).ok_or_else(refused)?;
    let list = body.get("documents").and_then(Value::as_array).filter(|list| !list.is_empty());
    let list = list.ok_or_else(refused)?;
    let text =
        |document: &Value| document.get("text").unwrap_or(document).as_str().map(str::to_owned);
    let documents: Vec<String> =
        list.iter().map(text).collect::<Option<_>>().ok_or_else(refused)?;
    let most = whole_number(body, "top_n")?.map_or(documents.len(), |most| index(most.into()));
    let with_documents = flag(body, "return_documents")?;
    let of_query = text_tokens(query);
    let tokens = documents.iter().map(|document| of_query + text_tokens(document)).sum();
    let query = query.to_owned();
    Ok((tokens, Wanted::Ranking { query, documents, most, with_documents }))
}

/// Input tokens of a response: of its instructions, and of its input, a text or messages.
fn response_input(body: &Map<String, Value>) -> Result<u64, Refusal> {
    let instructions = body.get("instructions").and_then(Value::as_str).map_or(0, text_tokens);
    let input = match body.get("input") {
        Some(Value::String(text)) => text_tokens(text),
        _ => conversation(body, "input")?,
    };
    Ok(instructions + input)
}

/// The tool that must be called: the one named by `tool_choice`, or the first where it is
/// `required`. Chats and responses name tools and choices in slightly different places.
fn called_tool(body: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    let name = |tool: &Value| {
        let function = tool.get("function").unwrap_or(tool);
        function.get("name")?.as_str().map(str::to_owned)
    };
    let tools = body.get("tools").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    match body.get("tool_choice") {
        Some(Value::String(choice)) if choice == "required" => {
            let none =
                || Refusal::invalid("`tool_choice` is `required`, but there are no `tools`.");
            tools.iter().find_map(name).map(Some).ok_or_else(none)
        }
        Some(choice @ Value::Object(_)) => Ok(name(choice)),
        _ => Ok(None),
    }
}

/// Input tokens of the conversation under `key`.
fn conversation(body: &Map<String, Value>, key: &str) -> Result<u64, Refusal> {
    let messages = body.get(key).and_then(Value::as_array).filter(|list| !list.is_empty());
    let Some(messages) = messages else {
        let message = format!("`{key}` must be an array of at least one message.");
        return Err(Refusal::invalid(message));
    };
    let mut tokens = 0;
    for (index, message) in messages.iter().enumerate() {
        if !message.get("role").is_some_and(Value::is_string) {
            return Err(Refusal::invalid(format!("`{key}[{index}]` must have a `role`.")));
        }
        tokens += match message.get("content") {
            Some(Value::String(text)) => text_tokens(text),
            Some(Value::Array(parts)) => parts.iter().map(part_tokens).sum::<u64>(),
            _ => 0,
        };
    }
    Ok(tokens)
}

/// The inputs under `key` and their tokens: a text, an array of texts, an array of token ids, or
/// an array of those.
fn inputs(
    body: &Map<String, Value>,
    key: &str,
    most: usize,
) -> Result<(Vec<String>, u64), Refusal> {
    let refused =
        || Refusal::invalid(format!("`{key}` must be a text, an array of texts, or token ids."));
    let items = match body.get(key).ok_or_else(refused)? {
        Value::Array(items) if items.is_empty() => return Err(refused()),
        ids @ Value::Array(items) if items[0].is_u64() => std::slice::from_ref(ids),
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    };
    if items.len() > most {
        let message =
            format!("`{key}` must hold one prompt: the simulated server gives one choice.");
        return Err(Refusal::invalid(message));
    }
    let mut tokens = 0;
    let mut keys = Vec::with_capacity(items.len());
    for item in items {
        tokens += match item {
            Value::String(text) => text_tokens(text),
            Value::Array(ids) if !ids.is_empty() && ids.iter().all(Value::is_u64) => {
                count(ids.len())
            }
            _ => return Err(refused()),
        };
        keys.push(item.as_str().map_or_else(|| item.to_string(), str::to_owned));
    }
    Ok((keys, tokens))
}

fn part_tokens(part: &Value) -> u64 {
    let text = part.get("text").and_then(Value::as_str).map_or(0, text_tokens);
    let image = part.get("image_url").is_some();
    text + if image { IMAGE_TOKENS } else { 0 }
}

fn whole_number(body: &Map<String, Value>, key: &str) -> Result<Option<u32>, Refusal> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(|number| Some(to_u32(number))).ok_or_else(|| {
            Refusal::invalid(format!("`{key}` must be a whole number of at least 0."))
        }),
    }
}

fn flag(body: &Map<String, Value>, key: &str) -> Result<bool, Refusal> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(Refusal::invalid(format!("`{key}` must be true or false."))),
    }
}

/// Tokens of a text; see the module's doc.
pub(super) fn text_tokens(text: &str) -> u64 {
    let (mut ideographs, mut others) = (0, 0);
    for character in text.chars() {
        if is_east_asian(character) { ideographs += 1 } else { others += 1 }
    }
    ideographs + u64::div_ceil(others, CHARS_PER_TOKEN)
}

/// Kana, Hangul, the CJK ideographs and their extensions.
const fn is_east_asian(character: char) -> bool {
    matches!(
        character,
        '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7af}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{323af}'
    )
}

#[cfg(test)]
mod tests {
    use super::{Ask, Limit, Wanted, text_tokens};
    use crate::openai::Endpoint;

    fn chat(rest: &str) -> Result<Ask, String> {
        let body = format!(r#"{{"model": "m", {rest}}}"#);
        Ask::parse(Endpoint::Chat, body.as_bytes()).map_err(|refusal| refusal.message)
    }

    #[test]
    fn a_character_of_chinese_is_a_token_and_four_letters_are_one() {
        assert_eq!(text_tokens("解释人工智能"), 6);
        assert_eq!(text_tokens("What is AI?"), 3);
        assert_eq!(text_tokens("GPU 是什么"), 4);
        assert_eq!(text_tokens(""), 0);
    }

    #[test]
    fn a_chat_is_read_with_its_options() {
        let ask = chat(
            r#""messages": [{"role": "system", "content": "Be kind."},
                {"role": "user", "content": [{"type": "text", "text": "你好"}]}],
            "stream": true, "stream_options": {"include_usage": true},
            "max_tokens": 9, "max_completion_tokens": 7, "min_tokens": 2, "ignore_eos": true"#,
        );
        let limit = Limit { most: Some(7), least: 2, ignore_end: true };
        let wanted = Wanted::Text { stream: true, include_usage: true, limit };
        assert_eq!(
            ask,
            Ok(Ask { model: "m".to_owned(), prompt_tokens: 4, wanted, tool: None, keep: None })
        );
    }

    #[test]
    fn embeddings_take_texts_and_token_ids() {
        let inputs = |body: &str| match Ask::parse(Endpoint::Embeddings, body.as_bytes()) {
            Ok(Ask { wanted: Wanted::Embeddings { inputs, .. }, prompt_tokens, .. }) => {
                (inputs, prompt_tokens)
            }
            other => panic!("{other:?}"),
        };
        let keys = |keys: &[&str]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(inputs(r#"{"model": "m", "input": "abcd"}"#), (keys(&["abcd"]), 1));
        assert_eq!(inputs(r#"{"model": "m", "input": ["a", "你好"]}"#), (keys(&["a", "你好"]), 3));
        assert_eq!(inputs(r#"{"model": "m", "input": [5, 6, 7]}"#), (keys(&["[5,6,7]"]), 3));
        assert_eq!(inputs(r#"{"model": "m", "input": [[5], [6]]}"#), (keys(&["[5]", "[6]"]), 2));
    }

    #[test]
    fn a_ranking_reads_the_query_anew_with_each_document() {
        let body =
            br#"{"model": "m", "query": "abcd", "documents": ["abcdefgh", {"text": "\u4f60"}],
            "top_n": 1}"#;
        let ask = Ask::parse(Endpoint::Rerank, body).unwrap();
        assert_eq!(ask.prompt_tokens, 1 + 2 + 1 + 1);
        let documents = ["abcdefgh", "\u{4f60}"].map(str::to_owned).to_vec();
        let query = "abcd".to_owned();
        let wanted = Wanted::Ranking { query, documents, most: 1, with_documents: false };
        assert_eq!(ask.wanted, wanted);
    }

    #[test]
    fn a_tool_is_called_where_one_must_be() {
        let tool = |rest: &str| {
            chat(&format!(r#""messages": [{{"role": "user"}}], {rest}"#)).map(|ask| ask.tool)
        };
        let tools = r#""tools": [{"type": "function", "function": {"name": "f"}}]"#;
        assert_eq!(tool(tools), Ok(None));
        assert_eq!(
            tool(&format!(r#"{tools}, "tool_choice": "required""#)),
            Ok(Some("f".to_owned()))
        );
        let named = r#""tool_choice": {"type": "function", "function": {"name": "g"}}"#;
        assert_eq!(tool(named), Ok(Some("g".to_owned())));
        assert!(tool(r#""tool_choice": "required""#).unwrap_err().contains("no `tools`"));
        let body =
            br#"{"model": "m", "input": "hi", "instructions": "abcd", "tool_choice": "required",
            "tools": [{"type": "function", "name": "f"}], "max_output_tokens": 5}"#;
        let ask = Ask::parse(Endpoint::Responses, body).unwrap();
        assert_eq!((ask.tool, ask.prompt_tokens), (Some("f".to_owned()), 2));
        assert!(matches!(ask.wanted, Wanted::Text { limit: Limit { most: Some(5), .. }, .. }));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let said = [
            chat(r#""messages": []"#),
            chat(r#""messages": [{"content": "a"}]"#),
            chat(r#""messages": [{"role": "user"}], "max_tokens": -1"#),
            chat(r#""messages": [{"role": "user"}], "max_tokens": 0"#),
            chat(r#""messages": [{"role": "user"}], "n": 2"#),
            chat(r#""messages": [{"role": "user"}], "stream": "yes""#),
            chat("oops"),
        ];
        let said: Vec<_> = said.into_iter().map(Result::unwrap_err).collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        `messages` must be an array of at least one message.
        `messages[0]` must have a `role`.
        `max_tokens` must be a whole number of at least 0.
        `max_tokens` must be at least 1.
        `n` must be 1: the simulated server gives one choice.
        `stream` must be true or false.
        We could not parse the JSON body of your request: key must be a string at line 1 column 16
        ");
    }
}
