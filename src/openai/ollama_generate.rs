//! Ollama's own answers to one text, put into the chat template of the model.

use super::endpoint::{Api, Description, Output, TextForm};

/// `/api/generate`
pub(super) const ENDPOINT: Description = Description {
    key: "ollama_generate",
    path: "/api/generate",
    api: Api::Ollama,
    output: Output::Text(TextForm::Lines),
};
