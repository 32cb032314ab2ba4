//! Newtypes for moments, rates and shares, and the only numeric casts of the program.
//!
//! Everything here is a plain value. A [`Moment`] is counted from the start of the run, a
//! length of time is a [`std::time::Duration`], and the texts people write for them (`500ms`,
//! `20/s`, `5%`) are read and printed here, so that no two places disagree about a unit.

mod convert;
mod mixed;
mod moment;
mod rate;
mod share;
mod span;
mod speed;

pub use convert::{count, float, index, millis, nanos, ratio, seconds, to_u32, whole};
pub use mixed::mixed;
pub use moment::Moment;
pub use rate::Rate;
pub use share::Share;
pub use span::{format_span, parse_span, span_from_seconds};
pub use speed::Speed;

/// Why a text is not the quantity it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not {expected}")]
pub struct UnitError {
    /// The text found.
    pub found: String,
    /// What would be accepted, with an example.
    pub expected: &'static str,
}
