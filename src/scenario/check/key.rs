//! Where a backend's key comes from.

use std::path::Path;

use super::scenario::Surroundings;
use crate::scenario::backend::{ApiKey, KeySource};
use crate::scenario::kind::Preset;
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::secret::Secret;
use crate::scenario::typed::BackendFile;

/// The key of a backend; `None` where it cannot be had, which is then among `problems`.
pub(super) fn check_key(
    file: &BackendFile,
    preset: Option<Preset>,
    surroundings: Surroundings<'_>,
    problems: &mut Problems,
) -> Option<ApiKey> {
    let typed: Vec<(&str, Place)> = [
        ("api_key", file.api_key.place()),
        ("api_key_env", file.api_key_env.place()),
        ("api_key_file", file.api_key_file.place()),
        ("api_keys", file.api_keys.place()),
        ("login", file.login.place()),
    ]
    .into_iter()
    .filter_map(|(key, place)| place.map(|place| (key, place)))
    .collect();
    if let [(first, first_place), (second, place), ..] = typed[..] {
        problems.report(
            Problem::new(place, format!("`{second}` and `{first}` both give the key"))
                .hint("keep one of the two")
                .also(first_place, "the other one"),
        );
        return None;
    }
    if let Some(keys) = file.api_keys.value() {
        let first = keys.0.first().map(|key| key.value.0.clone());
        return Some(ApiKey { source: KeySource::Inline, value: first });
    }
    if file.login.value().is_some() {
        return Some(ApiKey { source: KeySource::Login, value: None });
    }
    if let Some(key) = file.api_key.value() {
        return Some(ApiKey { source: KeySource::Inline, value: Some(key.0.clone()) });
    }
    if let Some(name) = file.api_key_env.given() {
        return from_variable(&name.value.0, name.place, surroundings, problems);
    }
    if let Some(path) = file.api_key_file.given() {
        return from_file(&path.value.0, path.place, surroundings, problems);
    }
    if !typed.is_empty() {
        return None;
    }
    Some(match preset.and_then(|preset| preset.key_env) {
        None => ApiKey { source: KeySource::Nowhere, value: None },
        Some(name) => ApiKey {
            source: KeySource::Preset(name.to_owned()),
            value: (surroundings.environment.var)(name).as_deref().and_then(secret_key),
        },
    })
}

fn from_variable(
    name: &str,
    place: Place,
    surroundings: Surroundings<'_>,
    problems: &mut Problems,
) -> Option<ApiKey> {
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        // It stays unsaid, for it may be the key itself.
        problems.report(
            Problem::new(place, "this is not the name of an environment variable")
                .hint("name the variable that holds the key; do not write the key here"),
        );
        return None;
    }
    let found = (surroundings.environment.var)(name);
    let Some(value) = found.as_deref().and_then(secret_key) else {
        let state = if found.is_some() { "holds no key" } else { "is not set" };
        problems.report(
            Problem::new(place, format!("the environment variable `{name}` {state}"))
                .hint("set it to the key, or leave `api_key_env` out if the server asks for none"),
        );
        return None;
    };
    Some(ApiKey { source: KeySource::Env(name.to_owned()), value: Some(value) })
}

fn from_file(
    path: &Path,
    place: Place,
    surroundings: Surroundings<'_>,
    problems: &mut Problems,
) -> Option<ApiKey> {
    let path = surroundings.folder.join(path);
    let flaw = match (surroundings.environment.read)(&path) {
        Err(error) => format!("cannot be read: {error}"),
        Ok(text) => match secret_key(&text) {
            None => "holds no key on a single line".to_owned(),
            value => return Some(ApiKey { source: KeySource::File(path), value }),
        },
    };
    problems.report(Problem::new(place, format!("the file `{}` {flaw}", path.display())));
    None
}

/// A text as a key: without the space around it, and only if a header can carry it.
fn secret_key(text: &str) -> Option<Secret> {
    let key = text.trim();
    let is_sendable = !key.is_empty() && key.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    is_sendable.then(|| Secret::new(key))
}
