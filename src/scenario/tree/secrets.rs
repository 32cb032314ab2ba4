//! Which values must not be shown, and texts without them.

use std::iter::repeat_n;

use super::node::{Node, Text, Value};
use super::reference::{Piece, pieces};
use crate::scenario::place::Place;

/// What stands for a hidden value.
pub(in crate::scenario) const HIDDEN: &str = "***";

/// Words in keys whose values are hidden, however the rest of the key is written: a misspelt
/// `api-key` must not show its value in the very message that says so.
const SECRET_WORDS: [&str; 6] =
    ["api_key", "apikey", "authorization", "bearer", "password", "secret"];
/// First words of a header's value that are no secret.
const SCHEMES: [&str; 3] = ["Bearer ", "Basic ", "Token "];

/// Marks every value that must never be shown: keys, headers, addresses with a user in them.
pub(in crate::scenario) fn mark_secrets(root: &mut Node) {
    root.walk(&mut Vec::new(), &mut |path, node| {
        // A file that is no scenario may be anything: a file with a key, for one.
        let is_no_scenario = path.is_empty() && node.entries().is_none();
        node.secret = is_no_scenario || is_secret_path(path) || is_secret_url(path, node);
    });
}

fn is_secret_path(path: &[String]) -> bool {
    path.iter().enumerate().any(|(depth, key)| {
        let named_by_user = match depth {
            0 => false,
            1 => path[0] == "backends" || path[0] == "workloads",
            _ => path[depth - 1] == "models",
        };
        let below_tls = depth > 0 && path[depth - 1] == "tls";
        !named_by_user && (key == "headers" || (is_secret_key(key) && !below_tls))
    })
}

fn is_secret_key(key: &str) -> bool {
    let key = key.to_lowercase().replace(['-', ' '], "_");
    let is_source = key.ends_with("_env") || key.ends_with("_file");
    let has_word = SECRET_WORDS.iter().any(|word| key.contains(word));
    !is_source && (has_word || key == "key" || key == "token")
}

fn is_secret_url(path: &[String], node: &Node) -> bool {
    let is_url = path.last().is_some_and(|key| key == "url");
    is_url && node.as_text().is_some_and(|text| text.meant.contains(['@', '?']))
}

/// Whether a variable of this name holds a secret, wherever it is used.
fn is_secret_variable(name: &str) -> bool {
    let name = name.to_lowercase();
    is_secret_key(&name) || ["token", "_key"].iter().any(|word| name.contains(word))
}

/// Replaces every secret by [`HIDDEN`]; references to the environment stay, for they tell
/// where the secret comes from and not what it is.
pub(in crate::scenario) fn hide_secrets(root: &mut Node) {
    root.walk(&mut Vec::new(), &mut |_, node| {
        let secret = node.secret;
        match &mut node.value {
            Value::Text(text) => *text = hidden(text, secret),
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) if secret => {
                *node = Node::text(node.place, HIDDEN);
            }
            _ => {}
        }
    });
}

fn hidden(text: &Text, secret: bool) -> Text {
    let typed = text.typed.as_deref().unwrap_or(&text.meant);
    if !secret && text.typed.is_none() {
        return text.clone();
    }
    let meant = match pieces(typed) {
        Ok(pieces) if text.typed.is_some() => {
            pieces.into_iter().map(|piece| shown_piece(piece, secret)).collect()
        }
        _ if secret => HIDDEN.to_owned(),
        _ => typed.to_owned(),
    };
    Text { meant, ..Text::default() }
}

fn shown_piece(piece: Piece<'_>, secret: bool) -> String {
    match piece {
        Piece::Literal(literal) if secret && !SCHEMES.contains(&literal) => HIDDEN.to_owned(),
        Piece::Literal(literal) => literal.to_owned(),
        Piece::Escape => "$${".to_owned(),
        Piece::Reference { name, default: None } => format!("${{{name}}}"),
        Piece::Reference { name, default: Some(_) } if secret || is_secret_variable(name) => {
            format!("${{{name}:-{HIDDEN}}}")
        }
        Piece::Reference { name, default: Some(default) } => format!("${{{name}:-{default}}}"),
    }
}

/// The text of the scenario with its secrets overwritten, byte for byte, so that places still
/// fit: what error reports show.
///
/// `None` for `root` where the tree is not known or not complete: then whole lines are hidden.
pub(in crate::scenario) fn masked_source(text: &str, root: Option<Node>) -> String {
    let Some(mut root) = root else { return masked_lines(text) };
    mark_secrets(&mut root);
    let starts: Vec<usize> = text.char_indices().map(|(byte, _)| byte).collect();
    let byte_at = |character: usize| starts.get(character).copied().unwrap_or(text.len());
    let mut masked = text.to_owned();
    root.walk(&mut Vec::new(), &mut |_, node| {
        let Place::Text(stretch) = node.place else { return };
        let is_open = node
            .as_text()
            .is_some_and(|text| text.typed.is_some() && !hidden(text, true).meant.contains(HIDDEN));
        let is_scalar = !matches!(node.value, Value::List(_) | Value::Map(_));
        if node.secret && is_scalar && !is_open {
            let range = byte_at(stretch.start)..byte_at(stretch.end);
            let length = range.len();
            masked.replace_range(range, &"*".repeat(length));
        }
    });
    masked
}

fn masked_lines(text: &str) -> String {
    // A text that does not name its version may be anything: a file with a key, for one.
    let is_scenario = text.contains("pacemark");
    // What is indented deeper than a line that hides something belongs to it.
    let mut hidden_below = None;
    let mut masked = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let is_blank = line.trim().is_empty();
        if !is_blank && hidden_below.is_some_and(|above| indent <= above) {
            hidden_below = None;
        }
        let shown = match (hidden_below, secret_from(line)) {
            (Some(_), _) => indent,
            _ if !is_scenario => 0,
            (None, Some(from)) => {
                hidden_below = Some(indent);
                from
            }
            (None, None) => line.len(),
        };
        let (open, hidden) = line.split_at(shown.min(line.len()));
        masked.push_str(open);
        for character in hidden.chars() {
            match character {
                '\n' => masked.push('\n'),
                other => masked.extend(repeat_n('*', other.len_utf8())),
            }
        }
    }
    masked
}

/// Where in a line something begins that may be a secret.
fn secret_from(line: &str) -> Option<usize> {
    let plain = line.to_ascii_lowercase().replace('-', "_");
    let is_source =
        |end: usize| plain[end..].starts_with("_env") || plain[end..].starts_with("_file");
    let behind = |word: &str| {
        let mut ends = plain.match_indices(word).map(|(at, _)| at + word.len());
        ends.find(|&end| !is_source(end))
    };
    // What is hidden begins behind the colon, if there is one.
    let behind_colon = |end: usize| plain[end..].find(':').map_or(end, |colon| end + colon + 1);
    let of_key = SECRET_WORDS.iter().chain(&["headers"]).filter_map(|word| behind(word));
    let of_short_key = ["key:", "token:"].into_iter().filter_map(behind);
    let of_url = plain.find("://").filter(|_| plain.contains(['@', '?'])).map(|at| at + 3);
    of_key.map(behind_colon).chain(of_short_key).chain(of_url).min()
}
