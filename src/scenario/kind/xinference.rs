//! XInference: asks for a key since version 4, unless it was started without.

use super::preset::{Preset, TokenLimitField};

/// What XInference takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "xinference",
    name: "XInference",
    url: Some("http://localhost:9997"),
    key_env: Some("XINFERENCE_API_KEY"),
    token_limit: TokenLimitField::MaxTokens,
    length_fields: &[],
    include_usage: true,
    example_chat: Some("qwen3"),
    example_embed: Some("bge-m3"),
};
