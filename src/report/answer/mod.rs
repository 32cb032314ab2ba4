//! The answer of a run in one sentence: which backend was faster at what, by how much, and how
//! sure that is; for a backend alone, what it did.
//!
//! With several workloads and stages it tells the widest gap, where that was, and where it was the
//! other way round. It claims no more than the run allows: nothing where the run is not to be
//! trusted, an interval where there are rounds enough, else that it is indicative only.

mod alone;
mod contest;
mod place;
mod sentence;
mod standing;

pub(super) use sentence::answer;
