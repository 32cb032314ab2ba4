//! One word out of a few.

use serde_json::{Value as Json, json};

use super::decode::not_yet;
use crate::openai::Endpoint;
use crate::scenario::backend::{ColdStart, Connections, HttpVersion, RateLimitRule};
use crate::scenario::kind::BackendKind;
use crate::scenario::network::Addresses;
use crate::scenario::problem::{Problem, Problems, suggestion};
use crate::scenario::synthetic::Language;
use crate::scenario::tree::{Node, Value, resolve};
use crate::scenario::workload::PictureFormat;

/// A type with a fixed set of words.
pub(super) trait Choice: Copy + 'static {
    /// Each word with its value.
    fn words() -> Vec<(&'static str, Self)>;

    /// Words that a later version will take, with what they will do.
    fn later() -> &'static [(&'static str, &'static str)] {
        &[]
    }
}

/// Reads one of the words.
pub(super) fn decode_word<T: Choice>(node: &Node, problems: &mut Problems) -> Option<T> {
    let words = T::words();
    let typed = match &node.value {
        Value::Text(text) => text.meant.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Unknown => return None,
        _ => String::new(),
    };
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == typed) {
        return Some(*value);
    }
    if let Some((_, what)) = T::later().iter().find(|(word, _)| *word == typed) {
        not_yet(node.place, what, problems);
        return None;
    }
    let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    let message = format!("{} cannot be {}", problems.subject(), node.describe());
    problems.report(Problem::new(node.place, message).hint(suggestion(&typed, &known)));
    None
}

/// The schema of the words; words that are numbers may be typed as such.
pub(super) fn schema_of_words<T: Choice>() -> Json {
    let words: Vec<Json> = T::words()
        .into_iter()
        .map(|(word, _)| match resolve(word) {
            Value::Integer(_) => word.parse::<u64>().map_or(json!(word), |number| json!(number)),
            _ => json!(word),
        })
        .collect();
    json!({"anyOf": [{"enum": words}, {"type": "string", "pattern": "\\$\\{"}]})
}

/// Lets types be typed as one of their words.
macro_rules! choices {
    ($($kind:ty),+ $(,)?) => {
        $(impl $crate::scenario::typed::Decode for $kind {
            fn decode(
                node: &$crate::scenario::tree::Node,
                problems: &mut $crate::scenario::problem::Problems,
            ) -> Option<Self> {
                $crate::scenario::typed::choice::decode_word(node, problems)
            }

            fn schema() -> serde_json::Value {
                $crate::scenario::typed::choice::schema_of_words::<Self>()
            }
        })+
    };
}
pub(super) use choices;

choices!(
    BackendKind,
    EncodingFormat,
    Endpoint,
    HttpVersion,
    ImageDetail,
    Connections,
    PictureFormat
);
choices!(Language);
choices!(ColdStart);
choices!(Addresses);
choices!(RateLimitRule);

impl Choice for BackendKind {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.iter().map(|kind| (kind.key(), *kind)).collect()
    }
}

impl Choice for RateLimitRule {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("ignore", Self::Ignore), ("obey", Self::Obey)]
    }
}

impl Choice for Addresses {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("first", Self::First), ("all", Self::All)]
    }
}

impl Choice for Language {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.iter().map(|language| (language.key(), *language)).collect()
    }
}

impl Choice for Endpoint {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.iter().map(|endpoint| (endpoint.key(), *endpoint)).collect()
    }
}

/// How vectors are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum EncodingFormat {
    /// Arrays of numbers.
    Float,
    /// The bytes of the numbers as text.
    Base64,
}

impl EncodingFormat {
    /// As it stands in scenarios and requests.
    pub(in crate::scenario) const fn key(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Base64 => "base64",
        }
    }
}

impl Choice for EncodingFormat {
    fn words() -> Vec<(&'static str, Self)> {
        [Self::Float, Self::Base64].map(|format| (format.key(), format)).to_vec()
    }
}

/// How closely pictures are to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct ImageDetail(pub(in crate::scenario) &'static str);

impl Choice for ImageDetail {
    fn words() -> Vec<(&'static str, Self)> {
        ["low", "high", "auto"].map(|word| (word, Self(word))).to_vec()
    }
}

impl Choice for PictureFormat {
    fn words() -> Vec<(&'static str, Self)> {
        [Self::Png, Self::Jpeg].map(|format| (format.key(), format)).to_vec()
    }
}

impl Choice for HttpVersion {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("1", Self::One), ("2", Self::Two)]
    }
}

impl Choice for ColdStart {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("exclude", Self::Exclude), ("measure", Self::Measure)]
    }
}

impl Choice for Connections {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("reuse", Self::Reuse), ("fresh", Self::Fresh), ("session", Self::Session)]
    }
}
