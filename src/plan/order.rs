//! The order in which cells run.

use super::cell::Cell;
use crate::scenario::Scenario;
use crate::units::{count, to_u32};

/// Rounds, then workloads, then stages, then backends: forwards in even rounds, backwards in
/// odd ones.
pub(super) fn ordered_cells(scenario: &Scenario) -> Vec<Cell> {
    let mut cells = Vec::new();
    for round in 0..scenario.load.rounds {
        for (workload, runs) in scenario.workloads.iter().enumerate() {
            for stage in 0..scenario.load.stages.len() {
                let mut backends = runs.backends.clone();
                if round % 2 == 1 {
                    backends.reverse();
                }
                for backend in backends {
                    let id = to_u32(count(cells.len()));
                    cells.push(Cell { id, backend, workload, stage, round });
                }
            }
        }
    }
    cells
}
