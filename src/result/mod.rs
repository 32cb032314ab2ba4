//! The versioned document of a run: everything any table or report is made from.
//!
//! What goes in: a checked scenario, what is known about the run, and the summary of each
//! cell. What comes out: [`RunResult`], which is written to `result.json` and read back.
//! Nothing here touches a file. The document is byte-stable: fields stand in a fixed order,
//! maps are sorted, and what is missing is `null` or left out of its map, never 0.

mod cell;
mod client;
mod counted_twice;
mod counts;
mod error_bound;
mod figures;
mod fingerprint;
mod gate;
mod gateway;
mod gateway_cost;
mod histograms;
mod lengths;
mod merge;
mod model_start;
mod pooled;
mod price;
mod provenance;
mod run;
#[cfg(test)]
pub(crate) mod sample;
mod search;
mod server;
mod setup;
mod simulated;

pub use cell::{CellLabels, CellPlace, CellResult, Measured, PartEntry};
pub use client::{ClientEntry, StockEntry, WaitsEntry};
pub use counted_twice::{CountedTwiceEntry, TwoCountsEntry};
pub use counts::{
    CountedStreamsEntry, FailureEntry, FindingEntry, OutcomeEntry, SessionEntry, TokenEntry,
    TokenSourceEntry, WindowEntry,
};
pub use error_bound::{ErrorBound, ErrorBoundEntry, QuantileErrors};
pub use figures::Figures;
pub use fingerprint::{Difference, Fingerprint};
pub use gate::GateEntry;
pub use gateway::GatewayEntry;
pub use gateway_cost::{AddedEntry, GatewayCostEntry};
pub use histograms::{HistogramError, HistogramFault};
pub use lengths::{LengthCheckEntry, LengthsEntry};
pub use merge::{MergeError, MergeOptions, MergedRun, merge};
pub use model_start::ModelStartEntry;
pub use pooled::PooledCell;
pub use price::PriceEntry;
pub use provenance::{Host, Provenance, scenario_hash};
pub use run::{
    Note, RecordsEntry, ResultError, ResumedEntry, RunIdentity, RunResult, SCHEMA_VERSION, schema,
};
pub use search::{AnswerEntry, HeldEntry, ProbeEntry, ProbeLimitEntry, SearchEntry};
pub use server::{MeterEntry, ServerEntry};
pub use setup::{
    BackendEntry, LoadEntry, MixEntry, ModelEntry, ReplayEntry, SloEntry, StageEntry, StepEntry,
    StopEntry, WarmupEntry, WorkloadEntry,
};
