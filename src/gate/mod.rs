//! Gates: does a run keep to its limits?
//!
//! What goes in: a result, with the gates it was run with. What comes out: every gate with every
//! cell it is meant for, its rounds merged, and whether it holds there. A gate that says nothing
//! never holds: a figure that is missing fails it, and so does a percentile of too few values.
//! Nothing here sees a second run; that is the matter of comparisons.

mod applies;
mod outcome;
mod test_gates;

pub use outcome::{GateResult, GateTest, Outcome};
pub use test_gates::test_gates;
