//! Files of prompts, read into a [`crate::workload::PromptSet`].
//!
//! [`load_prompts`] reads a source whole, once, before any load is sent; [`check_against`] says
//! whether an endpoint can carry what was read. Every error names the file, the line, what was
//! found there and what would be accepted.
//!
//! Bounds: a line holds at most [`MAX_LINE_BYTES`], a file at most [`MAX_PROMPTS`] prompts and
//! [`MAX_FILE_BYTES`].

mod fit;
mod jsonl;
mod lines;
mod load;

pub use fit::{Misfit, check_against, check_documents};
pub use lines::{MAX_FILE_BYTES, MAX_LINE_BYTES};
pub use load::{DatasetError, MAX_PROMPTS, load_prompts};
