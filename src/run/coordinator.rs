//! Runs one cell: warm-up, window, drain; merges what the workers hand over.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::cell::CellState;
use super::event::{Observer, Progress};
use super::health::Checkup;
use super::interrupt::Interrupt;
use super::offered::{Bounds, Offered};
use super::pacer::Pacer;
use super::probe_watch::{ProbeWatch, Watched};
use super::seconds::{Batch, Seconds};
use super::server_watch::ServerWatch;
use super::sink::CutOff;
use super::worker::{CellJob, Command, Report, Worker};
use crate::audit::{CellEnd as AuditEnd, ClientHealth};
use crate::clock::Clock;
use crate::load::{Purpose, Recording, Schedule, Stream};
use crate::measure::{CellSummary, Interval, MinuteMedians, Recorder, ServerSample, TimeSeries};
use crate::plan::Cell;
use crate::record::RequestRecord;
use crate::scenario::{Course, LoadProfile, Replay, Warmup};
use crate::units::{Moment, count, to_u32};
use crate::workload::RowError;

/// How often the coordinator looks around between reports.
const TICK: Duration = Duration::from_millis(25);
/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);
/// How long workers may take to cut off what is in flight before the cell is given up as lost.
const CUT_OFF_LIMIT: Duration = Duration::from_secs(10);

/// The threads of a run.
pub(super) struct Crew {
    pub(super) workers: Vec<Worker>,
    pub(super) reports: Receiver<Report>,
    pub(super) clock: Clock,
}

/// How a cell came out.
pub(super) struct CellEnd {
    pub(super) summary: CellSummary,
    /// Why it ended.
    pub(super) how: AuditEnd,
    /// What the client went through.
    pub(super) health: ClientHealth,
    /// Requests in flight since the opening of the window.
    pub(super) in_flight: TimeSeries,
    /// What the server told of itself.
    pub(super) server: Vec<ServerSample>,
    /// The median latency of each whole minute.
    pub(super) minutes: MinuteMedians,
    /// Who watched what it shows.
    pub(super) probe: Option<ProbeWatch>,
}

/// Why a cell could not be run.
#[derive(Debug, thiserror::Error)]
pub enum CellError {
    /// Rows could not be stored.
    #[error("cannot store finished requests: {0}")]
    Store(#[from] std::io::Error),
    /// A prompt could not be had.
    #[error(transparent)]
    Prompt(#[from] RowError),
    /// A thread of the run has died.
    #[error("a worker thread of pacemark has died; its message stands above")]
    WorkerDied,
}

/// One cell on its way.
pub(super) struct CellRun<'a> {
    crew: &'a Crew,
    cell: &'a Cell,
    state: Arc<CellState>,
    merged: Recorder,
    seconds: Seconds,
    interrupt: &'a Interrupt,
    observer: &'a mut dyn Observer,
    progress_at: Moment,
    reached: usize,
    left: usize,
    unsent: (Sender<RequestRecord>, Receiver<RequestRecord>),
    checkup: Checkup,
    recording: Option<Recording>,
    watch: Option<ServerWatch>,
    server: Vec<ServerSample>,
    probe: Option<ProbeWatch>,
    minutes: MinuteMedians,
}

impl<'a> CellRun<'a> {
    pub(super) fn new(
        crew: &'a Crew,
        cell: &'a Cell,
        job: &CellJob,
        interrupt: &'a Interrupt,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let (began_at, workers) = (job.state.began_at(), crew.workers.len());
        Self {
            crew,
            cell,
            state: Arc::clone(&job.state),
            merged: job.recorder.clone(),
            seconds: Seconds::new(began_at, workers, job.recorder.clone()),
            interrupt,
            observer,
            progress_at: began_at,
            reached: 0,
            left: 0,
            unsent: channel(),
            checkup: Checkup::new(crew.clock.clone(), job.server.clone()),
            recording: job.recording.clone(),
            watch: None,
            server: Vec::new(),
            probe: None,
            minutes: MinuteMedians::default(),
        }
    }

    /// The same, ended once it has shown what it is watched for.
    pub(super) fn probing(self, watched: Option<Watched>) -> Self {
        Self { probe: watched.map(ProbeWatch::new), ..self }
    }

    /// The same, with the server's own metrics read meanwhile.
    pub(super) fn watching(self, watch: Option<ServerWatch>) -> Self {
        Self { watch, ..self }
    }

    /// Runs the cell to its end.
    ///
    /// # Errors
    ///
    /// [`CellError`] if rows cannot be stored or a worker has died.
    pub(super) fn run(
        mut self,
        job: &CellJob,
        seed: u64,
        drain: Duration,
    ) -> Result<CellEnd, CellError> {
        for worker in self.workers() {
            tell(worker, Command::Enter(Box::new(job.clone())));
        }
        if let Some(span) = self.state.warmup_span() {
            self.state.open_window(self.crew.clock.now() + span);
        } else {
            self.warm_up(seed)?;
            self.state.open_window(self.crew.clock.now());
        }
        self.load_until_closed(seed, None)?;
        self.await_close()?;
        self.checkup.close();
        self.drain(drain)?;
        self.leave()?;
        if let Some(error) = self.state.lacking_prompt() {
            return Err(error.clone().into());
        }
        let window = self.state.window();
        let workers = to_u32(count(self.crew.workers.len()));
        if let Some(probe) = &mut self.probe {
            probe.close(&self.state);
        }
        let overloaded = self.probe.as_ref().and_then(ProbeWatch::end);
        Ok(CellEnd {
            summary: self.merged.summary(window),
            how: match (self.interrupt.is_asked(), self.state.stopped_early()) {
                (true, _) => AuditEnd::Interrupted,
                (false, true) => AuditEnd::GivenUp,
                (false, false) => overloaded.unwrap_or(AuditEnd::AsPlanned),
            },
            server: self.server,
            probe: self.probe,
            minutes: self.minutes,
            in_flight: self.checkup.in_flight(),
            health: self.checkup.health(workers, self.state.handovers_refused()),
        })
    }

    /// Sends the warm-up requests and waits until the last has ended.
    fn warm_up(&mut self, seed: u64) -> Result<(), CellError> {
        let Some(Warmup::Requests(requests)) = self.state.order().warmup else { return Ok(()) };
        self.load_until_closed(seed, Some(requests))?;
        self.await_barrier(Moment::NEVER)
    }

    /// Starts the load and comes back when no more requests are handed out (with a warm-up in
    /// requests: when all of those are on their way).
    fn load_until_closed(
        &mut self,
        seed: u64,
        warmup_requests: Option<u64>,
    ) -> Result<(), CellError> {
        let state = Arc::clone(&self.state);
        match &state.order().stage.profile {
            LoadProfile::Closed { .. } => {
                let workers = self.crew.workers.len();
                let slots = state.slots_to_start(warmup_requests.is_some());
                for (index, worker) in self.workers().enumerate() {
                    let share = CellState::share(slots, index, workers);
                    tell(worker, Command::Slots(share.collect()));
                }
                if warmup_requests.is_some() {
                    return Ok(());
                }
                while state.is_open(self.crew.clock.now()) {
                    self.look_around()?;
                }
                Ok(())
            }
            LoadProfile::Open { rate, arrival, .. } => {
                let Cell { round, stage, workload, .. } = *self.cell;
                let stream = Stream { purpose: Purpose::Arrivals, round, stage, workload };
                let generator = stream.generator(seed);
                // A warm-up counted in requests keeps to the first level, however long it takes.
                let steady = Course::Steady(rate.first());
                let rate = if warmup_requests.is_some() { &steady } else { rate };
                let lead = state.warmup_span().unwrap_or_default();
                self.pace(Schedule::new(rate, lead, *arrival, generator), warmup_requests)
            }
            LoadProfile::Replay { replay: Replay { speed, repeats, .. }, .. } => {
                // A checked scenario replays only workloads that have a recording.
                let Some(recording) = self.recording.clone() else { return Ok(()) };
                self.pace(Schedule::recorded(recording, *speed, *repeats), warmup_requests)
            }
        }
    }

    /// Waits until the window closes, where its length is set: the last arrival of an open
    /// loop comes before that.
    fn await_close(&mut self) -> Result<(), CellError> {
        while self.state.order().stage.bound.duration.is_some()
            && self.state.is_open(self.crew.clock.now())
        {
            self.look_around()?;
        }
        Ok(())
    }

    /// Runs the pacer on a thread of its own while this one merges.
    fn pace(&mut self, schedule: Schedule, warmup_requests: Option<u64>) -> Result<(), CellError> {
        let clock = &self.crew.clock;
        let state = Arc::clone(&self.state);
        let commands: Vec<UnboundedSender<Command>> = self.workers().cloned().collect();
        let unsent = self.unsent.0.clone();
        let window = state.window();
        // So that a course begins to the nanosecond when the window opens.
        let start_at = match state.warmup_span() {
            Some(lead) => window.opened_at.before(lead),
            None => clock.now(),
        };
        let bounds = match warmup_requests {
            Some(_) => Bounds { warmup: warmup_requests, measured: Some(0) },
            None => Bounds { warmup: None, measured: state.order().stage.bound.requests },
        };
        // The schedule knows nothing of the later turns of conversations.
        if !state.order().has_sessions {
            self.seconds.expect(Offered::new(schedule.clone(), start_at, bounds));
        }
        thread::scope(|scope| {
            let pacer = scope.spawn(move || {
                let pacer = Pacer { clock, state: &state, workers: &commands, start_at };
                pacer.run(schedule, &mut |record| unsent.send(record).unwrap_or_default());
            });
            while !pacer.is_finished() {
                self.look_around()?;
            }
            pacer.join().map_err(|_| CellError::WorkerDied)
        })
    }

    /// Waits until nothing is in flight; after `drain`, or on an interrupt, cuts it off.
    fn drain(&mut self, drain: Duration) -> Result<(), CellError> {
        let closed_at = self.crew.clock.now();
        self.await_barrier(closed_at + drain)?;
        if self.reached < self.crew.workers.len() {
            let reason =
                if self.interrupt.is_asked() { CutOff::Stopped } else { CutOff::Drained(drain) };
            for worker in self.workers() {
                tell(worker, Command::CutOff(reason));
            }
        }
        Ok(())
    }

    /// Asks all workers for the barrier and waits for it, until `limit` or an interrupt.
    fn await_barrier(&mut self, limit: Moment) -> Result<(), CellError> {
        self.reached = 0;
        for worker in self.workers() {
            tell(worker, Command::Barrier);
        }
        while self.reached < self.crew.workers.len() {
            if self.crew.clock.now() >= limit || self.interrupt.is_asked() {
                break;
            }
            self.look_around()?;
        }
        Ok(())
    }

    /// Takes the rest from the workers and lets them go.
    fn leave(&mut self) -> Result<(), CellError> {
        for worker in self.workers() {
            tell(worker, Command::Leave);
        }
        let limit = self.crew.clock.now() + CUT_OFF_LIMIT;
        while self.left < self.crew.workers.len() {
            if self.crew.clock.now() > limit {
                return Err(CellError::WorkerDied);
            }
            self.look_around()?;
        }
        let window = self.state.window();
        let rows: Vec<_> = self
            .unsent
            .1
            .try_iter()
            .map(|record| {
                self.merged.record(&record, &window);
                self.merged.row(&record)
            })
            .collect();
        self.observer.rows(self.cell, &rows)?;
        self.probe.iter_mut().for_each(|probe| probe.add(&rows));
        let (now, unsent) = (self.crew.clock.now(), count(rows.len()));
        while let Some(interval) = self.seconds.next_left(now, unsent, &window) {
            self.tell_interval(&interval)?;
        }
        Ok(())
    }

    /// Takes in what a worker handed over, and tells the seconds it makes whole.
    fn take_in(&mut self, mut batch: Batch) -> Result<(), CellError> {
        let rows = std::mem::take(&mut batch.rows);
        self.observer.rows(self.cell, &rows)?;
        self.probe.iter_mut().for_each(|probe| probe.add(&rows));
        self.seconds.take_in(batch);
        let window = self.state.window();
        while let Some(interval) = self.seconds.next_whole(&window) {
            self.tell_interval(&interval)?;
        }
        Ok(())
    }

    fn tell_interval(&mut self, interval: &Interval) -> Result<(), CellError> {
        self.merged.merge(interval.recorder());
        self.minutes.add(interval);
        self.observer.interval(self.cell, interval)?;
        Ok(())
    }

    /// Waits a moment for a report, takes it in, tells the progress, notices an interrupt.
    fn look_around(&mut self) -> Result<(), CellError> {
        match self.crew.reports.recv_timeout(TICK) {
            Ok(Report::Batch(batch)) => self.take_in(*batch)?,
            Ok(Report::Reached) => self.reached += 1,
            Ok(Report::Left(waits)) => {
                self.checkup.add(&waits);
                self.left += 1;
            }
            Err(RecvTimeoutError::Timeout) => {
                if self.crew.workers.iter().any(Worker::has_died) {
                    return Err(CellError::WorkerDied);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Err(CellError::WorkerDied),
        }
        for sample in self.watch.iter().flat_map(ServerWatch::fresh) {
            self.observer.server_sample(self.cell, &sample)?;
            self.server.push(sample);
        }
        let now = self.crew.clock.now();
        self.checkup.look(&self.state, now);
        self.probe.iter_mut().for_each(|probe| probe.look(&self.state, now));
        if self.interrupt.is_asked() {
            self.state.close_window(now);
        }
        if now.since(self.progress_at) >= PROGRESS_EVERY {
            self.progress_at = now;
            self.observer.progress(&Progress {
                cell: self.cell,
                elapsed: now.since(self.state.began_at()),
                measuring: now >= self.state.window().opened_at,
                in_flight: self.state.in_flight(),
                figures: self.merged.live(),
            });
        }
        Ok(())
    }

    fn workers(&self) -> impl Iterator<Item = &'a UnboundedSender<Command>> + use<'a> {
        self.crew.workers.iter().map(Worker::commands)
    }
}

/// Gives a worker a command. One that has died shows when its report does not come.
fn tell(worker: &UnboundedSender<Command>, command: Command) {
    worker.send(command).unwrap_or_default();
}
