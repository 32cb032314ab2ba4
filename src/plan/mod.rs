//! The scenario expanded into cells, in the order they run.
//!
//! A cell is one backend under one workload at one stage in one round. Rounds are outermost,
//! backends innermost and interleaved in a balanced order (of two, ABBA), so that slow drift of
//! the machine cannot favour one of them.

mod cell;
mod order;
mod support;

pub use cell::{Cell, LoadTime, RunPlan};
pub use support::ThinGate;
