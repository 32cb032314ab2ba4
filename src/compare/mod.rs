//! Two results and a verdict for each metric: is it slower, and how sure is that?
//!
//! What goes in: stored results, and for what is only indicative the values of single requests.
//! What comes out: [`Comparison`]. The replicate is the round (or the stored run), never the
//! request, since requests that follow each other resemble each other. `docs/statistics.md`
//! says why each choice was made. Nothing here touches a file.
//!
//! From raw to judged: `cells` finds what belongs together, `draft` makes paired differences of
//! it, `student` an interval, `judge` a verdict; `fairness` names what must be known beside it.

mod backends;
#[cfg(test)]
mod backends_tests;
mod bootstrap;
mod cells;
mod comparison;
mod document;
mod draft;
mod fairness;
#[cfg(test)]
mod golden;
mod holm;
mod judge;
mod measure;
mod power;
mod quantile;
mod robust;
mod rows;
mod rules;
mod runs;
#[cfg(test)]
mod runs_tests;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod simulation_tests;
mod student;

pub use backends::compare_backends;
pub use bootstrap::{SeriesPair, bootstrap};
pub use cells::{CompareError, Subject};
pub use comparison::{
    Basis, Caveat, CaveatKind, ComparedCell, Comparison, Effect, Estimate, Indication,
    IntervalSource, NoEffect, Outlook, Side, Verdict,
};
pub use document::{
    COMPARISON_SCHEMA_VERSION, CaveatEntry, ComparedCellEntry, ComparisonDocument, ComparisonEntry,
    EstimateEntry, RulesEntry, SideEntry, comparison_schema,
};
pub use holm::holm;
pub use measure::{Measure, MeasureError, Scale};
pub use power::{Bar, more_rounds};
pub use quantile::quantile_ranks;
pub use robust::{Check, hodges_lehmann, sign_flip};
pub use rows::RequestValues;
pub use rules::{FailOn, Failure, Rules, SHARE_TOLERANCE};
pub use runs::compare_runs;
pub use student::{Interval, Student};

/// Fewest rounds that can tell a difference from chance.
pub const FEWEST_ROUNDS: usize = 3;
/// Fewest stored runs that can tell how much runs differ by chance.
pub const FEWEST_RUNS: usize = 5;
