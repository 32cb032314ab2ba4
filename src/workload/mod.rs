//! What is sent: prompts and bodies.
//!
//! [`RequestSpec`] is one request, ready to send. Which prompt it carries depends on seed,
//! phase, round, stage and index alone, never on the backend or on what happened before; but
//! for a [`Conversation`], whose history is what the server answered.
//! Prompts come by number from a source behind [`PromptRows`]; those of a [`PromptSet`] are in
//! memory.

mod body_texts;
mod cell_requests;
mod conversation;
mod draw;
mod factory;
mod grid;
mod illustrated;
mod jpeg;
mod mix_order;
mod pictures;
mod png;
mod prompt;
mod ranked;
mod rows;
mod spec;
mod synthetic;
mod tokenizer;

pub use body_texts::texts_of_body;
pub use cell_requests::CellRequests;
pub use conversation::{Conversation, NextTurn};
pub use factory::RequestFactory;
pub use illustrated::IllustratedRows;
pub use mix_order::{MemberTurn, MixOrder};
pub use pictures::Pictures;
pub use prompt::{Prompt, PromptSet};
pub use ranked::RankedRows;
pub use rows::{AskedLengths, LeftOut, PromptRow, PromptRows, PromptStart, RequestPlace, RowError};
pub use spec::RequestSpec;
#[cfg(test)]
pub(crate) use synthetic::tokenizers_of_tests;
pub use synthetic::{Begin, LengthMethod, SyntheticPrompts, Texts, Unreachable};
pub use tokenizer::{TokenCounter, TokenizerError};
