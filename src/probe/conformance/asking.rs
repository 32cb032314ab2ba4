//! Who is asked for what.

use serde_json::{Map, Value, json};

use super::check::Check;
use crate::clock::Clock;
use crate::probe::control::Probe;

/// The models that are asked for, by the server's own names; `None` leaves out what needs one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedModels {
    /// One that generates.
    pub chat: Option<String>,
    /// One that embeds.
    pub embed: Option<String>,
    /// One that ranks.
    pub rerank: Option<String>,
}

/// Parts of the names of models that embed; others are taken to generate.
const EMBEDDING_NAMES: [&str; 6] = ["embed", "bge", "gte-", "e5-", "minilm", "nomic"];
/// Parts of the names of models that rank.
const RANKING_NAMES: [&str; 2] = ["rerank", "ranker"];

impl AskedModels {
    /// The first of the `listed` models of each sort, by their names, where none is given.
    #[must_use]
    pub fn or_listed(self, listed: &[&str]) -> Self {
        let is = |name: &str, parts: &[&str]| {
            let name = name.to_ascii_lowercase();
            parts.iter().any(|part| name.contains(part))
        };
        let ranks = |name: &&&str| is(name, &RANKING_NAMES);
        let embeds = |name: &&&str| is(name, &EMBEDDING_NAMES) && !ranks(name);
        let first = |found: Option<&&str>| found.map(|name| (*name).to_owned());
        let chats = |name: &&&str| !embeds(name) && !ranks(name);
        Self {
            chat: self.chat.or_else(|| first(listed.iter().find(chats))),
            embed: self.embed.or_else(|| first(listed.iter().find(embeds))),
            rerank: self.rerank.or_else(|| first(listed.iter().find(ranks))),
        }
    }
}

impl Probe {
    /// Asks everything once, and hands each answer to `told` as it comes.
    pub async fn conformance(
        &self,
        models: &AskedModels,
        clock: &Clock,
        told: &mut dyn FnMut(Check),
    ) {
        let asking = Asking { probe: self, models, clock };
        asking.listing(told).await;
        asking.generation(told).await;
        asking.endpoints(told).await;
        asking.refusals(told).await;
        asking.beside(told).await;
    }
}

/// Who is asked for what.
pub(super) struct Asking<'a> {
    pub(super) probe: &'a Probe,
    pub(super) models: &'a AskedModels,
    pub(super) clock: &'a Clock,
}

/// A chat of a few words.
pub(super) fn chat_body(model: &str, more: &Value) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), model.into());
    let messages = json!([{"role": "user", "content": "Count from one to twenty in words."}]);
    body.insert("messages".to_owned(), messages);
    if let Value::Object(more) = more {
        body.extend(more.clone());
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use super::AskedModels;

    #[test]
    fn models_are_told_by_their_names_where_none_is_given() {
        let listed = ["bge-m3", "bge-reranker-v2", "qwen3:4b", "nomic-embed-text"];
        let found = AskedModels::default().or_listed(&listed);
        let names = [found.chat, found.embed, found.rerank].map(Option::unwrap);
        assert_eq!(names, ["qwen3:4b", "bge-m3", "bge-reranker-v2"]);
        let given = AskedModels { chat: Some("mine".to_owned()), ..AskedModels::default() };
        assert_eq!(given.clone().or_listed(&[]), given);
    }
}
