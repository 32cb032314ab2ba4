//! Requests that are made before they are due, on a thread of their own.
//!
//! Making a request may mean to write a text of thousands of tokens, or to read a file. While a
//! cell runs, a thread does that for the requests to come, and the workers find them ready.
//! What a request is depends on its number alone, so one that is not ready yet is made by the
//! worker that needs it; the time this takes shows as its schedule delay.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::record::Phase;
use crate::units::count;
use crate::workload::{CellRequests, RequestSpec, RowError};

/// Requests of a phase that are kept ready at most: a second of a few hundred a second.
const MOST_READY: u64 = 512;
/// Bytes of requests that are kept ready at most; very long prompts are kept fewer of.
const MOST_BYTES: u64 = 64 << 20;
/// How long the thread sleeps while enough is ready: short against the time in which
/// [`MOST_READY`] requests are used up.
const SLEEP: Duration = Duration::from_millis(2);
/// How long a cell's begin waits for its first requests at most.
const HEAD_START: Duration = Duration::from_secs(5);

/// The requests of one cell, made ahead.
#[derive(Debug)]
pub(super) struct Ahead {
    all: Arc<CellRequests>,
    shelf: Option<Arc<Mutex<Shelf>>>,
}

/// A request, the end of the prompts, or why it cannot be made.
type Made = Result<Option<RequestSpec>, RowError>;

/// What is ready.
#[derive(Debug)]
struct Shelf {
    warmup: Row,
    measure: Row,
    bytes: u64,
    closed: bool,
}

/// The requests of one phase.
#[derive(Debug)]
struct Row {
    ready: BTreeMap<u64, Made>,
    /// The next one to make.
    next: u64,
    /// How many there are at most.
    end: u64,
}

impl Ahead {
    /// Begins to make the requests of a cell, `all`, unless they are made already. `ends` says how
    /// many warm-up and measured requests there are at most.
    ///
    /// # Errors
    ///
    /// That no thread can be started.
    pub(super) fn begin(all: Arc<CellRequests>, ends: (u64, u64)) -> std::io::Result<Self> {
        if !all.makes_as_it_goes() {
            return Ok(Self { all, shelf: None });
        }
        let shelf = Arc::new(Mutex::new(Shelf::new(ends)));
        let (maker, shared) = (Arc::clone(&all), Arc::clone(&shelf));
        thread::Builder::new()
            .name("ahead".to_owned())
            .spawn(move || while make_next(&maker, &shared) {})?;
        wait_for_a_head_start(&shelf);
        Ok(Self { all, shelf: Some(shelf) })
    }

    /// Request number `index` of `phase`.
    ///
    /// # Errors
    ///
    /// [`RowError`] if its prompt cannot be had.
    pub(super) fn request(&self, phase: Phase, index: u64) -> Made {
        self.shelf
            .as_ref()
            .and_then(|shelf| lock(shelf).take(phase, index))
            .unwrap_or_else(|| self.all.request(phase, index))
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if let Some(shelf) = &self.shelf {
            lock(shelf).closed = true;
        }
    }
}

impl Shelf {
    /// A shelf for so many warm-up and measured requests at most.
    fn new((warmup, measure): (u64, u64)) -> Self {
        let row = |end| Row { ready: BTreeMap::new(), next: 0, end };
        Self { warmup: row(warmup), measure: row(measure), bytes: 0, closed: false }
    }

    const fn row(&mut self, phase: Phase) -> &mut Row {
        match phase {
            Phase::Warmup => &mut self.warmup,
            Phase::Measure => &mut self.measure,
        }
    }

    /// The request to make next; `None` while enough is ready.
    fn wanted(&self) -> Option<(Phase, u64)> {
        let is_wanted = |row: &Row| row.next < row.end && count(row.ready.len()) < MOST_READY;
        match self {
            _ if self.bytes >= MOST_BYTES => None,
            Self { warmup, .. } if is_wanted(warmup) => Some((Phase::Warmup, warmup.next)),
            Self { measure, .. } if is_wanted(measure) => Some((Phase::Measure, measure.next)),
            _ => None,
        }
    }

    fn put(&mut self, phase: Phase, index: u64, made: Made) {
        let bytes = bytes_of(&made);
        let row = self.row(phase);
        // Meanwhile a worker may have made it itself.
        if index == row.next {
            row.next += 1;
            row.ready.insert(index, made);
            self.bytes += bytes;
        }
    }

    fn take(&mut self, phase: Phase, index: u64) -> Option<Made> {
        if phase == Phase::Measure && self.warmup.end > 0 {
            // Warm-up is over; what is left of it would take the place of what is to come.
            self.bytes -= self.warmup.ready.values().map(bytes_of).sum::<u64>();
            self.warmup = Row { ready: BTreeMap::new(), next: 0, end: 0 };
        }
        let row = self.row(phase);
        // What comes before it is not made ahead any more: the workers are past it.
        row.next = row.next.max(index.saturating_add(1));
        let made = row.ready.remove(&index)?;
        self.bytes -= bytes_of(&made);
        Some(made)
    }
}

/// Waits until enough is ready, or the longest that a cell waits.
fn wait_for_a_head_start(shelf: &Mutex<Shelf>) {
    let mut waited = Duration::ZERO;
    while waited < HEAD_START && lock(shelf).wanted().is_some() {
        thread::sleep(SLEEP);
        waited += SLEEP;
    }
}

/// Makes one request, or sleeps; false once nobody wants more.
fn make_next(all: &CellRequests, shelf: &Mutex<Shelf>) -> bool {
    let wanted = {
        let shelf = lock(shelf);
        if shelf.closed {
            return false;
        }
        shelf.wanted()
    };
    match wanted {
        Some((phase, index)) => {
            let made = all.request(phase, index);
            lock(shelf).put(phase, index, made);
        }
        None => thread::sleep(SLEEP),
    }
    true
}

fn bytes_of(made: &Made) -> u64 {
    made.as_ref().ok().and_then(Option::as_ref).map_or(0, |spec| count(spec.body.len()))
}

/// The shelf; what a thread that panicked left on it is as good as before.
fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Made, Shelf};
    use crate::record::Phase;

    const NONE: Made = Ok(None);

    #[test]
    fn warm_up_is_made_first_and_each_phase_in_order() {
        let mut shelf = Shelf::new((1, 2));
        let mut made = Vec::new();
        while let Some((phase, index)) = shelf.wanted() {
            shelf.put(phase, index, NONE);
            made.push((phase, index));
        }
        assert_eq!(made, [(Phase::Warmup, 0), (Phase::Measure, 0), (Phase::Measure, 1)]);
        assert!(shelf.take(Phase::Measure, 1).is_some());
        assert!(shelf.take(Phase::Measure, 1).is_none());
        assert!(shelf.take(Phase::Warmup, 0).is_none(), "warm-up is over once measuring began");
    }

    #[test]
    fn what_the_workers_are_past_is_not_made_any_more() {
        let mut shelf = Shelf::new((0, 100));
        assert!(shelf.take(Phase::Measure, 7).is_none());
        assert_eq!(shelf.wanted(), Some((Phase::Measure, 8)));
        shelf.put(Phase::Measure, 0, NONE);
        assert!(shelf.take(Phase::Measure, 0).is_none());
    }

    #[test]
    fn no_more_is_kept_ready_than_may_be() {
        let mut shelf = Shelf::new((0, u64::MAX));
        while let Some((phase, index)) = shelf.wanted() {
            shelf.put(phase, index, NONE);
        }
        assert_eq!(shelf.measure.next, super::MOST_READY);
        assert!(shelf.take(Phase::Measure, 0).is_some());
        assert!(shelf.wanted().is_some());
    }
}
