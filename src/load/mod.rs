//! When requests start: a load profile becomes a lazy, seeded [`Schedule`].
//!
//! Nothing here sleeps, reads a clock or opens a socket; the `run` module does that.
//!
//! Invariants, held by properties beside the code:
//!
//! * offsets never decrease, and equal seeds give equal schedules on every machine;
//! * an offset depends on the schedule alone, never on when earlier requests really started,
//!   so a schedule does not drift and a late start delays nobody else;
//! * the shards of a schedule together are the schedule, arrival for arrival.

mod schedule;
mod seed;

pub use schedule::{Arrival, Schedule, Shard};
pub use seed::{Purpose, Stream};
