//! Cells in words.

use crate::plan::{Cell, RunPlan};
use crate::result::{CellLabels, CellPlace};

/// What a cell of `plan` is called in files.
pub fn cell_labels(plan: &RunPlan, cell: &Cell) -> CellLabels {
    let Cell { id, backend, workload, stage, round } = *cell;
    CellLabels::new(plan.scenario(), CellPlace { id, backend, workload, stage, round })
}
