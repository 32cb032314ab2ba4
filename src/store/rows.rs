//! Files of CSV, appended to while the run goes on.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::PathBuf;

use super::StoreError;
use crate::measure::Field;
use crate::report::guarded;

/// Bytes gathered before they go to the system; a second of a busy run takes a few such.
const BUFFER_BYTES: usize = 256 * 1024;

/// Appends rows to a file of CSV.
#[derive(Debug)]
pub(super) struct RowWriter {
    path: PathBuf,
    csv: csv::Writer<File>,
    /// The text of one cell; kept for its memory.
    cell: String,
}

impl RowWriter {
    /// Opens a new file and writes the names of its columns.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file is there already or cannot be written.
    pub(super) fn create<'a>(
        path: PathBuf,
        columns: impl Iterator<Item = &'a str>,
    ) -> Result<Self, StoreError> {
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.map_err(StoreError::write(&path))?;
        let csv = csv::WriterBuilder::new().buffer_capacity(BUFFER_BYTES).from_writer(file);
        let mut writer = Self { path, csv, cell: String::new() };
        let written = writer.csv.write_record(columns).map_err(io::Error::from);
        written.map_err(StoreError::write(&writer.path))?;
        writer.flush()?;
        Ok(writer)
    }

    /// Opens a file that has the names of its columns already, to add to it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if it cannot be opened.
    pub(super) fn append_to(path: PathBuf) -> Result<Self, StoreError> {
        let file = OpenOptions::new().append(true).open(&path).map_err(StoreError::write(&path))?;
        let csv = csv::WriterBuilder::new().buffer_capacity(BUFFER_BYTES).from_writer(file);
        Ok(Self { path, csv, cell: String::new() })
    }

    /// The file, to lock it.
    pub(super) fn file(&self) -> &File {
        self.csv.get_ref()
    }

    /// Adds a row, which is in the file after the next [`RowWriter::flush`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file cannot be written, or the row has too few or too
    /// many fields.
    pub(super) fn append<'a>(
        &mut self,
        fields: impl Iterator<Item = Field<'a>>,
    ) -> Result<(), StoreError> {
        for field in fields {
            let text = match &field {
                Field::Text(text) => guarded(text),
                other => {
                    self.cell.clear();
                    // Writing to a String does not fail.
                    if write!(self.cell, "{other}").is_err() {
                        self.cell.clear();
                    }
                    Cow::Borrowed(self.cell.as_str())
                }
            };
            let written = self.csv.write_field(text.as_ref()).map_err(io::Error::from);
            written.map_err(StoreError::write(&self.path))?;
        }
        let ended = self.csv.write_record(None::<&[u8]>).map_err(io::Error::from);
        ended.map_err(StoreError::write(&self.path))
    }

    /// Hands everything to the system: a crash of pacemark then loses nothing of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file cannot be written.
    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        self.csv.flush().map_err(StoreError::write(&self.path))
    }

    /// Brings everything flushed to the disk: a pulled plug then loses nothing of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the disk refuses.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.csv.get_ref().sync_data().map_err(StoreError::write(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use crate::measure::RequestRow;

    #[test]
    fn the_page_on_results_explains_every_column() {
        let page = include_str!("../../docs/results.md");
        for column in RequestRow::COLUMNS {
            assert!(page.contains(&format!("`{}`", column.name)), "{}", column.name);
        }
    }
}
