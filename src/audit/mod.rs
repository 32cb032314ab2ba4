//! Is this measurement to be believed, and if not, why not?
//!
//! Summaries and what the scenario asked for go in, [`Finding`]s come out. A finding states
//! what was seen, its limit, and what to do about it; the gravest one sets the [`Confidence`].
//! Each check is one function in the list of [`audit_cell`]; its thresholds stand beside it,
//! each with its reason.

mod answers;
mod bursts;
mod catalogue;
mod cell;
mod client;
mod cold;
mod drift;
mod finding;
mod gateway;
mod health;
mod load;
mod plateau;
mod prompts;
mod run;
mod sample_size;
mod settling;
mod steadiness;
mod tokens;

pub use catalogue::{FindingInfo, FindingKind};
pub use cell::{CellEnd, CellFacts, SentFacts, audit_cell};
pub use finding::{Confidence, Finding, Severity};
pub use health::{ClientHealth, MachineTimes, Stock, ThreadTimes};
pub use plateau::LoadPoint;
pub use run::{AnswerLength, RunFacts, audit_run};
pub use settling::{rise, steady_from};

#[cfg(test)]
mod case;
#[cfg(test)]
mod cell_tests;
#[cfg(test)]
mod client_tests;
