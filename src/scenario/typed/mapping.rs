//! Mappings with fixed keys: one declaration, from which reader and schema follow.

use serde_json::{Map, Value as Json, json};

use super::decode::{Decode, not_yet, unexpected};
use super::field::{Field, Given};
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems, listed, suggestion};
use crate::scenario::tree::{Entry, Node};

/// Declares a mapping: its struct, how it is read, and its schema.
///
/// Each key says whether it is `required` or `optional`, its type, and (after `=`) its default
/// as users write it. Under `later` stand keys that the format has reserved, with what they will
/// do; under `instead` those that will do the work of the other keys, so that a mapping with one
/// of them is not judged further.
macro_rules! mapping {
    (
        $(#[doc = $about:literal])+
        $(#[expect($($expected:tt)+)])?
        $name:ident {
            $($(#[doc = $doc:literal])+ $presence:ident $key:ident: $kind:ty $(= $default:literal)?,)+
        }
        later { $($later:literal: $what:literal,)* }
        $(instead { $($instead:literal: $instead_what:literal,)* })?
    ) => {
        $(#[doc = $about])+
        $(#[expect($($expected)+)])?
        #[derive(Clone, Debug)]
        pub(in crate::scenario) struct $name {
            $($(#[doc = $doc])+ pub(in crate::scenario) $key: $crate::scenario::typed::Field<$kind>,)+
        }

        impl $crate::scenario::typed::Decode for $name {
            fn decode(
                node: &$crate::scenario::tree::Node,
                problems: &mut $crate::scenario::problem::Problems,
            ) -> Option<Self> {
                const KEYS: $crate::scenario::typed::mapping::Keys = $crate::scenario::typed::mapping::Keys {
                    known: &[$($crate::scenario::typed::mapping::key_name(stringify!($key))),+],
                    later: &[$(($later, $what)),*],
                    instead: &[$($(($instead, $instead_what)),*)?],
                };
                let entries = KEYS.open(node, problems)?;
                Some(Self {
                    $($key: entries.$presence(
                        $crate::scenario::typed::mapping::key_name(stringify!($key)),
                        problems,
                    ),)+
                })
            }

            fn schema() -> serde_json::Value {
                $crate::scenario::typed::mapping::schema_of(
                    &[$($about),+],
                    [$($crate::scenario::typed::mapping::KeySchema {
                        key: $crate::scenario::typed::mapping::key_name(stringify!($key)),
                        doc: &[$($doc),+],
                        required: stringify!($presence) == "required",
                        default: None$(.or(Some($default)))?,
                        schema: <$kind as $crate::scenario::typed::Decode>::schema(),
                    }),+],
                )
            }
        }
    };
}
pub(super) use mapping;

/// The key that a field stands for: a word of Rust is written `r#word` there.
pub(super) const fn key_name(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', key @ ..] => match str::from_utf8(key) {
            Ok(key) => key,
            Err(_) => field,
        },
        _ => field,
    }
}

/// The keys of a mapping.
pub(super) struct Keys {
    /// Those it has.
    pub(super) known: &'static [&'static str],
    /// Those it will have, with what they will do.
    pub(super) later: &'static [(&'static str, &'static str)],
    /// Those it will have instead of the others.
    pub(super) instead: &'static [(&'static str, &'static str)],
}

/// A mapping whose keys have been looked through.
pub(super) struct Entries<'n> {
    place: Place,
    list: &'n [Entry],
}

impl Keys {
    /// Opens a mapping and reports every key that it should not have; `None` where nothing more
    /// can be said about it.
    pub(super) fn open<'n>(&self, node: &'n Node, problems: &mut Problems) -> Option<Entries<'n>> {
        let Some(entries) = node.entries() else {
            let expected = format!("a mapping with the keys {}", listed(self.known));
            return unexpected(node, &expected, problems);
        };
        let mut is_judged = true;
        for Entry { key, key_place, .. } in entries {
            let mut reserved = self.later.iter().chain(self.instead);
            if let Some((_, what)) = reserved.find(|(reserved, _)| reserved == key) {
                is_judged &= !self.instead.iter().any(|(instead, _)| instead == key);
                problems.within(key, |problems| not_yet(*key_place, what, problems));
            } else if !self.known.contains(&key.as_str()) {
                let message = format!("{} has no key `{key}`", problems.subject());
                let hint = suggestion(key, self.known);
                problems.report(Problem::new(*key_place, message).hint(hint));
            }
        }
        is_judged.then_some(Entries { place: node.place, list: entries })
    }
}

impl Entries<'_> {
    /// Reads a key that may be missing.
    pub(super) fn optional<T: Decode>(&self, key: &str, problems: &mut Problems) -> Field<T> {
        let Some(Entry { value: node, .. }) = self.list.iter().find(|entry| entry.key == key)
        else {
            return Field::Absent;
        };
        match problems.within(key, |problems| T::decode(node, problems)) {
            Some(value) => Field::Given(Given { value, place: node.place }),
            None => Field::Wrong(node.place),
        }
    }

    /// Reads a key and reports it if it is missing.
    pub(super) fn required<T: Decode>(&self, key: &str, problems: &mut Problems) -> Field<T> {
        let field = self.optional(key, problems);
        if field.is_absent() {
            let message = format!("{} lacks the key `{key}`", problems.subject());
            problems.report(Problem::new(self.place, message));
        }
        field
    }
}

/// The schema of one key.
pub(super) struct KeySchema {
    /// The key.
    pub(super) key: &'static str,
    /// What it means; lines of a doc comment.
    pub(super) doc: &'static [&'static str],
    /// Whether it must be there.
    pub(super) required: bool,
    /// What is taken where it is not, as users write it.
    pub(super) default: Option<&'static str>,
    /// What its value may be.
    pub(super) schema: Json,
}

/// The schema of a mapping.
pub(super) fn schema_of<const N: usize>(about: &[&str], keys: [KeySchema; N]) -> Json {
    let required: Vec<_> = keys.iter().filter(|key| key.required).map(|key| key.key).collect();
    let mut properties = Map::new();
    for KeySchema { key, doc, default, mut schema, .. } in keys {
        if let Json::Object(schema) = &mut schema {
            // In words, not as `default`: many defaults are no values but what happens.
            let default =
                default.map(|default| format!(" Default: {default}.")).unwrap_or_default();
            let description = plain_text(doc) + &default;
            schema.insert("description".to_owned(), json!(description));
        }
        properties.insert(key.to_owned(), schema);
    }
    let mut schema = json!({
        "type": "object",
        "description": plain_text(about),
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn plain_text(doc: &[&str]) -> String {
    doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}
