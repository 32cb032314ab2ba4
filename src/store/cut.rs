//! Cuts files that were appended to back to the cells that are kept.
//!
//! Cells follow each other in every file, and what was written of a finished cell is on the disk
//! before the result that tells of it. So what belongs to no kept cell stands at the end, with
//! whatever a crash left half written, and a file need only be cut there.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::path::Path;

use super::StoreError;
use crate::units::count;

/// Rows of a file that was cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// Rows that are left.
    pub(super) kept: u64,
    /// Rows that were taken away, without one that was not written to its end.
    pub(super) dropped: u64,
}

/// Cuts a file of CSV behind its last rows whose `column` is kept. Does nothing where there is no
/// file.
///
/// # Errors
///
/// [`StoreError`] if it cannot be read or written.
pub(super) fn cut_rows(
    path: &Path,
    column: &str,
    is_kept: impl Fn(&str) -> bool,
) -> Result<Cut, StoreError> {
    let Some(file) = open(path)? else { return Ok(Cut::default()) };
    let failed =
        |error: csv::Error| StoreError::Read { path: path.to_owned(), source: error.into() };
    let mut reader = csv::Reader::from_reader(BufReader::new(file));
    let head = reader.headers().map_err(failed)?;
    let place = head.iter().position(|name| name == column).unwrap_or(0);
    let (mut end, mut rows) = (reader.position().byte(), Cut::default());
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Err(error) if error.is_io_error() => return Err(failed(error)),
            // A row that is wrong was not written to its end.
            Ok(false) | Err(_) => break,
        }
        if rows.dropped == 0 && record.get(place).is_some_and(&is_kept) {
            (end, rows.kept) = (reader.position().byte(), rows.kept + 1);
        } else {
            rows.dropped += 1;
        }
    }
    cut(path, end)?;
    Ok(rows)
}

/// Cuts a file of lines behind the last one that `is_kept`, or behind the first lines of which
/// `is_kept` tells nothing.
///
/// # Errors
///
/// [`StoreError`] if it cannot be read or written.
pub(super) fn cut_lines(
    path: &Path,
    is_kept: impl Fn(&str) -> Option<bool>,
) -> Result<(), StoreError> {
    let Some(file) = open(path)? else { return Ok(()) };
    let failed = |source| StoreError::Read { path: path.to_owned(), source };
    let mut reader = BufReader::new(file);
    let (mut at, mut end, mut in_head) = (0, 0, true);
    let mut line = Vec::new();
    loop {
        line.clear();
        at += count(reader.read_until(b'\n', &mut line).map_err(failed)?);
        if line.last() != Some(&b'\n') {
            break;
        }
        match is_kept(&String::from_utf8_lossy(&line)) {
            Some(true) => (end, in_head) = (at, false),
            Some(false) => break,
            None if in_head => end = at,
            None => {}
        }
    }
    cut(path, end)
}

fn open(path: &Path) -> Result<Option<File>, StoreError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Read { path: path.to_owned(), source }),
    }
}

fn cut(path: &Path, end: u64) -> Result<(), StoreError> {
    let file = OpenOptions::new().write(true).open(path).map_err(StoreError::write(path))?;
    file.set_len(end).and_then(|()| file.sync_all()).map_err(StoreError::write(path))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these tests look at files")]
mod tests {
    use std::fs;

    use super::{Cut, cut_lines, cut_rows};

    /// Whole rows of two cells, a third cell, and an end that a crash cut off.
    const ROWS: &str = "cell,text\n0,a\n0,\"b\n1,x\"\n1,c\n12,d\n1";

    #[test]
    fn rows_are_cut_behind_the_last_cell_that_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        let cut = |kept: &[&str]| {
            fs::write(&path, ROWS).unwrap();
            let rows = cut_rows(&path, "cell", |cell| kept.contains(&cell)).unwrap();
            ((rows.kept, rows.dropped), fs::read_to_string(&path).unwrap())
        };
        assert_eq!(cut(&[]), ((0, 4), "cell,text\n".to_owned()));
        assert_eq!(cut(&["0"]), ((2, 2), "cell,text\n0,a\n0,\"b\n1,x\"\n".to_owned()));
        assert_eq!(cut(&["0", "1"]).0, (3, 1));
        // The last row is cut off in its first field, and is none of cell 1.
        let (rows, text) = cut(&["0", "1", "12"]);
        assert_eq!((rows, text.ends_with("12,d\n")), ((4, 0), true));
        // What stands behind a cell that is not kept goes with it.
        assert_eq!(cut(&["0", "12"]).0, (2, 2));
        let missing = folder.path().join("none.csv");
        assert_eq!(cut_rows(&missing, "cell", |_| true).unwrap(), Cut::default());
    }

    #[test]
    fn lines_are_cut_with_the_comments_before_what_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let head = "#head\nlegend\n";
        let cell = |tag: &str| format!("#about {tag}\nTag={tag},1\nTag={tag},2\n");
        let is_kept = |line: &str| Some(line.strip_prefix("Tag=")?.starts_with('a'));
        let cut = |text: &str| {
            fs::write(&path, text).unwrap();
            cut_lines(&path, is_kept).unwrap();
            fs::read_to_string(&path).unwrap()
        };
        let kept = format!("{head}#about a\nTag=a,1\nTag=a,2\n");
        assert_eq!(cut(&format!("{head}{}{}", cell("a"), cell("b"))), kept);
        assert_eq!(cut(&format!("{head}{}#about b\nTag=b", cell("a"))), kept);
        assert_eq!(cut(&format!("{head}{}Tag=a,3", cell("a"))), kept);
        assert_eq!(cut(&format!("{head}#about b\nTag=b,1\n")), format!("{head}#about b\n"));
    }
}
