//! The list of models, and whether a wanted one is on it.

use serde_json::{Map, Value};

use super::failure::{ApiError, excerpt};
use crate::record::{Failure, FailureKind};

/// How alike two names must be for one to be offered in place of the other, from 0 to 1.
const ALIKE: f64 = 0.75;
/// How alike names are of which one is part of the other: `qwen3` and `qwen3:4b`.
const PART: f64 = 0.9;
/// What Ollama adds to names without a tag.
const LATEST: &str = ":latest";

/// A model as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEntry {
    /// Its name in requests.
    pub id: String,
    /// Everything the server says of it, `id` included.
    pub fields: Map<String, Value>,
}

impl ModelEntry {
    /// Who the server says owns it; `None` if it does not say.
    pub fn owned_by(&self) -> Option<&str> {
        self.text(&["owned_by"])
    }

    /// The most tokens it can hold; `None` if the server does not say.
    ///
    /// LiteLLM's `max_input_tokens` is no such number: it comes from a catalogue of models of
    /// that name, not from the server behind the gateway.
    pub fn context_length(&self) -> Option<u64> {
        // vLLM and SGLang, XInference and several gateways, llama.cpp.
        self.number(&["max_model_len"])
            .or_else(|| self.number(&["context_length"]))
            .or_else(|| self.number(&["meta", "n_ctx"]))
    }

    /// A text it is described by, found by field names from the outside in; `None` if there is
    /// none, or an empty one.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.find(path)?.as_str().filter(|text| !text.is_empty())
    }

    /// A whole number it is described by; `None` if there is none, or 0.
    pub fn number(&self, path: &[&str]) -> Option<u64> {
        self.find(path)?.as_u64().filter(|number| *number > 0)
    }

    fn find(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.fields.get(*first)?, |value, field| value.get(field))
    }
}

/// Whether a model is on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Under this name.
    Exact,
    /// Under another name that stands for it.
    As(String),
    /// Not at all.
    Missing {
        /// The most similar name on the list; `None` if none is similar.
        nearest: Option<String>,
    },
}

/// Reads the answer to `GET /v1/models`, in the server's order.
///
/// # Errors
///
/// [`FailureKind::ApiError`] for an error inside, [`FailureKind::Malformed`] for anything else
/// that is no list of models.
pub fn decode_models(body: &[u8]) -> Result<Vec<ModelEntry>, Failure> {
    let malformed = |what: &str| Failure {
        kind: FailureKind::Malformed,
        message: format!("{what}: {}", excerpt(body)),
    };
    let value: Value =
        serde_json::from_slice(body).map_err(|_| malformed("the list of models is not JSON"))?;
    // Together sends the bare list.
    let list = match &value {
        Value::Array(list) => list,
        _ => match value.get("data") {
            Some(Value::Array(list)) => list,
            Some(Value::Null) => return Ok(Vec::new()),
            _ if value.get("error").is_some_and(|error| !error.is_null()) => {
                return Err(ApiError::from_json(value["error"].to_string().as_bytes()).into());
            }
            _ => return Err(malformed("not a list of models")),
        },
    };
    let entries = list.iter().map(|entry| {
        let fields = entry.as_object()?;
        let id = fields.get("id")?.as_str()?.to_owned();
        Some(ModelEntry { id, fields: fields.clone() })
    });
    entries.collect::<Option<_>>().ok_or_else(|| malformed("a model without an `id`"))
}

/// Whether requests for `wanted` will find a model on the list.
///
/// Ollama lists `name:latest` and takes `name`; LiteLLM lists `openai/*` and takes all that
/// begins so; llama.cpp lists other names of a model beside it. A tag is a part of the name:
/// `qwen3` is not `qwen3:4b`.
pub fn model_listed(wanted: &str, listed: &[ModelEntry]) -> Listed {
    if listed.iter().any(|entry| entry.id == wanted) {
        return Listed::Exact;
    }
    let stands_for = |entry: &&ModelEntry| {
        let tagged = entry.id.strip_suffix(LATEST) == Some(wanted);
        let wild = entry.id.strip_suffix('*').is_some_and(|prefix| wanted.starts_with(prefix));
        let aliases = entry.fields.get("aliases").and_then(Value::as_array);
        tagged || wild || aliases.is_some_and(|aliases| aliases.iter().any(|name| name == wanted))
    };
    if let Some(entry) = listed.iter().find(stands_for) {
        return Listed::As(entry.id.clone());
    }
    let likeness = |entry: &ModelEntry| likeness(wanted, &entry.id);
    let nearest = listed
        .iter()
        .map(|entry| (likeness(entry), &entry.id))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    Listed::Missing { nearest: nearest.map(|(_, id)| id.clone()) }
}

fn likeness(wanted: &str, id: &str) -> f64 {
    let [wanted, id] = [wanted, id].map(str::to_lowercase);
    let alike = strsim::jaro_winkler(&wanted, &id);
    let part = !wanted.is_empty() && (id.contains(&wanted) || wanted.contains(&id));
    if part { alike.max(PART) } else { alike }
}

#[cfg(test)]
mod tests {
    use super::{Listed, decode_models, model_listed};

    fn listed(wanted: &str, body: &str) -> Listed {
        model_listed(wanted, &decode_models(body.as_bytes()).unwrap())
    }

    fn missing(nearest: Option<&str>) -> Listed {
        Listed::Missing { nearest: nearest.map(str::to_owned) }
    }

    #[test]
    fn a_model_is_found_under_the_names_that_stand_for_it() {
        let body = r#"{"data": [{"id": "qwen3:latest"}, {"id": "openai/*"},
                       {"id": "tiny", "aliases": ["small"]}]}"#;
        assert_eq!(listed("tiny", body), Listed::Exact);
        assert_eq!(listed("qwen3", body), Listed::As("qwen3:latest".to_owned()));
        assert_eq!(listed("openai/gpt-5", body), Listed::As("openai/*".to_owned()));
        assert_eq!(listed("small", body), Listed::As("tiny".to_owned()));
    }

    #[test]
    fn a_tag_is_part_of_the_name() {
        let body = r#"{"data": [{"id": "llama3.2:1b"}, {"id": "qwen3:4b"}]}"#;
        assert_eq!(listed("qwen3", body), missing(Some("qwen3:4b")));
        assert_eq!(listed("qwen3:8b", body), missing(Some("qwen3:4b")));
        assert_eq!(listed("bge-m3", body), missing(None));
    }

    #[test]
    fn names_that_differ_in_case_or_path_are_offered() {
        let body = r#"[{"id": "Qwen/Qwen3-8B"}, {"id": "Mistral-7B"}]"#;
        assert_eq!(listed("qwen3-8b", body), missing(Some("Qwen/Qwen3-8B")));
        assert_eq!(listed("mistral-7b", body), missing(Some("Mistral-7B")));
    }

    #[test]
    fn what_servers_say_of_a_model_is_kept() {
        let body = br#"{"object": "list", "data": [
            {"id": "a", "owned_by": "vllm", "max_model_len": 32768},
            {"id": "b", "meta": {"n_ctx": 2048}, "owned_by": ""}]}"#;
        let models = decode_models(body).unwrap();
        assert_eq!(models[0].owned_by(), Some("vllm"));
        assert_eq!(models[0].context_length(), Some(32_768));
        assert_eq!((models[1].owned_by(), models[1].context_length()), (None, Some(2_048)));
    }

    #[test]
    fn what_is_no_list_is_told_apart() {
        let failure = |body: &str| {
            let failure = decode_models(body.as_bytes()).unwrap_err();
            format!("{}: {}", failure.kind, failure.message)
        };
        insta::assert_snapshot!(failure("<html>"), @"malformed: the list of models is not JSON: `<html>`");
        insta::assert_snapshot!(failure("{}"), @"malformed: not a list of models: `{}`");
        insta::assert_snapshot!(failure(r#"{"data": [{}]}"#), @"malformed: a model without an `id`: `{\"data\": [{}]}`");
        insta::assert_snapshot!(failure(r#"{"error": {"message": "no", "code": 401}}"#), @"api_error: no (code 401)");
        assert_eq!(decode_models(br#"{"data": null}"#), Ok(Vec::new()));
    }
}
