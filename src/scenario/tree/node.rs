//! A value and where it was written.

use crate::scenario::place::Place;

/// Longer texts are cut in messages.
const LONGEST_SHOWN: usize = 40;

/// A value and where it was written. Has no `Debug`, for it may hold a secret.
#[derive(Clone)]
pub(in crate::scenario) struct Node {
    /// Where it was written.
    pub(in crate::scenario) place: Place,
    /// The value.
    pub(in crate::scenario) value: Value,
    /// Whether it must never be shown.
    pub(in crate::scenario) secret: bool,
}

/// What a YAML node can be.
#[derive(Clone)]
pub(in crate::scenario) enum Value {
    /// Something that could not be found out, which is reported already.
    Unknown,
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(Text),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order it was written; its keys are unique.
    Map(Vec<Entry>),
}

/// A text, and how it was typed if the environment is in it.
#[derive(Clone, Default)]
pub(in crate::scenario) struct Text {
    /// The text that is meant.
    pub(in crate::scenario) meant: String,
    /// The text that was typed, where it differs.
    pub(in crate::scenario) typed: Option<String>,
    /// What was taken from the environment.
    pub(in crate::scenario) taken: Vec<String>,
}

/// One key of a mapping with its value.
#[derive(Clone)]
pub(in crate::scenario) struct Entry {
    /// The key.
    pub(in crate::scenario) key: String,
    /// Where the key was written.
    pub(in crate::scenario) key_place: Place,
    /// The value.
    pub(in crate::scenario) value: Node,
}

impl Node {
    /// A value at a place.
    pub(in crate::scenario) const fn new(place: Place, value: Value) -> Self {
        Self { place, value, secret: false }
    }

    /// A text at a place.
    pub(in crate::scenario) fn text(place: Place, text: impl Into<String>) -> Self {
        Self::new(place, Value::Text(Text { meant: text.into(), ..Text::default() }))
    }

    /// The text, if it is one.
    pub(in crate::scenario) fn as_text(&self) -> Option<&Text> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries, if it is a mapping.
    pub(in crate::scenario) fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of `key`, if this is a mapping that has it.
    pub(in crate::scenario) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The value of `key`, if this is a mapping that has it.
    pub(in crate::scenario) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Value::Map(entries) = &mut self.value else { return None };
        entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
    }

    /// What stands here, for the end of a message; no secret is told.
    pub(in crate::scenario) fn describe(&self) -> String {
        match &self.value {
            Value::Unknown => "something unknown".to_owned(),
            Value::Null => "nothing".to_owned(),
            Value::List(items) if items.is_empty() => "an empty list".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Map(entries) if entries.is_empty() => "an empty mapping".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
            Value::Text(text) if text.meant.is_empty() => "an empty text".to_owned(),
            Value::Text(_) if self.secret => "a hidden text".to_owned(),
            _ if self.secret => "a hidden value".to_owned(),
            Value::Bool(value) => format!("{value}"),
            Value::Integer(number) => format!("the number {number}"),
            Value::Float(number) => format!("the number {number}"),
            Value::Text(text) => format!("`{}`", shortened(&text.meant)),
        }
    }

    /// Calls `visit` for this node and all below it, with the keys that lead there.
    pub(in crate::scenario) fn walk(
        &mut self,
        path: &mut Vec<String>,
        visit: &mut impl FnMut(&[String], &mut Self),
    ) {
        visit(path, self);
        match &mut self.value {
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    path.push(index.to_string());
                    item.walk(path, visit);
                    path.pop();
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    path.push(entry.key.clone());
                    entry.value.walk(path, visit);
                    path.pop();
                }
            }
            Value::Unknown
            | Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_) => {}
        }
    }
}

/// A text on one line, cut where it is long.
fn shortened(text: &str) -> String {
    let mut shown: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_SHOWN).collect();
    if text.chars().nth(LONGEST_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
