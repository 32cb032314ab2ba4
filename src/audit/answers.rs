//! Checks of what came back: failures, token counts, what the server kept to itself.

use super::catalogue::FindingKind;
use super::cell::{CellFacts, SentFacts};
use super::finding::{Finding, Severity, percent};
use crate::measure::CellSummary;
use crate::units::ratio;

/// Failures are left out of the latencies. Up to one in a hundred cannot move a median or a
/// p95 by much; more of them, and the latencies are those of the survivors.
pub(super) const FAILURES: f64 = 0.01;
/// Up to one answer in a hundred counted in another way moves no token figure by much.
pub(super) const ESTIMATED: f64 = 0.01;
/// Tokens per event further from 1 than this are shown: the count of an answer usually includes
/// an end token that carries no text, one in a hundred tokens or so.
pub(super) const TOKENS_PER_EVENT: f64 = 0.02;
/// A few answers that end early move no mean.
pub(super) const SHORT: f64 = 0.01;
/// One stream in ten may come in one read for reasons of its own (a short hiccup on the way).
pub(super) const AT_ONCE: f64 = 0.1;

pub(super) fn nothing_was_due(summary: &CellSummary, _: &CellFacts<'_>) -> Option<Finding> {
    (summary.outcomes.arrivals == 0).then(|| {
        let text = "no request was due in the measured window".to_owned();
        Finding::new(FindingKind::NothingDue, Severity::Untrusted, text)
    })
}

pub(super) fn nothing_succeeded(summary: &CellSummary, _: &SentFacts<'_>) -> Option<Finding> {
    let outcomes = &summary.outcomes;
    (outcomes.arrivals > 0 && outcomes.completed == 0).then(|| {
        let text = format!("none of {} requests succeeded", outcomes.arrivals);
        Finding::new(FindingKind::NothingSucceeded, Severity::Untrusted, text)
    })
}

pub(super) fn some_failed(summary: &CellSummary, _: &CellFacts<'_>) -> Option<Finding> {
    let outcomes = &summary.outcomes;
    let failures = outcomes.failures();
    let share = ratio(failures, outcomes.arrivals)?;
    if failures == 0 || outcomes.completed == 0 {
        return None;
    }
    let severity = if share > FAILURES { Severity::Reservation } else { Severity::Note };
    let text = format!(
        "{failures} of {} requests failed ({}); latencies are those of the others",
        outcomes.arrivals,
        percent(share)
    );
    Some(Finding::new(FindingKind::Failures, severity, text).measured(share, FAILURES))
}

pub(super) fn some_were_capped(summary: &CellSummary, _: &SentFacts<'_>) -> Option<Finding> {
    let outcomes = &summary.outcomes;
    let share = ratio(outcomes.capped, outcomes.completed).filter(|share| *share > 0.0)?;
    let text = format!(
        "{} of {} answers ran past their token limit and were ended by the client: the server \
         ignores the limit, so its answers have no length of their own",
        outcomes.capped, outcomes.completed
    );
    let finding =
        Finding::new(FindingKind::Capped, Severity::Reservation, text).measured(share, 0.0);
    Some(finding)
}

pub(super) fn tokens_are_estimated(summary: &CellSummary, _: &SentFacts<'_>) -> Option<Finding> {
    let estimated = summary.output_sources.chunks;
    let share = ratio(estimated, summary.outcomes.completed).filter(|share| *share > 0.0)?;
    let severity = if share > ESTIMATED { Severity::Reservation } else { Severity::Note };
    let text = format!(
        "output tokens of {estimated} of {} answers are estimated by their text events: the \
         server gave no count",
        summary.outcomes.completed
    );
    let finding =
        Finding::new(FindingKind::TokensEstimated, severity, text).measured(share, ESTIMATED);
    Some(finding)
}

pub(super) fn tokens_are_not_counted(summary: &CellSummary, _: &SentFacts<'_>) -> Option<Finding> {
    let uncounted = summary.output_sources.none;
    let share = ratio(uncounted, summary.outcomes.completed).filter(|share| *share > 0.0)?;
    let (severity, effect) = if summary.output_sources.counted() == 0 {
        (Severity::Note, "token figures are absent")
    } else {
        (Severity::Reservation, "token throughput is too low by as much")
    };
    let text = format!(
        "output tokens of {uncounted} of {} answers were not counted: {effect}",
        summary.outcomes.completed
    );
    Some(Finding::new(FindingKind::TokensUncounted, severity, text).measured(share, 0.0))
}

pub(super) fn events_are_no_tokens(summary: &CellSummary, _: &SentFacts<'_>) -> Option<Finding> {
    let tokens_per_event = summary.counted_streams.tokens_per_event()?;
    if (tokens_per_event - 1.0).abs() <= TOKENS_PER_EVENT {
        return None;
    }
    let verb = if tokens_per_event > 1.0 { "bundles" } else { "splits" };
    let text = format!(
        "the server {verb} tokens: {tokens_per_event:.2} per text event on average, so the gaps \
         between events (icl) are not those between tokens"
    );
    let finding = Finding::new(FindingKind::TokensPerEvent, Severity::Note, text);
    Some(finding.measured(tokens_per_event, 1.0))
}

pub(super) fn reasoning_was_hidden(summary: &CellSummary, _: &SentFacts<'_>) -> Option<Finding> {
    let share =
        ratio(summary.hidden_reasoning, summary.outcomes.completed).filter(|share| *share > 0.0)?;
    let text = format!(
        "{} of {} answers held reasoning tokens that were counted but not sent: they have no \
         TPOT, and their TTFT includes the reasoning",
        summary.hidden_reasoning, summary.outcomes.completed
    );
    Some(Finding::new(FindingKind::HiddenReasoning, Severity::Note, text).measured(share, 0.0))
}

pub(super) fn some_ended_early(summary: &CellSummary, sent: &SentFacts<'_>) -> Option<Finding> {
    let shapes = &summary.answer_shapes;
    let share = ratio(shapes.ended_early, shapes.limited).filter(|share| *share >= SHORT)?;
    let limit = sent.workload.max_tokens.map(|limit| format!(" of {limit} tokens"));
    let text = format!(
        "{} of {} answers ended before their limit{} ({}): their lengths are the model's own",
        shapes.ended_early,
        shapes.limited,
        limit.unwrap_or_default(),
        percent(share)
    );
    Some(Finding::new(FindingKind::AnswersShort, Severity::Note, text).measured(share, SHORT))
}

pub(super) fn text_came_at_once(summary: &CellSummary, _: &SentFacts<'_>) -> Option<Finding> {
    let shapes = &summary.answer_shapes;
    let share = ratio(shapes.at_once, shapes.long_streams).filter(|share| *share >= AT_ONCE)?;
    let text = format!(
        "the text of {} of {} streams came all at once ({}): something between holds answers back \
         until they are whole, so TTFT and TPOT are its own",
        shapes.at_once,
        shapes.long_streams,
        percent(share)
    );
    let finding = Finding::new(FindingKind::AllAtOnce, Severity::Reservation, text);
    Some(finding.measured(share, AT_ONCE))
}
