//! `pacemark report`

use std::path::{Path, PathBuf};

use super::against::compared;
use super::arguments::ReportArguments;
use super::exit::{CommandError, ExitCode};
use super::output::print;
use super::reports::{format, internal, report_options};
use crate::compare::FailOn;
use crate::result::RunResult;
use crate::store;

/// Where runs are looked for when none is named.
pub(super) const RESULTS: &str = "results";

/// Prints a report of a stored run.
pub(super) fn report(arguments: &ReportArguments) -> Result<ExitCode, CommandError> {
    let result = stored(arguments.run.as_deref())?;
    let options = report_options(arguments.wide, arguments.rounds);
    let comparison = compared(&result, &arguments.against, FailOn::default())?;
    let text = format(arguments.format)
        .render_compared(&result, comparison.as_ref(), &options)
        .map_err(internal)?;
    print(&text)?;
    Ok(ExitCode::Done)
}

/// The stored run at `path`; the latest one where none is named.
///
/// # Errors
///
/// That there is none, or that it cannot be read, for exit code 2.
pub(super) fn stored(path: Option<&Path>) -> Result<RunResult, CommandError> {
    let path = match path {
        Some(path) => path.to_owned(),
        None => latest(Path::new(RESULTS))?,
    };
    store::load(&path).map_err(|error| CommandError::new(ExitCode::Usage, error))
}

/// The latest run below a folder; names of runs begin with their time.
///
/// # Errors
///
/// That there is none, for exit code 2.
pub(super) fn latest(folder: &Path) -> Result<PathBuf, CommandError> {
    let entries = std::fs::read_dir(folder).ok();
    entries
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.join("result.json").is_file())
        .max()
        .ok_or_else(|| {
            CommandError::usage(format!(
                "there is no run below `{}`; name its folder, or make one with `pacemark run`",
                folder.display()
            ))
        })
}
