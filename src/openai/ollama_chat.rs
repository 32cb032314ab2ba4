//! Ollama's own chats.

use super::endpoint::{Api, Description, Output, TextForm};

/// `/api/chat`
pub(super) const ENDPOINT: Description = Description {
    key: "ollama_chat",
    path: "/api/chat",
    api: Api::Ollama,
    output: Output::Text(TextForm::Lines),
};
