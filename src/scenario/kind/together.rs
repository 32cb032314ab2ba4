//! Together AI.

use super::preset::{Preset, TokenLimitField};

/// What Together AI takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "together",
    name: "Together AI",
    url: Some("https://api.together.xyz"),
    key_env: Some("TOGETHER_API_KEY"),
    token_limit: TokenLimitField::MaxTokens,
    include_usage: true,
};
