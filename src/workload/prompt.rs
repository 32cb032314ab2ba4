//! Prompts, wherever they came from.

use serde_json::Value;

/// One prompt of a workload.
#[derive(Clone, Debug, PartialEq)]
pub enum Prompt {
    /// A text: the user's message, the prompt, or the text to embed.
    Text(String),
    /// A whole conversation for a chat, as the API takes it (an array of messages).
    Messages(Value),
    /// Several texts to embed in one request.
    Inputs(Vec<String>),
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
