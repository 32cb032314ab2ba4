//! The seconds of a run that goes on, as they are written.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::StoreError;
use super::run_rows::seconds;
use crate::report::SecondRow;

/// Most bytes taken at once; what is beyond comes with the next look.
const MOST_BYTES: u64 = 4 << 20;

/// Reads `timeseries.csv` from its begin, and then what is added to it.
#[derive(Debug)]
pub struct SecondsTail {
    path: PathBuf,
    read: u64,
    /// The first line, which names the columns.
    head: Option<String>,
}

impl SecondsTail {
    /// The rows of the run in `folder`, none of which are read yet.
    pub fn new(folder: &Path) -> Self {
        Self { path: folder.join("timeseries.csv"), read: 0, head: None }
    }

    /// The rows that were added since the last look; none where the file is not there yet. A row whose
    /// end is not written yet comes later.
    ///
    /// # Errors
    ///
    /// [`StoreError::Read`] if the file cannot be read.
    pub fn more(&mut self) -> Result<Vec<SecondRow>, StoreError> {
        let failed = |source| StoreError::Read { path: self.path.clone(), source };
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut added = Vec::new();
        file.seek(SeekFrom::Start(self.read))
            .and_then(|_| file.take(MOST_BYTES).read_to_end(&mut added))
            .map_err(failed)?;
        let Some(end) = memchr::memrchr(b'\n', &added) else { return Ok(Vec::new()) };
        added.truncate(end + 1);
        self.read += crate::units::count(added.len());
        let mut text = String::from_utf8_lossy(&added).into_owned();
        match &self.head {
            Some(head) => text.insert_str(0, head),
            None => {
                self.head = text.find('\n').map(|end| text[..=end].to_owned());
            }
        }
        seconds(text.as_bytes())
            .map_err(|error| StoreError::Read { path: self.path.clone(), source: error.into() })
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these tests write files")]
mod tests {
    use super::SecondsTail;

    #[test]
    fn each_row_comes_once_and_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("timeseries.csv");
        let mut tail = SecondsTail::new(folder.path());
        assert!(tail.more().unwrap().is_empty());
        let mut text =
            "cell,backend,start_at_ms,length_ms,phase\n0,a,0,1000,warmup\n0,a,10".to_owned();
        std::fs::write(&file, &text).unwrap();
        assert_eq!(tail.more().unwrap().len(), 1);
        assert!(tail.more().unwrap().is_empty());
        text.push_str("00,1000,measure\n1,务,2000,1000,measure\n");
        std::fs::write(&file, &text).unwrap();
        let rows = tail.more().unwrap();
        assert_eq!((rows.len(), rows[1].place.backend.as_str()), (2, "务"));
        assert!((rows[0].start_s - 1.0).abs() < 1e-9);
        assert!(tail.more().unwrap().is_empty());
    }
}
