//! `pacemark compare`

use std::path::{Path, PathBuf};

use super::arguments::CompareArguments;
use super::exit::{CommandError, ExitCode};
use super::output::print;
use super::report::{RESULTS, latest};
use super::reports::{comparison_format, internal, table_options, write_reports};
use super::{against, github};
use crate::compare::{
    Basis, Comparison, Indication, Measure, RequestValues, Rules, Subject, compare_backends,
    compare_runs,
};
use crate::report::TableOptions;
use crate::result::RunResult;
use crate::store;
use crate::units::Share;

/// Compares stored runs, or the backends of one.
pub(super) fn compare(arguments: &CompareArguments) -> Result<ExitCode, CommandError> {
    let rules = rules(arguments)?;
    let comparisons = match arguments.runs.as_slice() {
        [] => within(&latest(Path::new(RESULTS))?, arguments.base.as_deref(), &rules)?,
        [run] => within(run, arguments.base.as_deref(), &rules)?,
        [base @ .., new] => vec![between(base, new, arguments, &rules)?],
    };
    let options = table_options(arguments.wide);
    let text =
        comparison_format(arguments.format).render(&comparisons, options).map_err(internal)?;
    print(&text)?;
    write_reports(&arguments.report, |asked| {
        comparison_format(asked).render(&comparisons, TableOptions::default())
    })?;
    github::report_comparisons(&comparisons)?;
    let nothing = |one: &Comparison| one.basis == Basis::Indicative(Indication::NothingInCommon);
    if comparisons.iter().all(nothing) {
        return Err(CommandError::usage(
            "there is nothing to compare: no backend, workload and stage stands on both sides",
        ));
    }
    Ok(against::code(&comparisons))
}

/// The rules that the arguments ask for.
fn rules(arguments: &CompareArguments) -> Result<Rules, CommandError> {
    let usual = Rules::default();
    let confidence = arguments.confidence.map_or(usual.confidence, Share::get);
    if !(0.5..1.0).contains(&confidence) {
        return Err(CommandError::usage("--confidence must lie between 50% and 100%, as 95%"));
    }
    let chosen = arguments.metric.iter().map(|key| Measure::from_key(key));
    let chosen: Vec<_> = chosen.collect::<Result<_, _>>().map_err(CommandError::usage)?;
    Ok(Rules {
        tolerance: arguments.tolerance.map_or(usual.tolerance, Share::get),
        confidence,
        strict: arguments.strict,
        deciding: (!chosen.is_empty()).then_some(chosen),
        fail_on: arguments.fail_on.into(),
    })
}

/// The backends of one run. Requests are read only where there is no verdict without them.
fn within(path: &Path, base: Option<&str>, rules: &Rules) -> Result<Vec<Comparison>, CommandError> {
    let result = load(path)?;
    let compare = |values| {
        compare_backends(Subject { result: &result, values }, base, rules)
            .map_err(CommandError::usage)
    };
    let comparisons = compare(None)?;
    if comparisons.iter().all(|comparison| comparison.verdict.is_some()) {
        return Ok(comparisons);
    }
    compare(values(path)?.as_ref())
}

/// A run against others; a folder of runs stands for all of them.
fn between(
    base: &[PathBuf],
    new: &Path,
    arguments: &CompareArguments,
    rules: &Rules,
) -> Result<Comparison, CommandError> {
    if arguments.base.is_some() {
        return Err(CommandError::usage(
            "--base names a backend of one run; between runs, the last one named is the new one",
        ));
    }
    let result = load(new)?;
    let paths = store::runs_at(base).map_err(usage)?;
    let results = paths.iter().map(|path| load(path)).collect::<Result<Vec<_>, _>>()?;
    // A folder of runs may hold the new one too, which says nothing about itself.
    let is_base = |base: &RunResult| paths.len() == 1 || base.id != result.id;
    let results: Vec<_> = results.into_iter().filter(is_base).collect();
    let subjects: Vec<_> = results.iter().map(|result| Subject { result, values: None }).collect();
    let comparison = compare_runs(&subjects, Subject { result: &result, values: None }, rules)
        .map_err(CommandError::usage)?;
    let ([path], [base]) = (paths.as_slice(), results.as_slice()) else { return Ok(comparison) };
    let (of_base, of_new) = (values(path)?, values(new)?);
    compare_runs(
        &[Subject { result: base, values: of_base.as_ref() }],
        Subject { result: &result, values: of_new.as_ref() },
        rules,
    )
    .map_err(CommandError::usage)
}

fn load(path: &Path) -> Result<RunResult, CommandError> {
    store::load(path).map_err(usage)
}

fn values(path: &Path) -> Result<Option<RequestValues>, CommandError> {
    store::request_values(path).map_err(usage)
}

fn usage(error: store::StoreError) -> CommandError {
    CommandError::new(ExitCode::Usage, error)
}
