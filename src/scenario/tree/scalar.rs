//! Plain scalars: which text is a number, which is not.

use super::node::{Text, Value};

/// What an unquoted scalar means.
///
/// # Source
///
/// YAML 1.2.2, section 10.3.2, the core schema: `yes`, `on` and `1_000` are texts.
pub(in crate::scenario) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        _ => integer(text).or_else(|| real(text)).unwrap_or_else(|| text_value(text)),
    }
}

/// A text as a value.
pub(super) fn text_value(text: &str) -> Value {
    Value::Text(Text { meant: text.to_owned(), ..Text::default() })
}

fn integer(text: &str) -> Option<Value> {
    let number = if let Some(digits) = text.strip_prefix("0x") {
        i128::from_str_radix(digits, 16)
    } else if let Some(digits) = text.strip_prefix("0o") {
        i128::from_str_radix(digits, 8)
    } else {
        text.parse()
    };
    number.ok().map(Value::Integer)
}

/// Rust reads `inf` and `nan` as numbers; YAML does not.
fn real(text: &str) -> Option<Value> {
    let only_digits = text.chars().all(|c| c.is_ascii_digit() || ".eE+-".contains(c));
    let has_digit = text.contains(|c: char| c.is_ascii_digit());
    (only_digits && has_digit).then(|| text.parse().ok().map(Value::Float)).flatten()
}
