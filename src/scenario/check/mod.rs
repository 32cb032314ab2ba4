//! What was typed → a checked [`super::Scenario`]: which values fit together, what is taken
//! where nothing was said, and names turned into what they name.

mod backend;
mod body;
mod gate;
mod gateway_pairs;
mod images;
mod key;
mod load;
mod mix;
mod mock;
mod network;
mod probing;
mod profile;
mod prompt_file;
mod scenario;
mod stage;
mod synthetic;
mod trace_file;
mod url;
mod workload;

pub(in crate::scenario) use scenario::{Surroundings, check};
pub use url::UrlError;
