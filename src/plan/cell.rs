//! Cells and the plan that lists them.

use std::sync::Arc;
use std::time::Duration;

use super::order::ordered_cells;
use crate::scenario::{Backend, CellWorkload, LoadProfile, Member, Scenario, Stage, Warmup};
use crate::units::{count, to_u32};
use crate::workload::PromptStart;

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
///
/// The cells of what searches for a load cannot be known beforehand; the plan grows by each of
/// them when it is about to run.
#[derive(Clone, Debug)]
pub struct RunPlan {
    scenario: Arc<Scenario>,
    cells: Vec<Cell>,
    stages_at_first: usize,
    cells_at_first: usize,
}

impl RunPlan {
    /// Expands `scenario`.
    pub fn new(scenario: Arc<Scenario>) -> Self {
        let cells = ordered_cells(&scenario);
        let (stages_at_first, cells_at_first) = (scenario.load.stages.len(), cells.len());
        Self { scenario, cells, stages_at_first, cells_at_first }
    }

    /// The plan with one more cell at its end, and that cell: a backend under a workload at
    /// `stage`. Cells that are added for one stage are rounds of it.
    #[must_use]
    pub fn with_cell(&self, (backend, workload): (usize, usize), stage: Stage) -> (Self, Cell) {
        let mut grown = self.clone();
        let stages = &self.scenario.load.stages;
        let known = stages[self.stages_at_first..].iter().position(|other| *other == stage);
        let at = known.map_or(stages.len(), |at| self.stages_at_first + at);
        if known.is_none() {
            let mut scenario = Scenario::clone(&self.scenario);
            scenario.load.stages.push(stage);
            grown.scenario = Arc::new(scenario);
        }
        let is_round =
            |other: &&Cell| (other.backend, other.workload, other.stage) == (backend, workload, at);
        let round = to_u32(count(self.cells.iter().filter(is_round).count()));
        let id = to_u32(count(self.cells.len()));
        let cell = Cell { id, backend, workload, stage: at, round };
        grown.cells.push(cell);
        (grown, cell)
    }

    /// Whether a cell of this plan was added to it later.
    pub fn is_added(&self, cell: &Cell) -> bool {
        cell.stage >= self.stages_at_first
    }

    /// Where the prompts of a cell of this plan begin: each cell of a backend at a place of its
    /// own, those that were added behind all that were there at first.
    pub fn prompt_start(&self, cell: &Cell) -> PromptStart {
        let place = if self.is_added(cell) {
            self.places_at_first() + u64::from(cell.id) - count(self.cells_at_first)
        } else {
            u64::from(cell.round) * count(self.stages_at_first) + count(cell.stage)
        };
        PromptStart { seed: self.scenario.seed, place, places: self.prompt_places() }
    }

    /// Where requests begin that belong to no cell: behind the last.
    pub fn prompts_after_all(&self) -> PromptStart {
        let places = self.prompt_places();
        PromptStart { seed: self.scenario.seed, place: places, places: places + 1 }
    }

    /// Cells that each backend and workload has at first.
    fn places_at_first(&self) -> u64 {
        u64::from(self.scenario.load.rounds) * count(self.stages_at_first)
    }

    /// Places that prompts are spread over.
    fn prompt_places(&self) -> u64 {
        let workloads = self.scenario.cell_workloads();
        let pairs: u64 = workloads.map(|(_, workload)| count(workload.backends().len())).sum();
        let chosen = self.scenario.load.probings.iter();
        let chosen: u64 = chosen.map(|probing| u64::from(probing.most_cells())).sum();
        self.places_at_first() + pairs * chosen
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
            let warmup = load.warmup.map_or(Duration::ZERO, Warmup::span);
            let ends_by_time_alone = bound.requests.is_none() && replayed.is_none();
            let least = bound.duration.filter(|_| ends_by_time_alone).unwrap_or_default();
            time.least += warmup + least;
            time.most = time.most.zip(most).map(|(all, span)| all + warmup + span);
        }
        let pairs: usize =
            self.scenario.cell_workloads().map(|(_, workload)| workload.backends().len()).sum();
        let warmup = load.warmup.map_or(Duration::ZERO, Warmup::span);
        for probing in &load.probings {
            let most = probing.most_time(warmup + load.cooldown);
            let most = most.map(|most| most.saturating_mul(to_u32(count(pairs))));
            time.most = time.most.zip(most).map(|(all, span)| all.saturating_add(span));
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::RunPlan;
    use crate::scenario::{Bound, Environment, LoadProfile, Origin, Overrides, Scenario, Stage};

    fn plan() -> RunPlan {
        let text = "pacemark: 1\nbackends: {b: {kind: mock}, c: {kind: mock}}\n\
                    workloads: {w: {endpoint: chat, model: m, prompts: [hi]}}\n\
                    load: {rounds: 2, stages: [{concurrency: [1, 2], requests: 5}]}\n";
        let origin = Origin { name: "x.yaml".to_owned(), folder: "/".into() };
        let environment =
            Environment { var: &|_| None, read: &|_| Err(std::io::ErrorKind::NotFound.into()) };
        let scenario = Scenario::parse(text, &origin, &environment, &Overrides::default());
        RunPlan::new(Arc::new(scenario.unwrap()))
    }

    #[test]
    fn what_is_added_for_one_stage_are_rounds_of_it() {
        let stage = |slots| Stage {
            profile: LoadProfile::closed(slots),
            bound: Bound { requests: Some(9), duration: None },
        };
        let first = plan();
        let (grown, one) = first.with_cell((1, 0), stage(7));
        let (grown, other) = grown.with_cell((0, 0), stage(7));
        let (grown, again) = grown.with_cell((1, 0), stage(7));
        let (grown, further) = grown.with_cell((1, 0), stage(8));
        let place = |cell: super::Cell| (cell.id, cell.backend, cell.stage, cell.round);
        assert_eq!(
            [one, other, again, further].map(place),
            [(8, 1, 2, 0), (9, 0, 2, 0), (10, 1, 2, 1), (11, 1, 3, 0)]
        );
        assert_eq!((first.cells().len(), grown.cells().len()), (8, 12));
        assert_eq!(grown.stage(&further), &stage(8));
        assert!(grown.is_added(&one) && !grown.is_added(&grown.cells()[7]));
    }

    #[test]
    fn every_cell_of_a_backend_begins_at_prompts_of_its_own() {
        let mut plan = plan();
        for slots in [7, 7, 8] {
            let stage = Stage {
                profile: LoadProfile::closed(slots),
                bound: Bound { requests: Some(9), duration: None },
            };
            plan = plan.with_cell((0, 0), stage).0;
        }
        let own = plan.cells().iter().filter(|cell| cell.backend == 0);
        let places: Vec<_> = own.map(|cell| plan.prompt_start(cell).place).collect();
        let different: BTreeSet<_> = places.iter().collect();
        assert_eq!(different.len(), places.len(), "{places:?}");
    }
}
