//! Lists, and mappings whose keys the user chooses.

use serde_json::{Value as Json, json};

use super::decode::{Decode, unexpected};
use super::field::Given;
use super::text::flaw_of_name;
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::tree::{Entry, Node, Value};

/// A list with at least one item and at most `MAX`; items that are wrong, which is reported
/// already, are left out.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct List<T, const MAX: usize>(pub(in crate::scenario) Vec<Given<T>>);

/// One value, or a list of them.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct OneOrMany<T, const MAX: usize>(
    pub(in crate::scenario) Vec<Given<T>>,
);

/// Values under names that the user chose, in the order they were written; at most `MAX`.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Named<T, const MAX: usize>(
    pub(in crate::scenario) Vec<NamedItem<T>>,
);

/// One of them.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct NamedItem<T> {
    /// Its name.
    pub(in crate::scenario) name: String,
    /// Where the name was written.
    pub(in crate::scenario) place: Place,
    /// The value; `None` where it is wrong, which is reported already.
    pub(in crate::scenario) value: Option<T>,
}

impl<T: Decode, const MAX: usize> Decode for List<T, MAX> {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::List(items) = &node.value else {
            return unexpected(node, "a list; write `[…]`, or each item after a `- `", problems);
        };
        if items.is_empty() {
            return unexpected(node, "a list with at least one item", problems);
        }
        if items.len() > MAX {
            return unexpected(node, &format!("a list of at most {MAX} items"), problems);
        }
        let read = |(index, node): (usize, &Node)| {
            let value = problems.within(index, |problems| T::decode(node, problems))?;
            Some(Given { value, place: node.place })
        };
        Some(Self(items.iter().enumerate().filter_map(read).collect()))
    }

    fn schema() -> Json {
        json!({"type": "array", "items": T::schema(), "minItems": 1, "maxItems": MAX})
    }
}

impl<T: Decode, const MAX: usize> Decode for OneOrMany<T, MAX> {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        if let Value::List(_) = &node.value {
            return List::<T, MAX>::decode(node, problems).map(|list| Self(list.0));
        }
        let value = T::decode(node, problems)?;
        Some(Self(vec![Given { value, place: node.place }]))
    }

    fn schema() -> Json {
        json!({"anyOf": [T::schema(), List::<T, MAX>::schema()]})
    }
}

impl<T: Decode, const MAX: usize> Decode for Named<T, MAX> {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Some(entries) = node.entries() else {
            return unexpected(node, "a mapping from names", problems);
        };
        if entries.is_empty() {
            return unexpected(node, "a mapping with at least one name", problems);
        }
        if entries.len() > MAX {
            return unexpected(node, &format!("a mapping of at most {MAX} names"), problems);
        }
        let read = |entry: &Entry| {
            if let Some(flaw) = flaw_of_name(&entry.key) {
                let message = format!("a name in {} {flaw}", problems.subject());
                problems.report(Problem::new(entry.key_place, message));
            }
            let value = problems.within(&entry.key, |problems| T::decode(&entry.value, problems));
            NamedItem { name: entry.key.clone(), place: entry.key_place, value }
        };
        Some(Self(entries.iter().map(read).collect()))
    }

    fn schema() -> Json {
        json!({
            "type": "object",
            "additionalProperties": T::schema(),
            "minProperties": 1,
            "maxProperties": MAX,
        })
    }
}
