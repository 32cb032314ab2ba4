//! `${NAME}` inside texts: finding the references, without looking them up.

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Stands for itself.
    Literal(&'t str),
    /// `$${`, which stands for `${`.
    Escape,
    /// `${NAME}` or `${NAME:-default}`.
    Reference {
        /// The variable.
        name: &'t str,
        /// What stands in where the variable is missing or empty.
        default: Option<&'t str>,
    },
}

/// Cuts `text` into literals and references.
///
/// # Errors
///
/// What is wrong with a reference, and what to do about it.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, (String, &'static str)> {
    const LITERAL: &str = "write `$${` where a plain `${` is meant";
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let escaped = rest[..at].ends_with('$');
        let before = if escaped { &rest[..at - 1] } else { &rest[..at] };
        if !before.is_empty() {
            found.push(Piece::Literal(before));
        }
        let inside = &rest[at + 2..];
        if escaped {
            found.push(Piece::Escape);
            rest = inside;
            continue;
        }
        let end = inside.find('}').ok_or_else(|| ("a `${` is not closed".to_owned(), LITERAL))?;
        found.push(reference(&inside[..end]).map_err(|message| (message, LITERAL))?);
        rest = &inside[end + 1..];
    }
    if !rest.is_empty() {
        found.push(Piece::Literal(rest));
    }
    Ok(found)
}

fn reference(inside: &str) -> Result<Piece<'_>, String> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts_well || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err("what stands in a `${…}` is no name of a variable".to_owned());
    }
    if default.is_some_and(|default| default.contains("${")) {
        return Err(format!("the default of `${{{name}}}` cannot itself hold a `${{`"));
    }
    Ok(Piece::Reference { name, default })
}

#[cfg(test)]
mod tests {
    use super::Piece::{Escape, Literal, Reference};
    use super::pieces;

    #[test]
    fn references_literals_and_escapes_are_told_apart() {
        assert_eq!(
            pieces("a ${B} $${C} ${D:-e f}$").unwrap(),
            [
                Literal("a "),
                Reference { name: "B", default: None },
                Literal(" "),
                Escape,
                Literal("C} "),
                Reference { name: "D", default: Some("e f") },
                Literal("$"),
            ]
        );
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in ["${", "${}", "${1A}", "${A B}", "${A:-${B}}", "${A-b}"] {
            assert!(pieces(text).is_err(), "{text}");
        }
    }
}
