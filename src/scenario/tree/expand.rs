//! `${NAME}` in texts, filled in from the environment.

use super::node::{Node, Text, Value};
use super::reference::{Piece, pieces};
use super::secrets::HIDDEN;
use crate::scenario::problem::{Problem, Problems};

/// Bytes that the environment may add to a scenario.
const MOST_ADDED: usize = 16 << 20;

/// Fills in every reference of the tree; keys are left as they are.
pub(in crate::scenario) fn expand(
    root: &mut Node,
    variable: &dyn Fn(&str) -> Option<String>,
    problems: &mut Problems,
) {
    let mut left = MOST_ADDED;
    root.walk(&mut Vec::new(), &mut |_, node| {
        let Value::Text(text) = &node.value else { return };
        if !text.meant.contains("${") {
            return;
        }
        match expanded(&text.meant, variable, &mut left) {
            Ok(text) => node.value = Value::Text(text),
            Err((message, hint)) => {
                problems.report(Problem::new(node.place, message).hint(hint));
                node.value = Value::Unknown;
            }
        }
    });
}

fn expanded(
    typed: &str,
    variable: &dyn Fn(&str) -> Option<String>,
    left: &mut usize,
) -> Result<Text, (String, String)> {
    let mut text = Text { typed: Some(typed.to_owned()), ..Text::default() };
    for piece in pieces(typed).map_err(|(message, hint)| (message, hint.to_owned()))? {
        let (name, default) = match piece {
            Piece::Literal(literal) => {
                text.meant.push_str(literal);
                continue;
            }
            Piece::Escape => {
                text.meant.push_str("${");
                continue;
            }
            Piece::Reference { name, default } => (name, default),
        };
        let value = variable(name)
            .filter(|value| default.is_none() || !value.is_empty())
            .or_else(|| default.map(str::to_owned))
            .ok_or_else(|| missing(name))?;
        if value == HIDDEN {
            return Err(stored_without(name));
        }
        *left = left.checked_sub(value.len()).ok_or_else(|| {
            (format!("`${{{name}}}` makes the scenario too long"), "use a file".to_owned())
        })?;
        text.meant.push_str(&value);
        text.taken.push(value);
    }
    Ok(text)
}

fn missing(name: &str) -> (String, String) {
    (
        format!("the environment variable `{name}` is not set"),
        format!("set it, or give a default: `${{{name}:-…}}`"),
    )
}

fn stored_without(name: &str) -> (String, String) {
    (
        format!("the default of `${{{name}}}` was hidden when this scenario was stored"),
        format!("set the environment variable `{name}`"),
    )
}
