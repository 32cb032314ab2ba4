//! Prompts, wherever they came from.

use serde_json::{Map, Value};

use super::rows::{PromptRow, PromptRows, RowError};
use crate::units::{count, index};

/// One prompt of a workload.
#[derive(Clone, Debug, PartialEq)]
pub enum Prompt {
    /// A text: the user's message, the prompt, or the text to embed.
    Text(String),
    /// A whole conversation for a chat, as the API takes it (an array of messages).
    Messages(Value),
    /// Several texts to embed in one request.
    Inputs(Vec<String>),
    /// A text by its token ids: to go on from, or to embed.
    Tokens(Vec<u32>),
    /// Several texts by their token ids, to embed in one request.
    TokenInputs(Vec<Vec<u32>>),
    /// A query with the documents to rank for it.
    Ranking {
        /// The query.
        query: String,
        /// The documents; never empty.
        documents: Vec<String>,
    },
    /// A whole request body, as it was written for another server. The workload decides its
    /// `model` and `stream`, and its other keys only where it names them.
    Body(Map<String, Value>),
}

/// The prompts of a workload, in order; never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptSet {
    prompts: Vec<Prompt>,
}

impl PromptSet {
    /// The set of `prompts`, or `None` if there is none.
    pub fn new(prompts: Vec<Prompt>) -> Option<Self> {
        (!prompts.is_empty()).then_some(Self { prompts })
    }

    /// The prompts.
    pub fn prompts(&self) -> &[Prompt] {
        &self.prompts
    }
}

impl PromptRows for PromptSet {
    fn count(&self) -> Option<u64> {
        Some(count(self.prompts.len()))
    }

    fn row(&self, at: u64) -> Result<Option<PromptRow>, RowError> {
        Ok(self.prompts.get(index(at)).cloned().map(PromptRow::from))
    }
}
