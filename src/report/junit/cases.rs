//! What every case has: a status and a class.

use quick_junit::{NonSuccessKind, Report, TestCaseStatus};

use crate::report::ReportError;

/// The XML of `report`.
///
/// # Errors
///
/// [`ReportError`] if it cannot be written.
pub(super) fn written(report: &Report) -> Result<String, ReportError> {
    let skipped: usize = report.test_suites.iter().map(|suite| suite.skipped).sum();
    // The schema knows no such count at the root, only at each suite. It stands there first, and
    // within values a quotation mark is written otherwise.
    Ok(report.to_string()?.replacen(&format!(" skipped=\"{skipped}\""), "", 1))
}

/// The status of a case that passed.
pub(super) fn passed() -> TestCaseStatus {
    TestCaseStatus::success()
}

/// The status of a case that tells nothing, and why.
pub(super) fn skipped(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(why);
    status
}

/// The status of a case that failed: the kind of failure, a line about it, and more; an empty
/// `more` is left out.
pub(super) fn failed(kind: &str, line: &str, more: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(line);
    if !more.is_empty() {
        status.set_description(more);
    }
    status
}

/// `pacemark.ci-smoke.gates.chat.server`; a dot inside a name would begin another package.
pub(super) fn class(scenario: &str, parts: &[&str]) -> String {
    let parts = [&["pacemark", scenario], parts].concat();
    parts.iter().map(|part| part.replace('.', "_")).collect::<Vec<_>>().join(".")
}
