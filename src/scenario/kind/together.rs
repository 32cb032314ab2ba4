//! Together AI.

use super::preset::{Preset, TokenLimitField};

/// What Together AI takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "together",
    name: "Together AI",
    url: Some("https://api.together.xyz"),
    key_env: Some("TOGETHER_API_KEY"),
    token_limit: TokenLimitField::MaxTokens,
    length_fields: &[],
    include_usage: true,
    example_chat: Some("Qwen/Qwen2.5-7B-Instruct-Turbo"),
    example_embed: Some("BAAI/bge-base-en-v1.5"),
};
