//! `server_metrics.csv`: a row for each reading of a server's own metrics.

use std::path::Path;

use super::StoreError;
use super::rows::RowWriter;
use crate::measure::{Field, ServerSample};
use crate::metric::ServerMeter;
use crate::result::CellLabels;

/// The file.
pub(super) const SERVER_METRICS_FILE: &str = "server_metrics.csv";
/// What stands in a row before the meters.
const PLACE: [&str; 6] = ["cell", "backend", "workload", "stage", "round", "at_ms"];

/// Appends readings to `server_metrics.csv`.
#[derive(Debug)]
pub(super) struct ServerMetrics(RowWriter);

impl ServerMetrics {
    /// Opens a new file in `folder` and writes its header.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file is there already or cannot be written.
    pub(super) fn create(folder: &Path) -> Result<Self, StoreError> {
        let meters = ServerMeter::ALL.iter().map(|meter| meter.key());
        RowWriter::create(folder.join(SERVER_METRICS_FILE), PLACE.into_iter().chain(meters))
            .map(Self)
    }

    /// Opens the file in `folder`, to add to it; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if it cannot be opened.
    pub(super) fn append_to(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(SERVER_METRICS_FILE);
        path.is_file().then(|| RowWriter::append_to(path).map(Self)).transpose()
    }

    /// Appends a reading made in the cell `labels`, and hands it to the system.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file cannot be written.
    pub(super) fn append(
        &mut self,
        labels: &CellLabels,
        sample: &ServerSample,
    ) -> Result<(), StoreError> {
        let place = [
            Field::Count(labels.id.into()),
            Field::Text(&labels.backend),
            Field::Text(&labels.workload),
            Field::Text(&labels.stage),
            Field::Count(labels.round.into()),
            Field::Nanos(sample.at.as_nanos()),
        ];
        let value = |meter: &ServerMeter| {
            sample.values.get(meter).map_or(Field::Absent, |value| Field::Exact(*value))
        };
        self.0.append(place.into_iter().chain(ServerMeter::ALL.iter().map(value)))?;
        self.0.flush()
    }

    /// Brings what was appended to the disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the disk refuses.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.0.sync()
    }
}
