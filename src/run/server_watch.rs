//! Reads a server's own metrics while a cell runs, on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryIter, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime;

use super::error::RunError;
use crate::clock::Clock;
use crate::measure::ServerSample;
use crate::probe::{Reading, Scraper};
use crate::units::Moment;

/// How often the metrics are read.
const EVERY: Duration = Duration::from_secs(1);
/// Longest wait for one reading; a slower one is given up, so that the next comes in time.
const PATIENCE: Duration = Duration::from_secs(2);

/// A thread that reads; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct ServerWatch {
    samples: Receiver<ServerSample>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ServerWatch {
    /// Begins to read; the first reading is made at once.
    ///
    /// # Errors
    ///
    /// [`RunError::Start`] if the thread cannot be started.
    pub(super) fn start(scraper: Scraper, clock: Clock) -> Result<Self, RunError> {
        let (sender, samples) = channel();
        let stop = Arc::<AtomicBool>::default();
        let asked = Arc::clone(&stop);
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(RunError::Start)?;
        let read = move || {
            let mut next_at = clock.now();
            while !asked.load(Ordering::Acquire) {
                let reading = runtime.block_on(read(&scraper));
                let sample = ServerSample::new(clock.now(), reading.values, reading.error);
                if sender.send(sample).is_err() {
                    return;
                }
                next_at = pause_until(next_at + EVERY, &clock, &asked);
            }
        };
        let thread = thread::Builder::new().name("server metrics".to_owned()).spawn(read);
        let thread = Some(thread.map_err(RunError::Start)?);
        Ok(Self { samples, stop, thread })
    }

    /// What has been read since this was asked last.
    pub(super) fn fresh(&self) -> TryIter<'_, ServerSample> {
        self.samples.try_iter()
    }
}

impl Drop for ServerWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A thread that has panicked has said so.
            thread.join().unwrap_or_default();
        }
    }
}

async fn read(scraper: &Scraper) -> Reading {
    let late = |_| Reading {
        error: Some(format!("no answer within {} s", PATIENCE.as_secs())),
        ..Reading::default()
    };
    tokio::time::timeout(PATIENCE, scraper.read()).await.unwrap_or_else(late)
}

/// Waits until `at`, or until the thread is to stop; when the next reading is due, which is later
/// where this one took too long.
fn pause_until(at: Moment, clock: &Clock, stop: &AtomicBool) -> Moment {
    loop {
        let now = clock.now();
        if now >= at || stop.load(Ordering::Acquire) {
            return at.max(now);
        }
        thread::park_timeout(at.since(now));
    }
}
