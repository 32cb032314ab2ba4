//! The folder of a run that was broken off, opened again.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use super::StoreError;
use super::cut::{cut_lines, cut_rows};
use super::folder::{PAGE_FILE, REQUESTS_FILE, RunFolder, save_reports};
use super::gateway_pairs::{GATEWAY_PAIRS_FILE, GatewayPairRows};
use super::histogram_log::{HISTOGRAMS_FILE, HistogramLog, cell_of};
use super::records::RecordsPolicy;
use super::rows::RowWriter;
use super::server_metrics::{SERVER_METRICS_FILE, ServerMetrics};
use super::timeseries::{TIMESERIES_FILE, Timeseries};
use crate::result::RunResult;

/// The folder of a run that was broken off, to which no other process writes meanwhile.
#[derive(Debug)]
pub struct HeldFolder {
    path: PathBuf,
    timeseries: Timeseries,
}

impl HeldFolder {
    /// Takes the folder at `path` for this process, until it ends. What is read there afterwards
    /// stays as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::GoesOn`] if another process still writes to it, [`StoreError::Write`] if it
    /// cannot be written.
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        let timeseries = Timeseries::append_to(path)?;
        if !timeseries.lock() {
            return Err(StoreError::GoesOn { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned(), timeseries })
    }

    /// Opens it, to add the cells that are missing. First `kept` becomes its result, then all that
    /// its files hold of other cells is taken away: whenever it breaks off again, no cell is in the
    /// result without its rows, and none counts twice. `stored` is the result as it lay there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a file cannot be read or written.
    pub fn reopen(self, stored: &RunResult, kept: &RunResult) -> Result<RunFolder, StoreError> {
        let Self { path, timeseries } = self;
        save_reports(&path, kept)?;
        remove(&path.join(PAGE_FILE))?;
        let is_kept = |cell: u32| kept.cells.iter().any(|it| it.labels.id == cell);
        let of_cell = |cell: &str| cell.parse().is_ok_and(is_kept);
        let file = path.join(REQUESTS_FILE);
        let rows = cut_rows(&file, "cell", of_cell)?;
        cut_rows(&path.join(TIMESERIES_FILE), "cell", of_cell)?;
        cut_rows(&path.join(SERVER_METRICS_FILE), "cell", of_cell)?;
        let has_cost = |name: &str| kept.gateway_costs.iter().any(|cost| cost.workload == name);
        cut_rows(&path.join(GATEWAY_PAIRS_FILE), "workload", has_cost)?;
        cut_lines(&path.join(HISTOGRAMS_FILE), |line| cell_of(line).map(is_kept))?;
        let records = stored.records.as_ref();
        let policy = records.and_then(|records| RecordsPolicy::from_key(&records.policy));
        Ok(RunFolder {
            id: stored.id.clone(),
            records: policy.unwrap_or_default(),
            rows: file.is_file().then(|| RowWriter::append_to(file)).transpose()?,
            timeseries,
            histograms: HistogramLog::append_to(&path)?,
            server_metrics: ServerMetrics::append_to(&path)?,
            gateway_pairs: GatewayPairRows::append_to(&path)?,
            finished: requests_of(kept),
            kept: rows.kept,
            dropped: rows.dropped,
            path,
        })
    }
}

/// Requests of all cells, each of which could have a row.
fn requests_of(result: &RunResult) -> u64 {
    let measured = result.cells.iter().map(|cell| &cell.measured);
    measured.map(|measured| measured.outcomes.arrivals + measured.warmup.arrivals).sum()
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> Result<(), StoreError> {
    let removed = fs::remove_file(path);
    let is_gone = |error: &Error| error.kind() == ErrorKind::NotFound;
    removed
        .or_else(|error| if is_gone(&error) { Ok(()) } else { Err(error) })
        .map_err(StoreError::write(path))
}
