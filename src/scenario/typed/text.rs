//! Texts of every purpose, and values that are handed on as they are.

use std::path::PathBuf;

use serde_json::{Map, Number, Value as Json, json};

use super::decode::{Decode, unexpected};
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::secret::Secret;
use crate::scenario::tree::{HIDDEN, Node, Value};

/// Longer names do not fit into a table.
const LONGEST_NAME: usize = 64;

/// A short text on one line: a name of something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::scenario) struct Name(pub(in crate::scenario) String);

/// A name that a folder can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct FolderName(pub(in crate::scenario) String);

/// A file, as it was typed; relative to the folder of the scenario.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct FilePath(pub(in crate::scenario) PathBuf);

/// A text that must not be shown.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct SecretText(pub(in crate::scenario) Secret);

/// A mapping that is handed on as a JSON object.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct JsonObject(pub(in crate::scenario) Map<String, Json>);

impl Decode for String {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Text(text) if !text.meant.is_empty() => Some(text.meant.clone()),
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {
                unexpected(node, "a text; put it in quotes", problems)
            }
            _ => unexpected(node, "a text", problems),
        }
    }

    fn schema() -> Json {
        json!({"type": "string", "minLength": 1})
    }
}

impl Decode for Name {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = String::decode(node, problems)?;
        let subject = problems.subject();
        match flaw_of_name(&text) {
            None => Some(Self(text)),
            Some(flaw) => {
                problems.report(Problem::new(node.place, format!("{subject} {flaw}")));
                None
            }
        }
    }

    fn schema() -> Json {
        json!({"type": "string", "minLength": 1, "maxLength": LONGEST_NAME})
    }
}

impl Decode for FolderName {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Name(name) = Name::decode(node, problems)?;
        if name.contains(['/', '\\', ':']) || name.starts_with('.') {
            let expected = "the name of a folder; leave out `/`, `\\`, `:` and a first `.`";
            return unexpected(node, expected, problems);
        }
        Some(Self(name))
    }

    fn schema() -> Json {
        json!({
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_NAME,
            "pattern": r"^[^./\\:][^/\\:]*$",
        })
    }
}

/// What keeps a text from being a name, as the end of a message.
pub(super) fn flaw_of_name(text: &str) -> Option<String> {
    if text.trim() != text || text.is_empty() {
        Some("must not be empty, nor begin or end with a space".to_owned())
    } else if text.chars().any(char::is_control) {
        Some("must be on one line".to_owned())
    } else if text.chars().count() > LONGEST_NAME {
        Some(format!("must have at most {LONGEST_NAME} characters"))
    } else {
        None
    }
}

impl Decode for FilePath {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        String::decode(node, problems).map(|text| Self(PathBuf::from(text)))
    }

    fn schema() -> Json {
        json!({"type": "string", "minLength": 1, "format": "path"})
    }
}

impl Decode for SecretText {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let expected = "a text; put it in quotes, or take it from the environment: `${NAME}`";
        let Some(text) = node.as_text() else { return unexpected(node, expected, problems) };
        if text.meant.contains(HIDDEN) {
            return hidden_before(node, problems);
        }
        let is_sendable = |c: char| c == '\t' || (' '..='~').contains(&c);
        if text.meant.is_empty() || !text.meant.chars().all(is_sendable) {
            return unexpected(node, "a text of ASCII characters on one line", problems);
        }
        Some(Self(Secret::with_parts(&text.meant, text.taken.iter().cloned())))
    }

    fn schema() -> Json {
        json!({"type": "string", "minLength": 1})
    }
}

impl Decode for JsonObject {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match json_of(node, problems)? {
            Json::Object(object) => Some(Self(object)),
            _ => unexpected(node, "a mapping", problems),
        }
    }

    fn schema() -> Json {
        json!({"type": "object"})
    }
}

/// Reports a value that a stored scenario lacks.
fn hidden_before<T>(node: &Node, problems: &mut Problems) -> Option<T> {
    let message = format!("{} was hidden when this scenario was stored", problems.subject());
    problems.report(
        Problem::new(node.place, message)
            .hint("write the value again, or take it from the environment: `${NAME}`"),
    );
    None
}

fn json_of(node: &Node, problems: &mut Problems) -> Option<Json> {
    Some(match &node.value {
        Value::Unknown => return None,
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Text(text) if node.secret && text.meant.contains(HIDDEN) => {
            return hidden_before(node, problems);
        }
        Value::Text(text) => Json::String(text.meant.clone()),
        Value::Integer(number) => match Number::from_i128(*number) {
            Some(number) => Json::Number(number),
            None => return unexpected(node, "a number of 64 bits", problems),
        },
        Value::Float(number) => match Number::from_f64(*number) {
            Some(number) => Json::Number(number),
            None => return unexpected(node, "a finite number", problems),
        },
        Value::List(items) => {
            let read = |(index, item): (usize, &Node)| {
                problems.within(index, |problems| json_of(item, problems))
            };
            Json::Array(items.iter().enumerate().map(read).collect::<Option<_>>()?)
        }
        Value::Map(entries) => {
            let mut object = Map::new();
            for entry in entries {
                let value = problems.within(&entry.key, |p| json_of(&entry.value, p))?;
                object.insert(entry.key.clone(), value);
            }
            Json::Object(object)
        }
    })
}
