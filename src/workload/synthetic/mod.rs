//! Text that is made by the lengths asked for.
//!
//! A text is a function of seed, workload and number: sentences of a small vocabulary, cut
//! where the length is reached. With the model's tokenizer the length is exact to the token;
//! without one it is estimated by the number of words, and may be corrected by what a server
//! counted. Every prompt opens with words of its own, which spell its number, so that no cache
//! of prefixes helps; or with a prefix that is shared on purpose.

mod chinese;
mod code;
mod english;
mod fit;
mod pieces;
mod prompts;
mod texts;
#[cfg(test)]
pub(crate) mod tokenizers_of_tests;

pub use fit::Unreachable;
pub use prompts::SyntheticPrompts;
pub(super) use prompts::length;
pub use texts::{Begin, LengthMethod, Texts};
