//! `pacemark report`

use std::path::{Path, PathBuf};

use super::against::compared;
use super::arguments::{OutputFormat, ReportArguments};
use super::exit::{CommandError, ExitCode};
use super::output::print;
use super::reports::{format, internal, report_options, write_reports};
use crate::compare::FailOn;
use crate::report::{ReportOptions, RunRows};
use crate::result::RunResult;
use crate::store;

/// Where runs are looked for when none is named.
pub(super) const RESULTS: &str = "results";

/// Prints a report of a stored run, or of several beside each other.
pub(super) fn report(arguments: &ReportArguments) -> Result<ExitCode, CommandError> {
    if let [_, _, ..] = arguments.runs.as_slice() {
        return several(arguments);
    }
    let path = arguments.runs.first().map(PathBuf::as_path);
    let path = path.map_or_else(|| latest(Path::new(RESULTS)), |path| Ok(path.to_owned()))?;
    let result = stored(Some(&path))?;
    let comparison = compared(&result, &arguments.against, FailOn::default())?;
    let rows = rows_for(&path, asked(arguments))?;
    let options =
        ReportOptions { rows: rows.as_ref(), ..report_options(arguments.wide, arguments.rounds) };
    let text = format(arguments.format)
        .render_compared(&result, comparison.as_ref(), &options)
        .map_err(internal)?;
    print(&text)?;
    write_reports(&arguments.report, |asked| {
        let options = ReportOptions { rows: rows.as_ref(), ..ReportOptions::default() };
        format(asked).render_compared(&result, comparison.as_ref(), &options)
    })?;
    Ok(ExitCode::Done)
}

/// The formats that the arguments ask for.
fn asked(arguments: &ReportArguments) -> impl Iterator<Item = OutputFormat> + '_ {
    let files = arguments.report.iter().map(|report| report.format);
    [arguments.format].into_iter().chain(files)
}

/// Prints one page of several runs.
fn several(arguments: &ReportArguments) -> Result<ExitCode, CommandError> {
    if asked(arguments).any(|format| format != OutputFormat::Html) {
        return Err(CommandError::usage(
            "several runs stand beside each other in one page: ask for --format html, or compare \
             them with `pacemark compare`",
        ));
    }
    if arguments.against.baseline.is_some() {
        return Err(CommandError::usage(
            "--baseline compares one run; name one, or leave --baseline out",
        ));
    }
    let page = store::page_of(&arguments.runs).map_err(sorted)?;
    print(&page)?;
    write_reports(&arguments.report, |_| Ok(page.clone()))?;
    Ok(ExitCode::Done)
}

/// A run that cannot be read is a mistake in the command line; a page that cannot be made is not.
fn sorted(error: store::StoreError) -> CommandError {
    let code = match &error {
        store::StoreError::Report { .. } | store::StoreError::Write { .. } => ExitCode::Internal,
        _ => ExitCode::Usage,
    };
    CommandError::new(code, error)
}

/// The rows of the run at `path`, where one of the formats shows them.
///
/// # Errors
///
/// That they are there and cannot be read, for exit code 2.
pub(super) fn rows_for(
    path: &Path,
    mut formats: impl Iterator<Item = OutputFormat>,
) -> Result<Option<RunRows>, CommandError> {
    if formats.any(|format| format == OutputFormat::Html) {
        store::run_rows(path).map_err(|error| CommandError::new(ExitCode::Usage, error))
    } else {
        Ok(None)
    }
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
