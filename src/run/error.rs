//! Why a run could not be made, or broke off.

use super::coordinator::CellError;
use super::preflight::Unusable;
use crate::client::ClientError;
use crate::dataset::DatasetError;
use crate::mock::MockError;
use crate::probe::ProbeError;
use crate::result::HistogramError;
use crate::workload::RowError;

/// Why a run could not be made, or broke off. Failed requests are no errors but data.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The prompts of a workload cannot be read.
    #[error("workload `{workload}`: {source}")]
    Prompts {
        /// The workload.
        workload: String,
        /// What is wrong.
        source: DatasetError,
    },
    /// A prompt of a workload cannot be had.
    #[error("workload `{workload}`: {source}")]
    Row {
        /// The workload.
        workload: String,
        /// What is wrong.
        source: RowError,
    },
    /// A key that the scenario asks for is not there.
    #[error(
        "backend `{backend}` has no key: {place}; set it, or leave the key out of the scenario"
    )]
    NoKey {
        /// The backend.
        backend: String,
        /// Where it was looked for.
        place: String,
    },
    /// An address, TLS settings or headers cannot be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The backend's control plane cannot be asked.
    #[error("backend `{backend}`: {source}")]
    Probe {
        /// The backend.
        backend: String,
        /// What is wrong.
        source: ProbeError,
    },
    /// More connections are asked for than the system lets be open.
    #[error(
        "{connections} requests in flight need {needed} open files (connections and a few of \
         pacemark's own), but this system allows {limit}; raise the limit (`ulimit -n {needed}`) \
         or lower the concurrency"
    )]
    Descriptors {
        /// Requests in flight at most.
        connections: u64,
        /// Descriptors they need.
        needed: u64,
        /// Descriptors that may be open.
        limit: u64,
    },
    /// A simulated server could not be started.
    #[error("cannot start the simulated server: {0}")]
    Mock(#[from] MockError),
    /// Backends cannot be used; found before any load was sent.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// No cell is left once unusable backends are skipped.
    #[error("no backend can be used, so there is nothing to measure")]
    NothingLeft,
    /// A thread or runtime could not be started.
    #[error("cannot start a thread of the run: {0}")]
    Start(std::io::Error),
    /// A command around a cell failed.
    #[error("the command `{command}` before backend `{backend}` failed: {reason}")]
    Hook {
        /// The command.
        command: String,
        /// The backend whose cell it stands before.
        backend: String,
        /// How it ended.
        reason: String,
    },
    /// A cell broke off.
    #[error(transparent)]
    Cell(#[from] CellError),
    /// What was measured cannot be put into a result.
    #[error(transparent)]
    Histogram(#[from] HistogramError),
    /// The result cannot be stored.
    #[error("cannot store the result: {0}")]
    Store(std::io::Error),
}

impl RunError {
    /// Whether the scenario or the command line is to blame, and nothing was sent.
    pub const fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Prompts { .. }
                | Self::Row { .. }
                | Self::NoKey { .. }
                | Self::Client(_)
                | Self::Probe { .. }
                | Self::Descriptors { .. }
        )
    }
}
