//! Why a machine cannot be calibrated.

use std::io;

use crate::mock::MockError;
use crate::run::RunError;
use crate::scenario::ScenarioErrors;

/// Why a machine cannot be calibrated.
#[derive(Debug, thiserror::Error)]
pub enum CalibrateError {
    /// The simulated server cannot start.
    #[error(transparent)]
    Server(#[from] MockError),
    /// The simulated server cannot start as a process of its own.
    #[error("cannot start the simulated server as a process of its own: {0}")]
    Process(#[source] io::Error),
    /// The load cannot be sent.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The load that is sent is no scenario: a failure of pacemark itself.
    #[error("the scenario of the calibration is wrong: {0}")]
    Scenario(#[from] ScenarioErrors),
    /// Nothing was measured.
    #[error("{load}: {completed} of {arrivals} requests to the simulated server succeeded")]
    Failures {
        /// The load.
        load: String,
        /// Requests that succeeded.
        completed: u64,
        /// Requests that were due.
        arrivals: u64,
    },
    /// It was stopped before its end.
    #[error("stopped; nothing was stored")]
    Interrupted,
}
