//! The calibration of a machine: what is stored, and what it says of a cell.

use serde::{Deserialize, Serialize};

use crate::metric::Metric;
use crate::result::{CellResult, ErrorBound, ErrorBoundEntry, Host, QuantileErrors};
use crate::units::float;

/// Version of the file; a file of another version is measured anew, not read.
const CALIBRATION_VERSION: u32 = 1;

/// Version of this program. Without optimisation it is a different one: several times slower.
const VERSION: &str = if cfg!(debug_assertions) {
    concat!(env!("CARGO_PKG_VERSION"), " (debug)")
} else {
    env!("CARGO_PKG_VERSION")
};

/// What a machine adds to a measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Version of this document.
    pub calibration_version: u32,
    /// When it was measured, in UTC.
    pub calibrated_at: String,
    /// The machine and the program it holds for.
    pub fingerprint: Fingerprint,
    /// How long each load was measured, in seconds.
    pub duration_s: f64,
    /// The client's error by load, the lightest first.
    pub rows: Vec<ErrorBound>,
    /// Loads that could not be measured, and why.
    pub left_out: Vec<String>,
    /// How late requests of an open loop leave.
    pub pacer: Vec<PacerLateness>,
    /// How fast the client is.
    pub speed: Speed,
}

/// What must be the same for a calibration to hold; what the machine does not tell is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Operating system.
    pub os: String,
    /// Version of the kernel.
    pub kernel: Option<String>,
    /// Model of the processor.
    pub cpu_model: Option<String>,
    /// Processors pacemark may use.
    pub cpu_count: Option<u32>,
    /// Version of pacemark, and whether it was built without optimisation.
    pub pacemark_version: String,
}

/// How late requests of an open loop leave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PacerLateness {
    /// Requests per second.
    pub rate_rps: f64,
    /// Time from a request's due moment to its sending.
    pub schedule_delay: QuantileErrors,
}

/// How fast the client is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// Chunks of streams that are written as fast as they are read.
    pub chunks: SpeedEntry,
    /// Embeddings.
    pub embeddings: SpeedEntry,
}

/// The speed of one kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeedEntry {
    /// Highest rate, with the server on the same machine.
    pub per_s: f64,
    /// CPU seconds of the client alone for a million; `None` where the system does not tell.
    pub cpu_s_per_million: Option<f64>,
}

/// Why a stored calibration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The text is no calibration.
    #[error("not a calibration: {0}; measure anew with `pacemark calibrate`")]
    NotACalibration(#[from] serde_json::Error),
    /// Another pacemark wrote it.
    #[error(
        "a calibration of version {found}, this pacemark reads {CALIBRATION_VERSION}; measure \
         anew with `pacemark calibrate`"
    )]
    OtherVersion {
        /// The version found.
        found: u32,
    },
}

impl Fingerprint {
    /// The fingerprint of this pacemark on the machine `host`.
    pub fn of(host: &Host) -> Self {
        Self {
            os: host.os.clone(),
            kernel: host.kernel.clone(),
            cpu_model: host.cpu_model.clone(),
            cpu_count: host.cpu_count,
            pacemark_version: VERSION.to_owned(),
        }
    }
}

/// What is read first, to know how to read the rest.
#[derive(Deserialize)]
struct Versioned {
    calibration_version: u32,
}

impl Calibration {
    /// The version of the documents that are written.
    pub(super) const VERSION: u32 = CALIBRATION_VERSION;

    /// Reads a calibration.
    ///
    /// # Errors
    ///
    /// [`CalibrationError`] if the text is none, or one of another version.
    pub fn from_json(text: &str) -> Result<Self, CalibrationError> {
        let Versioned { calibration_version: found } = serde_json::from_str(text)?;
        if found != CALIBRATION_VERSION {
            return Err(CalibrationError::OtherVersion { found });
        }
        Ok(serde_json::from_str(text)?)
    }

    /// The calibration as JSON, with a line break at its end.
    ///
    /// # Errors
    ///
    /// [`CalibrationError::NotACalibration`] cannot in fact happen: there are no maps.
    pub fn to_json(&self) -> Result<String, CalibrationError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Whether it holds for this pacemark on the machine `host`.
    pub fn fits(&self, host: &Host) -> bool {
        self.fingerprint == Fingerprint::of(host)
    }

    /// What it says of the load of `cell`: the first row that is no lighter in requests in
    /// flight, text events per second and requests per second.
    pub fn bound_of(&self, cell: &CellResult) -> ErrorBoundEntry {
        let measured = &cell.measured;
        let window = |metric| measured.window(metric);
        let in_flight = window(Metric::ConcurrencyMax).or_else(|| window(Metric::Concurrency));
        let length = cell.window.length_s.filter(|length| *length > 0.0);
        let chunks = length.map_or(0.0, |length| float(measured.text_events) / length);
        let requests = window(Metric::RequestThroughput).unwrap_or(0.0);
        let covers = |row: &&ErrorBound| {
            f64::from(row.concurrency) >= in_flight.unwrap_or(0.0)
                && row.chunks_per_s >= chunks
                && row.requests_per_s >= requests
        };
        ErrorBoundEntry {
            calibrated_at: self.calibrated_at.clone(),
            bound: self.rows.iter().find(covers).cloned(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{
        CALIBRATION_VERSION, Calibration, CalibrationError, Fingerprint, PacerLateness, Speed,
        SpeedEntry,
    };
    use crate::metric::Metric;
    use crate::result::{CellResult, ErrorBound, Host, QuantileErrors, sample};

    fn host() -> Host {
        Host {
            os: "linux".to_owned(),
            kernel: Some("6.8.0".to_owned()),
            cpu_model: Some("Example CPU".to_owned()),
            cpu_count: Some(2),
            ..Host::default()
        }
    }

    fn row(concurrency: u32, chunks_per_s: f64, requests_per_s: f64) -> ErrorBound {
        let errors = |p50_ms, p99_ms| QuantileErrors { p50_ms, p99_ms };
        ErrorBound {
            concurrency,
            chunks_per_s,
            requests_per_s,
            requests: u64::from(concurrency) * 6,
            ttft: errors(0.0656, 0.3277),
            gap: errors(0.0082, 0.41),
            e2e: errors(0.5243, 1.0486),
        }
    }

    /// A calibration with two rows.
    pub(in crate::calibrate) fn calibration() -> Calibration {
        let speed = |per_s| SpeedEntry { per_s, cpu_s_per_million: Some(1.75) };
        Calibration {
            calibration_version: CALIBRATION_VERSION,
            calibrated_at: "2026-11-22T13:07:50Z".to_owned(),
            fingerprint: Fingerprint {
                pacemark_version: "0.1.0".to_owned(),
                ..Fingerprint::of(&host())
            },
            duration_s: 3.0,
            rows: vec![row(1, 92.2, 1.8), row(64, 5_842.0, 117.0)],
            left_out: vec!["concurrency 1024: needs more open files".to_owned()],
            pacer: vec![PacerLateness {
                rate_rps: 100.0,
                schedule_delay: QuantileErrors { p50_ms: 0.04, p99_ms: 0.2 },
            }],
            speed: Speed {
                chunks: speed(700_000.0),
                embeddings: SpeedEntry { cpu_s_per_million: None, ..speed(40_000.0) },
            },
        }
    }

    /// A cell with that load.
    fn cell(in_flight: f64, chunks: u64, requests_per_s: f64) -> CellResult {
        let mut cell = sample::result(1).cells.remove(0);
        cell.window.length_s = Some(10.0);
        cell.measured.text_events = chunks * 10;
        let windows = &mut cell.measured.windows;
        windows.insert(Metric::ConcurrencyMax.key().to_owned(), in_flight);
        windows.insert(Metric::RequestThroughput.key().to_owned(), requests_per_s);
        cell
    }

    #[test]
    fn a_calibration_comes_back_as_it_was_stored() {
        let text = calibration().to_json().unwrap();
        assert_eq!(Calibration::from_json(&text).unwrap(), calibration());
        assert!(text.ends_with("}\n"), "{text}");
    }

    #[test]
    fn a_text_of_another_version_is_refused_by_its_version() {
        let error = Calibration::from_json(r#"{"calibration_version": 9, "rows": 1}"#).unwrap_err();
        assert!(matches!(error, CalibrationError::OtherVersion { found: 9 }));
        let error = Calibration::from_json("{}").unwrap_err().to_string();
        assert!(error.starts_with("not a calibration: "), "{error}");
    }

    #[test]
    fn it_holds_for_this_machine_and_this_version_only() {
        let mut own = calibration();
        own.fingerprint = Fingerprint::of(&host());
        assert!(own.fits(&host()));
        assert!(!own.fits(&Host { cpu_count: Some(4), ..host() }));
        assert!(!own.fits(&Host { kernel: Some("6.9.0".to_owned()), ..host() }));
        assert!(!own.fits(&Host { cpu_model: None, ..host() }));
        let mut older = own.clone();
        older.fingerprint.pacemark_version = "0.0.1".to_owned();
        assert!(!older.fits(&host()));
        // Another name of the same machine changes nothing.
        assert!(own.fits(&Host { hostname: Some("x".to_owned()), ..host() }));
    }

    #[test]
    fn the_row_is_the_lightest_that_is_no_lighter_in_any_respect() {
        let concurrency =
            |cell: CellResult| calibration().bound_of(&cell).bound.map(|bound| bound.concurrency);
        assert_eq!(concurrency(cell(1.0, 90, 1.5)), Some(1));
        assert_eq!(concurrency(cell(2.0, 90, 1.5)), Some(64));
        assert_eq!(concurrency(cell(1.0, 95, 1.5)), Some(64));
        assert_eq!(concurrency(cell(1.0, 90, 50.0)), Some(64));
        assert_eq!(concurrency(cell(64.0, 5_842, 117.0)), Some(64));
    }

    #[test]
    fn beyond_every_row_there_is_no_bound() {
        for beyond in [cell(65.0, 1, 1.0), cell(1.0, 6_000, 1.0), cell(1.0, 0, 20_000.0)] {
            let entry = calibration().bound_of(&beyond);
            assert_eq!((entry.calibrated_at.as_str(), entry.bound), ("2026-11-22T13:07:50Z", None));
        }
    }
}
