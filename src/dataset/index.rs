//! Where the rows of a large file stand: a mark every so many bytes, set while the run goes on.
//!
//! A thread of its own reads the file once, from front to back, and sets the marks; whoever asks
//! for a row that it has not come to waits. The marks of a file take a two-thousandth of its
//! size.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::error::DatasetError;
use super::split::{Framing, Span, Splitter};
use crate::units::count;

/// Most bytes of a file; bounds the marks to about 170 MB.
pub const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024 * 1024;

/// Bytes between two marks: what is read to get at a row.
const MARK_EVERY: u64 = 64 * 1024;
/// Bytes read at a time.
const READ_BYTES: usize = 1024 * 1024;
/// How long a row is waited for while nothing is read at all: a file system that hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A row of the file that is easy to get at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Its number, from 0; the header of a CSV file does not count.
    pub(super) row: u64,
    /// Where it stands.
    pub(super) span: Span,
}

/// Rows that are read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The first of them.
    pub(super) first: Mark,
    /// How many there are.
    pub(super) rows: u64,
    /// The byte where the next stretch begins, or the end of the file.
    pub(super) end: u64,
}

/// The marks of a file.
#[derive(Debug)]
pub(super) struct Index {
    path: PathBuf,
    shared: Arc<Shared>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    grown: Condvar,
    stop: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    marks: Vec<Mark>,
    /// Rows found so far.
    rows: u64,
    /// Bytes read so far.
    bytes: u64,
    /// How reading ended, once it has.
    end: Option<Result<(), DatasetError>>,
}

impl Index {
    /// Starts to read `file`, whose name is `path`, from its beginning; its first `header` rows
    /// do not count.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Read`] if no thread can be had.
    pub(super) fn start(
        file: File,
        path: &Path,
        framing: Framing,
        header: u64,
    ) -> Result<Self, DatasetError> {
        let shared = Arc::new(Shared::default());
        let scan = Scan {
            shared: Arc::clone(&shared),
            path: path.to_owned(),
            splitter: Splitter::new(framing),
            header,
        };
        let thread = thread::Builder::new()
            .name("dataset-index".to_owned())
            .spawn(move || scan.run(file))
            .map_err(|source| DatasetError::Read {
                path: path.to_owned(),
                source: source.into(),
            })?;
        Ok(Self { path: path.to_owned(), shared, thread: Some(thread) })
    }

    /// How many rows there are; `None` until all are found.
    pub(super) fn count_so_far(&self) -> Option<u64> {
        let state = self.shared.lock();
        matches!(state.end, Some(Ok(()))).then_some(state.rows)
    }

    /// How many rows there are, once all are found.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the file cannot be read.
    pub(super) fn count(&self) -> Result<u64, DatasetError> {
        let state = self.wait(|state| state.end.is_some())?;
        Ok(state.rows)
    }

    /// Whether row number `row` is there, without waiting longer than it takes to find it.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the file cannot be read.
    pub(super) fn has(&self, row: u64) -> Result<bool, DatasetError> {
        let state = self.wait(|state| state.rows > row || state.end.is_some())?;
        Ok(state.rows > row)
    }

    /// The stretch that row number `row` is in; `None` past the end of the file.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the file cannot be read.
    pub(super) fn stretch(&self, row: u64) -> Result<Option<Stretch>, DatasetError> {
        let after = |state: &State| state.marks.partition_point(|mark| mark.row <= row);
        let state = self.wait(|state| after(state) < state.marks.len() || state.end.is_some())?;
        if row >= state.rows {
            return Ok(None);
        }
        let next = after(&state);
        let first = next.checked_sub(1).and_then(|at| state.marks.get(at));
        let (rows_end, end) = match state.marks.get(next) {
            Some(mark) => (mark.row, mark.span.start),
            None => (state.rows, state.bytes),
        };
        Ok(first.map(|first| Stretch { first: *first, rows: rows_end - first.row, end }))
    }

    /// Waits until `is_known`, as long as reading goes on.
    fn wait(
        &self,
        is_known: impl Fn(&State) -> bool,
    ) -> Result<MutexGuard<'_, State>, DatasetError> {
        let mut state = self.shared.lock();
        while !is_known(&state) {
            let before = state.bytes;
            let waited = self.shared.grown.wait_timeout(state, PATIENCE);
            let (now, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = now;
            if timeout.timed_out() && state.bytes == before && state.end.is_none() {
                return Err(DatasetError::Stuck {
                    path: self.path.clone(),
                    seconds: PATIENCE.as_secs(),
                });
            }
        }
        match &state.end {
            Some(Err(error)) => Err(error.clone()),
            Some(Ok(())) | None => Ok(state),
        }
    }
}

impl Shared {
    /// The state; a thread that panicked while it held it left it whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_default();
        }
    }
}

/// The thread that reads the file.
struct Scan {
    shared: Arc<Shared>,
    path: PathBuf,
    splitter: Splitter,
    header: u64,
}

impl Scan {
    fn run(mut self, file: File) {
        let end = self.read(file);
        self.shared.lock().end = Some(end);
        self.shared.grown.notify_all();
    }

    fn read(&mut self, mut file: File) -> Result<(), DatasetError> {
        let mut buffer = vec![0; READ_BYTES];
        let mut rows = Vec::new();
        while !self.shared.stop.load(Ordering::Relaxed) {
            let read = match file.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    return Err(DatasetError::Read {
                        path: self.path.clone(),
                        source: source.into(),
                    });
                }
            };
            if read == 0 {
                self.splitter.finish(&mut rows);
                self.add(&mut rows, 0)?;
                break;
            }
            let block = buffer.get(..read).unwrap_or_default();
            let fed = self.splitter.feed(block, &mut rows);
            self.add(&mut rows, count(read))?;
            fed.map_err(|too_long| DatasetError::RowTooLong {
                path: self.path.clone(),
                line: too_long.line,
            })?;
        }
        Ok(())
    }

    /// Adds what was found in the last `bytes` bytes.
    fn add(&mut self, rows: &mut Vec<Span>, bytes: u64) -> Result<(), DatasetError> {
        let mut state = self.shared.lock();
        for span in rows.drain(..) {
            if self.header > 0 {
                self.header -= 1;
                continue;
            }
            let due = state.marks.last().map_or(0, |mark| mark.span.start + MARK_EVERY);
            if state.marks.is_empty() || span.start >= due {
                let row = state.rows;
                state.marks.push(Mark { row, span });
            }
            state.rows += 1;
        }
        state.bytes += bytes;
        if state.bytes > MAX_FILE_BYTES {
            return Err(DatasetError::FileTooLarge { path: self.path.clone() });
        }
        drop(state);
        self.shared.grown.notify_all();
        Ok(())
    }
}
