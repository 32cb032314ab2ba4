//! What is sent: prompts and bodies.
//!
//! [`RequestSpec`] is one request, ready to send. Which prompt it carries depends on seed,
//! phase, round, stage and index alone, never on the backend or on what happened before.

mod factory;
mod prompt;
mod spec;

pub use factory::{PromptStart, RequestFactory};
pub use prompt::{Prompt, PromptSet};
pub use spec::RequestSpec;
