//! Chats.

use super::endpoint::{Api, Description, Output, TextForm};

/// `/v1/chat/completions`
pub(super) const ENDPOINT: Description = Description {
    key: "chat",
    path: "/chat/completions",
    api: Api::Openai,
    output: Output::Text(TextForm::Choices),
};
