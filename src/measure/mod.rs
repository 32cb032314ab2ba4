//! From records to figures: every formula of `docs/metrics.md`, once.
//!
//! Records go into a mergeable recorder per thread; the merged recorder gives a
//! [`CellSummary`]. Times come in as moments and go out as nanoseconds inside histograms;
//! showing them in a unit is the business of `report`.

mod summary;

pub use summary::{
    CellSummary, FailureSample, OutcomeCounts, TokenSource, TokenSources, TokenTotals, Window,
};
