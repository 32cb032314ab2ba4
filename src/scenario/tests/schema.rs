//! The JSON Schema and `docs/scenario.md` say what the reader takes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::harness::{problems, read, read_with};
use crate::scenario::{BackendKind, Overrides, TokenLimitField, schema};

const DOCUMENTATION: &str = include_str!("../../../docs/scenario.md");

/// Every key of a schema under its dotted path, with its default: names that users choose are
/// `NAME`, items of lists `0`. The keys of distributions and of ramps come once, below `distribution`
/// and `ramp`.
fn keys(schema: &Value, above: &str, found: &mut BTreeMap<String, String>) {
    let required = schema["required"].as_array();
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        keys(value, &path, found);
        let description = value["description"].as_str().unwrap_or_default();
        let default = match description.split_once(" Default: ") {
            Some((_, default)) => default.trim_end_matches('.').to_owned(),
            None if required.is_some_and(|keys| keys.contains(&Value::from(key.as_str()))) => {
                "required".to_owned()
            }
            None => "–".to_owned(),
        };
        found.insert(path, default);
    }
    if schema["additionalProperties"].is_object() {
        keys(&schema["additionalProperties"], &format!("{above}.NAME"), found);
    }
    if schema["items"].is_object() {
        keys(&schema["items"], &format!("{above}.0"), found);
    }
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        keys(choice, above, found);
    }
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        let above = if name.ends_with("_ramp") { "ramp" } else { "distribution" };
        keys(definition, above, found);
    }
}

fn all_keys() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    keys(&schema(), "", &mut found);
    assert!(found.len() > 70, "{}", found.len());
    found
}

/// A scenario with `value` at `path`, and nothing else.
fn scenario_with(path: &str, value: &str) -> String {
    let path = match path.strip_prefix("ramp.") {
        Some(key) => format!("load.stages.0.rate.{key}"),
        None => path.replace("distribution", "backends.NAME.mock.ttft"),
    };
    let mut text = value.to_owned();
    for step in path.split('.').rev() {
        text = if step == "0" { format!("[{text}]") } else { format!("{{{step}: {text}}}") };
    }
    text
}

#[test]
fn every_key_of_the_schema_is_known_to_the_reader() {
    for path in all_keys().into_keys() {
        let key = path.rsplit('.').next().unwrap();
        let said = problems(&scenario_with(&path, "[[]]"));
        assert!(!said.contains(&format!("has no key `{key}`")), "{path}: {said}");
    }
}

#[test]
fn no_mapping_of_the_schema_takes_another_key() {
    for path in all_keys().into_keys() {
        let above = path.rsplit_once('.').map(|(above, _)| format!("{above}."));
        let path = above.unwrap_or_default() + "no_such_key";
        let said = problems(&scenario_with(&path, "1"));
        assert!(said.contains("has no key `no_such_key`"), "{path}: {said}");
    }
}

#[test]
fn a_default_is_what_happens_where_nothing_is_said() {
    let text = "pacemark: 1
backends:
  NAME: {kind: openai}
  mocked: {mock: {load: 2s}}
workloads:
  NAME: {endpoint: embeddings, model: m, prompts: {file: a.txt}}
  made: {endpoint: chat, model: m, prompts: {synthetic: {input_tokens: 99, shared_prefix: {tokens: 9}}}}
load: {stages: [{rate: 2/s, requests: 1}], stop: {error_rate: 5%}}
gates: [{gate: error_rate < 1%}]
compare: {gateway: NAME, direct: mocked}
";
    let base = read(text).unwrap();
    let mut checked = 0;
    for (path, default) in all_keys() {
        if default == "required"
            || default == "–"
            || default.contains([' ', '`'])
            || default == "all"
            || [".replay.", ".sweep.", ".search."].iter().any(|part| path.contains(part))
            || path.contains(".trace.")
        {
            continue;
        }
        let path = path.replace("backends.NAME.mock", "backends.mocked.mock");
        let path =
            path.replace("workloads.NAME.prompts.synthetic", "workloads.made.prompts.synthetic");
        // Without `slots` and the rest, these are refused even where they say the default.
        let stall = ["stall=1s", "stalls=0%"].map(|set| format!("backends.mocked.mock.{set}"));
        let set = match path.rsplit('.').next() {
            Some("stall") if path.contains("mock") => stall.to_vec(),
            Some("batch_slowdown") => continue,
            _ => vec![format!("{path}={default}")],
        };
        let overrides = Overrides { set, ..Overrides::default() };
        let mut said = read_with(text, &overrides).unwrap_or_else(|e| panic!("{path}: {e}"));
        said.stored_text.clone_from(&base.stored_text);
        assert_eq!(format!("{said:?}"), format!("{base:?}"), "{path}");
        checked += 1;
    }
    assert!(checked >= 20, "{checked}");
}

#[test]
fn the_committed_schema_is_this_one() {
    let committed = include_str!("../../../docs/scenario.schema.json");
    let current = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    assert_eq!(committed, current, "`pacemark schema > docs/scenario.schema.json` renews it");
}

/// The keys that the documentation lists, with the default it gives them. A heading with a
/// path in it begins the table of that mapping.
fn documented() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut above: Option<String> = None;
    for line in DOCUMENTATION.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            let path = heading.split('`').nth(1).map(|path| format!("{path}."));
            above = if heading.ends_with("Top level") { Some(String::new()) } else { path };
        }
        let cells: Vec<_> = line.split(" | ").collect();
        if let (Some(above), [first, _, default, _]) = (&above, &cells[..])
            && let Some(key) = first.strip_prefix("| `").and_then(|key| key.strip_suffix('`'))
        {
            let default = default.trim_matches('*').replace('`', "");
            assert_eq!(found.insert(format!("{above}{key}"), default), None, "{above}{key}");
        }
    }
    found
}

#[test]
fn the_documentation_lists_every_key_with_its_default() {
    let keys: BTreeMap<_, _> =
        all_keys().into_iter().map(|(path, default)| (path, default.replace('`', ""))).collect();
    assert_eq!(documented(), keys);
}

#[test]
fn the_documentation_lists_every_kind_as_it_is() {
    for kind in BackendKind::ALL {
        let preset = kind.preset();
        let code = |text: Option<&str>| text.map_or("–".to_owned(), |text| format!("`{text}`"));
        let limit = match preset.token_limit {
            TokenLimitField::MaxTokens => "max_tokens",
            TokenLimitField::MaxCompletionTokens => "max_completion_tokens",
        };
        let row = format!(
            "| `{}` | {} | {} | {} | `{limit}` |",
            preset.key,
            preset.name,
            code(preset.url),
            code(preset.key_env)
        );
        assert!(DOCUMENTATION.lines().any(|line| line == row), "missing: {row}");
    }
}
