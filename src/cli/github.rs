//! GitHub Actions: annotations, and the summary of a job's step.
//!
//! # Source
//!
//! "Workflow commands for GitHub Actions", GitHub's documentation.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;

use super::exit::{CommandError, ExitCode};
use super::output::say;
use super::scenario::variable;
use crate::audit::Severity;
use crate::compare::{Comparison, Verdict};
use crate::gate::{GateResult, test_gates};
use crate::report::{brief, verdict_lines};
use crate::result::{FindingEntry, RunResult};

/// The variable that names the file of a step's summary.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// GitHub takes a summary of at most 1 MiB from a step, and drops a longer one whole.
const LONGEST_SUMMARY: u64 = 1 << 20;
/// GitHub shows at most ten annotations of a kind for a step.
const MOST_ANNOTATIONS: usize = 10;
/// What is said where a summary would be too long.
const CUT: &str = "\n\n*The rest has no room here; `pacemark report` shows all of it.*\n";

/// Whether pacemark runs as a step of GitHub Actions.
fn is_here() -> bool {
    variable("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Tells GitHub what came of a run and its gates; does nothing outside of GitHub Actions.
///
/// # Errors
///
/// That the summary cannot be made, for exit code 1.
pub(super) fn report(
    result: &RunResult,
    comparison: Option<&Comparison>,
) -> Result<(), CommandError> {
    let internal = |error| CommandError::new(ExitCode::Internal, error);
    annotate_gates(&test_gates(result).map_err(internal)?);
    let grave = |finding: &&FindingEntry| finding.grade() == Severity::Untrusted;
    let grave = result.all_findings().filter(grave);
    let texts: BTreeSet<_> = grave.map(|found| format!("{}: {}", found.key, found.text)).collect();
    let texts: Vec<_> = texts.into_iter().collect();
    annotate("pacemark: not to be trusted", &texts);
    let regressed = comparison.filter(|one| one.verdict == Some(Verdict::Regressed));
    let texts: Vec<_> = regressed.map(verdict_lines).into_iter().flatten().collect();
    let bad = texts.iter().filter_map(|line| line.strip_prefix("! ").map(str::to_owned));
    annotate("pacemark: regression", &bad.collect::<Vec<_>>());
    if variable(SUMMARY).is_some_and(|path| !path.is_empty()) {
        summarise(&brief(result, comparison).map_err(internal)?);
    }
    Ok(())
}

/// Annotates the job with every gate that failed in every cell it failed in; says nothing
/// outside of GitHub Actions.
fn annotate_gates(gates: &[GateResult]) {
    let mut texts = Vec::new();
    for gate in gates.iter().filter(|gate| !gate.holds()) {
        let reason = gate.vacuous().map(|reason| format!("{}: {reason}", gate.gate));
        texts.extend(reason);
        let failures = gate.tests.iter().filter(|test| test.outcome.fails());
        texts.extend(
            failures.map(|test| {
                format!("{}: {} in {}", gate.entry.gate, gate.words(test), test.place())
            }),
        );
    }
    annotate("pacemark: gate failed", &texts);
}

/// Annotates the job with an error for each of `texts`; says nothing outside of GitHub Actions.
fn annotate(title: &str, texts: &[String]) {
    if !is_here() {
        return;
    }
    let rest = texts.len().saturating_sub(MOST_ANNOTATIONS);
    let shown = if rest == 0 { texts.len() } else { MOST_ANNOTATIONS - 1 };
    // On stderr, where GitHub looks too: stdout carries data.
    for text in texts.iter().take(shown) {
        say(&annotation(title, text));
    }
    if rest > 0 {
        let more = format!("and {} more; the summary of the job has them all", texts.len() - shown);
        say(&annotation(title, &more));
    }
}

fn annotation(title: &str, text: &str) -> String {
    format!("::error title={}::{}", property(title), data(text))
}

/// Text as the message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text as a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Appends `markdown` to the summary of the step, where there is one. A failure to do so is told
/// and changes nothing: the summary is for people.
fn summarise(markdown: &str) {
    let Some(path) = variable(SUMMARY).filter(|path| !path.is_empty()) else {
        return;
    };
    let taken = std::fs::metadata(&path).map_or(0, |file| file.len());
    let Some(text) = fitting(markdown, LONGEST_SUMMARY.saturating_sub(taken)) else {
        say("warning: the summary of this step is full; nothing was added to it");
        return;
    };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
        say(&format!("warning: cannot write the summary of this step, `{path}`: {error}"));
    }
}

/// `markdown` in at most `room` bytes, cut between two lines; `None` where there is no room at
/// all. A line break parts it from what stands before it.
fn fitting(markdown: &str, room: u64) -> Option<String> {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    if markdown.len() < room {
        return Some(format!("{markdown}\n"));
    }
    let room = room.checked_sub(CUT.len())?;
    let mut end = 0;
    for line in markdown.split_inclusive('\n') {
        if end + line.len() > room {
            break;
        }
        end += line.len();
    }
    (end > 0).then(|| format!("{}{CUT}", &markdown[..end]))
}

#[cfg(test)]
mod tests {
    use super::{CUT, annotation, fitting};

    #[test]
    fn an_annotation_says_what_is_meant_whatever_stands_in_it() {
        let text = annotation("gate: a, b", "error_rate < 1%\r\n::warning::x");
        assert_eq!(text, "::error title=gate%3A a%2C b::error_rate < 1%25%0D%0A::warning::x");
    }

    #[test]
    fn a_summary_is_cut_between_lines_and_says_so() {
        assert_eq!(fitting("a\nb\n", 5).unwrap(), "a\nb\n\n");
        let long = "one line\n".repeat(1_000);
        let room = 500;
        let cut = fitting(&long, room).unwrap();
        assert!(cut.len() <= 500 && cut.ends_with(&format!("one line\n{CUT}")), "{cut}");
        assert_eq!(fitting(&long, 20), None);
        assert_eq!(fitting("好好好", 4), None);
    }
}
