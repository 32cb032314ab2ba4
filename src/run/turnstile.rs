//! Lets the requests of a closed loop out a few at a time.
//!
//! Streams that began together end together, and each end starts the next request. Sending
//! costs several times what reading an event does, so a worker that sent them all in a row
//! would come late to the last events of the other streams. Here a few pass, then all that has
//! arrived is read, then the next few pass. What a request waits is in its `schedule_delay`.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::{Notify, Semaphore};
use tokio::task::{JoinHandle, spawn_local, yield_now};

/// Requests that pass in a row: about a tenth of a millisecond of a worker's time.
const AT_ONCE: usize = 4;

/// The way out of one worker; belongs to its thread. Its keeper goes when this is dropped.
pub(super) struct Turnstile {
    gate: Rc<Gate>,
    keeper: JoinHandle<()>,
}

struct Gate {
    places: Semaphore,
    is_used: Cell<bool>,
    used: Notify,
}

impl Turnstile {
    /// A turnstile on the calling worker.
    pub(super) fn new() -> Self {
        let (places, used) = (Semaphore::new(AT_ONCE), Notify::new());
        let gate = Rc::new(Gate { places, is_used: Cell::new(false), used });
        let keeper = spawn_local(keep(Rc::clone(&gate)));
        Self { gate, keeper }
    }

    /// Comes back at once if few others have just passed, else when it is this one's turn.
    pub(super) async fn pass(&self) {
        if let Ok(place) = self.gate.places.acquire().await {
            place.forget();
        }
        if !self.gate.is_used.replace(true) {
            self.gate.used.notify_one();
        }
    }
}

impl Drop for Turnstile {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Frees the places again, each time after everything that had arrived was read.
async fn keep(gate: Rc<Gate>) {
    while !gate.places.is_closed() {
        gate.used.notified().await;
        // The runtime looks at its sockets, and wakes their tasks, before it comes back here.
        yield_now().await;
        gate.is_used.set(false);
        gate.places.add_permits(AT_ONCE - gate.places.available_permits());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use tokio::runtime;
    use tokio::task::{LocalSet, spawn_local, yield_now};

    use super::{AT_ONCE, Turnstile};

    #[test]
    fn all_pass_in_order_and_others_run_in_between() {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        let passed = LocalSet::new().block_on(&runtime, async {
            let (turnstile, passed) = (Rc::new(Turnstile::new()), Rc::new(RefCell::new(vec![])));
            let walkers: Vec<_> = (0..5 * AT_ONCE)
                .map(|walker| {
                    let (turnstile, passed) = (Rc::clone(&turnstile), Rc::clone(&passed));
                    spawn_local(async move {
                        turnstile.pass().await;
                        passed.borrow_mut().push(Some(walker));
                    })
                })
                .collect();
            let others = Rc::clone(&passed);
            let other = spawn_local(async move {
                loop {
                    others.borrow_mut().push(None);
                    yield_now().await;
                }
            });
            for walker in walkers {
                walker.await.unwrap();
            }
            other.abort();
            passed.take()
        });
        let order: Vec<_> = passed.iter().copied().flatten().collect();
        assert_eq!(order, (0..5 * AT_ONCE).collect::<Vec<_>>());
        let rows = passed.split(Option::is_none).map(<[_]>::len);
        assert!(rows.max().unwrap() <= 2 * AT_ONCE, "{passed:?}");
    }
}
