//! GitHub Actions: annotations, and the summary of a job's step.
//!
//! # Source
//!
//! "Workflow commands for GitHub Actions", GitHub's documentation.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write as _;

use super::exit::CommandError;
use super::output::say;
use super::reports::internal;
use super::scenario::variable;
use crate::audit::{Confidence, Severity};
use crate::compare::{Comparison, Failure, Verdict};
use crate::gate::{GateResult, test_gates};
use crate::report::{
    ComparisonFormat, ReportFormat, ReportOptions, TableOptions, lines_of, verdict_line,
};
use crate::result::{FindingEntry, RunResult};

/// The variable that names the file of a step's summary.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// GitHub takes a summary of at most 1 MiB from a step, and drops a longer one whole.
const LONGEST_SUMMARY: u64 = 1 << 20;
/// GitHub shows at most ten annotations of a kind for a step.
const MOST_ANNOTATIONS: usize = 10;
/// What is said where a summary would be too long.
const CUT: &str =
    "\n\n*The rest has no room here; `pacemark report` and `pacemark compare` show all of it.*\n";

/// Whether pacemark runs as a step of GitHub Actions.
fn is_here() -> bool {
    variable("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Tells GitHub what came of a run, its gates and its baseline; does nothing outside of GitHub
/// Actions.
///
/// # Errors
///
/// That the summary cannot be made, for exit code 1.
pub(super) fn report_run(
    result: &RunResult,
    comparison: Option<&Comparison>,
) -> Result<(), CommandError> {
    let gates = test_gates(result).map_err(|error| internal(error.into()))?;
    let mut all = of_gates(&gates);
    let grave = |finding: &&FindingEntry| finding.grade() == Severity::Untrusted;
    let grave = result.all_findings().filter(grave);
    let texts: BTreeSet<_> = grave.map(|found| format!("{}: {}", found.key, found.text)).collect();
    all.extend(texts.into_iter().map(|text| Annotation::new(Level::Error, UNTRUSTED, text)));
    if let Some(comparison) = comparison {
        // What is grave in the run itself has just been told.
        let told = result.confidence() == Confidence::NotToBeTrusted;
        let annotations = of_comparison(comparison).into_iter();
        all.extend(annotations.filter(|annotation| !told || annotation.title != UNTRUSTED));
    }
    annotate(&all);
    summarise(|| {
        let options = ReportOptions::default();
        ReportFormat::Comment.render_compared(result, comparison, &options).map_err(internal)
    })
}

/// Tells GitHub what came of comparisons; does nothing outside of GitHub Actions.
///
/// # Errors
///
/// That the summary cannot be made, for exit code 1.
pub(super) fn report_comparisons(comparisons: &[Comparison]) -> Result<(), CommandError> {
    annotate(&comparisons.iter().flat_map(of_comparison).collect::<Vec<_>>());
    summarise(|| {
        let options = TableOptions::default();
        ComparisonFormat::Comment.render(comparisons, options).map_err(internal)
    })
}

/// How grave an annotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    /// Every level, the gravest first.
    const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Notice];

    /// An error where something fails, else `otherwise`.
    const fn of(failure: Option<Failure>, otherwise: Self) -> Self {
        if failure.is_some() { Self::Error } else { otherwise }
    }

    /// The command of GitHub that makes it.
    const fn command(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// The title of what is not to be trusted.
const UNTRUSTED: &str = "pacemark: not to be trusted";

/// A remark on the job.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Annotation {
    level: Level,
    title: &'static str,
    text: String,
}

impl Annotation {
    fn new(level: Level, title: &'static str, text: impl Into<String>) -> Self {
        Self { level, title, text: text.into() }
    }
}

/// The command of GitHub that makes it.
impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { level, title, text } = self;
        write!(f, "::{} title={}::{}", level.command(), property(title), data(text))
    }
}

/// An error for every gate that failed in every cell it failed in.
fn of_gates(gates: &[GateResult]) -> Vec<Annotation> {
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
    let error = |text| Annotation::new(Level::Error, "pacemark: gate failed", text);
    texts.into_iter().map(error).collect()
}

/// What a comparison came to: an error where that fails, else a warning or a notice. Nothing where
/// all stayed as it was.
fn of_comparison(comparison: &Comparison) -> Vec<Annotation> {
    let failure = comparison.failure();
    let doubts = comparison.doubts();
    if !doubts.is_empty() {
        let level = Level::of(failure, Level::Warning);
        return vec![Annotation::new(level, UNTRUSTED, verdict_line(comparison))];
    }
    let whole = |level, title| vec![Annotation::new(level, title, verdict_line(comparison))];
    let each = |verdict, level, title| {
        let lines = lines_of(comparison, verdict).into_iter();
        lines.map(|line| Annotation::new(level, title, line)).collect()
    };
    match (comparison.verdict, failure) {
        (Some(verdict @ Verdict::Regressed), _) => {
            each(verdict, Level::of(failure, Level::Warning), "pacemark: regression")
        }
        (Some(verdict @ Verdict::Inconclusive), Some(_)) => {
            each(verdict, Level::Error, "pacemark: inconclusive")
        }
        (Some(Verdict::Inconclusive), None) => whole(Level::Warning, "pacemark: inconclusive"),
        (Some(Verdict::Improved), _) => whole(Level::Notice, "pacemark: improved"),
        (Some(Verdict::Unchanged), _) => Vec::new(),
        (None, _) => whole(Level::of(failure, Level::Notice), "pacemark: no verdict"),
    }
}

/// Annotates the job, with no more of a level than GitHub shows; says nothing outside of GitHub
/// Actions.
fn annotate(all: &[Annotation]) {
    if !is_here() {
        return;
    }
    // On stderr, where GitHub looks too: stdout carries data.
    for annotation in shown(all) {
        say(&annotation.to_string());
    }
}

/// As many of each level as GitHub shows, the gravest first; the last one counts the rest.
fn shown(all: &[Annotation]) -> Vec<Annotation> {
    let mut shown = Vec::new();
    for level in Level::ALL {
        let of_level: Vec<_> = all.iter().filter(|annotation| annotation.level == level).collect();
        let room =
            if of_level.len() > MOST_ANNOTATIONS { MOST_ANNOTATIONS - 1 } else { of_level.len() };
        shown.extend(of_level[..room].iter().copied().cloned());
        let rest = of_level.len() - room;
        if rest > 0 {
            let text = format!("and {rest} more; the summary of the job has them all");
            shown.push(Annotation::new(level, of_level[room].title, text));
        }
    }
    shown
}

/// Text as the message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text as a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Appends Markdown to the summary of the step, where there is one. A failure to write it is told
/// and changes nothing: the summary is for people.
fn summarise(markdown: impl FnOnce() -> Result<String, CommandError>) -> Result<(), CommandError> {
    let Some(path) = variable(SUMMARY).filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let taken = std::fs::metadata(&path).map_or(0, |file| file.len());
    let Some(text) = fitting(&markdown()?, LONGEST_SUMMARY.saturating_sub(taken)) else {
        say("warning: the summary of this step is full; nothing was added to it");
        return Ok(());
    };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
        say(&format!("warning: cannot write the summary of this step, `{path}`: {error}"));
    }
    Ok(())
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
    use super::{Annotation, CUT, Level, fitting, shown};

    #[test]
    fn an_annotation_says_what_is_meant_whatever_stands_in_it() {
        let text = "error_rate < 1%\r\n::warning::x";
        let annotation = Annotation::new(Level::Error, "gate: a, b", text).to_string();
        assert_eq!(annotation, "::error title=gate%3A a%2C b::error_rate < 1%25%0D%0A::warning::x");
    }

    #[test]
    fn no_more_of_a_level_than_github_shows_and_the_rest_is_counted() {
        let of = |level, number: usize| {
            (0..number).map(move |at| Annotation::new(level, "t", at.to_string()))
        };
        let all: Vec<_> = of(Level::Notice, 1).chain(of(Level::Error, 12)).collect();
        let shown = shown(&all);
        assert_eq!(shown.len(), 11);
        let told = "::error title=t::and 3 more; the summary of the job has them all";
        assert_eq!((shown[9].to_string().as_str(), shown[10].level), (told, Level::Notice));
        assert_eq!(super::shown(&all[1..11]).len(), 10);
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
