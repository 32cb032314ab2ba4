//! Checks of what was sent: prompts that repeat, and caches that know them.

use super::catalogue::FindingKind;
use super::cell::SentFacts;
use super::finding::{Finding, Severity, percent};
use crate::measure::{CellSummary, figure};
use crate::metric::{Metric, Statistic};
use crate::units::{float, ratio};

/// From this share of cached input on, TTFT is that of the cache as much as of the model.
pub(super) const CACHED: f64 = 0.1;
/// Where no prompt repeats, a system prompt may be cached by right; from half of the input on,
/// the server most likely knew the prompts.
pub(super) const MOSTLY_CACHED: f64 = 0.5;
/// Shorter inputs are read within a few milliseconds, so a cache that keeps quiet could not
/// change TTFT by much.
pub(super) const LONG_INPUT_TOKENS: f64 = 128.0;

pub(super) fn prompts_repeat(summary: &CellSummary, facts: &SentFacts<'_>) -> Option<Finding> {
    let sent = sent_items(summary, facts);
    let prompts = facts.prompts.filter(|prompts| *prompts < sent)?;
    let cached = match cached_share(summary) {
        Some(share) => format!("{} of the input was cached", percent(share)),
        None => "the server does not tell".to_owned(),
    };
    let drawn_from = match prompts {
        1 => "1 prompt".to_owned(),
        prompts => format!("{prompts} prompts"),
    };
    let text = format!(
        "{sent} inputs were drawn from {drawn_from}, so latencies may be those of the server's \
         cache ({cached})"
    );
    let severity =
        if cache_may_matter(summary, facts) { Severity::Reservation } else { Severity::Note };
    let finding = Finding::new(FindingKind::PromptsRepeat, severity, text);
    Some(finding.measured(float(sent), float(prompts)))
}

pub(super) fn input_was_cached(summary: &CellSummary, facts: &SentFacts<'_>) -> Option<Finding> {
    let share = cached_share(summary).filter(|share| *share >= CACHED)?;
    // Where prompts repeat, that finding tells the share.
    if facts.prompts.is_some_and(|prompts| prompts < sent_items(summary, facts)) {
        return None;
    }
    // A server that keeps the history of a conversation does what its users will see.
    let talks = facts.workload.conversation.is_some();
    let why = if talks { ", where the history of conversations belongs" } else { "" };
    let text = format!("{} of the input tokens came from the server's cache{why}", percent(share));
    let matters = share >= MOSTLY_CACHED && facts.workload.endpoint.generates() && !talks;
    let severity = if matters { Severity::Reservation } else { Severity::Note };
    Some(Finding::new(FindingKind::CachedInput, severity, text).measured(share, CACHED))
}

/// Input items that were sent, warm-up included.
fn sent_items(summary: &CellSummary, facts: &SentFacts<'_>) -> u64 {
    let arrivals = summary.outcomes.arrivals + summary.warmup.arrivals;
    let unsent = summary.outcomes.unsent + summary.warmup.unsent;
    let prompts = u64::from(facts.workload.prompts_per_request());
    (arrivals - unsent.min(arrivals)).saturating_mul(prompts)
}

fn cached_share(summary: &CellSummary) -> Option<f64> {
    ratio(summary.tokens.cached?, summary.tokens.input?)
}

/// Whether repeated prompts may have changed the latencies: the server says so, or keeps quiet
/// about inputs that take long to read.
fn cache_may_matter(summary: &CellSummary, facts: &SentFacts<'_>) -> bool {
    if !facts.workload.endpoint.generates() {
        return false;
    }
    if let Some(share) = cached_share(summary) {
        return share >= CACHED;
    }
    let inputs = summary.distributions.get(&Metric::InputTokens);
    inputs
        .and_then(|inputs| figure(inputs, Metric::InputTokens.unit(), Statistic::Mean))
        .is_none_or(|mean| mean >= LONG_INPUT_TOKENS)
}
