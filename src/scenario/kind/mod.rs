//! The kinds of backends and what differs between them.
//!
//! A kind is one file with its [`Preset`] and one line in `registry`; nothing else knows their
//! list.

mod preset;
mod registry;

mod generic;
mod infinity;
mod litellm;
mod llamacpp;
mod mock;
mod ollama;
mod openai;
mod openrouter;
mod sglang;
mod tgi;
mod together;
mod vllm;
mod xinference;

pub use preset::{LengthField, Preset, TokenLimitField};
pub use registry::BackendKind;
