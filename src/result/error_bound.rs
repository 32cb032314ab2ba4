//! How far the client itself may be off, as a calibration of the machine found it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a calibration says of the load of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorBoundEntry {
    /// When the machine was calibrated, in UTC.
    pub calibrated_at: String,
    /// The lightest calibrated load that is no lighter than the cell's; `null` where the cell's
    /// is beyond all of them.
    pub bound: Option<ErrorBound>,
}

/// The client's error at one calibrated load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorBound {
    /// Requests in flight.
    pub concurrency: u32,
    /// Text events per second.
    pub chunks_per_s: f64,
    /// Requests finished per second.
    pub requests_per_s: f64,
    /// Requests the errors rest on.
    pub requests: u64,
    /// Error of the time to the first token.
    pub ttft: QuantileErrors,
    /// Error of the gaps between text events.
    pub gap: QuantileErrors,
    /// Error of the time to the end of the answer.
    pub e2e: QuantileErrors,
}

/// How far the quantiles of the client's figures lie from those of the truth, either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuantileErrors {
    /// At the median, in milliseconds.
    pub p50_ms: f64,
    /// At the 99th percentile, in milliseconds.
    pub p99_ms: f64,
}

impl QuantileErrors {
    /// The larger of each.
    #[must_use]
    pub const fn max(self, other: Self) -> Self {
        Self { p50_ms: self.p50_ms.max(other.p50_ms), p99_ms: self.p99_ms.max(other.p99_ms) }
    }
}
