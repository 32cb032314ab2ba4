//! Request bodies.

use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;

/// Fields that only pacemark sets: the measurement rests on them.
const OWN_FIELDS: [&str; 2] = ["model", "stream"];

/// The field of Ollama's own requests that holds the settings of the model.
const OPTIONS: &str = "options";

/// What a request body is made of.
#[derive(Clone, Copy, Debug)]
pub struct BodyParts<'a> {
    /// The server's own name of the model.
    pub model: &'a str,
    /// What is asked.
    pub ask: Ask<'a>,
    /// Whether the answer is wanted as a stream; embeddings and rankings never are.
    pub stream: bool,
    /// Whether a stream is to end with the server's token counts; those of responses always do.
    pub include_usage: bool,
    /// Most output tokens wanted; embeddings and rankings have none.
    pub token_limit: Option<TokenLimit>,
    /// Fields that are merged in, later maps over earlier ones; `null` deletes a field. `model`
    /// and `stream` are left as they are.
    pub extra: &'a [&'a Map<String, Value>],
}

/// What is asked, which decides the endpoint as well.
#[derive(Clone, Copy, Debug)]
pub enum Ask<'a> {
    /// A chat of one message, after a system message if there is one.
    Chat {
        /// The system message.
        system: Option<&'a str>,
        /// The user's message.
        user: &'a str,
        /// Pictures that go with it.
        images: Images<'a>,
    },
    /// A chat of given messages. The system message goes before them, unless they begin with
    /// one of their own.
    Messages {
        /// The system message.
        system: Option<&'a str>,
        /// An array of messages, as the API takes it.
        messages: &'a Value,
    },
    /// A completion.
    Completion {
        /// The text to go on from.
        prompt: Input<'a>,
    },
    /// Ollama's own: the answer to one text.
    Generation {
        /// The system message.
        system: Option<&'a str>,
        /// The text.
        prompt: &'a str,
    },
    /// A response to one message, which the server is not to keep.
    Response {
        /// What stands before it, as the system message of a chat does.
        instructions: Option<&'a str>,
        /// The user's message.
        user: &'a str,
    },
    /// A response to given messages.
    ResponseMessages {
        /// What stands before them.
        instructions: Option<&'a str>,
        /// An array of messages, as the API takes it.
        messages: &'a Value,
    },
    /// The embedding of one text.
    Embedding {
        /// The text.
        input: Input<'a>,
    },
    /// The embeddings of several texts.
    Embeddings {
        /// The texts.
        inputs: &'a [Input<'a>],
    },
    /// Documents by how well they answer a query.
    Ranking {
        /// The query.
        query: &'a str,
        /// The documents.
        documents: &'a [&'a str],
    },
    /// A body that was written for another server.
    Body {
        /// Its fields.
        fields: &'a Map<String, Value>,
        /// The endpoint it belongs to.
        endpoint: Endpoint,
    },
}

/// Pictures that go with a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Images<'a> {
    /// Data URLs; empty where there are none.
    pub urls: &'a [String],
    /// How closely they are to be looked at: `low`, `high` or `auto`; `None` leaves it to the
    /// server.
    pub detail: Option<&'static str>,
}

/// A text, or the token ids of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A text.
    Text(&'a str),
    /// Its token ids.
    Tokens(&'a [u32]),
}

impl From<Input<'_>> for Value {
    fn from(input: Input<'_>) -> Self {
        match input {
            Input::Text(text) => text.into(),
            Input::Tokens(ids) => ids.into(),
        }
    }
}

/// The most output tokens wanted, by the field the server takes them in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenLimit {
    /// `max_tokens`
    MaxTokens(u32),
    /// `max_completion_tokens`
    MaxCompletionTokens(u32),
    /// `max_output_tokens`, of responses
    MaxOutputTokens(u32),
    /// `num_predict` among the `options` of Ollama
    NumPredict(u32),
}

/// The JSON body of a request.
pub fn request_body(parts: &BodyParts<'_>) -> Vec<u8> {
    let mut body = given(parts);
    let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);
    set("model", parts.model.into());
    for (field, asked) in asked(parts.ask) {
        set(field, asked);
    }
    if generates(parts.ask) {
        set("stream", parts.stream.into());
        if parts.stream && parts.include_usage && !is_response(parts.ask) {
            set("stream_options", json!({"include_usage": true}));
        }
        match parts.token_limit {
            None => None,
            Some(TokenLimit::MaxTokens(limit)) => set("max_tokens", limit.into()),
            Some(TokenLimit::MaxCompletionTokens(limit)) => {
                set("max_completion_tokens", limit.into())
            }
            Some(TokenLimit::MaxOutputTokens(limit)) => set("max_output_tokens", limit.into()),
            Some(TokenLimit::NumPredict(limit)) => set(OPTIONS, json!({"num_predict": limit})),
        };
    }
    let keeps_options = matches!(parts.token_limit, Some(TokenLimit::NumPredict(_)));
    for (key, value) in parts.extra.iter().copied().flatten() {
        if OWN_FIELDS.contains(&key.as_str()) {
            continue;
        }
        match (body.get_mut(key), value) {
            // The limit is one of them.
            (Some(Value::Object(options)), Value::Object(more))
                if key == OPTIONS && keeps_options =>
            {
                merge(options, more);
            }
            _ => merge_field(&mut body, key, value),
        }
    }
    Value::Object(body).to_string().into_bytes()
}

/// Merges fields in; `null` deletes a field.
fn merge(fields: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (key, value) in more {
        merge_field(fields, key, value);
    }
}

fn merge_field(fields: &mut Map<String, Value>, key: &str, value: &Value) {
    if value.is_null() {
        fields.shift_remove(key);
    } else {
        fields.insert(key.to_owned(), value.clone());
    }
}

const fn generates(ask: Ask<'_>) -> bool {
    match ask {
        Ask::Chat { .. }
        | Ask::Messages { .. }
        | Ask::Completion { .. }
        | Ask::Generation { .. }
        | Ask::Response { .. }
        | Ask::ResponseMessages { .. } => true,
        Ask::Embedding { .. } | Ask::Embeddings { .. } | Ask::Ranking { .. } => false,
        Ask::Body { endpoint, .. } => endpoint.generates(),
    }
}

const fn is_response(ask: Ask<'_>) -> bool {
    match ask {
        Ask::Response { .. } | Ask::ResponseMessages { .. } => true,
        Ask::Body { endpoint, .. } => matches!(endpoint, Endpoint::Responses),
        _ => false,
    }
}

/// What a body written for another server brings along, without what is set anew.
fn given(parts: &BodyParts<'_>) -> Map<String, Value> {
    let Ask::Body { fields, .. } = parts.ask else { return Map::new() };
    let mut body = fields.clone();
    // One field would contradict the other.
    if parts.token_limit.is_some() {
        let limits = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
        body.retain(|key, _| !limits.contains(&key.as_str()));
    }
    // Without a stream, servers refuse its options.
    if !parts.stream {
        body.shift_remove("stream_options");
    }
    body
}

/// The fields that hold what is asked.
fn asked(ask: Ask<'_>) -> Vec<(&'static str, Value)> {
    match ask {
        Ask::Chat { system, user, images } => {
            let content = content(user, images);
            let message = json!({"role": "user", "content": content});
            vec![("messages", Value::Array(system_message(system).chain([message]).collect()))]
        }
        Ask::Messages { system, messages } => {
            let given = messages.as_array().map_or(&[][..], Vec::as_slice);
            let own = given.first().and_then(|first| first.get("role")?.as_str());
            let system = system.filter(|_| !matches!(own, Some("system" | "developer")));
            let all = system_message(system).chain(given.iter().cloned()).collect();
            vec![("messages", Value::Array(all))]
        }
        Ask::Completion { prompt } => vec![("prompt", prompt.into())],
        Ask::Generation { system, prompt } => {
            let system = system.map(|system| ("system", system.into()));
            system.into_iter().chain([("prompt", prompt.into())]).collect()
        }
        Ask::Response { instructions, user } => response(instructions, user.into()),
        Ask::ResponseMessages { instructions, messages } => {
            response(instructions, messages.clone())
        }
        Ask::Embedding { input } => vec![("input", input.into())],
        Ask::Embeddings { inputs } => vec![("input", inputs.iter().copied().collect())],
        Ask::Ranking { query, documents } => {
            vec![("query", query.into()), ("documents", documents.into())]
        }
        Ask::Body { .. } => Vec::new(),
    }
}

/// A server that keeps its responses would fill up under load, and grow slower.
fn response(instructions: Option<&str>, input: Value) -> Vec<(&'static str, Value)> {
    let instructions = instructions.map(|text| ("instructions", text.into()));
    instructions.into_iter().chain([("input", input), ("store", false.into())]).collect()
}

/// A text alone, or as the last of several parts: pictures stand before what is asked of them.
fn content(text: &str, images: Images<'_>) -> Value {
    if images.urls.is_empty() {
        return text.into();
    }
    let image = |url: &String| {
        let mut image = json!({"url": url});
        if let Some(detail) = images.detail {
            image["detail"] = detail.into();
        }
        json!({"type": "image_url", "image_url": image})
    };
    let text = json!({"type": "text", "text": text});
    images.urls.iter().map(image).chain([text]).collect()
}

fn system_message(system: Option<&str>) -> impl Iterator<Item = Value> {
    system.map(|system| json!({"role": "system", "content": system})).into_iter()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Ask, BodyParts, Endpoint, Images, Input, TokenLimit, request_body};

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn body(parts: &BodyParts<'_>) -> String {
        String::from_utf8(request_body(parts)).unwrap()
    }

    fn parts(ask: Ask<'_>) -> BodyParts<'_> {
        BodyParts {
            model: "m",
            ask,
            stream: true,
            include_usage: true,
            token_limit: Some(TokenLimit::MaxTokens(8)),
            extra: &[],
        }
    }

    #[test]
    fn a_chat_has_a_system_message_and_the_users() {
        let ask =
            Ask::Chat {
                system: Some("你是专家"), user: "解释\n\"AI\"", images: Images::default()
            };
        insta::assert_snapshot!(body(&parts(ask)), @r#"{"model":"m","messages":[{"role":"system","content":"你是专家"},{"role":"user","content":"解释\n\"AI\""}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":8}"#);
    }

    #[test]
    fn pictures_stand_before_what_is_asked_of_them() {
        let urls = ["data:image/png;base64,AQ==".to_owned()];
        let images = Images { urls: &urls, detail: Some("low") };
        let ask = Ask::Chat { system: None, user: "What is it?", images };
        let parts = BodyParts { stream: false, token_limit: None, ..parts(ask) };
        insta::assert_snapshot!(body(&parts), @r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AQ==","detail":"low"}},{"type":"text","text":"What is it?"}]}],"stream":false}"#);
    }

    #[test]
    fn given_messages_keep_their_own_system_message() {
        let own = json!([{"role": "developer", "content": "d"}, {"role": "user", "content": "u"}]);
        let ask = Ask::Messages { system: Some("s"), messages: &own };
        let parts = BodyParts { stream: false, token_limit: None, ..parts(ask) };
        insta::assert_snapshot!(body(&parts), @r#"{"model":"m","messages":[{"role":"developer","content":"d"},{"role":"user","content":"u"}],"stream":false}"#);
        let none = json!([{"role": "user", "content": "u"}]);
        let parts =
            BodyParts { ask: Ask::Messages { system: Some("s"), messages: &none }, ..parts };
        insta::assert_snapshot!(body(&parts), @r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}],"stream":false}"#);
    }

    #[test]
    fn a_completion_takes_its_limit_in_the_field_it_is_told() {
        let token_limit = Some(TokenLimit::MaxCompletionTokens(9));
        let parts = BodyParts {
            include_usage: false,
            token_limit,
            ..parts(Ask::Completion { prompt: Input::Text("p") })
        };
        insta::assert_snapshot!(body(&parts), @r#"{"model":"m","prompt":"p","stream":true,"max_completion_tokens":9}"#);
    }

    #[test]
    fn embeddings_have_neither_stream_nor_limit() {
        let one = parts(Ask::Embedding { input: Input::Text("a") });
        insta::assert_snapshot!(body(&one), @r#"{"model":"m","input":"a"}"#);
        let inputs = ["a", "b"].map(Input::Text);
        let several = parts(Ask::Embeddings { inputs: &inputs });
        insta::assert_snapshot!(body(&several), @r#"{"model":"m","input":["a","b"]}"#);
    }

    #[test]
    fn token_ids_stand_where_texts_would() {
        let one = parts(Ask::Embedding { input: Input::Tokens(&[5, 6]) });
        insta::assert_snapshot!(body(&one), @r#"{"model":"m","input":[5,6]}"#);
        let inputs = [Input::Tokens(&[5, 6]), Input::Tokens(&[7])];
        let several = parts(Ask::Embeddings { inputs: &inputs });
        insta::assert_snapshot!(body(&several), @r#"{"model":"m","input":[[5,6],[7]]}"#);
        let prompt = Input::Tokens(&[8]);
        let parts = BodyParts { stream: false, ..parts(Ask::Completion { prompt }) };
        insta::assert_snapshot!(body(&parts), @r#"{"model":"m","prompt":[8],"stream":false,"max_tokens":8}"#);
    }

    #[test]
    fn a_response_has_instructions_and_is_not_kept() {
        let token_limit = Some(TokenLimit::MaxOutputTokens(9));
        let ask = Ask::Response { instructions: Some("s"), user: "u" };
        let parts = BodyParts { token_limit, ..parts(ask) };
        insta::assert_snapshot!(body(&parts), @r#"{"model":"m","instructions":"s","input":"u","store":false,"stream":true,"max_output_tokens":9}"#);
        let messages = json!([{"role": "user", "content": "u"}]);
        let ask = Ask::ResponseMessages { instructions: None, messages: &messages };
        let parts = BodyParts { ask, stream: false, ..parts };
        insta::assert_snapshot!(body(&parts), @r#"{"model":"m","input":[{"role":"user","content":"u"}],"store":false,"stream":false,"max_output_tokens":9}"#);
    }

    #[test]
    fn the_limit_of_ollama_is_one_of_its_options() {
        let token_limit = Some(TokenLimit::NumPredict(9));
        let ask = Ask::Generation { system: Some("s"), prompt: "p" };
        let backend = map(&json!({"keep_alive": -1, "options": {"temperature": 1, "seed": 1}}));
        let workload = map(&json!({"options": {"temperature": 0, "seed": null}}));
        let extra = [&backend, &workload];
        let parts = BodyParts { token_limit, include_usage: false, extra: &extra, ..parts(ask) };
        insta::assert_snapshot!(body(&parts), @r#"{"model":"m","system":"s","prompt":"p","stream":true,"options":{"num_predict":9,"temperature":0},"keep_alive":-1}"#);
    }

    #[test]
    fn a_ranking_has_a_query_and_documents() {
        let ask = Ask::Ranking { query: "q", documents: &["a", "b"] };
        insta::assert_snapshot!(body(&parts(ask)), @r#"{"model":"m","query":"q","documents":["a","b"]}"#);
    }

    #[test]
    fn extra_fields_are_merged_in_order_and_null_deletes() {
        let backend = map(&json!({"temperature": 1, "top_p": 0.5, "max_tokens": null}));
        let workload = map(&json!({"temperature": 0, "top_p": null, "absent": null, "n": 2}));
        let extra = [&backend, &workload];
        let prompt = Input::Text("p");
        let parts = BodyParts { extra: &extra, ..parts(Ask::Completion { prompt }) };
        insta::assert_snapshot!(body(&parts), @r#"{"model":"m","prompt":"p","stream":true,"stream_options":{"include_usage":true},"temperature":0,"n":2}"#);
    }

    #[test]
    fn model_and_stream_stay_as_they_are() {
        let extra = map(&json!({"model": "other", "stream": null}));
        let extra = [&extra];
        let parts =
            BodyParts { extra: &extra, ..parts(Ask::Embedding { input: Input::Text("a") }) };
        assert_eq!(body(&parts), r#"{"model":"m","input":"a"}"#);
    }

    #[test]
    fn a_body_written_for_another_server_keeps_its_fields() {
        let fields = map(&json!({
            "model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9,
            "tools": [], "stream_options": {"x": 1},
        }));
        let ask = Ask::Body { fields: &fields, endpoint: Endpoint::Chat };
        let sent = body(&BodyParts { stream: true, include_usage: true, ..parts(ask) });
        insta::assert_snapshot!(sent, @r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[],"stream_options":{"include_usage":true},"stream":true,"max_tokens":8}"#);
        let limit = Some(TokenLimit::MaxCompletionTokens(5));
        let sent = body(&BodyParts { token_limit: limit, stream: false, ..parts(ask) });
        insta::assert_snapshot!(sent, @r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[],"stream":false,"max_completion_tokens":5}"#);
    }
}
