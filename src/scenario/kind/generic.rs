//! Any other server that speaks the OpenAI API: no key is sent unless one is named, for a key
//! meant for one server must not reach another.

use super::preset::{Preset, TokenLimitField};

/// What OpenAI-compatible server takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "generic",
    name: "OpenAI-compatible server",
    url: None,
    key_env: None,
    token_limit: TokenLimitField::MaxTokens,
    length_fields: &[],
    include_usage: true,
    example_chat: Some("my-model"),
    example_embed: None,
};
