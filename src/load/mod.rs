//! When requests start: an open load profile becomes a lazy, seeded [`Schedule`], a closed one
//! a [`SlotCourse`] and [`ThinkTimes`].
//!
//! Nothing here sleeps, reads a clock or opens a socket; the `run` module does that.
//!
//! Invariants, held by properties beside the code:
//!
//! * offsets never decrease, and equal seeds give equal schedules on every machine;
//! * an offset depends on the schedule alone, never on when earlier requests really started,
//!   so a schedule does not drift and a late start delays nobody else;
//! * the shards of a schedule together are the schedule, arrival for arrival.

mod recording;
mod rescaled;
mod schedule;
mod seed;
mod slots;
mod think_time;

pub use recording::Recording;
pub use schedule::{Arrival, Schedule, Shard};
pub use seed::{Purpose, Stream};
pub use slots::SlotCourse;
pub use think_time::{ThinkTimes, Thinking};
