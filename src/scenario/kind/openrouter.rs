//! OpenRouter: its API lies below `/api`.

use super::preset::{Preset, TokenLimitField};

/// What OpenRouter takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "openrouter",
    name: "OpenRouter",
    url: Some("https://openrouter.ai/api"),
    key_env: Some("OPENROUTER_API_KEY"),
    token_limit: TokenLimitField::MaxTokens,
    length_fields: &[],
    include_usage: true,
    example_chat: Some("qwen/qwen3-8b"),
    example_embed: None,
};
