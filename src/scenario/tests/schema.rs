//! The JSON Schema says what the reader takes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::problems;
use crate::scenario::schema;

/// The paths of all keys in a schema; names that users choose are `NAME`.
fn paths(schema: &Value, above: &str, found: &mut BTreeSet<String>) {
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        paths(value, &path, found);
        found.insert(path);
    }
    if schema["additionalProperties"].is_object() {
        paths(&schema["additionalProperties"], &format!("{above}.NAME"), found);
    }
    if schema["items"].is_object() {
        paths(&schema["items"], &format!("{above}.0"), found);
    }
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        paths(choice, above, found);
    }
}

/// A scenario with an impossible value at `path`, and nothing else.
fn scenario_with(path: &str, value: &str) -> String {
    let mut text = value.to_owned();
    for step in path.split('.').rev() {
        text = if step == "0" { format!("[{text}]") } else { format!("{{{step}: {text}}}") };
    }
    text
}

#[test]
fn every_key_of_the_schema_is_known_to_the_reader() {
    let mut found = BTreeSet::new();
    paths(&schema(), "", &mut found);
    assert!(found.len() > 70, "{}", found.len());
    for path in found {
        let key = path.rsplit('.').next().unwrap();
        let said = problems(&scenario_with(&path, "[[]]"));
        assert!(!said.contains(&format!("has no key `{key}`")), "{path}: {said}");
    }
}

#[test]
fn no_mapping_of_the_schema_takes_another_key() {
    let mut found = BTreeSet::new();
    paths(&schema(), "", &mut found);
    let mappings: BTreeSet<_> = found
        .iter()
        .filter_map(|path| path.rsplit_once('.'))
        .map(|(above, _)| above.to_owned())
        .collect();
    for above in mappings {
        let said = problems(&scenario_with(&format!("{above}.no_such_key"), "1"));
        assert!(said.contains("has no key `no_such_key`"), "{above}: {said}");
    }
}

#[test]
fn the_schema_names_what_it_needs_and_describes_every_key() {
    fn described(schema: &Value, at: &str) {
        for (key, value) in schema["properties"].as_object().into_iter().flatten() {
            assert!(value["description"].is_string(), "{at}.{key}");
            described(value, key);
        }
    }
    let schema = schema();
    described(&schema, "");
    assert_eq!(
        schema["required"],
        serde_json::json!(["pacemark", "backends", "workloads", "load"])
    );
    assert_eq!(schema["properties"]["seed"]["default"], "42");
}
