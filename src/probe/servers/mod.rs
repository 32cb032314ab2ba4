//! What each kind of server can be asked, a file for each.

mod any;
mod litellm;
mod llamacpp;
mod ollama;
mod sglang;
mod tgi;
mod vllm;
mod xinference;

pub(super) use any::any;
pub(super) use litellm::litellm;
pub(super) use llamacpp::llamacpp;
pub(super) use ollama::ollama;
pub(super) use sglang::sglang;
pub(super) use tgi::tgi;
pub(super) use vllm::vllm;
pub(super) use xinference::xinference;
