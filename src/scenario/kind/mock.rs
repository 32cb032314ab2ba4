//! The simulated server inside this process: no address, no key.

use super::preset::{LengthField, Preset, TokenLimitField};

/// What simulated server takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "mock",
    name: "simulated server",
    url: None,
    key_env: None,
    token_limit: TokenLimitField::MaxTokens,
    length_fields: &[LengthField::IgnoreEos],
    include_usage: true,
    example_chat: Some("simulated"),
    example_embed: Some("simulated-embed"),
};
