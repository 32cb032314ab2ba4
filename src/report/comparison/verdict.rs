//! The verdict of a comparison in a line.

use crate::compare::{
    Basis, Comparison, Estimate, FEWEST_ROUNDS, Rules, Subject, Verdict, compare_backends,
};
use crate::report::contrast::modesty;
use crate::report::numbers::counted;
use crate::result::RunResult;
use crate::units::count;

/// `xinference against ollama: improved (8 of 10 deciding metrics improved, 2 unchanged)`;
/// where there is no verdict, or it is withheld, why.
pub fn verdict_line(comparison: &Comparison) -> String {
    let Comparison { base, new, .. } = comparison;
    format!("{} against {}: {}", new.label, base.label, outcome(comparison))
}

/// The same without the sides.
pub(in crate::report) fn outcome(comparison: &Comparison) -> String {
    let verdict = match (&comparison.basis, comparison.verdict) {
        (Basis::Indicative(why), _) => return format!("no verdict: {why}"),
        (_, None) => return "no verdict".to_owned(),
        (_, Some(verdict)) => verdict,
    };
    let doubts: Vec<_> = comparison.doubts().into_iter().collect();
    if !doubts.is_empty() {
        return format!("{verdict}: withheld, {}", doubts.join("; "));
    }
    let deciding: Vec<_> = comparison.deciding().map(|(_, estimate)| estimate).collect();
    let all = count(deciding.len());
    let of = |verdict: Verdict| {
        let is = |estimate: &&&Estimate| estimate.verdict == Some(verdict);
        count(deciding.iter().filter(is).count())
    };
    let others = [Verdict::Regressed, Verdict::Inconclusive, Verdict::Improved, Verdict::Unchanged]
        .into_iter()
        .filter(|other| *other != verdict && of(*other) > 0)
        .map(|other| format!(", {} {other}", of(other)));
    let others: String = others.collect();
    let metrics = counted(all, "deciding metric");
    format!("{verdict} ({} of {metrics} {verdict}{others})", of(verdict))
}

/// The backends of `result` against the first one, where there are rounds enough for a verdict.
pub fn within(result: &RunResult) -> Vec<Comparison> {
    let subject = Subject { result, values: None };
    // A run of one backend has nothing to compare.
    let comparisons = compare_backends(subject, None, &Rules::default()).unwrap_or_default();
    comparisons.into_iter().filter(|comparison| comparison.verdict.is_some()).collect()
}

/// The verdict of each backend of a run against the first one; none with fewer than three
/// `rounds`, where the answer of the run says how little they prove.
pub(in crate::report) fn verdicts(result: &RunResult, rounds: usize) -> Vec<String> {
    if rounds < FEWEST_ROUNDS {
        return Vec::new();
    }
    let judged = within(result);
    let lines = judged.iter().map(|comparison| format!("verdict: {}", verdict_line(comparison)));
    let mut lines: Vec<_> = lines.collect();
    if let Some(last) = lines.last_mut() {
        last.push_str("; `pacemark compare` shows each metric");
    }
    lines
}

/// What a document says of the verdicts: each, or why there is none.
pub(in crate::report) fn closing(result: &RunResult, rounds: usize) -> Vec<String> {
    let lines = verdicts(result, rounds);
    if lines.is_empty() { vec![modesty(rounds)] } else { lines }
}
