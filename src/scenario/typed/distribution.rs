//! A distribution of times, of tokens or of items.

use std::marker::PhantomData;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::decode::{Decode, unexpected};
use super::list::List;
use super::mapping::{KeySchema, Keys, schema_of};
use super::quantity::{Amount, Whole};
use crate::scenario::batch::LARGEST_BATCH;
use crate::scenario::distribution::Distribution;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::tree::{Node, Value};
use crate::units::{float, seconds};

/// What a distribution is about.
pub(in crate::scenario) trait Quantity: Decode + Into<f64> + Copy {
    /// The name of its distribution among the definitions of the schema.
    const DEFINITION: &str;

    /// Reads a value that stands alone, which is the same for all.
    fn constant(node: &Node, problems: &mut Problems) -> Option<f64> {
        Self::decode(node, problems).map(Into::into)
    }

    /// The schema of such a value.
    fn constant_schema() -> Json {
        Self::schema()
    }
}

impl Quantity for Seconds {
    const DEFINITION: &str = "time_distribution";
}

impl Quantity for Tokens {
    const DEFINITION: &str = "token_distribution";
}

impl Quantity for Items {
    const DEFINITION: &str = "item_distribution";

    fn constant(node: &Node, problems: &mut Problems) -> Option<f64> {
        Whole::<1, LARGEST_BATCH>::decode(node, problems).map(|items| float(items.0))
    }

    fn constant_schema() -> Json {
        Whole::<1, LARGEST_BATCH>::schema()
    }
}

/// A time, in seconds.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct Seconds(f64);

/// A number of tokens.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct Tokens(f64);

/// A number of items of a request.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct Items(f64);

/// A distribution whose values are typed as `Q`.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct DistributionFile<Q> {
    /// The distribution.
    pub(in crate::scenario) shape: Distribution,
    quantity: PhantomData<Q>,
}

impl Decode for Seconds {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        Duration::decode(node, problems).map(|span| Self(seconds(span)))
    }

    fn schema() -> Json {
        Duration::schema()
    }
}

impl Decode for Tokens {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        Amount::decode(node, problems).map(|amount| Self(amount.0))
    }

    fn schema() -> Json {
        Amount::schema()
    }
}

impl Decode for Items {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        Amount::decode(node, problems).map(|amount| Self(amount.0))
    }

    fn schema() -> Json {
        Amount::schema()
    }
}

impl From<Items> for f64 {
    fn from(value: Items) -> Self {
        value.0
    }
}

impl From<Seconds> for f64 {
    fn from(value: Seconds) -> Self {
        value.0
    }
}

impl From<Tokens> for f64 {
    fn from(value: Tokens) -> Self {
        value.0
    }
}

const BELL: Keys = Keys { known: &["mean", "stddev", "min", "max"], later: &[], instead: &[] };
const UNIFORM: Keys = Keys { known: &["uniform"], later: &[], instead: &[] };
const LOGNORMAL: Keys = Keys { known: &["lognormal"], later: &[], instead: &[] };

impl<Q: Quantity> Decode for DistributionFile<Q> {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let shape = match &node.value {
            Value::Map(_) if node.get("uniform").is_some() => uniform::<Q>(node, problems)?,
            Value::Map(_) if node.get("lognormal").is_some() => {
                let inner = LOGNORMAL.open(node, problems).and(node.get("lognormal"))?;
                let Bell { mean, stddev, min, max } =
                    problems.within("lognormal", |problems| bell::<Q>(inner, problems))?;
                if mean <= 0.0 {
                    let message = format!("{}: its `mean` must be above 0", problems.subject());
                    problems.report(Problem::new(inner.place, message));
                    return None;
                }
                Distribution::Lognormal { mean, stddev, min, max }
            }
            Value::Map(_) => {
                let Bell { mean, stddev, min, max } = bell::<Q>(node, problems)?;
                Distribution::Normal { mean, stddev, min, max }
            }
            _ => Distribution::Constant(Q::constant(node, problems)?),
        };
        Some(Self { shape, quantity: PhantomData })
    }

    fn schema() -> Json {
        json!({"$ref": format!("#/$defs/{}", Q::DEFINITION)})
    }
}

impl<Q: Quantity> DistributionFile<Q> {
    /// Its name among the definitions of the schema, and what stands there.
    pub(in crate::scenario) fn definition() -> (&'static str, Json) {
        let bell = || {
            let key = |key, doc, required| KeySchema {
                key,
                doc,
                required,
                default: None,
                schema: Q::schema(),
            };
            schema_of(
                &["A normal distribution, or with `lognormal` a log-normal one."],
                [
                    key("mean", &["Mean, before bounding."], true),
                    key("stddev", &["Standard deviation, before bounding."], true),
                    key("min", &["Values below are drawn up to it."], false),
                    key("max", &["Values above are drawn down to it."], false),
                ],
            )
        };
        let pair = json!({"type": "array", "items": Q::schema(), "minItems": 2, "maxItems": 2});
        let alone = |key, doc, schema| {
            schema_of(doc, [KeySchema { key, doc, required: true, default: None, schema }])
        };
        let definition = json!({"anyOf": [
            Q::constant_schema(),
            bell(),
            alone("uniform", &["Evenly between two values."], pair),
            alone("lognormal", &["A log-normal distribution."], bell()),
        ]});
        (Q::DEFINITION, definition)
    }
}

fn uniform<Q: Quantity>(node: &Node, problems: &mut Problems) -> Option<Distribution> {
    let inner = UNIFORM.open(node, problems).and(node.get("uniform"))?;
    let list = problems.within("uniform", |problems| List::<Q, 2>::decode(inner, problems))?;
    match list.0.iter().map(|item| item.value.into()).collect::<Vec<f64>>()[..] {
        [low, high] if low <= high => Some(Distribution::Uniform { low, high }),
        [_, _] => {
            let message = format!("{}: `uniform` names the lower value first", problems.subject());
            problems.report(Problem::new(inner.place, message));
            None
        }
        _ => problems.within("uniform", |problems| unexpected(inner, "two values", problems)),
    }
}

/// A distribution around a mean.
struct Bell {
    mean: f64,
    stddev: f64,
    min: f64,
    max: f64,
}

fn bell<Q: Quantity>(node: &Node, problems: &mut Problems) -> Option<Bell> {
    let entries = BELL.open(node, problems)?;
    let mean = entries.required::<Q>("mean", problems);
    let stddev = entries.required::<Q>("stddev", problems);
    let min = entries.optional::<Q>("min", problems);
    let max = entries.optional::<Q>("max", problems);
    let bounded = min.place().or(max.place());
    let bell = Bell {
        mean: mean.into_value()?.into(),
        stddev: stddev.into_value()?.into(),
        min: min.into_value().map_or(0.0, Into::into),
        max: max.into_value().map_or(f64::INFINITY, Into::into),
    };
    if bell.min > bell.max {
        let message = format!("{}: `min` is above `max`", problems.subject());
        problems.report(Problem::new(bounded.unwrap_or(node.place), message));
        return None;
    }
    Some(bell)
}
