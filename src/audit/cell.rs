//! The audit of one cell.

use super::finding::Finding;
use super::health::ClientHealth;
use super::{answers, client, load, prompts, sample_size, steadiness, tokens};
use crate::measure::{CellSummary, TimeSeries};
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
    /// Different prompts the workload has, inline or in its file; `None` without an end.
    pub prompts: Option<u64>,
    /// How it ended.
    pub end: CellEnd,
    /// What the client went through.
    pub health: &'a ClientHealth,
    /// Requests in flight over time, from the opening of the window.
    pub in_flight: &'a TimeSeries,
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
    client::client_was_starved,
    client::events_came_late,
    client::client_was_busy,
    client::machine_was_busy,
    client::time_was_stolen,
    client::machine_was_suspended,
    client::clocks_drifted,
    client::descriptors_ran_short,
    client::ports_ran_short,
    load::less_was_sent_than_due,
    load::sends_were_late,
    load::arrivals_were_held_back,
    steadiness::never_settled,
    steadiness::warm_up_was_late,
    load::nothing_warmed_up,
    load::connections_were_opened,
    load::requests_were_sent_again,
    answers::some_were_capped,
    answers::some_ended_early,
    answers::tokens_are_estimated,
    answers::tokens_are_not_counted,
    tokens::counts_differ,
    answers::events_are_no_tokens,
    answers::text_came_at_once,
    answers::reasoning_was_hidden,
    prompts::prompts_repeat,
    prompts::input_was_cached,
    sample_size::too_few_for_the_percentiles,
];

/// Reasons to read the figures of a cell with care; empty where there are none.
pub fn audit_cell(summary: &CellSummary, facts: &CellFacts<'_>) -> Vec<Finding> {
    CHECKS.iter().filter_map(|check| check(summary, facts)).collect()
}
