//! Text → checked scenario.

use std::path::Path;

use super::Scenario;
use super::check::{Surroundings, check};
use super::environment::{Environment, Origin};
use super::overrides::Overrides;
use super::place::Place;
use super::problem::{Problem, Problems};
use super::refusal::ScenarioErrors;
use super::secret::Redactor;
use super::tree::{
    Entry, Node, Value, expand, hide_secrets, mark_secrets, masked_source, read_tree, write_yaml,
};
use super::typed::{Decode, ScenarioFile};

/// Longer texts are refused unread; long prompts belong into files of their own.
pub const LONGEST_TEXT: usize = 1 << 20;

impl Scenario {
    /// Reads and checks the text of a scenario.
    ///
    /// # Errors
    ///
    /// [`ScenarioErrors`] with everything that is wrong with it.
    pub fn parse(
        text: &str,
        origin: &Origin,
        environment: &Environment<'_>,
        overrides: &Overrides,
    ) -> Result<Self, ScenarioErrors> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut problems = Problems::default();
        let root = read(text, &mut problems);
        // Where a key was given twice, the tree lacks one of the values.
        let is_whole = problems.is_empty();
        let fail = |problems, root: Option<Node>| {
            let source = masked_source(text, root.filter(|_| is_whole));
            Err(ScenarioErrors::new(&origin.name, source, overrides.flags(), problems))
        };
        let Some(mut root) = root else { return fail(problems, None) };
        if let Some(problem) = wrong_version(&root) {
            problems.report(problem);
            return fail(problems, Some(root));
        }
        let unchanged = root.clone();
        overrides.apply(&mut root, &mut problems);
        expand(&mut root, environment.var, &mut problems);
        mark_secrets(&mut root);
        let scenario = ScenarioFile::decode(&root, &mut problems).and_then(|file| {
            let surroundings =
                Surroundings { environment, folder: &origin.folder, name: origin.default_name() };
            check(file, surroundings, &mut problems)
        });
        match scenario {
            Some(scenario) if problems.is_empty() => {
                Ok(Self { stored_text: stored_text(root, &scenario, &origin.folder), ..scenario })
            }
            _ => fail(problems, Some(unchanged)),
        }
    }

    /// What removes the secrets of this scenario from the texts of others.
    pub fn redactor(&self) -> Redactor {
        let keys = self.backends.iter().filter_map(|backend| backend.api_key.value.clone());
        let headers = self.backends.iter().flat_map(|backend| &backend.headers);
        let more = self.backends.iter().flat_map(|backend| {
            let password = backend.login.as_ref().map(|login| login.password.clone());
            backend.more_keys.iter().cloned().chain(password)
        });
        let keys = keys.chain(more);
        Redactor::new(keys.chain(headers.map(|(_, value)| value.clone())))
    }
}

fn read(text: &str, problems: &mut Problems) -> Option<Node> {
    if text.len() > LONGEST_TEXT {
        let message = format!("a scenario has at most {} KiB", LONGEST_TEXT >> 10);
        problems.report(
            Problem::new(Place::TOP, message)
                .hint("keep long prompts in a file and name it with `prompts: {file: …}`"),
        );
        return None;
    }
    read_tree(text, problems)
}

/// Another version of the format: its keys mean something else, so nothing more can be said.
fn wrong_version(root: &Node) -> Option<Problem> {
    let node = root.get("pacemark")?;
    let Value::Integer(version) = node.value else { return None };
    let message = format!("this scenario is of version {version}, but this pacemark reads 1");
    (version != 1).then(|| Problem::new(node.place, message).hint("write `pacemark: 1`"))
}

/// The scenario as it is stored: overrides applied, secrets hidden, files absolute, and what
/// would otherwise come from the file's name written out.
fn stored_text(mut root: Node, scenario: &Scenario, folder: &Path) -> String {
    root.walk(&mut Vec::new(), &mut |path, node| {
        if is_path_of_file(path) {
            anchor(node, folder);
        }
    });
    hide_secrets(&mut root);
    let seed = Node::new(Place::TOP, Value::Integer(i128::from(scenario.seed)));
    insert_after_version(&mut root, "seed", seed);
    insert_after_version(&mut root, "name", Node::text(Place::TOP, &scenario.name));
    // The writer knows every kind of value there is in a tree.
    write_yaml(&root).unwrap_or_default()
}

/// Adds a key behind `pacemark: 1`, unless it is there.
fn insert_after_version(root: &mut Node, key: &str, value: Node) {
    let Value::Map(entries) = &mut root.value else { return };
    if entries.iter().any(|entry| entry.key == key) {
        return;
    }
    let position = entries.iter().position(|entry| entry.key == "pacemark").map_or(0, |at| at + 1);
    entries.insert(position, Entry { key: key.to_owned(), key_place: Place::TOP, value });
}

/// Whether the value at `path` names a file.
fn is_path_of_file(path: &[String]) -> bool {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(
        keys[..],
        ["workloads", _, "prompts", "file"]
            | ["backends", _, "api_key_file"]
            | ["backends", _, "tls", "ca" | "cert" | "key"]
    )
}

/// Makes the name of a file independent of where the scenario is kept.
fn anchor(node: &mut Node, folder: &Path) {
    let Value::Text(text) = &mut node.value else { return };
    if Path::new(&text.meant).is_relative() {
        let typed = text.typed.as_ref().unwrap_or(&text.meant);
        let anchored = folder.join(typed).display().to_string();
        match &mut text.typed {
            Some(typed) => *typed = anchored,
            None => text.meant = anchored,
        }
    }
}
