//! The folder of a run that was broken off, opened again.

use std::path::Path;

use super::StoreError;
use super::cut::{cut_lines, cut_rows};
use super::folder::{REQUESTS_FILE, RunFolder};
use super::gateway_pairs::{GATEWAY_PAIRS_FILE, GatewayPairRows};
use super::histogram_log::{HISTOGRAMS_FILE, HistogramLog, cell_of};
use super::records::RecordsPolicy;
use super::rows::RowWriter;
use super::server_metrics::{SERVER_METRICS_FILE, ServerMetrics};
use super::timeseries::{TIMESERIES_FILE, Timeseries};
use crate::result::RunResult;

impl RunFolder {
    /// Opens the folder of a run that was broken off, to add the cells that are missing. What it
    /// holds of other cells than those of `kept` is taken away, so that nothing is counted twice.
    /// `stored` is the result as it lies there.
    ///
    /// # Errors
    ///
    /// [`StoreError::GoesOn`] if another process still writes to it, [`StoreError`] if a file cannot
    /// be read or written.
    pub fn reopen(path: &Path, stored: &RunResult, kept: &RunResult) -> Result<Self, StoreError> {
        let timeseries = Timeseries::append_to(path)?;
        if !timeseries.lock() {
            return Err(StoreError::GoesOn { path: path.to_owned() });
        }
        let is_kept = |cell: u32| kept.cells.iter().any(|it| it.labels.id == cell);
        let of_cell = |cell: &str| cell.parse().is_ok_and(is_kept);
        let rows = cut_rows(&path.join(REQUESTS_FILE), "cell", of_cell)?;
        cut_rows(&path.join(TIMESERIES_FILE), "cell", of_cell)?;
        cut_rows(&path.join(SERVER_METRICS_FILE), "cell", of_cell)?;
        let has_cost = |name: &str| kept.gateway_costs.iter().any(|cost| cost.workload == name);
        cut_rows(&path.join(GATEWAY_PAIRS_FILE), "workload", has_cost)?;
        cut_lines(&path.join(HISTOGRAMS_FILE), |line| cell_of(line).map(is_kept))?;
        let records = stored.records.as_ref();
        let policy = records.and_then(|records| RecordsPolicy::from_key(&records.policy));
        let policy = policy.unwrap_or_default();
        let file = path.join(REQUESTS_FILE);
        let finished = match policy {
            RecordsPolicy::All => rows,
            RecordsPolicy::Sample | RecordsPolicy::None => finished(stored, is_kept),
        };
        Ok(Self {
            path: path.to_owned(),
            id: stored.id.clone(),
            records: policy,
            rows: file.is_file().then(|| RowWriter::append_to(file)).transpose()?,
            timeseries,
            histograms: HistogramLog::append_to(path)?,
            server_metrics: ServerMetrics::append_to(path)?,
            gateway_pairs: GatewayPairRows::append_to(path)?,
            finished,
            kept: rows,
        })
    }
}

/// Requests of kept cells: all that were told, without those of the other cells.
fn finished(stored: &RunResult, is_kept: impl Fn(u32) -> bool) -> u64 {
    let told = stored.records.as_ref().map_or(0, |records| records.finished);
    let others = stored.cells.iter().filter(|cell| !is_kept(cell.labels.id));
    let dropped = others.map(|cell| {
        let measured = &cell.measured;
        measured.outcomes.arrivals + measured.warmup.arrivals
    });
    told.saturating_sub(dropped.sum())
}
