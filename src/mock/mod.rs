//! A simulated OpenAI server: scripted delays, or a small model of a batching engine.
//!
//! [`MockServer::start`] runs it on a thread of its own. How it
//! behaves is a [`crate::scenario::MockSpec`]; what it saw is a [`Truth`].
//!
//! * Paths: `GET /v1/models`, `GET /v1/models/<model>`, and `POST` to `/v1/chat/completions`,
//!   `/v1/completions`, `/v1/responses`, `/v1/embeddings` and `/v1/rerank`; and as Ollama has them,
//!   `POST` to `/api/chat`, `/api/generate` and `/api/show`, `GET /api/version`, `/api/tags` and
//!   `/api/ps`. Everything else is an error in the API's shape.
//! * Where loading takes time (`load`), a model is loaded by the first request that names it, or
//!   by an `/api/generate` without a prompt, and dropped after `keep_alive`, or at once where a
//!   request says `keep_alive: 0`.
//! * A chat or response that must call a tool (`tool_choice` is `required`, or names one) gets a
//!   call of the first of its `tools`, or of that one, with the words as its argument.
//! * Any prompt gets the same words, a token each. Headers (and the role of a chat) leave as
//!   soon as a stream is accepted, tokens when they are due: the *i*-th at `ttft` and *i* gaps
//!   after the request had arrived whole, never counted from the token before.
//! * Without `slots` every request runs at once, by its script. With them an engine decides: a
//!   queue, prompts read one after the other, and common steps that slow down as the batch grows;
//!   the module `engine` says how exactly.
//! * With a gap of 0 a stream is written as fast as its client reads.
//! * What is random follows from the seed, the request's content and how often that content came
//!   before, never from time.

mod alarm;
mod batch;
mod draw;
mod engine;
#[cfg(target_os = "linux")]
mod kernel_timer;
mod native;
mod own_routes;
mod pacer;
mod phrases;
mod pieces;
mod ranking;
mod refusal;
mod release;
mod render;
mod request;
mod residence;
mod responses;
mod routes;
mod rules;
mod script;
mod server;
mod service;
mod stream;
mod timer_thread;
mod truth;
mod vector;
mod visit;

pub use server::{MockError, MockServer};
pub use truth::Truth;
