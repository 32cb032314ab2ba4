//! The audit of one cell.

use super::finding::Finding;
use super::{answers, load, prompts, sample_size};
use crate::measure::CellSummary;
use crate::scenario::{Connections, Stage, Workload};

/// What the scenario asked of a cell, and how it ended.
#[derive(Clone, Copy, Debug)]
pub struct CellFacts<'a> {
    /// Its workload.
    pub workload: &'a Workload,
    /// Its stage.
    pub stage: &'a Stage,
    /// Whether its backend's connections serve more than one request.
    pub connections: Connections,
    /// Different prompts the workload has, inline or in its file.
    pub prompts: u64,
    /// How it ended.
    pub end: CellEnd,
}

/// How a cell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellEnd {
    /// At the bound of its stage.
    AsPlanned,
    /// Early, by the scenario's stop rule.
    GivenUp,
    /// Early, because the run was stopped.
    Interrupted,
}

/// One check: a finding, or none.
pub(super) type Check = fn(&CellSummary, &CellFacts<'_>) -> Option<Finding>;

/// Every check of a cell, in the order of their findings.
const CHECKS: &[Check] = &[
    answers::nothing_was_due,
    answers::nothing_succeeded,
    load::ended_early,
    answers::some_failed,
    load::less_was_sent_than_due,
    load::sends_were_late,
    load::arrivals_were_held_back,
    answers::some_were_capped,
    answers::tokens_are_estimated,
    answers::tokens_are_not_counted,
    prompts::prompts_repeat,
    prompts::input_was_cached,
    sample_size::too_few_for_the_percentiles,
    load::connections_were_opened,
    load::requests_were_sent_again,
    load::nothing_warmed_up,
    answers::events_are_no_tokens,
    answers::reasoning_was_hidden,
];

/// Reasons to read the figures of a cell with care; empty where there are none.
pub fn audit_cell(summary: &CellSummary, facts: &CellFacts<'_>) -> Vec<Finding> {
    CHECKS.iter().filter_map(|check| check(summary, facts)).collect()
}
