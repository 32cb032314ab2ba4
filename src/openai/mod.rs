//! The wire of the OpenAI API: bytes in, events out; values in, request bodies out.
//!
//! Nothing here opens a socket or reads a clock.

mod endpoint;

pub use endpoint::Endpoint;
