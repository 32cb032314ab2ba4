//! Flags over a scenario: `--set`, `--backend`, `--workload`, `--rounds`, `--seed`.

use super::place::Place;
use super::problem::{Problem, Problems, suggestion};
use super::selection::{forget_mixes, keep_workloads};
use super::tree::{Entry, Node, Value, read_value};
use crate::metric::{Gate, Unsupported};
use crate::openai::Endpoint;

/// Limits of `slo` that only a stream can keep to.
const OF_STREAMS: [&str; 4] = ["ttft", "ttfa", "tpot", "stall"];

/// What flags change in a scenario; empty: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--set PATH=VALUE`, as typed: a dotted path and a YAML value. `null` takes the key away.
    pub set: Vec<String>,
    /// `--backend NAME`: only these; all where empty.
    pub backends: Vec<String>,
    /// `--workload NAME`: only these; all where empty.
    pub workloads: Vec<String>,
    /// `--rounds N`.
    pub rounds: Option<u32>,
    /// `--seed N`.
    pub seed: Option<u64>,
    /// `--gate TEXT`: gates besides those of the scenario.
    pub gates: Vec<String>,
    /// What becomes of percentiles of these gates that rest on too few values.
    pub unsupported: Unsupported,
}

impl Overrides {
    /// How messages name each flag, in the order that [`Place::Flag`] counts; without values,
    /// for those may be secret.
    pub(super) fn flags(&self) -> Vec<String> {
        let path = |set: &String| {
            let path = set.split_once('=').map_or("", |(path, _)| path).trim();
            format!("--set {path}").trim_end().to_owned()
        };
        let mut flags: Vec<String> = self.set.iter().map(path).collect();
        let others = ["--backend", "--workload", "--rounds", "--seed", "--gate"];
        flags.extend(others.map(str::to_owned));
        flags
    }

    /// Changes `root` as the flags say.
    pub(super) fn apply(&self, root: &mut Node, problems: &mut Problems) {
        for (index, text) in self.set.iter().enumerate() {
            let place = Place::Flag(index);
            if let Err(problem) = set(root, text, place) {
                problems.report(problem);
            }
        }
        let after_sets = self.set.len();
        let had_streams = may_stream(root);
        self.keep_named(root, "backends", &self.backends, (Place::Flag(after_sets), problems));
        self.keep_named(
            root,
            "workloads",
            &self.workloads,
            (Place::Flag(after_sets + 1), problems),
        );
        if had_streams && !may_stream(root) {
            forget_limits_of_streams(root);
            keep_gates(root, |gate| !gate.threshold.figure.metric().needs_stream());
        }
        forget_gates_elsewhere(root, (&self.backends, &self.workloads));
        self.add_gates(root, Place::Flag(after_sets + 4));
        let numbers =
            [("load.rounds", self.rounds.map(i128::from)), ("seed", self.seed.map(i128::from))];
        for (offset, (path, number)) in numbers.into_iter().enumerate() {
            let Some(number) = number else { continue };
            let place = Place::Flag(after_sets + 2 + offset);
            let value = Node::new(place, Value::Integer(number));
            if let Err(problem) = put(root, path, value) {
                problems.report(problem);
            }
        }
    }

    /// Adds the gates of flags behind those of the scenario.
    fn add_gates(&self, root: &mut Node, place: Place) {
        let Value::Map(entries) = &mut root.value else { return };
        if self.gates.is_empty() {
            return;
        }
        let gates = self.gates.iter().map(|text| {
            let gate = Node::text(place, text);
            match self.unsupported {
                Unsupported::Fail => gate,
                Unsupported::Allow => {
                    let allow = Node::text(place, self.unsupported.key());
                    let keys = [("gate", gate), ("unsupported", allow)];
                    let entry = |(key, value): (&str, Node)| Entry {
                        key: key.to_owned(),
                        key_place: place,
                        value,
                    };
                    Node::new(place, Value::Map(keys.map(entry).into()))
                }
            }
        });
        match entries.iter_mut().find(|entry| entry.key == "gates").map(|e| &mut e.value.value) {
            Some(Value::List(items)) => items.extend(gates),
            // What stands there is no list, which is reported when it is read.
            Some(_) => {}
            None => {
                let value = Node::new(place, Value::List(gates.collect()));
                entries.push(Entry { key: "gates".to_owned(), key_place: place, value });
            }
        }
    }

    /// Leaves only the entries of `section` that `names` lists.
    fn keep_named(
        &self,
        root: &mut Node,
        section: &str,
        names: &[String],
        (place, problems): (Place, &mut Problems),
    ) {
        if names.is_empty() {
            return;
        }
        let Some(Value::Map(entries)) = root.get_mut(section).map(|node| &mut node.value) else {
            return;
        };
        let known: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        let mut all_known = true;
        for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
            all_known = false;
            let what = section.trim_end_matches('s');
            problems.report(
                Problem::new(place, format!("there is no {what} `{name}`"))
                    .hint(suggestion(name, &known)),
            );
        }
        if !all_known {
            return;
        }
        if section == "workloads" {
            keep_workloads(entries, names, place);
            return;
        }
        entries.retain(|entry| names.contains(&entry.key));
        self.forget_backends(root, place, problems);
    }

    /// Takes the other backends out of the workloads, and workloads that no one is left to run.
    fn forget_backends(&self, root: &mut Node, place: Place, problems: &mut Problems) {
        let Some(section) = root.get_mut("workloads") else { return };
        let Value::Map(workloads) = &mut section.value else { return };
        let before = workloads.len();
        forget_mixes(workloads, &self.backends);
        workloads.retain_mut(|entry| {
            let Some(Value::List(names)) =
                entry.value.get_mut("backends").map(|node| &mut node.value)
            else {
                return true;
            };
            let listed = names.len();
            names.retain(|name| {
                name.as_text().is_none_or(|name| self.backends.contains(&name.meant))
            });
            listed == 0 || !names.is_empty()
        });
        if before > 0 && workloads.is_empty() {
            problems.report(Problem::new(place, "no workload is left that these backends run"));
            section.value = Value::Unknown;
        }
    }
}

/// Whether some workload of the scenario may ask for streams.
fn may_stream(root: &Node) -> bool {
    let streams = |workload: &Node| {
        // What a mix sends stands among the others.
        if workload.get("mix").is_some() {
            return false;
        }
        let endpoint = workload.get("endpoint").and_then(Node::as_text);
        let stream = workload.get("stream").map(|stream| &stream.value);
        endpoint
            .and_then(|endpoint| Endpoint::from_key(&endpoint.meant))
            .is_none_or(Endpoint::generates)
            && !matches!(stream, Some(Value::Bool(false)))
    };
    let workloads = root.get("workloads").and_then(Node::entries);
    workloads.is_none_or(|workloads| workloads.iter().any(|entry| streams(&entry.value)))
}

/// Takes away the limits that nothing can keep to any more: they were right for the whole
/// scenario, and the part that was chosen is right without them.
fn forget_limits_of_streams(root: &mut Node) {
    let Some(Value::Map(limits)) = root.get_mut("slo").map(|node| &mut node.value) else { return };
    limits.retain(|limit| !OF_STREAMS.contains(&limit.key.as_str()));
    if limits.is_empty() {
        remove(root, "slo");
    }
}

/// Takes away the gates of the scenario that are about backends and workloads left out: they
/// were right for the whole, and the part that was chosen is right without them.
fn forget_gates_elsewhere(root: &mut Node, (backends, workloads): (&[String], &[String])) {
    let left_out = |kept: &[String], name: Option<&str>| {
        !kept.is_empty() && name.is_some_and(|name| !kept.iter().any(|kept| kept == name))
    };
    keep_gates(root, |gate| {
        !left_out(backends, gate.scope.backend.as_deref())
            && !left_out(workloads, gate.scope.workload.as_deref())
    });
}

/// Leaves only the gates that `is_kept`, and those that cannot be read: that is said later.
fn keep_gates(root: &mut Node, is_kept: impl Fn(&Gate) -> bool) {
    let Some(Value::List(gates)) = root.get_mut("gates").map(|node| &mut node.value) else {
        return;
    };
    let before = gates.len();
    gates.retain(|item| gate_of(item).is_none_or(|gate| is_kept(&gate)));
    if before > 0 && gates.is_empty() {
        remove(root, "gates");
    }
}

/// The gate that is written in an item of the list; `None` where it cannot be read.
fn gate_of(item: &Node) -> Option<Gate> {
    let text = item.as_text().or_else(|| item.get("gate")?.as_text())?;
    let mut gate: Gate = text.meant.parse().ok()?;
    let beside = |key| Some(item.get("where")?.get(key)?.as_text()?.meant.clone());
    gate.scope.backend = beside("backend").or(gate.scope.backend);
    gate.scope.workload = beside("workload").or(gate.scope.workload);
    Some(gate)
}

/// Carries out one `PATH=VALUE`.
fn set(root: &mut Node, text: &str, place: Place) -> Result<(), Problem> {
    let (path, value) = text.split_once('=').ok_or_else(|| {
        Problem::new(place, "a path and a value are needed")
            .hint("for example `--set load.stages.0.concurrency=32`")
    })?;
    put(root, path.trim(), read_value(value.trim(), place)?)
}

/// Puts `value` where `path` leads; a `null` takes away what is there, except inside a `body`,
/// where it means something.
fn put(root: &mut Node, path: &str, value: Node) -> Result<(), Problem> {
    let place = value.place;
    let mut node = root;
    let mut rest = path;
    let mut walked: Vec<String> = Vec::new();
    loop {
        let step = next_step(node, rest, &walked, place)?;
        rest = rest.get(step.len()..).unwrap_or_default();
        let is_last = rest.is_empty();
        rest = rest.strip_prefix('.').unwrap_or_default();
        let keeps_null = walked.iter().any(|key| key == "body");
        walked.push(step.clone());
        if let Value::Null = node.value {
            node.value = Value::Map(Vec::new());
        }
        if is_last && matches!(value.value, Value::Null) && !keeps_null {
            remove(node, &step);
            return Ok(());
        }
        node = child(node, &step, place)?;
        if is_last {
            *node = value;
            return Ok(());
        }
    }
}

/// The next key or index on the way; a key may itself hold dots.
fn next_step(node: &Node, rest: &str, walked: &[String], place: Place) -> Result<String, Problem> {
    let first = rest.split('.').next().unwrap_or_default();
    let known: Vec<&str> = match &node.value {
        Value::Map(entries) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        _ => Vec::new(),
    };
    let leads_on = |key: &&&str| {
        rest.strip_prefix(**key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if let Some(key) = known.iter().filter(leads_on).max_by_key(|key| key.len()) {
        return Ok((*key).to_owned());
    }
    if first.is_empty() {
        return Err(Problem::new(place, "a step of the path is empty"));
    }
    if let [section] = walked
        && (section == "backends" || section == "workloads")
    {
        let what = section.trim_end_matches('s');
        return Err(Problem::new(place, format!("there is no {what} `{first}`"))
            .hint(suggestion(first, &known)));
    }
    Ok(first.to_owned())
}

/// The child that a step leads to; keys that are not there yet are added.
fn child<'n>(node: &'n mut Node, step: &str, place: Place) -> Result<&'n mut Node, Problem> {
    let found = node.describe();
    match &mut node.value {
        Value::Map(entries) => {
            let position =
                entries.iter().position(|entry| entry.key == step).unwrap_or_else(|| {
                    let value = Node::new(place, Value::Null);
                    entries.push(Entry { key: step.to_owned(), key_place: place, value });
                    entries.len() - 1
                });
            Ok(&mut entries[position].value)
        }
        Value::List(items) => {
            let length = items.len();
            let position = step.parse().ok().filter(|position: &usize| *position < length);
            let missing = || {
                Problem::new(place, format!("the list has no item `{step}`"))
                    .hint(format!("items are counted from 0; it has {length}"))
            };
            position.and_then(|position| items.get_mut(position)).ok_or_else(missing)
        }
        _ => Err(Problem::new(place, format!("there is nothing below {found}, so no `{step}`"))),
    }
}

fn remove(node: &mut Node, step: &str) {
    match &mut node.value {
        Value::Map(entries) => entries.retain(|entry| entry.key != step),
        Value::List(items) => {
            if let Some(index) = step.parse().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}
