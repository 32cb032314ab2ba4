//! The LiteLLM proxy: passes on what the server behind it takes.

use super::preset::{Preset, TokenLimitField};

/// What LiteLLM takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "litellm",
    name: "LiteLLM",
    url: Some("http://localhost:4000"),
    key_env: Some("LITELLM_API_KEY"),
    token_limit: TokenLimitField::MaxTokens,
    length_fields: &[],
    include_usage: true,
    example_chat: Some("gpt-3.5-turbo"),
    example_embed: Some("bge-m3"),
};
