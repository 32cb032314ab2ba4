//! What the client went through in a cell, as it stands in the document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::{ClientHealth, Stock};
use crate::measure::{CellSummary, Waits};
use crate::units::{millis, seconds};

/// What the client and its machine went through while the window was open. What the system
/// does not tell is `null`; shares are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClientEntry {
    /// How long it was watched, in seconds.
    pub watched_s: f64,
    /// Worker threads.
    pub workers: u32,
    /// Processors the client may run on.
    pub processors: u32,
    /// How long what was ready waited for its worker thread; `null` where nobody looked.
    pub event_wait: Option<WaitsEntry>,
    /// How late requests were sent that nothing held back; `null` where there were none.
    pub send_delay: Option<WaitsEntry>,
    /// Requests that `max_in_flight` held back when they were due.
    pub held_back: u64,
    /// Share of the time that the worker threads ran, on average over them.
    pub workers_ran_share: Option<f64>,
    /// Of the time that the worker threads wanted to run, the share they waited for a processor.
    pub workers_waited_share: Option<f64>,
    /// Share of its processors' time that pacemark ran, a simulated server inside it included.
    pub process_share: Option<f64>,
    /// Share of its processors' time that the server under test ran beside it.
    pub server_share: Option<f64>,
    /// Share of its processors' time that other processes ran.
    pub others_share: Option<f64>,
    /// Share of its processors' time that the host of a virtual machine kept to itself.
    pub stolen_share: Option<f64>,
    /// Share of its processors' time that they were busy.
    pub machine_share: Option<f64>,
    /// Descriptors open when the load ended.
    pub descriptors: Option<StockEntry>,
    /// Local ports taken when the load ended.
    pub ports: Option<StockEntry>,
    /// How far the time of day moved away from the measuring clock, in milliseconds.
    pub clock_drift_ms: Option<f64>,
    /// How long the machine was suspended, in milliseconds.
    pub suspended_ms: Option<f64>,
    /// How often a worker could not hand over what it had, since writing was behind.
    pub handovers_refused: u64,
}

/// How long things waited for the client, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WaitsEntry {
    /// How many were looked at.
    pub count: u64,
    /// The median.
    pub p50_ms: f64,
    /// The 90th percentile.
    pub p90_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// A stock that may run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockEntry {
    /// How much of it is used.
    pub used: u64,
    /// How much there is.
    pub limit: u64,
}

impl WaitsEntry {
    /// The figures of `waits`; `None` without any.
    fn of(waits: &Waits) -> Option<Self> {
        let at = |percentile| waits.at(percentile).map(millis);
        Some(Self {
            count: waits.count(),
            p50_ms: at(50.0)?,
            p90_ms: at(90.0)?,
            p99_ms: at(99.0)?,
            max_ms: waits.worst().map(millis)?,
        })
    }
}

impl From<Stock> for StockEntry {
    fn from(stock: Stock) -> Self {
        Self { used: stock.used, limit: stock.limit }
    }
}

impl ClientEntry {
    /// What `health` and `summary` tell.
    pub fn new(health: &ClientHealth, summary: &CellSummary) -> Self {
        Self {
            watched_s: seconds(health.watched),
            workers: health.workers,
            processors: health.processors,
            event_wait: WaitsEntry::of(&health.event_waits),
            send_delay: WaitsEntry::of(&summary.send_delays),
            held_back: summary.held_back,
            workers_ran_share: health.worker_share(),
            workers_waited_share: health.starved_share(),
            process_share: health.process_share(),
            server_share: health.server_share(),
            others_share: health.others_share(),
            stolen_share: health.stolen_share(),
            machine_share: health.machine_share(),
            descriptors: health.descriptors.map(StockEntry::from),
            ports: health.ports.map(StockEntry::from),
            clock_drift_ms: health.clock_drift.map(millis),
            suspended_ms: health.suspended.map(millis),
            handovers_refused: health.channel_full,
        }
    }
}
