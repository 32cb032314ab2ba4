//! A run against its baseline, and what comparisons come to.

use super::arguments::BaselineSource;
use super::baseline::checked;
use super::exit::{CommandError, ExitCode};
use super::output::say;
use crate::compare::{Comparison, FailOn, Failure, Rules, Subject, compare_runs};
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
    fail_on: FailOn,
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
    let rules = Rules { fail_on, ..Rules::default() };
    let comparison = compare_runs(&base, subject(result), &rules);
    comparison.map(Some).map_err(|error| CommandError::new(ExitCode::Internal, error))
}

/// The exit code that comparisons stand for, by their rules.
pub(super) fn code(comparisons: &[Comparison]) -> ExitCode {
    let failures = comparisons.iter().filter_map(Comparison::failure);
    let codes = failures.map(|failure| match failure {
        Failure::Untrusted => ExitCode::Untrusted,
        Failure::Regressed => ExitCode::Regression,
        Failure::Inconclusive => ExitCode::Inconclusive,
    });
    codes.fold(ExitCode::Done, ExitCode::or)
}

/// The exit code where a baseline was named and holds nothing to compare with.
pub(super) fn without_base(fail_on: FailOn) -> ExitCode {
    match FailOn::failure(fail_on, None) {
        Some(_) => ExitCode::Inconclusive,
        None => ExitCode::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::{code, without_base};
    use crate::cli::ExitCode::{self, Done, Inconclusive, Regression};
    use crate::compare::{
        Basis, Caveat, CaveatKind, Comparison, FailOn, Indication, Rules, Side, Verdict,
    };

    fn comparison(verdict: Option<Verdict>, fail_on: FailOn) -> Comparison {
        let side = Side { label: "a".to_owned(), runs: vec!["a".to_owned()] };
        Comparison {
            scenario: "s".to_owned(),
            base: side.clone(),
            new: side,
            basis: verdict.map_or(Basis::Indicative(Indication::SingleRun), |_| Basis::Rounds(6)),
            rules: Rules { fail_on, ..Rules::default() },
            cells: Vec::new(),
            caveats: Vec::new(),
            verdict,
        }
    }

    #[test]
    fn the_gravest_of_several_comparisons_decides() {
        let codes = |fail_on| {
            let of = |verdict| code(&[comparison(verdict, fail_on)]);
            [Some(Verdict::Improved), Some(Verdict::Inconclusive), None, Some(Verdict::Regressed)]
                .map(of)
        };
        assert_eq!(codes(FailOn::Regression), [Done, Done, Done, Regression]);
        assert_eq!(codes(FailOn::Inconclusive), [Done, Inconclusive, Inconclusive, Regression]);
        assert_eq!(codes(FailOn::Never), [Done; 4]);
        let verdicts = [Some(Verdict::Regressed), None, Some(Verdict::Improved)];
        let several = verdicts.map(|verdict| comparison(verdict, FailOn::Inconclusive));
        assert_eq!(code(&several), Regression);
        assert_eq!(without_base(FailOn::Inconclusive), Inconclusive);
        assert_eq!(without_base(FailOn::Regression), Done);
    }

    #[test]
    fn what_is_not_to_be_trusted_is_graver_than_any_verdict() {
        for (fail_on, expected) in [
            (FailOn::Regression, ExitCode::Untrusted),
            (FailOn::Inconclusive, ExitCode::Untrusted),
            (FailOn::Never, Done),
        ] {
            let mut doubtful = comparison(Some(Verdict::Inconclusive), fail_on);
            let text = "a is not to be trusted: suspended".to_owned();
            doubtful.caveats.push(Caveat { kind: CaveatKind::Untrusted, text });
            let regressed = comparison(Some(Verdict::Regressed), fail_on);
            assert_eq!(code(&[regressed, doubtful]), expected);
        }
    }
}
