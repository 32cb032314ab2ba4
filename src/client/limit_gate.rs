//! Holds requests back while a server takes none.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use crate::units::{Moment, nanos};

/// Until when a server takes no requests, by its own words; shared by all threads.
#[derive(Debug, Default)]
pub(super) struct LimitGate {
    /// Nanoseconds of the run's clock.
    closed_until: AtomicU64,
}

impl LimitGate {
    /// Waits until the server takes requests again; whether there was anything to wait for.
    pub(super) async fn pass(&self, clock: &Clock) -> bool {
        let mut waited = false;
        loop {
            let now = clock.now();
            let until = Moment::from_nanos(self.closed_until.load(Ordering::Relaxed));
            if until <= now {
                return waited;
            }
            waited = true;
            tokio::time::sleep(until.since(now)).await;
        }
    }

    /// Closes the gate for so long from `now` on.
    pub(super) fn close(&self, now: Moment, wait: Duration) {
        let until = now.as_nanos().saturating_add(nanos(wait));
        self.closed_until.fetch_max(until, Ordering::Relaxed);
    }
}
