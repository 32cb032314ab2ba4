//! What a server supports and where it deviates from the API, by asking it everything once.
//!
//! Nothing here is a measurement: a few short requests, one after the other. A server that ignores a
//! limit is cut off after a while.

mod asking;
mod check;
mod endpoints;
mod exchange;
mod generation;
mod refusals;

pub use asking::AskedModels;
pub use check::{Check, Verdict};
