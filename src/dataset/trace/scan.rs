//! A file from front to back, row by row, in bounded memory.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::dataset::error::DatasetError;
use crate::dataset::split::{Framing, Span, Splitter};
use crate::units::{count, index};

/// Bytes read at a time.
const READ_BYTES: usize = 1024 * 1024;

/// What takes a row: the line it begins in, and its bytes.
pub(super) type TakeRow<'a> = dyn FnMut(u64, &[u8]) -> Result<(), DatasetError> + 'a;

/// Gives every row of the file at `path` to `take`, with the line it begins in.
///
/// # Errors
///
/// [`DatasetError`] if the file cannot be read, or what `take` returns.
pub(super) fn each_row(
    path: &Path,
    framing: Framing,
    take: &mut TakeRow<'_>,
) -> Result<(), DatasetError> {
    let mut file = File::open(path)
        .map_err(|source| DatasetError::Open { path: path.to_owned(), source: source.into() })?;
    let mut splitter = Splitter::new(framing);
    let mut spans = Vec::new();
    // What was read and is not taken yet: less than a row, and what is read next.
    let (mut bytes, mut start) = (Vec::new(), 0);
    loop {
        let before = bytes.len();
        let limit = count(READ_BYTES);
        let read = (&mut file).take(limit).read_to_end(&mut bytes).map_err(|source| {
            DatasetError::Read { path: path.to_owned(), source: source.into() }
        })?;
        if read == 0 {
            splitter.finish(&mut spans);
            return hand_out(&spans, &bytes, start, take);
        }
        let fresh = bytes.get(before..).unwrap_or_default();
        splitter.feed(fresh, &mut spans).map_err(|too_long| DatasetError::RowTooLong {
            path: path.to_owned(),
            line: too_long.line,
        })?;
        hand_out(&spans, &bytes, start, take)?;
        if let Some(last) = spans.last() {
            bytes.drain(..index(last.end - start));
            start = last.end;
        }
        spans.clear();
    }
}

fn hand_out(
    spans: &[Span],
    bytes: &[u8],
    start: u64,
    take: &mut TakeRow<'_>,
) -> Result<(), DatasetError> {
    for span in spans {
        let place = index(span.start - start)..index(span.end - start);
        take(span.line, bytes.get(place).unwrap_or_default())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tempfile::NamedTempFile;

    use super::each_row;
    use crate::dataset::split::Framing;

    #[test]
    fn every_row_of_a_file_of_several_blocks_comes_once() {
        let mut file = NamedTempFile::new().unwrap();
        for row in 0..300_000 {
            writeln!(file, "row {row}\n").unwrap();
        }
        let mut seen = 0;
        each_row(file.path(), Framing::Lines, &mut |line, bytes| {
            assert_eq!(bytes, format!("row {seen}").as_bytes());
            assert_eq!(line, 2 * seen + 1);
            seen += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, 300_000);
    }
}
