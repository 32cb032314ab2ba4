//! Reads scenarios in a small world of their own.

use std::io;
use std::path::Path;

use crate::scenario::{Environment, Origin, Overrides, Scenario, ScenarioErrors};

/// Reads a text as `bench.yaml` in `/srv`, with a few variables and files around it.
pub(super) fn read_with(text: &str, overrides: &Overrides) -> Result<Scenario, ScenarioErrors> {
    let origin = Origin { name: "bench.yaml".to_owned(), folder: "/srv".into() };
    let var = |name: &str| match name {
        "KEY" => Some("sk-canary".to_owned()),
        "EMPTY" => Some(String::new()),
        "COUNT" => Some("12".to_owned()),
        _ => None,
    };
    let read = |path: &Path| match path.to_str() {
        Some("/srv/key.txt") => Ok("sk-canary-file\n".to_owned()),
        Some("/srv/empty.txt") => Ok("\n".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let environment = Environment { var: &var, read: &read };
    Scenario::parse(text, &origin, &environment, overrides)
}

pub(super) fn read(text: &str) -> Result<Scenario, ScenarioErrors> {
    read_with(text, &Overrides::default())
}

/// All that is wrong with a text, in its plain form.
pub(super) fn problems(text: &str) -> String {
    read(text).map_or_else(|errors| errors.to_string(), |_| "nothing".to_owned())
}

/// A scenario that is right, but for what stands in the three places.
pub(super) fn scenario(backend: &str, workload: &str, load: &str) -> String {
    format!(
        "pacemark: 1\nbackends:\n  b: {{{backend}}}\nworkloads:\n  w: {{{workload}}}\nload: {{{load}}}\n"
    )
}

pub(super) const BACKEND: &str = "kind: vllm";
pub(super) const WORKLOAD: &str = "endpoint: chat, model: m, prompts: [hi]";
pub(super) const LOAD: &str = "stages: [{concurrency: 1, requests: 1}]";
