//! What stands in a row instead of what should, in words.

use serde_json::{Map, Value};

/// Longest piece of a row that an error repeats, in characters.
const EXCERPT_CHARS: usize = 60;
/// Most keys of a row that an error repeats.
const KEYS_SHOWN: usize = 8;

/// Why a row is no prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// What was found, in words.
    pub(super) found: String,
    /// What would be right.
    pub(super) accepted: String,
}

impl Fault {
    pub(super) fn new(found: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { found: found.into(), accepted: accepted.into() }
    }
}

/// `text` as a JSON object.
///
/// # Errors
///
/// What it is instead, in words.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, String> {
    if text.trim().is_empty() {
        return Err("the end of the file".to_owned());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(format!("{} instead of an object: {}", kind(&other), excerpt(text))),
        Err(error) => {
            let line = match error.line() {
                0 | 1 => String::new(),
                more => format!(", {} lines on", more - 1),
            };
            Err(format!("broken JSON at column {}{line}: {}", error.column(), excerpt(text)))
        }
    }
}

/// A whole number of at least 1 under `key`; `None` where the row has none, or `null`.
///
/// # Errors
///
/// What stands there instead, in words.
pub(super) fn tokens(row: &Map<String, Value>, key: &str) -> Result<Option<u32>, String> {
    let value = match row.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value,
    };
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    match number.filter(|number| *number > 0) {
        Some(number) => Ok(Some(number)),
        None if value.is_number() => Err(format!("`{key}` is {value}")),
        None => Err(format!("`{key}` is {}", kind(value))),
    }
}

/// The keys of a row, for an error that misses one.
pub(super) fn keys_of(row: &Map<String, Value>) -> String {
    let keys: Vec<_> =
        row.keys().take(KEYS_SHOWN).map(|key| format!("`{}`", excerpt(key))).collect();
    if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
}

/// A value by its type.
pub(super) fn kind(value: &Value) -> &'static str {
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

/// The beginning of `text`, on one line.
pub(super) fn excerpt(text: &str) -> String {
    let mut cut: String = text
        .chars()
        .take(EXCERPT_CHARS)
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
