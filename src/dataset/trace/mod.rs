//! Recorded traffic: when requests came, and how long they and their answers were.
//!
//! [`Trace::open`] reads a file whole, checks every row and keeps 24 bytes of it, and eight for
//! each block of its prompt. Texts are made when they are asked for: a recording has none.

mod azure;
mod burstgpt;
mod columns;
mod mooncake;
mod pacemark;
mod recorded;
mod rows;
mod scan;

pub use recorded::Trace;
pub use rows::TraceRows;
