//! What can be asked of this machine just now: tests of times run beside others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What `work` comes to, and how much too late this machine woke a sleeping thread in the
/// meantime (the p99).
pub(crate) fn with_lateness<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut late = Vec::new();
            while !is_done.load(Ordering::Relaxed) {
                let (slept, nap) = (now(), Duration::from_millis(10));
                thread::sleep(nap);
                late.push(slept.elapsed().saturating_sub(nap));
            }
            late.sort_unstable();
            late[late.len() * 99 / 100]
        });
        let result = work();
        is_done.store(true, Ordering::Relaxed);
        (result, watch.join().unwrap())
    })
}

#[expect(clippy::disallowed_methods, reason = "a test of times needs a clock of its own")]
fn now() -> Instant {
    Instant::now()
}
