//! A worker: one thread, one single-threaded runtime, its own connections and recorder.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;

use tokio::runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::ahead::Ahead;
use super::cell::CellState;
use super::counting::Counting;
use super::heartbeat::Heartbeat;
use super::neighbour::ServerPlace;
use super::requests::{run_arrival, run_slot};
use super::seconds::Batch;
use super::sink::{CutOff, Sink};
use super::turnstile::Turnstile;
use crate::client::{ClientParts, HttpClient};
use crate::clock::Clock;
use crate::load::{Recording, Thinking};
use crate::measure::{INTERVAL, Recorder, Waits};
use crate::record::Phase;
use crate::units::Moment;
use crate::workload::RequestFactory;

/// What the names of worker threads begin with.
pub(super) const THREAD_NAME: &str = "worker-";

/// What a worker needs to take part in a cell.
#[derive(Clone, Debug)]
pub(super) struct CellJob {
    pub(super) state: Arc<CellState>,
    pub(super) parts: ClientParts,
    /// What makes the turns of conversations; `None` where there are none.
    pub(super) conversations: Option<Arc<RequestFactory>>,
    pub(super) requests: Arc<Ahead>,
    pub(super) recorder: Recorder,
    /// Counts tokens; `None` without a tokenizer.
    pub(super) counting: Option<Counting>,
    /// How long closed-loop slots think between two requests; `None`: they do not.
    pub(super) thinking: Option<Thinking>,
    /// How users think between the turns of a conversation; `None`: they do not.
    pub(super) turn_thinking: Option<Thinking>,
    pub(super) server: ServerPlace,
    /// When requests are due, where that comes with the prompts.
    pub(super) recording: Option<Recording>,
}

/// A request of an open loop that has come due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) phase: Phase,
    pub(super) index: u64,
    /// Which prompt of its phase it takes: of a recording, the one that was due then.
    pub(super) prompt: u64,
    pub(super) due_at: Moment,
    /// Whether it had to wait for a place among the requests in flight.
    pub(super) held_back: bool,
}

/// What a worker is told.
#[derive(Debug)]
pub(super) enum Command {
    /// Take part in a cell.
    Enter(Box<CellJob>),
    /// Start these closed-loop slots.
    Slots(Vec<u32>),
    /// Send this request now.
    Send(Release),
    /// Say [`Report::Reached`] once nothing is in flight any more.
    Barrier,
    /// Cut off what is in flight.
    CutOff(CutOff),
    /// Hand over the rest and leave the cell.
    Leave,
}

/// What a worker tells.
#[derive(Debug)]
pub(super) enum Report {
    /// What has come together since the last time.
    Batch(Box<Batch>),
    /// The barrier was reached: nothing is in flight here.
    Reached,
    /// The worker has left the cell; nothing more will come. How long events waited for it.
    Left(Waits),
}

/// A running worker.
#[derive(Debug)]
pub(super) struct Worker {
    commands: UnboundedSender<Command>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Worker {
    /// Starts worker number `index`.
    pub(super) fn start(
        index: usize,
        clock: Clock,
        reports: SyncSender<Report>,
    ) -> std::io::Result<Self> {
        let (commands, inbox) = unbounded_channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let thread =
            thread::Builder::new().name(format!("{THREAD_NAME}{index}")).spawn(move || {
                LocalSet::new().block_on(&runtime, serve(inbox, clock, reports));
            })?;
        Ok(Self { commands, thread: Some(thread) })
    }

    /// Whether the worker's thread is gone although nobody let it go.
    pub(super) fn has_died(&self) -> bool {
        self.thread.as_ref().is_some_and(thread::JoinHandle::is_finished)
    }

    /// A way to give the worker commands.
    pub(super) const fn commands(&self) -> &UnboundedSender<Command> {
        &self.commands
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Closing the channel ends the worker's loop.
        self.commands = unbounded_channel().0;
        if let Some(thread) = self.thread.take() {
            // A worker that panicked has said so on stderr already.
            thread.join().unwrap_or_default();
        }
    }
}

async fn serve(mut inbox: UnboundedReceiver<Command>, clock: Clock, reports: SyncSender<Report>) {
    while let Some(command) = inbox.recv().await {
        // Anything but an entry here is left over from a cell that was cut off.
        if let Command::Enter(job) = command {
            Stay::new(*job, clock.clone(), reports.clone()).run(&mut inbox).await;
        }
    }
}

/// A worker's part in one cell.
struct Stay {
    cell: Rc<CellContext>,
    reports: SyncSender<Report>,
    tasks: JoinSet<()>,
    barrier_asked: bool,
    heartbeat: Heartbeat,
}

/// What the requests of one cell share within a worker.
pub(super) struct CellContext {
    pub(super) state: Arc<CellState>,
    pub(super) conversations: Option<Arc<RequestFactory>>,
    pub(super) requests: Arc<Ahead>,
    pub(super) client: HttpClient,
    pub(super) sink: Rc<Sink>,
    pub(super) turnstile: Turnstile,
    pub(super) clock: Clock,
    pub(super) thinking: Option<Thinking>,
    pub(super) turn_thinking: Option<Thinking>,
}

impl Stay {
    fn new(job: CellJob, clock: Clock, reports: SyncSender<Report>) -> Self {
        let desk = job.counting.map(|counting| counting.desk());
        let CellJob {
            state,
            parts,
            conversations,
            requests,
            recorder,
            thinking,
            turn_thinking,
            ..
        } = job;
        let heartbeat = Heartbeat::start(clock.clone(), Arc::clone(&state));
        let client = HttpClient::new(parts, clock.clone());
        let meter = client.meter().clone();
        let sink = Sink::new(Arc::clone(&state), clock.clone(), recorder, meter, reports.clone());
        let sink = Rc::new(sink.counting(desk));
        let turnstile = Turnstile::new();
        let cell = Rc::new(CellContext {
            state,
            conversations,
            requests,
            client,
            sink,
            turnstile,
            clock,
            thinking,
            turn_thinking,
        });
        Self { cell, reports, tasks: JoinSet::new(), barrier_asked: false, heartbeat }
    }

    async fn run(mut self, inbox: &mut UnboundedReceiver<Command>) {
        let mut handover = self.seconds();
        loop {
            tokio::select! {
                biased;
                command = inbox.recv() => match command {
                    Some(Command::Leave) | None => break,
                    Some(command) => self.obey(&command),
                },
                Some(_) = self.tasks.join_next(), if !self.tasks.is_empty() => {}
                _ = handover.tick() => {
                    self.cell.sink.hand_over_until(self.cell.clock.now());
                }
            }
            if self.barrier_asked && self.tasks.is_empty() {
                self.barrier_asked = false;
                self.tell(Report::Reached);
            }
        }
        self.leave().await;
    }

    fn obey(&mut self, command: &Command) {
        match command {
            Command::Slots(slots) => {
                for slot in slots {
                    self.tasks.spawn_local(run_slot(Rc::clone(&self.cell), *slot));
                }
            }
            Command::Send(release) => {
                self.tasks.spawn_local(run_arrival(Rc::clone(&self.cell), *release));
            }
            Command::Barrier => self.barrier_asked = true,
            Command::CutOff(reason) => {
                self.cell.sink.set_cut_off(*reason);
                self.tasks.abort_all();
            }
            // Both are handled where commands are read.
            Command::Enter(_) | Command::Leave => {}
        }
    }

    /// Ticks at the whole seconds of the cell, so that a second is handed over although
    /// nothing happens after it.
    fn seconds(&self) -> Interval {
        let first_ends_at = self.cell.clock.instant(self.cell.state.began_at() + INTERVAL);
        let first = first_ends_at.map_or_else(|| Instant::now() + INTERVAL, Instant::from_std);
        let mut seconds = tokio::time::interval_at(first, INTERVAL);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        seconds
    }

    async fn leave(mut self) {
        // Requests still in flight record themselves as cut off when they are dropped.
        self.tasks.shutdown().await;
        self.tell(Report::Batch(Box::new(self.cell.sink.rest())));
        self.tell(Report::Left(self.heartbeat.waits()));
    }

    fn tell(&self, report: Report) {
        // Without a coordinator there is nobody left to tell.
        self.reports.send(report).unwrap_or_default();
    }
}
