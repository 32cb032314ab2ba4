//! What happened to one request: its moments, its text events, its outcome.
//!
//! A [`RequestRecord`] is filled by the client while the request runs and never changed
//! afterwards. Nothing is computed here; the formulas live in `measure`.

mod gateway;
mod outcome;
mod request;
mod server_times;
mod text_events;

pub use gateway::GatewayTold;
pub use outcome::{Failure, FailureKind, FinishReason, Outcome};
pub use request::{LocalCount, Phase, RequestRecord, TokenUsage, TurnPlace};
pub use server_times::ServerTimes;
pub use text_events::{TextEvent, TextEvents};
