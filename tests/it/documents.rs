//! `docs/metrics.md` and `docs/exit-codes.md` say what the code says.

use std::iter::successors;

use pacemark::audit::{Confidence, FindingKind, Severity};
use pacemark::cli::ExitCode;
use pacemark::measure::TokenSource;
use pacemark::metric::{DEFINITIONS_VERSION, Metric, Statistic};
use pacemark::record::{Failure, FailureKind, FinishReason, Outcome};

use crate::markdown::table;

const AUDIT: &str = include_str!("../../docs/audit.md");
const METRICS: &str = include_str!("../../docs/metrics.md");
const EXIT_CODES: &str = include_str!("../../docs/exit-codes.md");

/// The rows a table of metrics must have.
fn rows(metrics: impl Iterator<Item = Metric>) -> Vec<Vec<String>> {
    metrics
        .map(|metric| {
            let info = metric.info();
            let unit = info.unit.label();
            [info.key, info.name, unit, info.formula, info.exists_for].map(str::to_owned).to_vec()
        })
        .collect()
}

fn first_column(header: &[&str]) -> Vec<String> {
    table(METRICS, header).into_iter().map(|mut row| row.swap_remove(0)).collect()
}

#[test]
fn the_distributions_are_those_of_the_catalogue() {
    let shown = table(METRICS, &["key", "name", "unit", "formula", "exists for"]);
    assert_eq!(shown, rows(Metric::distributions()));
}

#[test]
fn the_window_metrics_are_those_of_the_catalogue() {
    let shown = table(METRICS, &["window key", "name", "unit", "formula", "exists for"]);
    assert_eq!(shown, rows(Metric::windows()));
}

#[test]
fn the_version_of_the_definitions_is_said() {
    assert!(METRICS.contains(&format!("definitions is version {DEFINITIONS_VERSION}.")));
}

#[test]
fn every_percentile_and_what_it_rests_on_is_listed() {
    let expected: Vec<_> = Statistic::PERCENTILES
        .iter()
        .map(|&q| vec![Statistic::Percentile(q).to_string(), Statistic::support(q).to_string()])
        .collect();
    assert_eq!(table(METRICS, &["percentile", "values it needs"]), expected);
}

#[test]
fn every_failure_kind_is_listed() {
    let kinds: Vec<_> = successors(Some(FailureKind::Resolve), |&kind| after(kind))
        .map(|kind| kind.key().to_owned())
        .collect();
    assert_eq!(first_column(&["failure", "when"]), kinds);
}

/// The kind that follows in the document. A `match` without a wildcard, so that a new kind
/// does not compile until it has its place.
const fn after(kind: FailureKind) -> Option<FailureKind> {
    use FailureKind as Kind;
    Some(match kind {
        Kind::Resolve => Kind::Connect,
        Kind::Connect => Kind::Tls,
        Kind::Tls => Kind::ConnectTimeout,
        Kind::ConnectTimeout => Kind::FirstTokenTimeout,
        Kind::FirstTokenTimeout => Kind::StallTimeout,
        Kind::StallTimeout => Kind::RequestTimeout,
        Kind::RequestTimeout => Kind::DrainTimeout,
        Kind::DrainTimeout => Kind::Disconnected,
        Kind::Disconnected => Kind::Overloaded,
        Kind::Overloaded => Kind::HttpStatus(500),
        Kind::HttpStatus(_) => Kind::ApiError,
        Kind::ApiError => Kind::Truncated,
        Kind::Truncated => Kind::Malformed,
        Kind::Malformed => Kind::Empty,
        Kind::Empty => Kind::TooLarge,
        Kind::TooLarge => return None,
    })
}

#[test]
fn every_token_source_is_listed() {
    let sources = successors(Some(TokenSource::Usage), |source| match source {
        TokenSource::Usage => Some(TokenSource::Tokenizer),
        TokenSource::Tokenizer => Some(TokenSource::Chunks),
        TokenSource::Chunks => Some(TokenSource::None),
        TokenSource::None => None,
    });
    let sources: Vec<_> = sources.map(|source| source.key().to_owned()).collect();
    assert_eq!(first_column(&["token source", "what was counted"]), sources);
}

#[test]
fn every_outcome_is_listed() {
    let failure = Failure { kind: FailureKind::Empty, message: String::new() };
    let outcomes =
        successors(Some(Outcome::Completed { capped: false }), |outcome| match outcome {
            Outcome::Completed { capped: false } => Some(Outcome::Completed { capped: true }),
            Outcome::Completed { capped: true } => Some(Outcome::Failed(Box::new(failure.clone()))),
            Outcome::Failed(_) => Some(Outcome::Cancelled),
            Outcome::Cancelled => Some(Outcome::Unsent),
            Outcome::Unsent => None,
        });
    let outcomes: Vec<_> = outcomes.map(|outcome| outcome.key().to_owned()).collect();
    assert_eq!(first_column(&["outcome", "what became of the request"]), outcomes);
}

#[test]
fn every_finish_reason_is_listed() {
    let reasons = successors(Some(FinishReason::Stop), |reason| match reason {
        FinishReason::Stop => Some(FinishReason::Length),
        FinishReason::Length => Some(FinishReason::ToolCalls),
        FinishReason::ToolCalls => Some(FinishReason::ContentFilter),
        FinishReason::ContentFilter => Some(FinishReason::Other),
        FinishReason::Other => None,
    });
    let reasons: Vec<_> = reasons.map(|reason| reason.key().to_owned()).collect();
    assert_eq!(first_column(&["finish reason", "what the server says"]), reasons);
}

#[test]
fn every_exit_code_is_listed() {
    let mut expected = ExitCode::BY_GRAVITY.map(ExitCode::code);
    expected.sort_unstable();
    let shown: Vec<u8> = table(EXIT_CODES, &["code", "meaning"])
        .into_iter()
        .map(|row| row[0].parse().unwrap())
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn the_gravest_exit_code_is_said_to_come_first() {
    let order = ExitCode::BY_GRAVITY.map(|code| code.code().to_string()).join(", ");
    assert!(EXIT_CODES.contains(&format!("the first of these is returned: {order}.")), "{order}");
}

#[test]
fn every_finding_is_listed_with_its_limits_and_its_remedy() {
    let rows = FindingKind::ALL.iter().map(|kind| {
        let info = kind.info();
        let severities = info.severities.iter().map(|severity| severity.key());
        let severities = severities.collect::<Vec<_>>().join(", ");
        let texts = [info.key, &severities, &info.when, info.why, info.remedy];
        texts.map(|text| text.replace('`', "")).to_vec()
    });
    let header = ["finding", "severity", "found when", "why there", "what to do"];
    assert_eq!(table(AUDIT, &header), rows.collect::<Vec<_>>());
}

#[test]
fn every_severity_is_listed_with_the_verdict_it_leads_to() {
    let verdicts = Severity::ALL.into_iter().zip(Confidence::ALL);
    let expected: Vec<_> = verdicts
        .map(|(severity, verdict)| [severity.key().to_owned(), verdict.to_string()])
        .collect();
    let listed = table(AUDIT, &["gravest finding", "verdict", "what it means"]);
    let listed: Vec<_> = listed.iter().map(|row| [row[0].clone(), row[1].clone()]).collect();
    assert_eq!(listed, expected);
}
