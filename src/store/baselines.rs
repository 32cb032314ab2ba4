//! Baselines: stored runs to compare with, in plain folders.
//!
//! `DIR/NAME/<fingerprint>/<run>.result.json`: a folder for each environment, a file for each run.
//! A file is a result without its histograms, which comparisons do not need; that makes it small
//! enough to be committed. `environment.txt` beside them says what the fingerprint stands for.

use std::fs;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::load::load;
use super::replace::replace;
use crate::result::RunResult;

/// What the names of stored runs end in.
const ENDING: &str = ".result.json";
/// The facts of an environment, for people.
const FACTS: &str = "environment.txt";

/// The baselines below one folder.
#[derive(Clone, Copy, Debug)]
pub struct Baselines<'a> {
    dir: &'a Path,
}

/// One baseline, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineEntry {
    /// Its name.
    pub name: String,
    /// Its environments, by fingerprint, each with the files of its runs, the oldest first.
    pub environments: Vec<(String, Vec<PathBuf>)>,
}

impl BaselineEntry {
    /// How many runs it holds.
    pub fn runs(&self) -> usize {
        self.environments.iter().map(|(_, runs)| runs.len()).sum()
    }

    /// How many of them are of the environment with that fingerprint.
    pub fn runs_of(&self, digest: &str) -> usize {
        let alike = self.environments.iter().filter(|(known, _)| known == digest);
        alike.map(|(_, runs)| runs.len()).sum()
    }
}

impl<'a> Baselines<'a> {
    /// The baselines in `dir`, which need not exist.
    pub const fn new(dir: &'a Path) -> Self {
        Self { dir }
    }

    /// Adds `run` to the baseline `name`; the file it lies in. A run that is there already is
    /// replaced by itself.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be written.
    pub fn save(&self, name: &str, run: &RunResult) -> Result<PathBuf, StoreError> {
        let fingerprint = run.fingerprint();
        let folder = self.dir.join(name).join(fingerprint.digest());
        fs::create_dir_all(&folder).map_err(StoreError::write(&folder))?;
        let file = format!("{}{ENDING}", run.id);
        let path = folder.join(&file);
        let text = run
            .without_histograms()
            .to_json()
            .map_err(|source| StoreError::Result { path: path.clone(), source })?;
        replace(&folder, &file, &text)?;
        replace(&folder, FACTS, &fingerprint.to_string())?;
        Ok(path)
    }

    /// Removes all but the latest `keep` runs of an environment; how many these were. The names of
    /// runs begin with their time, so the first are the oldest.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a file cannot be removed.
    pub fn prune(&self, name: &str, digest: &str, keep: usize) -> Result<usize, StoreError> {
        let entry = self.find(name)?;
        let environments = entry.into_iter().flat_map(|entry| entry.environments);
        let runs: Vec<_> =
            environments.filter(|(known, _)| known == digest).flat_map(|(_, runs)| runs).collect();
        let oldest = runs.len().saturating_sub(keep);
        for file in &runs[..oldest] {
            fs::remove_file(file).map_err(StoreError::write(file))?;
        }
        Ok(oldest)
    }

    /// Every baseline, in the order of the names.
    ///
    /// # Errors
    ///
    /// [`StoreError::Read`] if a folder cannot be looked into.
    pub fn list(&self) -> Result<Vec<BaselineEntry>, StoreError> {
        let names = children(self.dir)?.into_iter().filter(|(_, path)| path.is_dir());
        let mut entries = Vec::new();
        for (name, path) in names {
            let mut environments = Vec::new();
            for (digest, folder) in children(&path)? {
                if !folder.is_dir() {
                    continue;
                }
                let files = children(&folder)?.into_iter();
                let runs = files.filter(|(name, _)| name.ends_with(ENDING)).map(|(_, path)| path);
                environments.push((digest, runs.collect()));
            }
            entries.push(BaselineEntry { name, environments });
        }
        Ok(entries)
    }

    /// The baseline `name`; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Read`] if a folder cannot be looked into.
    pub fn find(&self, name: &str) -> Result<Option<BaselineEntry>, StoreError> {
        Ok(self.list()?.into_iter().find(|entry| entry.name == name))
    }

    /// The runs of an entry, of all environments.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if one cannot be read.
    pub fn runs(&self, entry: &BaselineEntry) -> Result<Vec<RunResult>, StoreError> {
        let files = entry.environments.iter().flat_map(|(_, runs)| runs);
        files.map(|path| load(path)).collect()
    }

    /// Removes the baseline `name` with all its runs; whether there was one.
    ///
    /// Only what `save` writes is removed: a folder that holds anything else stays, with it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if something cannot be removed.
    pub fn remove(&self, name: &str) -> Result<bool, StoreError> {
        let Some(entry) = self.find(name)? else { return Ok(false) };
        let root = self.dir.join(name);
        for (digest, runs) in &entry.environments {
            let folder = root.join(digest);
            for file in runs.iter().cloned().chain([folder.join(FACTS)]) {
                match fs::remove_file(&file) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(StoreError::write(&file)(error));
                    }
                    _ => {}
                }
            }
            fs::remove_dir(&folder).map_err(StoreError::write(&folder))?;
        }
        fs::remove_dir(&root).map_err(StoreError::write(&root))?;
        Ok(true)
    }
}

/// What lies in a folder, by name; nothing where there is no such folder.
fn children(folder: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(StoreError::Read { path: folder.to_owned(), source }),
    };
    let mut children = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| StoreError::Read { path: folder.to_owned(), source })?;
        children.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    children.sort();
    Ok(children)
}
