//! What this machine itself adds to a measurement.
//!
//! [`Calibrator`] measures the simulated server, whose truth is known, at several loads and
//! says how far the client's figures lie from it; what comes out is a [`Calibration`], which is
//! stored as JSON and gives every later cell the error that applies to its load.
//!
//! Where times are compared the server runs inside this process, because its [`Truth`] is
//! needed; where CPU time is counted it is a process of its own, so that the client pays for
//! itself alone. Either way both share the processors of the machine. Nothing here writes a
//! file or reads the environment.
//!
//! [`Truth`]: crate::mock::Truth

mod calibration;
mod calibrator;
mod difference;
mod error;
mod place;
mod server;
mod table;
mod trial;

pub use calibration::{
    Calibration, CalibrationError, Fingerprint, PacerLateness, Speed, SpeedEntry,
};
pub use calibrator::{CalibrationOptions, Calibrator};
pub use error::CalibrateError;
pub use place::calibration_path;
pub use trial::Watch;
