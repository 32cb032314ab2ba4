//! A small model of an engine that serves many requests at once.
//!
//! Pure: moments come in, released events go out. The model, in the order a request meets it:
//!
//! 1. **Slot.** At most `slots` requests run; the others wait in a queue, first come, first
//!    served. A full queue refuses.
//! 2. **Prefill.** The engine reads one prompt at a time, in order, at `prefill_rate`. Decoding
//!    of others goes on meanwhile, as with chunked prefill.
//! 3. **First event.** `ttft` after its prompt was read.
//! 4. **Decoding.** All running streams advance together, in steps. A step of a batch of *n*
//!    takes `(1 + batch_slowdown × (n − 1)) × tokens_per_event` times the time of one token, and
//!    gives each member an event. Who starts during a step joins the next one.
//!
//! A stream that stalls keeps its slot and misses the steps of its pause.
//!
//! Moments of internal events follow from each other, never from when [`Engine::advance`] was
//! called, so a late caller does not slow the engine.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rand_chacha::ChaCha8Rng;

use super::draw::{numbers_of_server, sample};
use super::script::Stall;
use crate::scenario::{Distribution, MockSpec};
use crate::units::{Moment, count, float, index, span_from_seconds};

/// A request, as the engine sees it.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Tokens to read.
    pub(super) prompt_tokens: u64,
    /// Events to give; at least 1.
    pub(super) events: u32,
    /// Time from the end of prefill to the first event.
    pub(super) ttft: Duration,
    /// The pause of its stream, if there is one.
    pub(super) stall: Option<Stall>,
}

/// The name of a job.
pub(super) type JobId = u64;

/// An event that a job may give out, and the moment it was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) job: JobId,
    pub(super) at: Moment,
}

/// The engine.
#[derive(Debug)]
pub(super) struct Engine {
    rules: Rules,
    waiting: VecDeque<(JobId, Job)>,
    running: BTreeMap<JobId, Running>,
    /// Jobs whose prompt is not read yet; the first is being read.
    unread: VecDeque<JobId>,
    reading_until: Option<Moment>,
    step: Option<Step>,
    next_id: JobId,
}

#[derive(Debug)]
struct Rules {
    slots: usize,
    queue: Option<usize>,
    prefill_rate: Option<f64>,
    token_time: Distribution,
    batch_slowdown: f64,
    tokens_per_event: f64,
    numbers: ChaCha8Rng,
}

#[derive(Debug)]
struct Running {
    job: Job,
    given: u32,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Its prompt is not read yet.
    Unread,
    /// Its first event is due.
    Starting(Moment),
    /// It takes part in steps.
    Decoding,
    /// It stalls.
    Paused(Moment),
}

#[derive(Debug)]
struct Step {
    until: Moment,
    members: Vec<JobId>,
}

/// All slots are taken and the queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueueFull;

impl Engine {
    /// An idle engine as `spec` describes it, with `slots` places.
    pub(super) fn new(spec: &MockSpec, slots: u32) -> Self {
        let token_time = match spec.decode_rate {
            Some(rate) if rate > 0.0 => Distribution::Constant(rate.recip()),
            _ => spec.gap,
        };
        let rules = Rules {
            slots: index(u64::from(slots.max(1))),
            queue: spec.queue.map(|length| index(u64::from(length))),
            prefill_rate: spec.prefill_rate.filter(|rate| *rate > 0.0),
            token_time,
            batch_slowdown: spec.batch_slowdown,
            tokens_per_event: f64::from(spec.tokens_per_event.max(1)),
            numbers: numbers_of_server(spec.seed),
        };
        Self {
            rules,
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
            unread: VecDeque::new(),
            reading_until: None,
            step: None,
            next_id: 0,
        }
    }

    /// Takes `job` in at `now`, to which the engine must have been advanced.
    ///
    /// # Errors
    ///
    /// [`QueueFull`] if it can neither run nor wait.
    pub(super) fn submit(&mut self, now: Moment, job: Job) -> Result<JobId, QueueFull> {
        let must_wait = self.running.len() >= self.rules.slots;
        if must_wait && self.rules.queue.is_some_and(|most| self.waiting.len() >= most) {
            return Err(QueueFull);
        }
        let id = self.next_id;
        self.next_id += 1;
        self.waiting.push_back((id, job));
        self.settle(now);
        Ok(id)
    }

    /// Forgets `job` at `now` and frees its place; does nothing if it has ended.
    pub(super) fn cancel(&mut self, now: Moment, job: JobId) {
        self.waiting.retain(|(id, _)| *id != job);
        if self.running.remove(&job).is_none() {
            return;
        }
        if self.unread.front() == Some(&job) {
            self.reading_until = None;
        }
        self.unread.retain(|id| *id != job);
        self.settle(now);
    }

    /// Lets everything happen that is due by `now`, in order; adds what it releases.
    pub(super) fn advance(&mut self, now: Moment, released: &mut Vec<Release>) {
        while let Some(at) = self.next_due().filter(|at| *at <= now) {
            self.finish_reading(at);
            self.finish_step(at, released);
            self.start_and_resume(at, released);
            self.settle(at);
        }
    }

    /// When something happens next; `None` while nothing runs.
    pub(super) fn next_due(&self) -> Option<Moment> {
        let of_jobs = self.running.values().filter_map(|running| match running.state {
            State::Starting(at) | State::Paused(at) => Some(at),
            State::Unread | State::Decoding => None,
        });
        let step_end = self.step.as_ref().map(|step| step.until);
        of_jobs.chain(self.reading_until).chain(step_end).min()
    }

    fn finish_reading(&mut self, at: Moment) {
        if self.reading_until.is_some_and(|until| until <= at) {
            self.reading_until = None;
            self.start_first_unread(at);
        }
    }

    fn start_first_unread(&mut self, at: Moment) {
        let read = self.unread.pop_front();
        if let Some(running) = read.and_then(|id| self.running.get_mut(&id)) {
            running.state = State::Starting(at + running.job.ttft);
        }
    }

    fn finish_step(&mut self, at: Moment, released: &mut Vec<Release>) {
        let Some(step) = self.step.take_if(|step| step.until <= at) else { return };
        for id in step.members {
            self.give(id, at, released);
        }
    }

    fn start_and_resume(&mut self, at: Moment, released: &mut Vec<Release>) {
        let due = |running: &Running| match running.state {
            State::Starting(due) | State::Paused(due) => due <= at,
            State::Unread | State::Decoding => false,
        };
        let ids: Vec<_> =
            self.running.iter().filter(|(_, running)| due(running)).map(|(id, _)| *id).collect();
        for id in ids {
            let Some(running) = self.running.get_mut(&id) else { continue };
            let starts = matches!(running.state, State::Starting(_));
            running.state = State::Decoding;
            if starts {
                self.give(id, at, released);
            }
        }
    }

    /// Gives `id` an event, and its place away if that was the last one.
    fn give(&mut self, id: JobId, at: Moment, released: &mut Vec<Release>) {
        // Cancelled during the step.
        let Some(running) = self.running.get_mut(&id) else { return };
        running.given += 1;
        released.push(Release { job: id, at });
        if running.given >= running.job.events {
            self.running.remove(&id);
            return;
        }
        if let Some(stall) = running.job.stall
            && stall.after == running.given
        {
            running.state = State::Paused(at + stall.length);
        }
    }

    /// Fills what is free: slots, the reader, the next step.
    fn settle(&mut self, at: Moment) {
        while self.running.len() < self.rules.slots
            && let Some((id, job)) = self.waiting.pop_front()
        {
            self.running.insert(id, Running { job, given: 0, state: State::Unread });
            self.unread.push_back(id);
        }
        while self.reading_until.is_none()
            && let Some(running) = self.unread.front().and_then(|id| self.running.get(id))
        {
            match self.rules.reading_time(running.job.prompt_tokens) {
                Duration::ZERO => self.start_first_unread(at),
                span => self.reading_until = Some(at + span),
            }
        }
        if self.step.is_none() {
            self.start_step(at);
        }
    }

    fn start_step(&mut self, at: Moment) {
        let decoding = |running: &Running| matches!(running.state, State::Decoding);
        let members: Vec<_> =
            self.running.iter().filter(|(_, job)| decoding(job)).map(|(id, _)| *id).collect();
        if !members.is_empty() {
            self.step = Some(Step { until: at + self.rules.step_time(members.len()), members });
        }
    }
}

impl Rules {
    fn reading_time(&self, tokens: u64) -> Duration {
        let seconds = self.prefill_rate.map(|rate| float(tokens) / rate);
        seconds.and_then(span_from_seconds).unwrap_or_default()
    }

    fn step_time(&mut self, batch: usize) -> Duration {
        let others = float(count(batch.saturating_sub(1)));
        let slowdown = 1.0 + self.batch_slowdown * others;
        let seconds = sample(self.token_time, &mut self.numbers) * slowdown * self.tokens_per_event;
        span_from_seconds(seconds).unwrap_or_default()
    }
}
