//! Cells and the plan that lists them.

use std::sync::Arc;
use std::time::Duration;

use super::order::ordered_cells;
use crate::scenario::{Backend, CellWorkload, LoadProfile, Member, Scenario, Stage, Warmup};

/// One backend under one workload at one stage in one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its number in run order, from 0.
    pub id: u32,
    /// Index of its backend in the scenario.
    pub backend: usize,
    /// Number of what it sends, as [`Scenario::cell_workload`] counts.
    pub workload: usize,
    /// Index of its stage in the scenario.
    pub stage: usize,
    /// Its round, from 0.
    pub round: u32,
}

/// A scenario and its cells in run order.
#[derive(Clone, Debug)]
pub struct RunPlan {
    scenario: Arc<Scenario>,
    cells: Vec<Cell>,
}

impl RunPlan {
    /// Expands `scenario`.
    pub fn new(scenario: Arc<Scenario>) -> Self {
        let cells = ordered_cells(&scenario);
        Self { scenario, cells }
    }

    /// The scenario the plan was made from.
    pub const fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// The cells in run order.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The backend of a cell of this plan.
    pub fn backend(&self, cell: &Cell) -> &Backend {
        &self.scenario.backends[cell.backend]
    }

    /// What a cell of this plan sends.
    pub fn workload(&self, cell: &Cell) -> CellWorkload<'_> {
        self.scenario.cell_workload(cell.workload)
    }

    /// The workloads whose requests a cell of this plan sends: one, or those of its mix.
    pub fn members(&self, cell: &Cell) -> Vec<Member<'_>> {
        self.scenario.members(cell.workload)
    }

    /// Whether any cell sends requests of the scenario's workload number `workload` to its
    /// backend number `backend`.
    pub fn sends(&self, workload: usize, backend: usize) -> bool {
        self.scenario.cell_workloads().any(|(number, cell)| {
            let mut members = self.scenario.members(number).into_iter();
            cell.backends().contains(&backend) && members.any(|it| it.index == workload)
        })
    }

    /// The stage of a cell of this plan.
    pub fn stage(&self, cell: &Cell) -> &Stage {
        &self.scenario.load.stages[cell.stage]
    }

    /// Time under load, as far as the scenario sets it: timed warm-ups and cooldowns included,
    /// warm-up requests and drains not.
    pub fn load_time(&self) -> LoadTime {
        let load = &self.scenario.load;
        let pauses = u32::try_from(self.cells.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let pauses = load.cooldown.saturating_mul(pauses);
        let mut time = LoadTime { least: pauses, most: Some(pauses) };
        for cell in &self.cells {
            let Stage { profile, bound } = self.stage(cell);
            let replayed = match profile {
                LoadProfile::Replay { replay, .. } => replay.most(),
                LoadProfile::Closed { .. } | LoadProfile::Open { .. } => None,
            };
            let most = bound.duration.into_iter().chain(replayed).min();
            let warmup = match load.warmup {
                Some(Warmup::Duration(span)) => span,
                Some(Warmup::Requests(_)) | None => Duration::ZERO,
            };
            let ends_by_time_alone = bound.requests.is_none() && replayed.is_none();
            let least = bound.duration.filter(|_| ends_by_time_alone).unwrap_or_default();
            time.least += warmup + least;
            time.most = time.most.zip(most).map(|(all, span)| all + warmup + span);
        }
        time
    }
}

/// How long a plan is under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadTime {
    /// At least so long.
    pub least: Duration,
    /// At most so long; `None` where a cell takes as long as the server needs for its requests.
    pub most: Option<Duration>,
}
