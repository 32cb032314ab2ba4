//! Is this measurement to be believed, and if not, why not?
//!
//! Summaries and what the scenario asked for go in, [`Finding`]s come out. A finding states
//! what was seen, its limit, and what to do about it; the gravest one sets the [`Confidence`].
//! Each check is one function in the list of [`audit_cell`]; its thresholds stand beside it,
//! each with its reason.

mod answers;
mod cell;
mod finding;
mod load;
mod prompts;
mod run;
mod sample_size;

pub use cell::{CellEnd, CellFacts, audit_cell};
pub use finding::{Confidence, Finding, Severity};
pub use run::{RunFacts, audit_run};

#[cfg(test)]
mod cell_tests;
