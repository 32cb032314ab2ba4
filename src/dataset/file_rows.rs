//! A file as a source of prompts: in which order its rows are taken, and what follows the last.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng as _;

use super::blocks::Blocks;
use super::error::DatasetError;
use super::parser::Parser;
use super::permutation::Permutation;
use crate::record::Phase;
use crate::scenario::{AtEnd, PromptOrder};
use crate::units::{count, index};
use crate::workload::{LeftOut, PromptRow, PromptRows, PromptStart, RequestPlace, RowError};

/// Most rows tried for one prompt before the file counts as broken.
const MOST_TRIED: u64 = 1_000;
/// Most rows that are remembered as no prompts; a file with more is one in another format.
const MOST_FAULTS: usize = 100_000;

/// The rows of a file, in the order they are sent.
#[derive(Debug)]
pub(super) struct FileRows {
    path: PathBuf,
    rows: Rows,
    order: Order,
    at_end: AtEnd,
    /// Where to look for a row in place of one that is none: all over the file, so that no
    /// prompt comes twice within a short time.
    spare: Permutation,
    faults: Mutex<Faults>,
}

/// Where the rows are.
#[derive(Debug)]
pub(super) enum Rows {
    /// In memory, all of them prompts.
    Held(Vec<PromptRow>),
    /// In the file, looked at when they are asked for.
    Streamed {
        /// Where they stand.
        blocks: Blocks,
        /// What they are.
        parser: Parser,
        /// How many stand in the beginning of the file that was read before; 0 if none was.
        head: u64,
    },
}

/// In which order rows are taken.
#[derive(Debug)]
enum Order {
    Sequential,
    Shuffled(Permutation),
    /// Each number draws its row by itself.
    Random(Box<ChaCha8Rng>),
}

/// The rows that are no prompts, as far as they were come upon.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    rows: BTreeSet<u64>,
    first: Option<String>,
}

impl Faults {
    /// How many there are, and the first.
    pub(super) fn left_out(&self) -> LeftOut {
        LeftOut { count: count(self.rows.len()), first: self.first.clone() }
    }

    /// Notes that row number `row` is no prompt.
    ///
    /// # Errors
    ///
    /// [`DatasetError::TooManyFaults`] once there are too many.
    pub(super) fn note(
        &mut self,
        path: &Path,
        row: u64,
        error: &DatasetError,
    ) -> Result<(), DatasetError> {
        self.rows.insert(row);
        let first = self.first.get_or_insert_with(|| error.to_string());
        if self.rows.len() > MOST_FAULTS {
            let (path, count, first) = (path.to_owned(), count(self.rows.len()), first.clone());
            return Err(DatasetError::TooManyFaults { path, count, first });
        }
        Ok(())
    }
}

impl FileRows {
    /// The rows of the file at `path`, in an order that `generator` decides; `faults` are those
    /// that were left out already.
    pub(super) fn new(
        path: PathBuf,
        rows: Rows,
        (order, at_end): (PromptOrder, AtEnd),
        mut generator: ChaCha8Rng,
        faults: Faults,
    ) -> Self {
        let spare = Permutation::new(&mut generator);
        let order = match order {
            PromptOrder::Sequential => Order::Sequential,
            PromptOrder::Shuffled => Order::Shuffled(Permutation::new(&mut generator)),
            PromptOrder::Random => Order::Random(Box::new(generator)),
        };
        Self { path, rows, order, at_end, spare, faults: Mutex::new(faults) }
    }

    fn rows_so_far(&self) -> Option<u64> {
        match &self.rows {
            Rows::Held(rows) => Some(count(rows.len())),
            Rows::Streamed { blocks, .. } => blocks.index().count_so_far(),
        }
    }

    /// How many rows there are, waited for.
    fn all_rows(&self) -> Result<u64, DatasetError> {
        match &self.rows {
            Rows::Held(rows) => Ok(count(rows.len())),
            Rows::Streamed { blocks, .. } => blocks.index().count(),
        }
    }

    /// Whether the file is known to have row number `row`.
    fn has(&self, row: u64) -> bool {
        match &self.rows {
            Rows::Held(rows) => row < count(rows.len()),
            Rows::Streamed { blocks, .. } => blocks.index().has(row).unwrap_or(false),
        }
    }

    /// The row that number `at` takes; `None` past the end.
    fn position(&self, at: u64) -> Result<Option<u64>, DatasetError> {
        Ok(match &self.order {
            Order::Sequential => Some(at),
            Order::Shuffled(order) => {
                let rows = self.all_rows()?;
                (at < rows).then(|| order.at(at, rows))
            }
            Order::Random(generator) => Some(drawn(generator, at, self.all_rows()?)),
        })
    }

    /// Row number `row`, or where it is no prompt another one in its place.
    fn prompt(&self, row: u64) -> Result<Option<PromptRow>, DatasetError> {
        let (blocks, parser) = match &self.rows {
            Rows::Held(rows) => return Ok(rows.get(index(row)).cloned()),
            Rows::Streamed { blocks, parser, .. } => (blocks, parser),
        };
        let mut tried = row;
        for attempt in 0..MOST_TRIED {
            let Some(raw) = blocks.row(tried)? else { return Ok(None) };
            match parser.parse(raw.bytes()) {
                Ok(prompt) => return Ok(Some(prompt)),
                Err(fault) => {
                    let error = DatasetError::row(&self.path, raw.line(), fault);
                    self.faults().note(&self.path, tried, &error)?;
                }
            }
            tried = self.spare.at(row.wrapping_add(attempt), self.all_rows()?);
        }
        let LeftOut { count, first } = self.left_out();
        Err(DatasetError::TooManyFaults {
            path: self.path.clone(),
            count,
            first: first.unwrap_or_default(),
        })
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Number `at` of the numbers that `generator` draws, below `below`.
fn drawn(generator: &ChaCha8Rng, at: u64, below: u64) -> u64 {
    let mut generator = generator.clone();
    generator.set_word_pos(u128::from(at) * 2);
    let product = u128::from(generator.next_u64()) * u128::from(below);
    u64::try_from(product >> u64::BITS).unwrap_or(0)
}

impl PromptRows for FileRows {
    fn count(&self) -> Option<u64> {
        match self.order {
            Order::Sequential | Order::Shuffled(_) => self.rows_so_far(),
            Order::Random(_) => None,
        }
    }

    fn distinct(&self) -> Option<u64> {
        self.rows_so_far()
    }

    fn left_out(&self) -> LeftOut {
        self.faults().left_out()
    }

    fn row(&self, at: u64) -> Result<Option<PromptRow>, RowError> {
        let row = self.position(at).map_err(RowError::new)?;
        row.map_or(Ok(None), |row| self.prompt(row)).map_err(RowError::new)
    }

    fn after(&self, at: u64) -> Option<u64> {
        let next = at.wrapping_add(1);
        match (&self.order, self.at_end) {
            (Order::Random(_), _) | (_, AtEnd::Stop) => Some(next),
            (_, AtEnd::Repeat) if self.has(next) => Some(next),
            (_, AtEnd::Repeat) => Some(0),
        }
    }

    /// Measured requests take the rows in order. With `at_end: repeat` cells start evenly spread
    /// over the file; with `at_end: stop` each takes it whole. Warm-up requests take rows from
    /// in front of the cell's first, backwards, and begin with the last row where that is the
    /// first. Of a large file they then begin with the last of those that are at hand already, so
    /// that nobody waits for the file to be read through.
    fn number(&self, place: &RequestPlace) -> u64 {
        if let Order::Random(_) = self.order {
            return place.alone();
        }
        let ahead = place.index.saturating_mul(u64::from(place.batch.max(1)));
        let from_the_front = self.at_end == AtEnd::Stop || place.start.place == 0;
        if let (Phase::Warmup, true, Rows::Streamed { head: head @ 1.., .. }) =
            (place.phase, from_the_front, &self.rows)
        {
            return head - 1 - ahead % head;
        }
        if place.phase == Phase::Measure
            && from_the_front
            && (self.at_end == AtEnd::Stop || self.has(ahead))
        {
            return ahead;
        }
        let start = match self.at_end {
            AtEnd::Stop => PromptStart { seed: 0, place: 0, places: 1 },
            // Sequential means from the first row on, whatever the seed.
            AtEnd::Repeat => PromptStart { seed: 0, ..place.start },
        };
        // A file that cannot be read says so when its row is asked for.
        RequestPlace { start, ..*place }.on_wheel(self.all_rows().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::io::Write as _;
    use std::sync::Arc;

    use proptest::prelude::*;
    use tempfile::NamedTempFile;

    use super::super::blocks::Blocks;
    use super::super::fit;
    use super::super::parser::Parser;
    use super::{AtEnd, Faults, FileRows, PromptOrder, Rows};
    use crate::load::{Purpose, Stream};
    use crate::openai::Endpoint;
    use crate::record::Phase;
    use crate::scenario::{PromptFile, PromptFormat};
    use crate::workload::{Prompt, PromptRows, PromptStart, RequestPlace};

    /// A source whose rows are read from the file.
    fn streamed(text: &str, order: PromptOrder, at_end: AtEnd) -> (NamedTempFile, FileRows) {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let path = file.path().to_owned();
        let about = PromptFile::new(path.clone(), PromptFormat::Jsonl);
        let parser = Parser::new(&about, &[], fit::Purpose::Prompts(Endpoint::Chat)).unwrap();
        let blocks = Blocks::open(&path, parser.framing(), 0).unwrap();
        let stream = Stream { purpose: Purpose::Prompts, round: 0, stage: 0, workload: 0 };
        let rows = Rows::Streamed { blocks, parser, head: 0 };
        let generator = stream.generator(42);
        (file, FileRows::new(path, rows, (order, at_end), generator, Faults::default()))
    }

    fn lines(count: u64) -> String {
        (0..count).fold(String::new(), |mut text, n| {
            writeln!(text, "{{\"prompt\": \"{n}\"}}").unwrap();
            text
        })
    }

    fn text(rows: &FileRows, at: u64) -> Option<String> {
        match rows.row(at).unwrap()?.prompt {
            Prompt::Text(text) => Some(text),
            other => panic!("{other:?}"),
        }
    }

    fn sent(rows: &FileRows, start: (u64, u64), phase: Phase, index: u64) -> Option<String> {
        let start = PromptStart { seed: 42, place: start.0, places: start.1 };
        text(rows, rows.number(&RequestPlace { start, phase, index, batch: 1 }))
    }

    #[test]
    fn in_sequence_rows_come_as_they_stand_and_cells_start_apart() {
        let (_file, rows) = streamed(&lines(90), PromptOrder::Sequential, AtEnd::Repeat);
        let rows = &rows;
        let cell = |place| {
            [0, 1, 89, 90].map(|index| sent(rows, (place, 3), Phase::Measure, index).unwrap())
        };
        assert_eq!(cell(0), ["0", "1", "89", "0"]);
        assert_eq!(cell(1), ["30", "31", "29", "30"]);
        assert_eq!(sent(rows, (0, 3), Phase::Warmup, 0).unwrap(), "89");
        assert_eq!(sent(rows, (1, 3), Phase::Warmup, 1).unwrap(), "28");
    }

    #[test]
    fn a_file_that_is_sent_once_ends_in_every_cell() {
        for order in [PromptOrder::Sequential, PromptOrder::Shuffled] {
            let (_file, rows) = streamed(&lines(5), order, AtEnd::Stop);
            for place in 0..2 {
                let mut all: Vec<_> = (0..5)
                    .map(|index| sent(&rows, (place, 2), Phase::Measure, index).unwrap())
                    .collect();
                all.sort();
                assert_eq!(all, ["0", "1", "2", "3", "4"]);
                assert_eq!(sent(&rows, (place, 2), Phase::Measure, 5), None);
            }
        }
    }

    #[test]
    fn random_rows_are_drawn_anew_for_every_request_and_have_no_end() {
        let (_file, rows) = streamed(&lines(10), PromptOrder::Random, AtEnd::Repeat);
        let draw =
            |place| (0..200).map(|index| sent(&rows, (place, 2), Phase::Measure, index)).collect();
        let (first, second): (Vec<_>, Vec<_>) = (draw(0), draw(1));
        assert_ne!(first, second);
        assert_eq!(first, draw(0));
        for row in 0..10 {
            let times = first.iter().flatten().filter(|text| **text == row.to_string()).count();
            assert!((5..40).contains(&times), "{row}: {times}");
        }
        assert_eq!((rows.count(), rows.distinct()), (None, Some(10)));
    }

    #[test]
    fn a_row_that_is_none_is_replaced_counted_and_named() {
        let text_of = lines(3) + "{\"prompt\": 7}\n\n" + &lines(400);
        let (file, rows) = streamed(&text_of, PromptOrder::Sequential, AtEnd::Repeat);
        assert_eq!(text(&rows, 2).unwrap(), "2");
        let instead = text(&rows, 3).unwrap();
        assert_eq!(text(&rows, 3).unwrap(), instead, "always the same one");
        let near: u64 = instead.parse().unwrap();
        assert!(near > 5, "{near} comes from elsewhere in the file");
        let left_out = rows.left_out();
        assert_eq!(left_out.count, 1);
        let (path, said) = (file.path().display().to_string(), left_out.first.unwrap());
        assert!(said.starts_with(&format!("{path}:4: found `prompt` is a number; ")), "{said}");
    }

    #[test]
    fn a_file_of_broken_rows_is_an_error() {
        let (_file, rows) = streamed(&"{}\n".repeat(50), PromptOrder::Sequential, AtEnd::Repeat);
        let error = rows.row(0).unwrap_err().to_string();
        assert!(error.contains(": 50 rows are no prompts; the first one: "), "{error}");
    }

    #[test]
    fn several_threads_get_the_same_rows() {
        let (_file, rows) = streamed(&lines(30_000), PromptOrder::Shuffled, AtEnd::Repeat);
        let rows = Arc::new(rows);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let rows = Arc::clone(&rows);
                std::thread::spawn(move || (0..200).map(|at| text(&rows, at)).collect::<Vec<_>>())
            })
            .collect();
        let mut all = threads.into_iter().map(|thread| thread.join().unwrap());
        let first = all.next().unwrap();
        assert!(all.all(|other| other == first));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn shuffled_every_row_comes_once_before_any_comes_again(
            count in 1_u64..60, place in 0_u64..5,
        ) {
            let (_file, rows) = streamed(&lines(count), PromptOrder::Shuffled, AtEnd::Repeat);
            let mut lap: Vec<u64> = (0..count)
                .map(|index| sent(&rows, (place, 5), Phase::Measure, index).unwrap())
                .map(|text| text.parse().unwrap())
                .collect();
            lap.sort_unstable();
            prop_assert!(lap.into_iter().eq(0..count));
        }
    }
}
