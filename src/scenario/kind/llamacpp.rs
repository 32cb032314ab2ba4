//! llama.cpp's own server: `LLAMA_API_KEY` is the variable the server itself reads.

use super::preset::{LengthField, Preset, TokenLimitField};

/// What llama.cpp takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "llamacpp",
    name: "llama.cpp",
    url: Some("http://localhost:8080"),
    key_env: Some("LLAMA_API_KEY"),
    token_limit: TokenLimitField::MaxTokens,
    length_fields: &[LengthField::IgnoreEos],
    include_usage: true,
    example_chat: Some("default"),
    example_embed: None,
};
