//! What a run tells while it goes on.

use std::sync::Arc;
use std::time::Duration;

use crate::measure::{Interval, LiveSnapshot, RequestPair, RequestRow, ServerSample};
use crate::plan::{Cell, RunPlan};
use crate::result::RunResult;

/// The state of a running cell, about twice a second.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// The cell.
    pub cell: &'a Cell,
    /// Time since the cell began, warm-up included.
    pub elapsed: Duration,
    /// Whether the window is open yet.
    pub measuring: bool,
    /// Requests in flight.
    pub in_flight: u64,
    /// What was recorded so far; at most a second old.
    pub figures: LiveSnapshot,
}

/// Follows a run: writes its folder, draws its progress. All calls come from one thread, in
/// the order of the events.
pub trait Observer {
    /// The plan has grown by a cell that is about to begin. Does nothing unless it is
    /// implemented.
    fn plan_grew(&mut self, _plan: &Arc<RunPlan>) {}

    /// A cell begins; nothing of it has been sent yet.
    ///
    /// # Errors
    ///
    /// Whatever will keep its results from being stored; the run stops before the cell.
    fn cell_started(&mut self, cell: &Cell) -> std::io::Result<()>;

    /// A cell goes on.
    fn progress(&mut self, progress: &Progress<'_>);

    /// Requests have finished.
    ///
    /// # Errors
    ///
    /// Whatever keeps the rows from being stored; the run stops and keeps what it has.
    fn rows(&mut self, cell: &Cell, rows: &[RequestRow]) -> std::io::Result<()>;

    /// A second of a cell is over; told once all threads are past it, in order and without a
    /// gap. All of them together are the cell. Does nothing unless it is implemented.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being stored; the run stops and keeps what it has.
    fn interval(&mut self, _cell: &Cell, _interval: &Interval) -> std::io::Result<()> {
        Ok(())
    }

    /// A server's own metrics were read. Does nothing unless it is implemented.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being stored; the run stops and keeps what it has.
    fn server_sample(&mut self, _cell: &Cell, _sample: &ServerSample) -> std::io::Result<()> {
        Ok(())
    }

    /// Pairs of a workload have gone through a gateway and past it. Does nothing unless it is
    /// implemented.
    ///
    /// # Errors
    ///
    /// Whatever keeps them from being stored; the run stops and keeps what it has.
    fn gateway_pairs(&mut self, _workload: &str, _pairs: &[RequestPair]) -> std::io::Result<()> {
        Ok(())
    }

    /// A cell is over; `result` holds everything until now.
    ///
    /// # Errors
    ///
    /// Whatever keeps the result from being stored; the run stops and keeps what it has.
    fn cell_finished(&mut self, cell: &Cell, result: &RunResult) -> std::io::Result<()>;

    /// Something worth knowing while the run goes on.
    fn note(&mut self, text: &str);
}
