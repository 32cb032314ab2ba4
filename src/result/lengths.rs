//! How long the prompts of a workload were made, and what servers counted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the input lengths of synthetic prompts came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LengthsEntry {
    /// `exact`: by the model's tokenizer. `estimated`: by the number of words. `corrected`: so,
    /// and by what a server counted before the load.
    pub method: String,
    /// What a server counted for each token estimated, where that corrected the lengths.
    pub factor: Option<f64>,
    /// What servers counted before the load, for texts of known lengths.
    pub checks: Vec<LengthCheckEntry>,
}

/// What one server counted for texts of known lengths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LengthCheckEntry {
    /// The backend.
    pub backend: String,
    /// Tokens it counted for each token more of text, by the tokenizer or the estimate.
    pub tokens_per_token: f64,
    /// Tokens it counted besides: those of the chat template, the system message, and the marks
    /// of begin and end.
    pub template_tokens: f64,
}

impl LengthsEntry {
    /// Lengths by `method` and its factor, not checked yet.
    pub fn new(method: &str, factor: Option<f64>) -> Self {
        Self { method: method.to_owned(), factor, checks: Vec::new() }
    }
}
