//! A run that goes on, followed for everything that shows it meanwhile.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::live::{CellAim, LiveRun};
use crate::measure::{Interval, RequestRow};
use crate::plan::{Cell, RunPlan};
use crate::result::RunResult;
use crate::run::{Observer, Progress, cell_labels};
use crate::scenario::Warmup;
use crate::units::{count, to_u32};

/// Where a run stands, shared with the threads that show it.
pub(super) type Shared = Arc<Mutex<LiveRun>>;

/// Looks at where a run stands. A thread that died while it looked is no reason not to.
pub(super) fn look(shared: &Shared) -> MutexGuard<'_, LiveRun> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps where a run stands.
#[derive(Debug)]
pub(super) struct Following {
    plan: Arc<RunPlan>,
    shared: Shared,
}

impl Following {
    /// Follows a run of `plan` that is stored in a folder called `run`; `shared` is told.
    pub(super) fn new(plan: &Arc<RunPlan>, run: &str, shared: &Shared) -> Self {
        let scenario = plan.scenario();
        let cells = to_u32(count(plan.cells().len()));
        *look(shared) = LiveRun::new(run, &scenario.name, cells, scenario.load.rounds);
        Self { plan: Arc::clone(plan), shared: Arc::clone(shared) }
    }

    /// The run is stored in the folder `run`.
    pub(super) fn stored_as(&self, run: &str) {
        look(&self.shared).stored_as(run);
    }

    /// The run goes on after so many cells.
    pub(super) fn resumed(&self, cells_kept: u32) {
        look(&self.shared).resumed(cells_kept);
    }

    /// When `cell` will be over, as far as that is known beforehand.
    fn aim(&self, cell: &Cell) -> CellAim {
        let bound = self.plan.stage(cell).bound;
        let warmup = match self.plan.scenario().load.warmup {
            None => Some(Duration::ZERO),
            Some(Warmup::Duration(span)) => Some(span),
            Some(Warmup::Requests(_)) => None,
        };
        let span = warmup.zip(bound.duration).map(|(warmup, duration)| warmup + duration);
        CellAim { span, requests: bound.requests }
    }
}

impl Observer for Following {
    fn plan_grew(&mut self, plan: &Arc<RunPlan>) {
        self.plan = Arc::clone(plan);
        look(&self.shared).plan_grew(to_u32(count(plan.cells().len())));
    }

    fn cell_started(&mut self, cell: &Cell) -> io::Result<()> {
        let labels = cell_labels(&self.plan, cell);
        look(&self.shared).cell_started(&labels, self.aim(cell));
        Ok(())
    }

    fn progress(&mut self, progress: &Progress<'_>) {
        let Progress { elapsed, measuring, in_flight, .. } = *progress;
        look(&self.shared).progress(elapsed, measuring, in_flight);
    }

    fn rows(&mut self, _cell: &Cell, _rows: &[RequestRow]) -> io::Result<()> {
        Ok(())
    }

    fn interval(&mut self, _cell: &Cell, interval: &Interval) -> io::Result<()> {
        look(&self.shared).second(interval);
        Ok(())
    }

    fn cell_finished(&mut self, _cell: &Cell, _result: &RunResult) -> io::Result<()> {
        look(&self.shared).cell_finished();
        Ok(())
    }

    fn note(&mut self, text: &str) {
        look(&self.shared).note(text);
    }
}
