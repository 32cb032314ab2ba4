//! Tree → YAML text.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::node::{Node, Value};

/// The tree as YAML, keys in the order they were written, references as they were typed.
///
/// # Errors
///
/// What the YAML writer cannot express; texts, numbers, lists and mappings it all can.
pub(in crate::scenario) fn write_yaml(root: &Node) -> Result<String, String> {
    serde_saphyr::to_string(root).map_err(|error| error.to_string())
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => serializer.serialize_i64(number),
                (_, Ok(number)) => serializer.serialize_u64(number),
                _ => serializer.serialize_i128(*number),
            },
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Text(text) => {
                serializer.serialize_str(text.typed.as_deref().unwrap_or(&text.meant))
            }
            Value::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Value::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    map.serialize_entry(&entry.key, &entry.value)?;
                }
                map.end()
            }
        }
    }
}
