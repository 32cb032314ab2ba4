//! The wire of the OpenAI API: bytes in, events out; values in, request bodies out.
//!
//! Nothing here opens a socket or reads a clock. [`request_body`] makes what is sent. A streamed
//! answer goes through a
//! [`StreamDecoder`] into a [`StreamState`], one that comes whole through [`decode_answer`],
//! one with an error status through [`decode_error`].

mod answer;
mod body;
mod chat;
mod completions;
mod embeddings;
mod endpoint;
mod facts;
mod failure;
mod gateway;
mod lines;
mod models;
mod ollama;
mod ollama_chat;
mod ollama_generate;
mod rate_limits;
mod rerank;
mod responses;
mod scan;
mod server_times;
mod sse;
mod state;
mod stream;
mod template;
mod text;
mod thinking;
mod usage;

pub use answer::{Answer, answer_texts, decode_answer};
pub use body::{Ask, BodyParts, Images, Input, TokenLimit, request_body};
pub use endpoint::Endpoint;
pub use failure::{ApiError, decode_error, refuses_stream_options, short_line};
pub use gateway::decode_gateway;
pub use models::{Listed, ModelEntry, decode_models, model_listed};
pub use rate_limits::{RateLimits, decode_rate_limits};
pub use state::StreamState;
pub use stream::{Chunk, StreamDecoder, StreamEvent, StreamSink};
pub use text::{RawText, TextPart};
pub use thinking::{Text, after_thinking};
pub use usage::RunningUsage;
