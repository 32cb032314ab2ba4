//! Files of prompts, as sources of prompts by number.
//!
//! [`open_prompts`] opens those of a workload, synthetic ones included. A small file is read whole and checked before any load; a large one
//! is read as it is needed, in bounded memory, and begins at once. Every error names the file,
//! the line, what was found there and what would be accepted.
//!
//! What a file is made of has three layers: a `Splitter` tells its rows apart, a `Parser` makes
//! a prompt of a row, and `FileRows` decides which row a request takes.
//!
//! Bounds: a row holds at most [`MAX_ROW_BYTES`], a file [`MAX_FILE_BYTES`].

mod blocks;
mod csv_rows;
mod error;
mod file_rows;
mod fit;
mod found;
mod index;
mod jsonl;
mod load;
mod open;
mod openai_batch;
mod parser;
mod permutation;
mod pictures;
mod sharegpt;
mod split;
mod tokenizer;
mod trace;

pub use error::DatasetError;
pub use index::MAX_FILE_BYTES;
pub use load::{OpenPrompts, Played, open_prompts};
pub use open::HELD_BYTES;
pub use pictures::{MAX_PICTURE_BYTES, MAX_PICTURES_BYTES, PictureError};
pub use split::MAX_ROW_BYTES;
pub use trace::{Trace, TraceRows};
