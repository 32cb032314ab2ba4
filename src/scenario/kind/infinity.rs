//! Infinity: embeddings and rankings, and nothing that generates.

use super::preset::{Preset, TokenLimitField};

/// What Infinity takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "infinity",
    name: "Infinity",
    url: Some("http://localhost:7997"),
    key_env: Some("INFINITY_API_KEY"),
    token_limit: TokenLimitField::MaxTokens,
    length_fields: &[],
    include_usage: false,
    example_chat: None,
    example_embed: Some("bge-m3"),
};
