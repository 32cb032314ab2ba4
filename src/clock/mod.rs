//! The one monotonic clock of a run, a hand-driven one for tests, and the date for people.
//!
//! Every moment of a run is read from one [`Clock`]; wall-clock time is read once per run and
//! only ever shown.

mod monotonic;
mod wall;

pub use monotonic::Clock;
pub use wall::WallTime;
