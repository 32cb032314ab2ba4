//! Rows of a large file by number, read when they are asked for.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::DatasetError;
use super::index::{Index, Stretch};
use super::split::{Framing, Span, Splitter};
use crate::units::index;

/// Stretches kept after they were read. In order, all rows of a stretch are taken one after
/// another; a few cover several workers that are not quite in step. Usually 64 KiB each.
const STRETCHES_KEPT: usize = 8;

/// The rows of a file, by number.
#[derive(Debug)]
pub(super) struct Blocks {
    path: PathBuf,
    framing: Framing,
    index: Index,
    reader: Mutex<Reader>,
}

#[derive(Debug)]
struct Reader {
    file: File,
    /// What was read last, latest first.
    kept: VecDeque<Arc<Block>>,
}

/// The bytes of a stretch, and its rows.
#[derive(Debug)]
struct Block {
    stretch: Stretch,
    bytes: Vec<u8>,
    rows: Vec<Span>,
}

/// The bytes of one row.
#[derive(Debug)]
pub(super) struct RawRow {
    block: Arc<Block>,
    span: Span,
}

impl RawRow {
    /// The line it begins in.
    pub(super) fn line(&self) -> u64 {
        self.span.line
    }

    /// What stands in it.
    pub(super) fn bytes(&self) -> &[u8] {
        self.block.bytes_of(self.span)
    }
}

impl Blocks {
    /// The rows of the file at `path`; its first `header` rows do not count.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the file cannot be opened.
    pub(super) fn open(path: &Path, framing: Framing, header: u64) -> Result<Self, DatasetError> {
        let open = || {
            File::open(path).map_err(|source| DatasetError::Open {
                path: path.to_owned(),
                source: source.into(),
            })
        };
        // Two handles: the thread that sets the marks has a position of its own.
        let index = Index::start(open()?, path, framing, header)?;
        let reader = Mutex::new(Reader { file: open()?, kept: VecDeque::new() });
        Ok(Self { path: path.to_owned(), framing, index, reader })
    }

    /// Where the rows stand.
    pub(super) const fn index(&self) -> &Index {
        &self.index
    }

    /// Row number `at`; `None` past the end.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the file cannot be read.
    pub(super) fn row(&self, at: u64) -> Result<Option<RawRow>, DatasetError> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = reader.kept.iter().find_map(|block| block.row(at)) {
            return Ok(Some(row));
        }
        let Some(stretch) = self.index.stretch(at)? else { return Ok(None) };
        let block = Arc::new(self.read(&mut reader.file, stretch)?);
        reader.kept.truncate(STRETCHES_KEPT - 1);
        reader.kept.push_front(Arc::clone(&block));
        Ok(block.row(at))
    }

    fn read(&self, file: &mut File, stretch: Stretch) -> Result<Block, DatasetError> {
        let unreadable = |source: std::io::Error| DatasetError::Read {
            path: self.path.clone(),
            source: source.into(),
        };
        let start = stretch.first.span.start;
        let mut bytes = vec![0; index(stretch.end.saturating_sub(start))];
        file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
        file.read_exact(&mut bytes).map_err(unreadable)?;
        let mut splitter = Splitter::at(self.framing, stretch.first.span);
        let mut rows = Vec::new();
        splitter.feed(&bytes, &mut rows).map_err(|too_long| DatasetError::RowTooLong {
            path: self.path.clone(),
            line: too_long.line,
        })?;
        // A stretch ends where another row begins, so its last row is whole; what the splitter
        // makes of an array that goes on is no row.
        splitter.finish(&mut rows);
        rows.truncate(index(stretch.rows));
        Ok(Block { stretch, bytes, rows })
    }
}

impl Block {
    fn row(self: &Arc<Self>, at: u64) -> Option<RawRow> {
        let within = index(at.checked_sub(self.stretch.first.row)?);
        let span = *self.rows.get(within)?;
        Some(RawRow { block: Arc::clone(self), span })
    }

    fn bytes_of(&self, span: Span) -> &[u8] {
        let from = self.stretch.first.span.start;
        let place = index(span.start.saturating_sub(from))..index(span.end.saturating_sub(from));
        self.bytes.get(place).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use tempfile::NamedTempFile;

    use super::Blocks;
    use crate::dataset::split::Framing;

    fn blocks(bytes: &[u8], framing: Framing, header: u64) -> (NamedTempFile, Blocks) {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let blocks = Blocks::open(file.path(), framing, header).unwrap();
        (file, blocks)
    }

    fn row(blocks: &Blocks, at: u64) -> Option<(u64, String)> {
        let row = blocks.row(at).unwrap()?;
        Some((row.line(), String::from_utf8(row.bytes().to_vec()).unwrap()))
    }

    #[test]
    fn rows_far_apart_are_found_with_their_lines() {
        // Half a megabyte, so that there are several stretches.
        let rows: Vec<_> = (0..20_000).map(|n| format!("row number {n} of many\n\n")).collect();
        let text = rows.concat();
        let (_file, blocks) = blocks(text.as_bytes(), Framing::Lines, 0);
        for at in [0, 19_999, 7, 12_345, 12_346, 0] {
            assert_eq!(row(&blocks, at), Some((2 * at + 1, format!("row number {at} of many"))));
        }
        assert_eq!(row(&blocks, 20_000), None);
        assert_eq!(blocks.index().count().unwrap(), 20_000);
        assert_eq!(blocks.index().count_so_far(), Some(20_000));
    }

    #[test]
    fn a_header_is_no_row() {
        let (_file, blocks) = blocks(b"name\na\nb\n", Framing::Csv, 1);
        assert_eq!(row(&blocks, 0), Some((2, "a".to_owned())));
        assert_eq!(blocks.index().count().unwrap(), 2);
    }

    #[test]
    fn a_file_that_shrinks_under_way_is_an_error_and_no_panic() {
        let text = "x".repeat(1_000) + "\n";
        let (file, blocks) = blocks(text.repeat(500).as_bytes(), Framing::Lines, 0);
        assert_eq!(blocks.index().count().unwrap(), 500);
        file.as_file().set_len(1_000).unwrap();
        assert!(blocks.row(400).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Read by number in any order, an array is what it is read from front to back.
        #[test]
        fn every_element_is_found_by_its_number(
            lengths in prop::collection::vec(0_usize..40_000, 1..30),
            wanted in prop::collection::vec(0_usize..30, 1..20),
        ) {
            let element = |length: &usize| format!("{{\"text\":\"{}\"}}", "ab\\\"".repeat(length / 4));
            let elements: Vec<_> = lengths.iter().map(element).collect();
            let text = format!("[\n{}\n]", elements.join(",\n"));
            let (_file, blocks) = blocks(text.as_bytes(), Framing::JsonArray, 0);
            for at in wanted {
                let found = row(&blocks, at as u64).map(|(_, text)| text);
                prop_assert_eq!(found.as_ref(), elements.get(at));
            }
        }
    }
}
