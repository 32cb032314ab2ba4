//! SGLang: a key is given to the server as a flag, so no variable is usual.

use super::preset::{LengthField, Preset, TokenLimitField};

/// What SGLang takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "sglang",
    name: "SGLang",
    url: Some("http://localhost:30000"),
    key_env: None,
    token_limit: TokenLimitField::MaxTokens,
    length_fields: &[LengthField::IgnoreEos, LengthField::MinTokens],
    include_usage: true,
    example_chat: Some("Qwen/Qwen3-4B"),
    example_embed: None,
};
