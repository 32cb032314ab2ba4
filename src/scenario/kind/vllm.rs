//! vLLM: `VLLM_API_KEY` is the variable the server itself reads.

use super::preset::{LengthField, Preset, TokenLimitField};

/// What vLLM takes for granted.
pub(super) const PRESET: Preset = Preset {
    key: "vllm",
    name: "vLLM",
    url: Some("http://localhost:8000"),
    key_env: Some("VLLM_API_KEY"),
    token_limit: TokenLimitField::MaxTokens,
    length_fields: &[LengthField::IgnoreEos, LengthField::MinTokens],
    include_usage: true,
    example_chat: Some("Qwen/Qwen3-4B"),
    example_embed: None,
};
