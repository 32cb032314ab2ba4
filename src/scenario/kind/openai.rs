//! OpenAI itself: its reasoning models refuse `max_tokens`.

use super::preset::{Preset, TokenLimitField};

/// What OpenAI takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "openai",
    name: "OpenAI",
    url: Some("https://api.openai.com"),
    key_env: Some("OPENAI_API_KEY"),
    token_limit: TokenLimitField::MaxCompletionTokens,
    length_fields: &[],
    include_usage: true,
    example_chat: Some("gpt-4.1-mini"),
    example_embed: Some("text-embedding-3-small"),
};
