//! One load on a simulated server, from its scenario to what came of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::error::CalibrateError;
use crate::clock::Clock;
use crate::measure::{Interval, RequestRow};
use crate::plan::{Cell, RunPlan};
use crate::result::{CellResult, RunIdentity, RunResult};
use crate::run::{Interrupt, Observer, Progress, Run, RunOptions};
use crate::scenario::{Environment, Origin, Overrides, Scenario};
use crate::units::Moment;

/// One load.
pub(super) struct Trial<'a> {
    /// Base URL of the server.
    pub(super) url: &'a str,
    /// `chat` or `embeddings`.
    pub(super) endpoint: &'static str,
    /// The stage, as it stands in a scenario.
    pub(super) stage: String,
    /// Requests before the measured window; they open the connections.
    pub(super) warmup: u32,
    /// Follows the load as well.
    pub(super) watch: Option<&'a Watch<'a>>,
}

/// Makes what follows a load beside the measurement.
pub type Watch<'a> = dyn Fn(&Arc<RunPlan>) -> Box<dyn Observer> + 'a;

/// What came of a load.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The cell.
    pub(super) cell: CellResult,
    /// From its beginning until everything in flight was over.
    pub(super) wall: Duration,
    /// Processor time of this process in between; `None` where the system does not tell.
    pub(super) cpu: Option<Duration>,
}

impl Trial<'_> {
    /// Sends the load and waits for its end.
    ///
    /// # Errors
    ///
    /// [`CalibrateError`] if nothing can be sent, something failed, or it was stopped.
    pub(super) fn run(&self, interrupt: &Interrupt) -> Result<Outcome, CalibrateError> {
        let scenario = Arc::new(self.scenario()?);
        let plan = Arc::new(RunPlan::new(Arc::clone(&scenario)));
        let options = RunOptions { preflight: false, ..RunOptions::default() };
        let run = Run::prepare(&plan, options, interrupt)?;
        let mut stopwatch = Stopwatch::new(self.watch.map(|watch| watch(&plan)));
        let result = RunResult::new(RunIdentity::default(), &scenario);
        let mut result = run.execute(result, &mut stopwatch)?;
        if interrupt.is_asked() {
            return Err(CalibrateError::Interrupted);
        }
        let failures = |completed, arrivals| CalibrateError::Failures {
            load: self.stage.clone(),
            completed,
            arrivals,
        };
        let cell = result.cells.pop().ok_or_else(|| failures(0, 0))?;
        let outcomes = &cell.measured.outcomes;
        // An arrival that fell due just as the stage closed is left unsent; that is no failure.
        if outcomes.completed == 0 || outcomes.failures() > 0 {
            return Err(failures(outcomes.completed, outcomes.arrivals));
        }
        Ok(Outcome { cell, wall: stopwatch.wall, cpu: stopwatch.cpu })
    }

    fn scenario(&self) -> Result<Scenario, CalibrateError> {
        let Self { url, endpoint, stage, warmup, .. } = self;
        let warmup = match warmup {
            0 => String::new(),
            requests => format!("warmup: {{requests: {requests}}}, "),
        };
        let text = format!(
            "pacemark: 1\nbackends: {{server: {{kind: generic, url: '{url}'}}}}\n\
             workloads: {{load: {{endpoint: {endpoint}, model: any, prompts: [Hello]}}}}\n\
             load: {{{warmup}stages: [{stage}]}}\n"
        );
        let origin = Origin { name: "calibration".to_owned(), folder: PathBuf::from(".") };
        let environment = Environment { var: &|_| None, read: &|_| Ok(String::new()) };
        Ok(Scenario::parse(&text, &origin, &environment, &Overrides::default())?)
    }
}

/// Measures a cell from outside: its wall time and processor time.
struct Stopwatch {
    clock: Clock,
    began_at: Moment,
    spent_before: Option<Duration>,
    wall: Duration,
    cpu: Option<Duration>,
    beside: Option<Box<dyn Observer>>,
}

impl Stopwatch {
    fn new(beside: Option<Box<dyn Observer>>) -> Self {
        Self {
            clock: Clock::start(),
            began_at: Moment::ZERO,
            spent_before: None,
            wall: Duration::ZERO,
            cpu: None,
            beside,
        }
    }
}

impl Observer for Stopwatch {
    fn cell_started(&mut self, cell: &Cell) -> std::io::Result<()> {
        self.began_at = self.clock.now();
        self.spent_before = processor_time();
        self.beside.as_mut().map_or(Ok(()), |beside| beside.cell_started(cell))
    }

    fn progress(&mut self, progress: &Progress<'_>) {
        if let Some(beside) = &mut self.beside {
            beside.progress(progress);
        }
    }

    fn rows(&mut self, cell: &Cell, rows: &[RequestRow]) -> std::io::Result<()> {
        self.beside.as_mut().map_or(Ok(()), |beside| beside.rows(cell, rows))
    }

    fn interval(&mut self, cell: &Cell, interval: &Interval) -> std::io::Result<()> {
        self.beside.as_mut().map_or(Ok(()), |beside| beside.interval(cell, interval))
    }

    fn cell_finished(&mut self, cell: &Cell, result: &RunResult) -> std::io::Result<()> {
        self.wall = self.clock.now().since(self.began_at);
        let spent = processor_time().zip(self.spent_before);
        self.cpu = spent.and_then(|(now, before)| now.checked_sub(before));
        self.beside.as_mut().map_or(Ok(()), |beside| beside.cell_finished(cell, result))
    }

    fn note(&mut self, _text: &str) {}
}

/// Processor time of this process so far.
#[cfg(unix)]
fn processor_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}

#[cfg(not(unix))]
fn processor_time() -> Option<Duration> {
    None
}
