//! Which loads are tried next while a run goes on, and what all of them together say.
//!
//! A *probe* is one cell at one load. Its requests are [`Evidence`] for or against the limits it is
//! held to; a [`Judgement`] says whether they held, and how clearly. [`next_step`] decides from all
//! probes so far which load is tried next and, in the end, what the largest load is that holds
//! ([`Answer`]); [`next_point`] does the same for a sweep that looks where a curve bends. Both are
//! functions of the probes alone, so that a search that was broken off can go on.

mod bend;
mod bracket;
mod crossing;
mod evidence;
mod judgement;
mod overload;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod queue_tests;
mod yardstick;

pub use bend::{BendPoint, next_point};
pub use bracket::{Aim, Answer, End, Goal, Method, Probe, Span, Step, Tally, next_step};
pub use evidence::{Evidence, Sample};
pub use judgement::{Judgement, LimitJudgement, Measure};
pub use overload::Overload;
pub use yardstick::Yardstick;
