//! Hugging Face's Text Generation Inference: it answers with 100 tokens where no limit is sent,
//! and takes its key as a flag, so no variable is usual.

use super::preset::{Preset, TokenLimitField};

/// What Text Generation Inference takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "tgi",
    name: "Text Generation Inference",
    url: Some("http://localhost:8080"),
    key_env: None,
    token_limit: TokenLimitField::MaxTokens,
    length_fields: &[],
    include_usage: true,
    example_chat: Some("tgi"),
    example_embed: None,
};
