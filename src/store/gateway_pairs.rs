//! `gateway_pairs.csv`: a row for each request that went through a gateway and past it.

use std::path::Path;

use super::StoreError;
use super::rows::RowWriter;
use crate::measure::{Added, Field, RequestPair};
use crate::units::nanos;

/// The file.
pub(super) const GATEWAY_PAIRS_FILE: &str = "gateway_pairs.csv";
const COLUMNS: [&str; 12] = [
    "workload",
    "pair",
    "first",
    "gateway_ttft_ms",
    "direct_ttft_ms",
    "gateway_tpot_ms",
    "direct_tpot_ms",
    "gateway_e2e_ms",
    "direct_e2e_ms",
    "gateway_overhead_ms",
    "gateway_failure",
    "direct_failure",
];

/// Appends pairs to `gateway_pairs.csv`.
#[derive(Debug)]
pub(super) struct GatewayPairRows(RowWriter);

impl GatewayPairRows {
    /// Opens a new file in `folder` and writes its header.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file is there already or cannot be written.
    pub(super) fn create(folder: &Path) -> Result<Self, StoreError> {
        RowWriter::create(folder.join(GATEWAY_PAIRS_FILE), COLUMNS.into_iter()).map(Self)
    }

    /// Opens the file in `folder`, to add to it; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if it cannot be opened.
    pub(super) fn append_to(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(GATEWAY_PAIRS_FILE);
        path.is_file().then(|| RowWriter::append_to(path).map(Self)).transpose()
    }

    /// Appends the pairs of a workload, and brings them to the disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file cannot be written.
    pub(super) fn append(
        &mut self,
        workload: &str,
        pairs: &[RequestPair],
    ) -> Result<(), StoreError> {
        for pair in pairs {
            let RequestPair { number, gateway_first, gateway, direct } = pair;
            let first = if *gateway_first { "gateway" } else { "direct" };
            let times = Added::ALL.into_iter().flat_map(|added| {
                [gateway, direct].map(|side| added.of(side).map_or(Field::Absent, Field::Exact))
            });
            let told = gateway.metrics.gateway_overhead;
            let told = told.map_or(Field::Absent, |told| Field::Nanos(nanos(told)));
            let failures = [gateway, direct]
                .map(|side| side.failure.as_deref().map_or(Field::Absent, Field::Text));
            let place = [Field::Text(workload), Field::Count(*number), Field::Text(first)];
            self.0.append(place.into_iter().chain(times).chain([told]).chain(failures))?;
        }
        self.0.flush()?;
        self.0.sync()
    }
}
