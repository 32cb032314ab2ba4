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

use super::rules::Rules;
use super::script::Stall;
use crate::scenario::MockSpec;
use crate::units::Moment;

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
        Self {
            rules: Rules::new(spec, slots),
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Engine, Job, QueueFull, Release};
    use crate::mock::script::Stall;
    use crate::scenario::{Distribution, MockSpec};
    use crate::units::{Moment, nanos};

    /// 1,000 tokens a second read, 100 written by a stream that is alone.
    fn spec() -> MockSpec {
        MockSpec {
            prefill_rate: Some(1_000.0),
            decode_rate: Some(100.0),
            batch_slowdown: 0.5,
            ..MockSpec::default()
        }
    }

    fn job(prompt_tokens: u64, events: u32) -> Job {
        Job { prompt_tokens, events, ttft: Duration::ZERO, stall: None }
    }

    fn at(millis: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(millis)
    }

    /// Lets the engine go on to `until`; the job and the millisecond of each release.
    fn releases(engine: &mut Engine, until: u64) -> Vec<(u64, u64)> {
        let mut released = Vec::new();
        engine.advance(at(until), &mut released);
        released.iter().map(|one| (one.job, one.at.as_nanos() / 1_000_000)).collect()
    }

    #[test]
    fn a_request_alone_is_read_then_answered_at_the_full_rate() {
        let mut engine = Engine::new(&spec(), 4);
        let ttft = Duration::from_millis(7);
        engine.submit(at(5), Job { ttft, ..job(30, 3) }).unwrap();
        assert_eq!(releases(&mut engine, 1_000), [(0, 42), (0, 52), (0, 62)]);
        assert_eq!(engine.next_due(), None);
    }

    #[test]
    fn prompts_are_read_in_turn_and_streams_step_together() {
        let mut engine = Engine::new(&spec(), 4);
        engine.submit(at(0), job(10, 4)).unwrap();
        engine.submit(at(0), job(25, 3)).unwrap();
        // The second starts at 35, during the step from 30 to 40, and joins the next one, which
        // takes 15 for two of them.
        let both = [(0, 10), (0, 20), (0, 30), (1, 35), (0, 40), (1, 50), (1, 60)];
        assert_eq!(releases(&mut engine, 1_000), both);
        let mut engine = Engine::new(&spec(), 4);
        engine.submit(at(0), job(0, 3)).unwrap();
        engine.submit(at(0), job(0, 3)).unwrap();
        let both = [(0, 0), (1, 0), (0, 15), (1, 15), (0, 30), (1, 30)];
        assert_eq!(releases(&mut engine, 1_000), both);
    }

    #[test]
    fn who_finds_no_slot_waits_and_who_finds_no_queue_is_refused() {
        let mut engine = Engine::new(&MockSpec { queue: Some(1), ..spec() }, 1);
        let first = engine.submit(at(0), job(10, 2)).unwrap();
        let second = engine.submit(at(0), job(10, 1)).unwrap();
        assert_eq!(engine.submit(at(0), job(1, 1)), Err(QueueFull));
        let in_turn = [(first, 10), (first, 20), (second, 30)];
        assert_eq!(releases(&mut engine, 1_000), in_turn);
        assert!(engine.submit(at(1_000), job(1, 1)).is_ok());
    }

    #[test]
    fn a_cancelled_request_frees_its_slot_at_once() {
        let mut engine = Engine::new(&spec(), 1);
        let reading = engine.submit(at(0), job(500, 2)).unwrap();
        let given_up = engine.submit(at(0), job(10, 2)).unwrap();
        let waiting = engine.submit(at(0), job(10, 2)).unwrap();
        assert_eq!(releases(&mut engine, 100), []);
        engine.cancel(at(100), given_up);
        engine.cancel(at(100), reading);
        assert_eq!(releases(&mut engine, 1_000), [(waiting, 110), (waiting, 120)]);
    }

    #[test]
    fn a_stalled_stream_misses_the_steps_of_its_pause() {
        let mut engine = Engine::new(&MockSpec { batch_slowdown: 0.0, ..spec() }, 2);
        let stall = Some(Stall { after: 1, length: Duration::from_millis(15) });
        engine.submit(at(0), Job { stall, ..job(0, 2) }).unwrap();
        engine.submit(at(0), job(0, 4)).unwrap();
        let expected = [(0, 0), (1, 0), (1, 10), (1, 20), (0, 30), (1, 30)];
        assert_eq!(releases(&mut engine, 1_000), expected);
    }

    #[test]
    fn without_a_decode_rate_the_gap_decides() {
        let gap = Distribution::Constant(0.004);
        let spec = MockSpec { decode_rate: None, gap, tokens_per_event: 3, ..spec() };
        let mut engine = Engine::new(&spec, 1);
        engine.submit(at(0), job(0, 3)).unwrap();
        assert_eq!(releases(&mut engine, 1_000), [(0, 0), (0, 12), (0, 24)]);
    }

    proptest! {
        /// Requests at any moments: how often the engine is looked at changes nothing, each
        /// gets all its events in order, and never do more run than there are slots.
        #[test]
        fn the_engine_goes_its_own_way(
            jobs in prop::collection::vec((0_u64..300, 0_u64..50, 1_u32..6), 1..25),
            looks in prop::collection::vec(0_u64..600, 0..40),
            slots in 1_u32..5,
        ) {
            let mut jobs = jobs;
            jobs.sort_unstable();
            let calm = run(&jobs, &[], slots);
            prop_assert_eq!(&calm, &run(&jobs, &looks, slots));
            prop_assert!(calm.is_sorted_by_key(|release| release.at));
            for (id, (arrived, _, events)) in (0_u64..).zip(&jobs) {
                let own: Vec<_> = calm.iter().filter(|release| release.job == id).collect();
                prop_assert_eq!(u32::try_from(own.len()).unwrap(), *events);
                prop_assert!(own.iter().all(|release| release.at >= at(*arrived)));
            }
            let spans = (0_u64..).zip(&jobs).map(|(id, _)| {
                let mut own = calm.iter().filter(|release| release.job == id);
                let first = own.next().unwrap().at;
                (first, own.next_back().map_or(first, |release| release.at))
            });
            let spans: Vec<_> = spans.collect();
            for (start, _) in &spans {
                let running = spans.iter().filter(|(from, to)| from <= start && start < to);
                prop_assert!(running.count() <= usize::try_from(slots).unwrap());
            }
        }
    }

    fn run(jobs: &[(u64, u64, u32)], looks: &[u64], slots: u32) -> Vec<Release> {
        let mut engine = Engine::new(&spec(), slots);
        let mut released = Vec::new();
        let mut looks = looks.to_vec();
        looks.sort_unstable();
        for (arrived, prompt_tokens, events) in jobs {
            for look in looks.extract_if(.., |look| *look <= *arrived) {
                engine.advance(at(look), &mut released);
            }
            engine.advance(at(*arrived), &mut released);
            engine.submit(at(*arrived), job(*prompt_tokens, *events)).unwrap();
        }
        for look in looks {
            engine.advance(at(look), &mut released);
        }
        engine.advance(Moment::from_nanos(nanos(Duration::from_hours(1))), &mut released);
        released
    }
}
