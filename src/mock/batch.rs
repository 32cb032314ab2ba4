//! The engine at work: requests come in from tasks, events go out to them.
//!
//! One task ([`Batch::drive`]) lets the engine go on when something in it is due. A request holds
//! a [`Ticket`]; dropping it, as happens when a client hangs up, frees its place.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::engine::{Engine, Job, JobId, QueueFull, Release};
use super::pacer::Pacer;
use super::release::Released;
use crate::scenario::MockSpec;
use crate::units::Moment;

/// An engine that runs in real time.
#[derive(Debug)]
pub(super) struct Batch {
    pacer: Arc<Pacer>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    engine: Engine,
    /// What each ticket may give out.
    feeds: BTreeMap<JobId, Feed>,
    driver: Option<Waker>,
    /// The moment for which the driver is to be woken.
    armed: Option<Moment>,
    released: Vec<Release>,
}

#[derive(Debug)]
struct Feed {
    events: u32,
    due: Moment,
    listener: Option<Waker>,
}

impl Batch {
    /// An idle engine as `spec` describes it, with `slots` places.
    pub(super) fn new(spec: &MockSpec, slots: u32, pacer: Arc<Pacer>) -> Self {
        let state = State {
            engine: Engine::new(spec, slots),
            feeds: BTreeMap::new(),
            driver: None,
            armed: None,
            released: Vec::new(),
        };
        Self { pacer, state: Mutex::new(state) }
    }

    /// Takes `job` in.
    ///
    /// # Errors
    ///
    /// [`QueueFull`] if it can neither run nor wait.
    pub(super) fn submit(self: &Arc<Self>, job: Job) -> Result<Ticket, QueueFull> {
        let now = self.pacer.now();
        let mut state = self.lock();
        self.go_on(&mut state, now);
        let id = state.engine.submit(now, job)?;
        state.feeds.insert(id, Feed { events: 0, due: now, listener: None });
        self.go_on(&mut state, now);
        Ok(Ticket { batch: Arc::clone(self), id })
    }

    /// Lets the engine go on, for as long as it is polled.
    pub(super) async fn drive(&self) {
        poll_fn::<(), _>(|context| {
            let mut state = self.lock();
            if !state.driver.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
                state.driver = Some(context.waker().clone());
            }
            self.go_on(&mut state, self.pacer.now());
            Poll::Pending
        })
        .await;
    }

    fn cancel(&self, id: JobId) {
        let now = self.pacer.now();
        let mut state = self.lock();
        self.go_on(&mut state, now);
        state.feeds.remove(&id);
        state.engine.cancel(now, id);
        self.go_on(&mut state, now);
    }

    /// Brings the engine to `now`, hands out what it releases, and has the driver woken for what
    /// comes next.
    fn go_on(&self, state: &mut State, now: Moment) {
        let mut released = std::mem::take(&mut state.released);
        state.engine.advance(now, &mut released);
        for Release { job, at } in released.drain(..) {
            let Some(feed) = state.feeds.get_mut(&job) else { continue };
            feed.events += 1;
            feed.due = at;
            if let Some(listener) = feed.listener.take() {
                listener.wake();
            }
        }
        state.released = released;
        state.armed = state.armed.filter(|armed| *armed > now);
        if let Some(due) = state.engine.next_due()
            && state.armed.is_none_or(|armed| due < armed)
            && let Some(driver) = state.driver.clone()
        {
            state.armed = Some(due);
            self.pacer.wake_at(due, driver);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request's place in the engine.
#[derive(Debug)]
pub(super) struct Ticket {
    batch: Arc<Batch>,
    id: JobId,
}

impl Ticket {
    /// What the engine released, once that is at least `wanted` events.
    pub(super) fn poll(&self, wanted: u32, context: &Context<'_>) -> Poll<Released> {
        let mut state = self.batch.lock();
        let Some(feed) = state.feeds.get_mut(&self.id) else { return Poll::Pending };
        if feed.events >= wanted {
            let (events, due) = (feed.events, feed.due);
            return Poll::Ready(Released { events, due, now: self.batch.pacer.now() });
        }
        feed.listener = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.batch.cancel(self.id);
    }
}
