//! What is left of mixes, and of the workloads in them, where only a part of a scenario is run.

use super::place::Place;
use super::tree::{Entry, Node, Value};

/// The key that makes a workload a mix.
const MIX: &str = "mix";
/// The key that gives a workload cells of its own.
const ALONE: &str = "alone";

/// Leaves only the workloads that `names` lists, and what their mixes are made of: just the
/// listed ones have cells, each of them by itself.
pub(super) fn keep_workloads(workloads: &mut Vec<Entry>, names: &[String], place: Place) {
    let listed = |entry: &Entry| names.contains(&entry.key);
    let mixed: Vec<String> =
        workloads.iter().filter(|it| listed(it)).flat_map(members).map(str::to_owned).collect();
    workloads.retain(|entry| listed(entry) || mixed.contains(&entry.key));
    for entry in workloads {
        let is_both = listed(entry) && mixed.contains(&entry.key);
        let Value::Map(keys) = &mut entry.value.value else { continue };
        keys.retain(|entry| entry.key != ALONE);
        if is_both {
            let value = Node::new(place, Value::Bool(true));
            keys.push(Entry { key: ALONE.to_owned(), key_place: place, value });
        }
    }
}

/// Takes away the mixes that none of `backends` runs as a whole, and the workloads that were
/// only there for them.
pub(super) fn forget_mixes(workloads: &mut Vec<Entry>, backends: &[String]) {
    let runs = |backend: &String, name: &str| {
        let workload = workloads.iter().find(|entry| entry.key == name);
        let listed = workload.and_then(|entry| match &entry.value.get("backends")?.value {
            Value::List(names) => Some(names),
            _ => None,
        });
        listed.is_none_or(|names| {
            names.iter().filter_map(Node::as_text).any(|name| name.meant == *backend)
        })
    };
    let is_left = |mix: &Entry| {
        backends.iter().any(|backend| members(mix).all(|member| runs(backend, member)))
    };
    let (left, forgotten): (Vec<&Entry>, Vec<&Entry>) =
        workloads.iter().filter(|entry| is_mix(entry)).partition(|mix| is_left(mix));
    let of = |mixes: &[&Entry], entry: &Entry| {
        mixes.iter().any(|mix| members(mix).any(|member| member == entry.key))
    };
    let is_alone = |entry: &Entry| {
        entry.value.get(ALONE).is_some_and(|alone| matches!(alone.value, Value::Bool(true)))
    };
    let is_kept = |entry: &Entry| {
        if is_mix(entry) {
            return left.iter().any(|mix| mix.key == entry.key);
        }
        !of(&forgotten, entry) || of(&left, entry) || is_alone(entry)
    };
    let kept: Vec<bool> = workloads.iter().map(is_kept).collect();
    let mut kept = kept.into_iter();
    workloads.retain(|_| kept.next().unwrap_or(true));
}

fn is_mix(entry: &Entry) -> bool {
    entry.value.get(MIX).is_some()
}

/// The names of the workloads that a mix is made of; none of what is no mix.
fn members(entry: &Entry) -> impl Iterator<Item = &str> {
    let parts = entry.value.get(MIX).and_then(Node::entries).unwrap_or_default();
    parts.iter().map(|part| part.key.as_str())
}
