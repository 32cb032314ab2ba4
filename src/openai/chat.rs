//! Chats.

use super::endpoint::{Description, Output, TextForm};

/// `/v1/chat/completions`
pub(super) const ENDPOINT: Description =
    Description { key: "chat", path: "/chat/completions", output: Output::Text(TextForm::Choices) };
