//! Which models the simulated server holds in memory, where loading one takes its time.
//!
//! As Ollama does it: a model is loaded by the first request that needs it, which waits, and
//! so does whatever comes until it is there; it is dropped when nobody has used it for a while.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::pacer::Pacer;
use crate::scenario::MockSpec;
use crate::units::Moment;

/// How long a model is kept that nobody uses; `None`: for ever.
pub(super) type Keep = Option<Duration>;

/// The models in memory.
#[derive(Debug)]
pub(super) struct Residence {
    pacer: Arc<Pacer>,
    load: Duration,
    keep: Keep,
    held: Mutex<BTreeMap<String, Held>>,
}

/// A model in memory, or on its way there.
#[derive(Clone, Copy, Debug)]
struct Held {
    ready_at: Moment,
    users: u32,
    keep: Keep,
    used_at: Moment,
}

impl Held {
    fn is_expired(&self, now: Moment) -> bool {
        self.users == 0 && self.keep.is_some_and(|keep| now >= self.used_at + keep)
    }
}

/// The use of a model by one request; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Stay {
    residence: Arc<Residence>,
    model: String,
    /// How long the request waits until the model is there.
    pub(super) wait: Duration,
    /// Requests that use the model or wait for it, this one included.
    pub(super) users: u32,
}

impl Residence {
    /// An empty memory, or a full one where loading takes no time.
    pub(super) fn new(spec: &MockSpec, pacer: Arc<Pacer>) -> Self {
        let (load, keep) = (spec.load.unwrap_or_default(), spec.keep_alive);
        let keep = spec.load.and(Some(keep));
        let now = pacer.now();
        let loaded = spec.models.iter().filter(|_| spec.load.is_none());
        let held = Held { ready_at: now, users: 0, keep, used_at: now };
        let held = loaded.map(|model| (model.clone(), held)).collect();
        Self { pacer, load, keep, held: Mutex::new(held) }
    }

    /// Takes `model` into use, and loads it where it is not there; `keep` is how long it is to
    /// be kept afterwards, where the request says so.
    pub(super) fn enter(self: &Arc<Self>, model: &str, keep: Option<Keep>) -> Stay {
        let now = self.pacer.now();
        let mut held = self.lock(now);
        let fresh = Held { ready_at: now + self.load, users: 0, keep: self.keep, used_at: now };
        let entry = held.entry(model.to_owned()).or_insert(fresh);
        entry.users += 1;
        entry.keep = keep.unwrap_or(entry.keep);
        let (wait, users) = (entry.ready_at.since(now), entry.users);
        drop(held);
        Stay { residence: Arc::clone(self), model: model.to_owned(), wait, users }
    }

    /// The models in memory, and how much longer each is kept where nobody uses it.
    pub(super) fn list(&self) -> Vec<(String, Keep)> {
        let now = self.pacer.now();
        let held = self.lock(now);
        let left = |held: &Held| held.keep.map(|keep| (held.used_at + keep).since(now));
        let there = held.iter().filter(|(_, held)| held.ready_at <= now);
        there.map(|(model, held)| (model.clone(), left(held))).collect()
    }

    /// What is held, without what has been dropped by `now`.
    fn lock(&self, now: Moment) -> MutexGuard<'_, BTreeMap<String, Held>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, held| !held.is_expired(now));
        held
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let now = self.residence.pacer.now();
        if let Some(held) = self.residence.lock(now).get_mut(&self.model) {
            held.users = held.users.saturating_sub(1);
            held.used_at = now;
        }
    }
}
