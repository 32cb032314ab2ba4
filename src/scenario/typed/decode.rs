//! How a value of the tree becomes a value of Rust.

use serde_json::Value as Json;

use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::tree::{Node, Value};

/// A type that can be typed into a scenario.
pub(in crate::scenario) trait Decode: Sized {
    /// Reads `node`; `None` where it is something else, which is then among `problems`.
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self>;

    /// The JSON Schema of what [`Decode::decode`] takes.
    fn schema() -> Json;
}

/// Reports that `node` is not what it should be; `expected` may bring its own hint after a `; `.
pub(super) fn unexpected<T>(node: &Node, expected: &str, problems: &mut Problems) -> Option<T> {
    if let Value::Unknown = node.value {
        return None;
    }
    let (expected, hint) = match expected.split_once("; ") {
        Some((expected, hint)) => (expected, Some(hint)),
        None => (expected, None),
    };
    let message = format!("{} must be {expected}, not {}", problems.subject(), node.describe());
    let problem = Problem::new(node.place, message);
    problems.report(match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    });
    None
}

/// Reports a part of the format that this version does not do yet.
pub(super) fn not_yet(place: Place, what: &str, problems: &mut Problems) {
    let message = format!("{}: {what} is not part of this version yet", problems.subject());
    problems.report(Problem::new(place, message).hint("leave it out"));
}
