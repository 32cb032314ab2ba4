//! Goes on with a run that was broken off: what it measured before is taken as measured.

use std::collections::VecDeque;
use std::sync::Arc;

use super::event::Observer;
use super::execute::Run;
use super::probing::Chooser;
use crate::plan::Cell;
use crate::result::{CellResult, ProbeEntry, RunResult, StageEntry};
use crate::scenario::ProbingPurpose;
use crate::units::{count, index};

/// Why a cell ended where more came in than went out.
pub(super) const OVERLOADED: &str = "over-saturated";

impl Run<'_> {
    /// Takes the cells of `result` as measured, and adds to the plan those whose loads were chosen.
    pub(super) fn take_up(&mut self, result: &mut RunResult, observer: &mut dyn Observer) {
        let planned = self.plan.cells().to_vec();
        self.kept = result.cells.iter().map(|cell| cell.labels.id).collect();
        let ended = |cell: &&Cell| result.cells.iter().any(|it| is_overloaded(it, cell.id));
        self.overloaded = planned.iter().filter(ended).copied().collect();
        let mut chosen: Vec<_> =
            result.cells.iter().filter(|it| count(planned.len()) <= it.labels.id.into()).collect();
        chosen.sort_by_key(|cell| cell.labels.id);
        for cell in &chosen {
            let labels = &cell.labels;
            let pair = (index(labels.backend_index.into()), index(labels.workload_index.into()));
            let stage = &result.stages[index(labels.stage_index.into())];
            let load = load_of(stage);
            let mut probings = self.plan.scenario().load.probings.iter();
            let known = probings.find_map(|probing| {
                let made = probing.stage(load?)?;
                (StageEntry::new(&made) == *stage).then_some(made)
            });
            if let Some(stage) = known {
                self.plan = Arc::new(self.plan.with_cell(pair, stage).0);
            }
        }
        if !chosen.is_empty() {
            observer.plan_grew(&self.plan);
        }
        // The stage of a cell that was broken off is not there any more.
        result.stages.truncate(self.plan.scenario().load.stages.len());
    }

    /// Everything whose loads are still to be chosen, with what it knows already.
    pub(super) fn waiting(&self, result: &RunResult) -> VecDeque<Chooser> {
        let mut choosers = self.choosers();
        choosers.retain_mut(|chooser| {
            let mut entries = result.searches.iter();
            if let Some(entry) = entries.find(|entry| chooser.owns(entry)) {
                chooser.remember(entry.probes.iter().filter_map(ProbeEntry::probe).collect());
                return entry.answer.is_none();
            }
            let probes: Vec<_> = result.searches.iter().flat_map(|search| &search.probes).collect();
            let of_sweeps = result.cells.iter().filter(|cell| {
                let is_probe = probes.iter().any(|probe| probe.cell == cell.labels.id);
                !is_probe && self.is_chosen(cell)
            });
            for cell in of_sweeps {
                let stage = &result.stages[index(cell.labels.stage_index.into())];
                chooser.see(cell, stage);
            }
            true
        });
        choosers
    }

    /// Whether the load of a cell was chosen while the run went on.
    fn is_chosen(&self, cell: &CellResult) -> bool {
        let mut cells = self.plan.cells().iter();
        cells.any(|it| it.id == cell.labels.id && self.plan.is_added(it))
    }
}

/// Whether a cell is number `id`, and got more than its server could do.
fn is_overloaded(cell: &CellResult, id: u32) -> bool {
    cell.labels.id == id && cell.ended_early.as_deref() == Some(OVERLOADED)
}

/// The one load of a stage.
pub(super) fn load_of(stage: &StageEntry) -> Option<f64> {
    stage.concurrency.map(f64::from).or(stage.rate_rps)
}

impl Chooser {
    /// Takes in a cell of its sweep that was measured before; does nothing with any other.
    fn see(&mut self, cell: &CellResult, stage: &StageEntry) {
        let ProbingPurpose::Curve { .. } = self.probing.purpose else { return };
        let pair =
            (index(cell.labels.backend_index.into()), index(cell.labels.workload_index.into()));
        let Some(load) = load_of(stage).filter(|_| pair == (self.backend, self.workload)) else {
            return;
        };
        let made = self.probing.stage(load).map(|made| StageEntry::new(&made));
        if made.as_ref() == Some(stage) {
            let overloaded = cell.ended_early.as_deref() == Some(OVERLOADED);
            self.measured(load, overloaded, cell);
        }
    }
}
