//! Cells and the plan that lists them.

use std::sync::Arc;
use std::time::Duration;

use super::order::ordered_cells;
use crate::scenario::{Backend, Scenario, Stage, Warmup, Workload};

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

    /// Time under load, warm-up and cooldown included, of the cells whose time is set; and
    /// whether every cell's time is. Cells that end after a number of requests take as long as
    /// the server needs.
    pub fn load_time(&self) -> (Duration, bool) {
        let load = &self.scenario.load;
        let pauses = u32::try_from(self.cells.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let mut total = load.cooldown.saturating_mul(pauses);
        let mut all_known = !matches!(load.warmup, Some(Warmup::Requests(_)));
        for cell in &self.cells {
            if let Some(Warmup::Duration(span)) = load.warmup {
                total += span;
            }
            match self.stage(cell).bound.duration {
                Some(span) => total += span,
                None => all_known = false,
            }
        }
        (total, all_known)
    }
}
