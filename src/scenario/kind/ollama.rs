//! Ollama: no key; ignores `max_completion_tokens` and would never stop.

use super::preset::{Preset, TokenLimitField};

/// What Ollama takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "ollama",
    name: "Ollama",
    url: Some("http://localhost:11434"),
    key_env: None,
    token_limit: TokenLimitField::MaxTokens,
    length_fields: &[],
    include_usage: true,
    example_chat: Some("qwen3:4b"),
    example_embed: Some("bge-m3"),
};
