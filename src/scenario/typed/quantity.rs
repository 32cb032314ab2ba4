//! Numbers, durations, rates and shares.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::decode::{Decode, unexpected};
use crate::scenario::problem::Problems;
use crate::scenario::tree::{Node, Value};
use crate::units::{Rate, Share, UnitError, float, parse_span};

/// No run is longer; keeps every sum of durations far from its end.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Whole<const MIN: u64, const MAX: u64>(pub(in crate::scenario) u64);

/// A number above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::scenario) struct Positive(pub(in crate::scenario) f64);

/// A number from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::scenario) struct Fraction(pub(in crate::scenario) f64);

/// A number of at least 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::scenario) struct Amount(pub(in crate::scenario) f64);

/// A length of time above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct PositiveSpan(pub(in crate::scenario) Duration);

/// The value of a number or truth value: where the environment was filled in, a text that reads
/// as one counts as one.
fn plain_value(node: &Node) -> Value {
    match &node.value {
        Value::Text(text) if text.typed.is_some() => crate::scenario::tree::resolve(&text.meant),
        value => value.clone(),
    }
}

/// A schema that also takes a text with a reference to the environment.
fn or_reference(mut schema: Json) -> Json {
    let plain = schema.take();
    json!({"anyOf": [plain, {"type": "string", "pattern": "\\$\\{"}]})
}

impl Decode for bool {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match plain_value(node) {
            Value::Bool(value) => Some(value),
            _ => unexpected(node, "`true` or `false`", problems),
        }
    }

    fn schema() -> Json {
        or_reference(json!({"type": "boolean"}))
    }
}

impl<const MIN: u64, const MAX: u64> Decode for Whole<MIN, MAX> {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::Integer(number) = plain_value(node) else {
            return unexpected(node, &Self::expected(), problems);
        };
        match u64::try_from(number) {
            Ok(number) if (MIN..=MAX).contains(&number) => Some(Self(number)),
            _ => unexpected(node, &Self::expected(), problems),
        }
    }

    fn schema() -> Json {
        or_reference(json!({"type": "integer", "minimum": MIN, "maximum": MAX}))
    }
}

impl<const MIN: u64, const MAX: u64> Whole<MIN, MAX> {
    fn expected() -> String {
        if MIN == MAX {
            return format!("the number {MIN}");
        }
        format!("a whole number from {MIN} to {MAX}")
    }
}

fn number(node: &Node) -> Option<f64> {
    match plain_value(node) {
        Value::Integer(number) => {
            let size = u64::try_from(number.unsigned_abs()).ok().map(float)?;
            Some(if number < 0 { -size } else { size })
        }
        Value::Float(number) => Some(number).filter(|number| number.is_finite()),
        _ => None,
    }
}

impl Decode for Positive {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match number(node) {
            Some(number) if number > 0.0 => Some(Self(number)),
            _ => unexpected(node, "a number above 0", problems),
        }
    }

    fn schema() -> Json {
        or_reference(json!({"type": "number", "exclusiveMinimum": 0}))
    }
}

impl Decode for Fraction {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match number(node) {
            Some(number) if (0.0..=1.0).contains(&number) => Some(Self(number)),
            _ => unexpected(node, "a number from 0 to 1", problems),
        }
    }

    fn schema() -> Json {
        or_reference(json!({"type": "number", "minimum": 0, "maximum": 1}))
    }
}

impl Decode for Amount {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match number(node) {
            Some(number) if number >= 0.0 => Some(Self(number)),
            _ => unexpected(node, "a number of at least 0", problems),
        }
    }

    fn schema() -> Json {
        or_reference(json!({"type": "number", "minimum": 0}))
    }
}

/// Reads a text with a unit; a bare number is told which units there are.
fn with_unit<T>(
    node: &Node,
    problems: &mut Problems,
    expected: &str,
    read: impl FnOnce(&str) -> Result<T, UnitError>,
) -> Option<T> {
    let Some(text) = node.as_text() else { return unexpected(node, expected, problems) };
    match read(&text.meant) {
        Ok(value) => Some(value),
        Err(UnitError { expected, .. }) => unexpected(node, expected, problems),
    }
}

impl Decode for Duration {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let expected = "a duration; write `500ms`, `30s`, `5m` or `1h`";
        if let Some(number) = number(node).filter(|number| *number >= 0.0) {
            let expected = format!("a duration; give its unit: `{number}s` or `{number}ms`");
            return unexpected(node, &expected, problems);
        }
        let span = with_unit(node, problems, expected, parse_span)?;
        if span > LONGEST {
            return unexpected(node, "a duration of at most a year", problems);
        }
        Some(span)
    }

    fn schema() -> Json {
        let pattern = r"^(\d+(\.\d+)?\s*(h|m|s|ms|us|µs|ns)\s*)+$|\$\{";
        json!({"type": "string", "pattern": pattern, "examples": ["500ms", "30s", "5m"]})
    }
}

impl Decode for PositiveSpan {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let span = Duration::decode(node, problems)?;
        if span.is_zero() {
            return unexpected(node, "a duration above 0", problems);
        }
        Some(Self(span))
    }

    fn schema() -> Json {
        Duration::schema()
    }
}

impl Decode for Rate {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let expected = match number(node).and_then(Self::per_second) {
            Some(rate) => format!("a rate; give its unit: `{rate}`"),
            None => "a rate above 0; write `20/s`, `0.5/s` or `600/min`".to_owned(),
        };
        with_unit(node, problems, &expected, str::parse)
    }

    fn schema() -> Json {
        let pattern = r"^\s*\d*\.?\d+\s*/\s*(s|sec|second|m|min|minute|h|hour)\s*$|\$\{";
        json!({"type": "string", "pattern": pattern, "examples": ["20/s", "600/min"]})
    }
}

impl Decode for Share {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let number = number(node);
        // 0.05 was probably meant as 5%, and 5 as well.
        let meant = number.and_then(|number| Self::new(number).or(Self::new(number / 100.0)));
        let expected = match meant {
            Some(share) => format!("a share from 0% to 100%; write it in percent: `{share}`"),
            None => "a share from 0% to 100%; write `5%`".to_owned(),
        };
        with_unit(node, problems, &expected, str::parse)
    }

    fn schema() -> Json {
        let pattern = r"^\s*\d*\.?\d+\s*%$|\$\{";
        json!({"type": "string", "pattern": pattern, "examples": ["5%"]})
    }
}
