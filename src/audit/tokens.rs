//! Checks of the server's token counts against those of the workload's own tokenizer.

use super::catalogue::FindingKind;
use super::cell::SentFacts;
use super::finding::{Finding, Severity};
use crate::measure::{CellSummary, CutInputs, TwoCounts};
use crate::units::ratio;

/// Two tokenizers of related models are within a few percent of each other on most texts; what
/// is further off counts something else.
pub(super) const DIFFERENCE: f64 = 0.1;
/// Tokens that a chat template adds to a request: those in use add up to 30, for a system message
/// of their own.
pub(super) const TEMPLATE_TOKENS: u64 = 32;
/// Tokens that it adds to each message: those in use add 3 to 12, for the role and the marks
/// around it.
pub(super) const MESSAGE_TOKENS: u64 = 16;
/// Tokens that mark the begin and the end of a text.
pub(super) const MARK_TOKENS: u64 = 2;

pub(super) fn counts_differ(summary: &CellSummary, facts: &SentFacts<'_>) -> Option<Finding> {
    let TwoCounts { requests, texts, .. } = summary.counted_twice.input;
    let around = if facts.workload.endpoint.has_template() {
        requests * TEMPLATE_TOKENS + texts * MESSAGE_TOKENS
    } else {
        texts * MARK_TOKENS
    };
    let counts = &summary.counted_twice;
    let marks = counts.output.texts * MARK_TOKENS;
    let both = [("input", counts.input, around), ("output", counts.output, marks)];
    let differ: Vec<_> = both
        .into_iter()
        .filter(|(_, counts, allowed)| beyond(counts, *allowed) > DIFFERENCE)
        .filter_map(|(what, counts, _)| Some((what, counts.server_per_tokenizer()?)))
        .collect();
    let worst = differ.iter().map(|(_, share)| (share - 1.0).abs()).reduce(f64::max)?;
    let said: Vec<_> = differ.iter().map(|(what, share)| format!("{share:.2} {what}")).collect();
    let text = format!(
        "the server counts {} tokens for each one of `tokenizer`: one of the two does not count \
         this model's tokens",
        said.join(" and ")
    );
    let finding = Finding::new(FindingKind::CountsDiffer, Severity::Reservation, text);
    Some(finding.measured(worst, DIFFERENCE))
}

/// Inputs of which the server took in a part: it answers, and says nothing.
pub(super) fn inputs_cut(summary: &CellSummary, _facts: &SentFacts<'_>) -> Option<Finding> {
    let CutInputs { known, requests, sent, taken, taken_most } = summary.cut_inputs;
    let share = ratio(taken, sent)?;
    let mean = |tokens| ratio(tokens, requests).unwrap_or(0.0);
    let text = format!(
        "the server cut long inputs off without a word: of {requests} of {known} requests it took in \
         {:.0} of {:.0} tokens on average, {taken_most} at most",
        mean(taken),
        mean(sent),
    );
    let finding = Finding::new(FindingKind::InputsCut, Severity::Reservation, text);
    Some(finding.measured(share, 1.0))
}

/// How far apart two counts are, as a share of the tokenizer's; the server may have `allowed`
/// tokens more.
fn beyond(counts: &TwoCounts, allowed: u64) -> f64 {
    let apart = match counts.server.checked_sub(counts.tokenizer) {
        Some(more) => more.saturating_sub(allowed),
        None => counts.tokenizer - counts.server,
    };
    ratio(apart, counts.tokenizer).unwrap_or(0.0)
}
