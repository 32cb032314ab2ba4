//! The runs of a results folder, for a list.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::StoreError;
use super::folder::RESULT_FILE;
use super::load::load;
use crate::clock::WallTime;
use crate::report::Shelved;
use crate::result::RunResult;

/// A run that has written nothing for so long has ended, or broken off.
const SILENT_AFTER: Duration = Duration::from_secs(10);
/// Files that are appended to while a run goes on.
const GROWING: &str = "timeseries.csv";

/// The runs right below a folder. Results that have not changed are not read again.
#[derive(Debug)]
pub struct Shelf {
    folder: PathBuf,
    known: BTreeMap<String, (Stamp, Shelved)>,
}

/// What changes when a result is written anew.
type Stamp = (u64, Option<SystemTime>, bool);

impl Shelf {
    /// The runs below `folder`, none of which are read yet.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), known: BTreeMap::new() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every run, the latest first: names of folders begin with the time.
    pub fn runs(&mut self) -> Vec<Shelved> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut known = BTreeMap::new();
        for entry in entries {
            let (path, id) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let Ok(metadata) = fs::metadata(path.join(RESULT_FILE)) else { continue };
            let stamp = stamp(&metadata, &path);
            let shelved = match self.known.remove(&id) {
                Some((before, shelved)) if before == stamp => shelved,
                _ => shelved(&path, &id, stamp.2),
            };
            known.insert(id, (stamp, shelved));
        }
        self.known = known;
        self.known.values().rev().map(|(_, shelved)| shelved.clone()).collect()
    }

    /// The folder of the run `id`; `None` where there is none. An `id` that leads anywhere else is
    /// none.
    pub fn find(&self, id: &str) -> Option<PathBuf> {
        let is_name = !id.is_empty() && !id.starts_with('.') && !id.contains(['/', '\\', '\0']);
        let path = self.folder.join(id);
        (is_name && path.join(RESULT_FILE).is_file()).then_some(path)
    }
}

fn stamp(metadata: &Metadata, path: &Path) -> Stamp {
    (metadata.len(), metadata.modified().ok(), is_growing(path))
}

/// Whether something was appended to the run a short while ago.
fn is_growing(path: &Path) -> bool {
    let modified = fs::metadata(path.join(GROWING)).and_then(|metadata| metadata.modified());
    let Ok(since) =
        modified.map(|at| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    else {
        return false;
    };
    let now = WallTime::now().unix_millis();
    let written = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let silent = i64::try_from(SILENT_AFTER.as_millis()).unwrap_or(i64::MAX);
    now.saturating_sub(written) < silent
}

/// Whether the run in `folder` still goes on: it has no end yet, and was written to a short while
/// ago.
pub fn is_running(folder: &Path, result: &RunResult) -> bool {
    result.finished_at.is_none() && is_growing(folder)
}

/// The files of a run that can be asked for by name.
const FILES: [&str; 7] = [
    "histograms.hlog",
    "requests.csv",
    "result.json",
    "scenario.yaml",
    "summary.csv",
    "summary.md",
    "timeseries.csv",
];

/// One of the files of the run in `folder`; `None` where runs have no file of that name, or this one
/// has none.
///
/// # Errors
///
/// [`StoreError::Read`] if it is there and cannot be read.
pub fn open_file(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    if !FILES.contains(&name) {
        return Ok(None);
    }
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Read { path, source }),
    }
}

fn shelved(path: &Path, id: &str, is_growing: bool) -> Shelved {
    let entry = load(path).map_err(|error| error.to_string()).and_then(|mut result| {
        // The folder may have been renamed, and is what the run is found by.
        id.clone_into(&mut result.id);
        let is_running = result.finished_at.is_none() && is_growing;
        Shelved::new(&result, is_running).map_err(|error| error.to_string())
    });
    entry.unwrap_or_else(|why| Shelved::unreadable(id, &why))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these tests write files")]
mod tests {
    use std::fs;

    use super::Shelf;
    use crate::result::sample;

    #[test]
    fn runs_are_listed_the_latest_first_and_damaged_ones_too() {
        let results = tempfile::tempdir().unwrap();
        let mut result = sample::result(1);
        for name in ["20260101T000000Z-a", "20260102T000000Z-b"] {
            fs::create_dir(results.path().join(name)).unwrap();
            let text = result.to_json().unwrap();
            fs::write(results.path().join(name).join("result.json"), text).unwrap();
            result.finished_at = None;
            result.partial = true;
        }
        fs::create_dir(results.path().join("20260103T000000Z-c")).unwrap();
        fs::write(results.path().join("20260103T000000Z-c/result.json"), "{").unwrap();
        fs::create_dir(results.path().join("no-run")).unwrap();
        fs::write(results.path().join("20260102T000000Z-b/timeseries.csv"), "cell\n").unwrap();
        let mut shelf = Shelf::new(results.path());
        let states: Vec<_> = shelf.runs().into_iter().map(|run| (run.id, run.state)).collect();
        let expected = [
            ("20260103T000000Z-c", "unreadable"),
            ("20260102T000000Z-b", "running"),
            ("20260101T000000Z-a", "finished"),
        ];
        assert_eq!(states, expected.map(|(id, state)| (id.to_owned(), state)));
        assert_eq!(shelf.runs().len(), 3);
    }

    #[test]
    fn only_runs_of_the_folder_are_found() {
        let root = tempfile::tempdir().unwrap();
        let results = root.path().join("results");
        for folder in [root.path().join("secret"), results.join("run")] {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("result.json"), "{}").unwrap();
        }
        let shelf = Shelf::new(&results);
        assert!(shelf.find("run").is_some());
        for id in ["", ".", "..", "../secret", "run/../run", "..\\secret", "nothing"] {
            assert!(shelf.find(id).is_none(), "{id}");
        }
    }
}
