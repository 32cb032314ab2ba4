//! The lines of a text file, one at a time and bounded.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::load::DatasetError;
use crate::units::count;

/// Most bytes of a line. A prompt of a million tokens takes about 4 MB; a longer line is most
/// likely a file in another format.
pub const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;

/// Most bytes of a file; prompts are held in memory while a run lasts.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024 * 1024;

const BOM: &str = "\u{feff}";

/// Reads lines of UTF-8. Line ends (LF or CRLF), a byte order mark and lines of white space
/// alone are left out.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    path: PathBuf,
    /// The number of the line read last, counted from 1.
    number: u64,
    bytes_read: u64,
    buffer: Vec<u8>,
}

impl Lines<BufReader<File>> {
    /// Opens `path`.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Open`] if the file is missing or may not be read.
    pub(super) fn open(path: &Path) -> Result<Self, DatasetError> {
        let file = File::open(path)
            .map_err(|source| DatasetError::Open { path: path.to_owned(), source })?;
        Ok(Self::new(BufReader::new(file), path))
    }
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R, path: &Path) -> Self {
        Self { reader, path: path.to_owned(), number: 0, bytes_read: 0, buffer: Vec::new() }
    }

    /// The next line that is not blank, with its number; `None` at the end of the file.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if reading fails, a bound is exceeded or the text is not UTF-8.
    pub(super) fn next_line(&mut self) -> Result<Option<(u64, &str)>, DatasetError> {
        while self.fill()? {
            let number = self.number;
            let text = self.text()?;
            if !text.trim().is_empty() {
                // Read again from the buffer: the borrow of a returned line may not outlive
                // the loop in which the next `fill` changes it.
                return self.text().map(|text| Some((number, text)));
            }
        }
        Ok(None)
    }

    /// Reads the next line into the buffer; false at the end of the file.
    fn fill(&mut self) -> Result<bool, DatasetError> {
        self.buffer.clear();
        self.number += 1;
        let read = (&mut self.reader)
            .take(MAX_LINE_BYTES + 1)
            .read_until(b'\n', &mut self.buffer)
            .map_err(|source| self.unreadable(source))?;
        if count(read) > MAX_LINE_BYTES {
            return Err(DatasetError::LineTooLong { path: self.path.clone(), line: self.number });
        }
        self.bytes_read += count(read);
        if self.bytes_read > MAX_FILE_BYTES {
            return Err(DatasetError::FileTooLarge { path: self.path.clone() });
        }
        Ok(read > 0)
    }

    fn text(&self) -> Result<&str, DatasetError> {
        let text = str::from_utf8(&self.buffer)
            .map_err(|_| DatasetError::NotUtf8 { path: self.path.clone(), line: self.number })?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        Ok(if self.number == 1 { text.strip_prefix(BOM).unwrap_or(text) } else { text })
    }

    fn unreadable(&self, source: io::Error) -> DatasetError {
        DatasetError::Read { path: self.path.clone(), line: self.number, source }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};
    use std::path::Path;

    use super::{Lines, MAX_LINE_BYTES};
    use crate::dataset::DatasetError;

    fn read(bytes: &[u8]) -> Result<Vec<(u64, String)>, DatasetError> {
        let mut lines = Lines::new(bytes, Path::new("prompts.txt"));
        let mut all = Vec::new();
        while let Some((number, line)) = lines.next_line()? {
            all.push((number, line.to_owned()));
        }
        Ok(all)
    }

    #[test]
    fn marks_line_ends_and_blank_lines_are_left_out() {
        let lines = read(b"\xef\xbb\xbfone\r\n\r\n  \ntwo \nthree").unwrap();
        let expected = [(1, "one"), (4, "two "), (5, "three")];
        assert_eq!(lines, expected.map(|(number, text)| (number, text.to_owned())));
    }

    #[test]
    fn text_in_another_encoding_is_refused_with_its_line() {
        let error = read(b"fine\ncaf\xe9\n").unwrap_err();
        assert!(matches!(error, DatasetError::NotUtf8 { line: 2, .. }), "{error}");
    }

    #[test]
    fn a_line_without_end_is_refused_before_memory_runs_out() {
        let endless = BufReader::new(std::io::repeat(b'x').take(MAX_LINE_BYTES * 4));
        let mut lines = Lines::new(endless, Path::new("prompts.txt"));
        let error = lines.next_line().unwrap_err();
        assert!(matches!(error, DatasetError::LineTooLong { line: 1, .. }), "{error}");
    }
}
