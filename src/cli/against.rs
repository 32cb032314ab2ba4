//! A run against its baseline.

use super::arguments::{BaselineSource, FailOn};
use super::baseline::checked;
use super::exit::{CommandError, ExitCode};
use super::output::say;
use crate::compare::{Comparison, Rules, Subject, Verdict, compare_runs};
use crate::result::RunResult;
use crate::store::Baselines;

/// `result` against the baseline that the flags name; `None` where they name none, or there is
/// nothing to compare with, which is told.
///
/// # Errors
///
/// That the baseline cannot be read, for exit code 1.
pub(super) fn compared(
    result: &RunResult,
    given: &BaselineSource,
) -> Result<Option<Comparison>, CommandError> {
    let Some(name) = &given.baseline else { return Ok(None) };
    let name = checked(name)?;
    let internal = |error| CommandError::new(ExitCode::Internal, error);
    let baselines = Baselines::new(&given.baselines);
    let mut runs = match baselines.find(name).map_err(internal)? {
        Some(entry) => baselines.runs(&entry).map_err(internal)?,
        None => Vec::new(),
    };
    // A run is no measure of itself.
    runs.retain(|run| run.id != result.id);
    if runs.is_empty() {
        say(&format!(
            "the baseline `{name}` in `{}` holds no run to compare with; gates alone decide, and \
             `pacemark baseline save {name}` adds this one",
            given.baselines.display()
        ));
        return Ok(None);
    }
    let subject = |result| Subject { result, values: None };
    let base: Vec<_> = runs.iter().map(subject).collect();
    let comparison = compare_runs(&base, subject(result), &Rules::default());
    comparison.map(Some).map_err(|error| CommandError::new(ExitCode::Internal, error))
}

/// The exit code that a comparison stands for.
pub(super) fn code(comparison: Option<&Comparison>, fail_on: FailOn) -> ExitCode {
    match (comparison.and_then(|comparison| comparison.verdict), fail_on) {
        (_, FailOn::Never) => ExitCode::Done,
        (Some(Verdict::Regressed), _) => ExitCode::Regression,
        (Some(Verdict::Inconclusive) | None, FailOn::Inconclusive) => ExitCode::Inconclusive,
        (_, FailOn::Regression | FailOn::Inconclusive) => ExitCode::Done,
    }
}
