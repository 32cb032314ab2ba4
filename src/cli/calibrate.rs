//! `pacemark calibrate`, and its use by `pacemark run`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::arguments::CalibrateArguments;
use super::exit::{CommandError, ExitCode};
use super::following::{Following, Shared, look};
use super::output::{print, say};
use super::screen::{self, Screen};
use super::{interrupt, scenario};
use crate::calibrate::{
    CalibrateError, Calibration, CalibrationOptions, Calibrator, Watch, calibration_path,
};
use crate::plan::RunPlan;
use crate::result::{Host, RunResult};
use crate::run::{Interrupt, Observer};
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
    if arguments.live && !screen::is_possible() {
        return Err(CommandError::usage("--live needs a terminal on stderr to draw on"));
    }
    let interrupt = Interrupt::default();
    interrupt::listen(interrupt.clone(), || say("stopping"))?;
    let tell = |text: &str| {
        if !quiet {
            say(text);
        }
    };
    let calibration = measure(arguments, &host, &interrupt, (&tell, None))?;
    let beside =
        arguments.live.then(|| beside_the_view(arguments, &host, &interrupt)).transpose()?;
    print(&calibration.table())?;
    if let Some(beside) = beside {
        print(&format!("\nwith the full-screen view, not stored:\n{}", beside.table()))?;
    }
    let text = calibration.to_json().map_err(internal)?;
    save_text(&path, &text).map_err(internal)?;
    say(&format!("calibration: {}", path.display()));
    Ok(ExitCode::Done)
}

/// Measures once more while the full-screen view shows each load.
fn beside_the_view(
    arguments: &CalibrateArguments,
    host: &Host,
    interrupt: &Interrupt,
) -> Result<Calibration, CommandError> {
    let shared = Shared::default();
    let screen = Screen::open(Arc::clone(&shared), interrupt.clone())?;
    let tell = |text: &str| look(&shared).note(text);
    let watch = |plan: &Arc<RunPlan>| -> Box<dyn Observer> {
        Box::new(Following::new(plan, "calibration", &shared))
    };
    let measured = measure(arguments, host, interrupt, (&tell, Some(&watch)));
    drop(screen);
    measured
}

/// What is told of the measurements, and what follows each.
type Followers<'a> = (&'a dyn Fn(&str), Option<&'a Watch<'a>>);

fn measure(
    arguments: &CalibrateArguments,
    host: &Host,
    interrupt: &Interrupt,
    (tell, watch): Followers<'_>,
) -> Result<Calibration, CommandError> {
    let mut options =
        if arguments.quick { CalibrationOptions::quick() } else { CalibrationOptions::thorough() };
    options.duration = arguments.duration.unwrap_or(options.duration);
    let program = std::env::current_exe()?;
    let calibrator = Calibrator { options, program: &program, host, interrupt, tell, watch };
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
