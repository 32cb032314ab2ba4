//! Cells and the plan that lists them.

use std::sync::Arc;
use std::time::Duration;

use super::order::ordered_cells;
use crate::scenario::{Backend, LoadProfile, Scenario, Stage, Warmup, Workload};

/// One backend under one workload at one stage in one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its number in run order, from 0.
    pub id: u32,
    /// Index of its backend in the scenario.
    pub backend: usize,
    /// Index of its workload in the scenario.
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

    /// The workload of a cell of this plan.
    pub fn workload(&self, cell: &Cell) -> &Workload {
        &self.scenario.workloads[cell.workload]
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
