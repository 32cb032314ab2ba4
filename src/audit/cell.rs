//! The audit of one cell.

use super::finding::Finding;
use super::health::ClientHealth;
use super::{
    answers, bursts, client, cold, drift, gateway, load, prompts, sample_size, steadiness, tokens,
};
use crate::measure::{CellSummary, TimeSeries};
use crate::scenario::{Connections, Stage, Workload};

/// What the scenario asked of a cell, and how it ended.
#[derive(Clone, Copy, Debug)]
pub struct CellFacts<'a> {
    /// What it sent: one workload, or those of a mix by their places in it. Never empty.
    pub sent: &'a [SentFacts<'a>],
    /// Its stage.
    pub stage: &'a Stage,
    /// Whether its backend's connections serve more than one request.
    pub connections: Connections,
    /// How it ended.
    pub end: CellEnd,
    /// What the client went through.
    pub health: &'a ClientHealth,
    /// Requests in flight over time, from the opening of the window.
    pub in_flight: &'a TimeSeries,
    /// The median latency of each whole minute, in ms.
    pub minutes: &'a [f64],
    /// Whether its model was unloaded before, so that loading it is measured.
    pub is_cold: bool,
}

/// A workload that a cell sent.
#[derive(Clone, Copy, Debug)]
pub struct SentFacts<'a> {
    /// The workload.
    pub workload: &'a Workload,
    /// Different prompts it has, inline or in its file; `None` without an end.
    pub prompts: Option<u64>,
}

impl CellFacts<'_> {
    /// Whether the cell sent several workloads together.
    pub(super) const fn is_mixed(&self) -> bool {
        self.sent.len() > 1
    }
}

/// How a cell ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CellEnd {
    /// At the bound of its stage, or as soon as it was clear what it was to show.
    AsPlanned,
    /// Early, because more came in than went out: there is no steady state to be measured.
    Overloaded {
        /// Requests in flight on average at first.
        first: f64,
        /// And in the end.
        last: f64,
    },
    /// Early, by the scenario's stop rule.
    GivenUp,
    /// Early, because the run was stopped.
    Interrupted,
}

/// One check: a finding, or none.
#[derive(Clone, Copy)]
enum Check {
    /// Of the cell as a whole.
    Cell(fn(&CellSummary, &CellFacts<'_>) -> Option<Finding>),
    /// Of the requests of one workload; in a mix, of each by itself, since workloads differ in
    /// what they ask for.
    Workload(fn(&CellSummary, &SentFacts<'_>) -> Option<Finding>),
}

/// Every check of a cell, in the order of their findings.
const CHECKS: &[Check] = &[
    Check::Cell(answers::nothing_was_due),
    Check::Workload(answers::nothing_succeeded),
    Check::Cell(load::ended_early),
    Check::Cell(answers::some_failed),
    Check::Cell(client::client_was_starved),
    Check::Cell(client::events_came_late),
    Check::Cell(client::client_was_busy),
    Check::Cell(client::machine_was_busy),
    Check::Cell(client::time_was_stolen),
    Check::Cell(client::machine_was_suspended),
    Check::Cell(client::clocks_drifted),
    Check::Cell(client::descriptors_ran_short),
    Check::Cell(client::ports_ran_short),
    Check::Cell(load::less_was_sent_than_due),
    Check::Cell(load::sends_were_late),
    Check::Cell(load::arrivals_were_held_back),
    Check::Cell(steadiness::never_settled),
    Check::Cell(steadiness::warm_up_was_late),
    Check::Cell(drift::latency_drifted),
    Check::Cell(steadiness::law_was_broken),
    Check::Cell(load::nothing_warmed_up),
    Check::Cell(cold::model_was_loaded),
    Check::Cell(load::connections_were_opened),
    Check::Cell(load::requests_were_sent_again),
    Check::Cell(gateway::sent_again_behind_our_back),
    Check::Cell(gateway::answered_from_a_cache),
    Check::Workload(answers::some_were_capped),
    Check::Workload(answers::some_ended_early),
    Check::Workload(answers::tokens_are_estimated),
    Check::Workload(answers::tokens_are_not_counted),
    Check::Workload(tokens::counts_differ),
    Check::Workload(tokens::inputs_cut),
    Check::Workload(answers::events_are_no_tokens),
    Check::Workload(answers::text_came_at_once),
    Check::Workload(bursts::text_came_in_bursts),
    Check::Workload(answers::reasoning_was_hidden),
    Check::Workload(prompts::prompts_repeat),
    Check::Workload(prompts::input_was_cached),
    Check::Cell(sample_size::too_few_for_the_percentiles),
];

/// Reasons to read the figures of a cell with care; empty where there are none.
pub fn audit_cell(summary: &CellSummary, facts: &CellFacts<'_>) -> Vec<Finding> {
    let found = CHECKS.iter().flat_map(|check| match check {
        Check::Cell(check) => Vec::from_iter(check(summary, facts)),
        Check::Workload(check) if facts.is_mixed() => members(summary, facts.sent)
            .filter_map(|(of_member, sent)| {
                Some(check(of_member, sent)?.about(&sent.workload.name))
            })
            .collect(),
        Check::Workload(check) => {
            facts.sent.first().and_then(|sent| check(summary, sent)).into_iter().collect()
        }
    });
    found.collect()
}

/// The workloads of a mix that requests were due of, each with what came of them.
fn members<'a>(
    summary: &'a CellSummary,
    sent: &'a [SentFacts<'a>],
) -> impl Iterator<Item = (&'a CellSummary, &'a SentFacts<'a>)> {
    (0_u32..).zip(sent).filter_map(|(place, sent)| Some((summary.parts.get(&place)?, sent)))
}
