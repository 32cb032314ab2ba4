//! A run while it goes on: where it stands, and how that is shown.
//!
//! [`LiveRun`] is told what happens and keeps what can be shown of it; nothing here measures
//! anything, waits, or knows a terminal or a socket. Its memory does not grow with the length of
//! the run.

mod exposition;
mod exposition_format;
mod run;
#[cfg(test)]
mod samples;
mod series;
mod view;

pub use exposition::Exposition;
pub use exposition_format::ExpositionFormat;
pub use run::{CellAim, CellNow, LiveRun};
pub use series::{HistoryPoint, Labels, Second, Series};
pub use view::{Look, draw};
