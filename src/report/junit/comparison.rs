//! Comparisons as JUnit XML: a case for each figure that decides, and one that says whether all it
//! rests on is to be trusted.

use quick_junit::{Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::cases::{class, failed, passed, skipped, written};
use crate::compare::{ComparedCell, Comparison, Estimate, Failure, Verdict};
use crate::report::ReportError;
use crate::report::verdicts::{headline, place, words};

/// `comparisons` of one command as JUnit XML, a suite each.
///
/// # Errors
///
/// [`ReportError`] if it cannot be written.
pub(in crate::report) fn junit_of(comparisons: &[Comparison]) -> Result<String, ReportError> {
    let name = comparisons.first().map_or("comparison", |comparison| &comparison.scenario);
    let mut report = Report::new(name);
    report.add_test_suites(comparisons.iter().map(compared));
    written(&report)
}

/// The suite of a comparison. Names say what is compared with what, never of which run, so that
/// a server can follow a case from run to run.
pub(super) fn compared(comparison: &Comparison) -> TestSuite {
    let topic = if comparison.is_within_a_run() {
        format!("{} against {}", comparison.new.label, comparison.base.label)
    } else {
        "baseline".to_owned()
    };
    let mut suite = TestSuite::new(format!("{}.{topic}", comparison.scenario));
    let facts = [
        ("base", comparison.base.label.clone()),
        ("base_runs", comparison.base.runs.join(" ")),
        ("new", comparison.new.label.clone()),
        ("new_runs", comparison.new.runs.join(" ")),
        ("verdict", comparison.verdict.map_or("none", Verdict::key).to_owned()),
        ("pacemark", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    suite.add_properties(facts.map(|(name, value)| Property::new(name, value)));
    suite.add_test_case(trust(comparison, &topic));
    suite.add_test_cases(comparison.deciding().map(|one| case(comparison, &topic, one)));
    if comparison.deciding().next().is_none() {
        let status = match comparison.failure() {
            Some(Failure::Inconclusive) => failure(Failure::Inconclusive, comparison, ""),
            Some(Failure::Regressed | Failure::Untrusted) | None => skipped(&headline(comparison)),
        };
        let mut case = TestCase::new("there is something to compare", status);
        case.set_classname(class(&comparison.scenario, &[&topic]));
        suite.add_test_case(case);
    }
    suite
}

fn trust(comparison: &Comparison, topic: &str) -> TestCase {
    let doubts = comparison.doubts().into_iter().collect::<Vec<_>>().join("; ");
    let status = match comparison.failure() {
        Some(Failure::Untrusted) => failed(Failure::Untrusted.key(), &doubts, ""),
        _ if !doubts.is_empty() => skipped(&doubts),
        _ => passed(),
    };
    let mut case = TestCase::new("what is compared is to be trusted", status);
    case.set_classname(class(&comparison.scenario, &[topic]));
    case
}

fn case(
    comparison: &Comparison,
    topic: &str,
    (cell, estimate): (&ComparedCell, &Estimate),
) -> TestCase {
    let words = words(estimate);
    let failure = comparison.rules.fail_on.failure(estimate.verdict);
    let status = match (failure, estimate.verdict) {
        (Some(failure), _) => failed(failure.key(), &words, &place(cell, estimate)),
        (None, Some(Verdict::Improved | Verdict::Unchanged)) => passed(),
        (None, Some(verdict)) => skipped(&format!("{verdict}: {words}")),
        (None, None) => skipped(&format!("{}: {words}", headline(comparison))),
    };
    let passes = status == passed();
    let ComparedCell { workload, stage, new_backend, .. } = cell;
    let name = format!("{} [{new_backend}, {stage}]", estimate.measure);
    let mut case = TestCase::new(name, status);
    case.set_classname(class(&comparison.scenario, &[topic, workload, new_backend]));
    if let (true, Some(verdict)) = (passes, estimate.verdict) {
        case.set_system_out(format!("{}: {words}, {verdict}", place(cell, estimate)));
    }
    case
}

fn failure(failure: Failure, comparison: &Comparison, more: &str) -> TestCaseStatus {
    failed(failure.key(), &headline(comparison), more)
}
