//! YAML text → tree.
//!
//! The tree is built from the parser's events, not by its own loader, so that all duplicate
//! keys are found at once and depth and size stay bounded whatever the text says.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::node::{Entry, Node, Value};
use super::scalar::{resolve, text_value};
use crate::scenario::place::{Place, Stretch};
use crate::scenario::problem::{Problem, Problems};

/// Lists and mappings inside each other; a scenario needs about ten.
const DEEPEST: usize = 64;
/// Bytes of the tree, aliases copied out; stops texts that grow without end when read.
const LARGEST_TREE: usize = 16 << 20;
/// What a node costs besides its text.
const NODE_COST: usize = 64;

/// Reads the one YAML document of `text`.
///
/// `None` where no tree can be made of it; the reason is then among `problems`.
pub(in crate::scenario) fn read_tree(text: &str, problems: &mut Problems) -> Option<Node> {
    let mut parser = Parser::new_from_str(text);
    let mut builder =
        Builder { problems, open: Vec::new(), anchors: BTreeMap::new(), root: None, spent: 0 };
    while let Some(event) = parser.next_event() {
        let fed = match event {
            Ok((event, span)) => builder.feed(event, span),
            Err(error) => Err(unreadable(&error, text)),
        };
        if let Err(problem) = fed {
            problems.report(problem);
            return None;
        }
    }
    if builder.root.is_none() {
        problems.report(
            Problem::new(Place::TOP, "the scenario is empty")
                .hint("`pacemark init` prints one to start from"),
        );
        return None;
    }
    builder.root
}

/// Reads the value of a flag; all of it stands at `place`.
pub(in crate::scenario) fn read_value(text: &str, place: Place) -> Result<Node, Problem> {
    let mut inner = Problems::default();
    if text.trim().is_empty() {
        return Ok(Node::new(place, Value::Null));
    }
    let node = read_tree(text, &mut inner);
    if let Some(problem) = inner.into_sorted().0.into_iter().next() {
        return Err(Problem { place, ..problem });
    }
    let mut node = node.unwrap_or(Node::new(place, Value::Null));
    move_to(&mut node, place);
    Ok(node)
}

fn move_to(node: &mut Node, place: Place) {
    node.place = place;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| move_to(item, place)),
        Value::Map(entries) => {
            for entry in entries {
                entry.key_place = place;
                move_to(&mut entry.value, place);
            }
        }
        _ => {}
    }
}

/// A list or mapping that is not closed yet.
struct Open {
    node: Node,
    /// The key whose value comes next.
    key: Option<(String, Place)>,
    anchor: usize,
    /// Whether it is itself the key of a mapping, which is refused.
    start: Marker,
}

struct Builder<'p> {
    problems: &'p mut Problems,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
    spent: usize,
}

impl Builder<'_> {
    fn feed(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(Problem::new(place_of(span), "a second document starts here")
                    .hint("keep one scenario per file"))
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(anchor) => {
                let Some(mut node) = self.anchors.get(&anchor).cloned() else {
                    return Err(Problem::new(place_of(span), "this alias stands inside itself"));
                };
                node.place = place_of(span);
                self.spend(cost(&node), span)?;
                self.place_node(node, 0, None)
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(NODE_COST + text.len(), span)?;
                let value = scalar(&text, style, tag.as_deref(), span)?;
                let typed = (style == ScalarStyle::Plain).then(|| text.into_owned());
                self.place_node(Node::new(place_of(span), value), anchor, typed)
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_tag(tag.as_deref(), "seq", span)?;
                self.open(Value::List(Vec::new()), anchor, span)
            }
            Event::MappingStart(anchor, tag) => {
                refuse_tag(tag.as_deref(), "map", span)?;
                self.open(Value::Map(Vec::new()), anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(mut done) = self.open.pop() else { return Ok(()) };
                if span.end.line() == done.start.line() {
                    done.node.place = place_of(Span::new(done.start, span.end));
                }
                self.place_node(done.node, done.anchor, None)
            }
        }
    }

    fn open(&mut self, value: Value, anchor: usize, span: Span) -> Result<(), Problem> {
        self.spend(NODE_COST, span)?;
        if self.open.len() >= DEEPEST {
            return Err(Problem::new(
                place_of(span),
                format!("lists and mappings are nested more than {DEEPEST} deep"),
            ));
        }
        let node = Node::new(place_of(span), value);
        self.open.push(Open { node, key: None, anchor, start: span.start });
        Ok(())
    }

    fn spend(&mut self, bytes: usize, span: Span) -> Result<(), Problem> {
        self.spent = self.spent.saturating_add(bytes);
        if self.spent <= LARGEST_TREE {
            return Ok(());
        }
        let megabytes = LARGEST_TREE >> 20;
        Err(Problem::new(
            place_of(span),
            format!("with its aliases copied out the scenario exceeds {megabytes} MiB"),
        )
        .hint("keep long prompts in a file and name it with `prompts: {file: …}`"))
    }

    /// Puts a finished node where it belongs: into the list or mapping that is open.
    fn place_node(
        &mut self,
        node: Node,
        anchor: usize,
        plain: Option<String>,
    ) -> Result<(), Problem> {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut parent.node.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match parent.key.take() {
                None => parent.key = Some((key_text(&node, plain)?, node.place)),
                Some((key, key_place)) => insert(entries, key, key_place, node, self.problems),
            },
            _ => {}
        }
        Ok(())
    }
}

fn insert(
    entries: &mut Vec<Entry>,
    key: String,
    key_place: Place,
    mut value: Node,
    problems: &mut Problems,
) {
    if let Some(first) = entries.iter().find(|entry| entry.key == key) {
        problems.report(
            Problem::new(key_place, format!("`{key}` is given twice"))
                .hint("keep one of the two")
                .also(first.key_place, "first given here"),
        );
        return;
    }
    // A block of several lines is best pointed at by its key.
    let several_lines = matches!(
        (key_place, value.place),
        (Place::Text(key), Place::Text(value)) if value.line > key.line
    );
    if several_lines && matches!(value.value, Value::Map(_) | Value::List(_)) {
        value.place = key_place;
    }
    entries.push(Entry { key, key_place, value });
}

fn key_text(node: &Node, plain: Option<String>) -> Result<String, Problem> {
    if plain.as_deref() == Some("<<") {
        return Err(Problem::new(node.place, "merge keys (`<<`) are not part of YAML 1.2")
            .hint("repeat the keys, or give a whole value an anchor (`&name`) and use `*name`"));
    }
    match (&node.value, plain) {
        (Value::Text(text), _) => Ok(text.meant.clone()),
        (Value::Null | Value::List(_) | Value::Map(_), _) | (_, None) => {
            Err(Problem::new(node.place, format!("a key must be a text, not {}", node.describe())))
        }
        (_, Some(plain)) => Ok(plain),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, Problem> {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => Ok(text_value(text)),
        Some(_) => {
            refuse_tag(tag, "str", span)?;
            Ok(text_value(text))
        }
        None if style == ScalarStyle::Plain => Ok(resolve(text)),
        None => Ok(text_value(text)),
    }
}

fn refuse_tag(tag: Option<&Tag>, accepted: &str, span: Span) -> Result<(), Problem> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == accepted) => {
            Err(Problem::new(place_of(span), format!("tags such as `{tag}` are not used here"))
                .hint("write the plain value"))
        }
        _ => Ok(()),
    }
}

fn cost(node: &Node) -> usize {
    let below = match &node.value {
        Value::Text(text) => text.meant.len(),
        Value::List(items) => items.iter().map(cost).sum(),
        Value::Map(entries) => {
            entries.iter().map(|entry| entry.key.len() + cost(&entry.value)).sum()
        }
        _ => 0,
    };
    below + NODE_COST
}

fn place_of(span: Span) -> Place {
    Place::Text(Stretch {
        start: span.start.index(),
        end: span.end.index().max(span.start.index()),
        line: span.start.line(),
        column: span.start.col() + 1,
    })
}

fn unreadable(error: &ScanError, text: &str) -> Problem {
    let mark = *error.marker();
    let problem =
        Problem::new(place_of(Span::empty(mark)), format!("this is not YAML: {}", error.info()));
    let around = text.lines().skip(mark.line().saturating_sub(1));
    let line = around.clone().next().unwrap_or_default();
    let before: String = text.chars().take(mark.index()).collect();
    let count = |brackets: [char; 2]| before.matches(brackets).count();
    if around.take(2).any(|line| line.trim_start_matches(' ').starts_with('\t')) {
        problem.hint("YAML is indented with spaces, not with tabs")
    } else if line.contains("${") && count(['{', '[']) > 0 {
        problem.hint("inside `{ }` and `[ ]`, put a `${NAME}` in quotes")
    } else if count(['{', '[']) > count(['}', ']']) {
        problem.hint("a `{` or `[` before this may lack its end")
    } else if line.matches(": ").count() > 1 {
        problem.hint("put a text that contains `: ` in quotes")
    } else {
        problem
    }
}
