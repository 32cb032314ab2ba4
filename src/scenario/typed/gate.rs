//! Gates: a text, or a mapping with the text and where it holds.

use serde_json::{Value as Json, json};

use super::choice::{Choice, choices};
use super::decode::{Decode, unexpected};
use super::mapping::{Keys, mapping};
use super::text::Name;
use crate::metric::{Gate, SyntaxError, Unsupported};
use crate::scenario::place::{Place, Stretch};
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::tree::{Node, Value};

/// A gate as it was typed.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct GateFile {
    /// The gate itself, with what its own text chooses.
    pub(in crate::scenario) gate: Gate,
    /// Where it holds, if that stands beside the text.
    pub(in crate::scenario) scope: super::Field<ScopeFile>,
}

mapping! {
    /// The cells that a gate is meant for; what is left out is left open.
    ScopeFile {
        /// Name of the backend.
        optional backend: Name,
        /// Name of the workload.
        optional workload: Name,
        /// The stage, by its load as tables show it or the beginning of that: `concurrency 4`.
        optional stage: Name,
    }
    later {}
}

choices!(Unsupported);

impl Choice for Unsupported {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.iter().map(|choice| (choice.key(), *choice)).collect()
    }
}

/// The text of a gate.
#[derive(Clone, Debug)]
struct GateText(Gate);

impl Decode for GateText {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Some(text) = node.as_text().filter(|text| !text.meant.is_empty()) else {
            return unexpected(node, "a gate; write for example `ttft.p99 < 800ms`", problems);
        };
        match text.meant.parse() {
            Ok(gate) => Some(Self(gate)),
            Err(error) => {
                problems.report(problem_of(node, &text.meant, error));
                None
            }
        }
    }

    fn schema() -> Json {
        let pattern = r"[<>]|\$\{";
        json!({
            "type": "string",
            "pattern": pattern,
            "examples": ["ttft.p99 < 800ms", "error_rate < 1%", "goodput >= 10/s"],
        })
    }
}

/// The problem, at the very characters it is about where they can be told.
pub(super) fn problem_of(node: &Node, text: &str, error: SyntaxError) -> Problem {
    let place = match node.place {
        Place::Text(stretch) => within(stretch, text, &error).map(Place::Text),
        Place::Flag(_) => None,
    };
    let problem = if let Some(place) = place {
        Problem::new(place, format!("in `{text}`: {}", error.message))
    } else {
        let column = error.at.start + 1;
        Problem::new(node.place, format!("in `{text}`, column {column}: {}", error.message))
    };
    problem.hint(error.hint)
}

/// Where in the file the characters of `error` stand; `None` where the text was not typed as it
/// is meant: with escapes, over several lines, or with something from the environment.
fn within(stretch: Stretch, text: &str, error: &SyntaxError) -> Option<Stretch> {
    let quote = match (stretch.end - stretch.start).checked_sub(text.chars().count())? {
        0 => 0,
        2 => 1,
        _ => return None,
    };
    let lead = quote + error.at.start;
    // Of what is missing, the character before it is shown.
    let length = error.at.len().max(1);
    let start = stretch.start + lead;
    let end = (start + length).min(stretch.end);
    Some(Stretch { start: start.min(end), end, column: stretch.column + lead, ..stretch })
}

const KEYS: Keys = Keys { known: &["gate", "where", "unsupported"], later: &[], instead: &[] };

impl Decode for GateFile {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            let GateText(gate) = GateText::decode(node, problems)?;
            return Some(Self { gate, scope: super::Field::Absent });
        }
        let entries = KEYS.open(node, problems)?;
        let gate = entries.required::<GateText>("gate", problems);
        let scope = entries.optional::<ScopeFile>("where", problems);
        let unsupported = entries.optional::<Unsupported>("unsupported", problems);
        let GateText(gate) = gate.into_value()?;
        let unsupported = unsupported.into_value().unwrap_or(gate.unsupported);
        Some(Self { gate: Gate { unsupported, ..gate }, scope })
    }

    fn schema() -> Json {
        use super::mapping::{KeySchema, schema_of};
        let key = |key, doc, schema| KeySchema { key, doc, required: false, default: None, schema };
        let mapping = schema_of(
            &["A gate with where it holds."],
            [
                KeySchema {
                    required: true,
                    ..key("gate", &["The figure and its limit."], GateText::schema())
                },
                key("where", &["The cells it is meant for."], ScopeFile::schema()),
                KeySchema {
                    default: Some("fail"),
                    ..key(
                        "unsupported",
                        &["What becomes of a percentile that rests on too few values."],
                        Unsupported::schema(),
                    )
                },
            ],
        );
        json!({"anyOf": [GateText::schema(), mapping]})
    }
}
