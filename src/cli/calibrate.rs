//! `pacemark calibrate`, and its use by `pacemark run`

use std::path::{Path, PathBuf};

use super::arguments::CalibrateArguments;
use super::exit::{CommandError, ExitCode};
use super::output::{print, say};
use super::{interrupt, scenario};
use crate::calibrate::{
    CalibrateError, Calibration, CalibrationOptions, Calibrator, calibration_path,
};
use crate::result::{Host, RunResult};
use crate::run::Interrupt;
use crate::store::{host_facts, read_text, save_text};

/// Measures what this machine adds to a measurement, shows it and stores it.
pub(super) fn calibrate(
    arguments: &CalibrateArguments,
    quiet: bool,
) -> Result<ExitCode, CommandError> {
    let path = match &arguments.output {
        Some(path) => path.clone(),
        None => usual_path().ok_or_else(|| {
            CommandError::usage("there is no cache folder: set HOME, or name a file by --output")
        })?,
    };
    let host = host_facts();
    if arguments.show {
        return show(&path, &host);
    }
    let calibration = measure(arguments, quiet, &host)?;
    print(&calibration.table())?;
    let text = calibration.to_json().map_err(internal)?;
    save_text(&path, &text).map_err(internal)?;
    say(&format!("calibration: {}", path.display()));
    Ok(ExitCode::Done)
}

fn measure(
    arguments: &CalibrateArguments,
    quiet: bool,
    host: &Host,
) -> Result<Calibration, CommandError> {
    let mut options =
        if arguments.quick { CalibrationOptions::quick() } else { CalibrationOptions::thorough() };
    options.duration = arguments.duration.unwrap_or(options.duration);
    let program = std::env::current_exe()?;
    let interrupt = Interrupt::default();
    interrupt::listen(interrupt.clone(), "stopping")?;
    let tell = |text: &str| {
        if !quiet {
            say(text);
        }
    };
    let calibrator =
        Calibrator { options, program: &program, host, interrupt: &interrupt, tell: &tell };
    calibrator.calibrate().map_err(|error| match error {
        CalibrateError::Interrupted => CommandError::new(ExitCode::Interrupted, error),
        error => internal(error),
    })
}

fn show(path: &Path, host: &Host) -> Result<ExitCode, CommandError> {
    let text = read_text(path).map_err(internal)?.ok_or_else(|| {
        let path = path.display();
        CommandError::usage(format!("no calibration at `{path}`; run `pacemark calibrate`"))
    })?;
    let calibration = Calibration::from_json(&text).map_err(CommandError::usage)?;
    print(&calibration.table())?;
    if !calibration.fits(host) {
        say("this is not the calibration of this machine and version; runs do not use it");
    }
    Ok(ExitCode::Done)
}

/// Where calibrations lie unless another place is named.
fn usual_path() -> Option<PathBuf> {
    calibration_path(std::env::consts::OS, &scenario::variable)
}

/// The stored calibration, if there is one for this machine and version. One that cannot be
/// read is as good as none: it must not keep a run from being made.
pub(super) fn stored(host: &Host) -> Option<Calibration> {
    let text = read_text(&usual_path()?).ok()??;
    Calibration::from_json(&text).ok().filter(|calibration| calibration.fits(host))
}

/// Gives every cell of `result` the client's error at its load.
pub(super) fn state_bounds(result: &mut RunResult, calibration: Option<&Calibration>) {
    for cell in &mut result.cells {
        cell.error_bound = calibration.map(|calibration| calibration.bound_of(cell));
    }
}

fn internal(error: impl Into<anyhow::Error>) -> CommandError {
    CommandError::new(ExitCode::Internal, error)
}
