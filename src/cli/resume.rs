//! `pacemark run --resume`: a run that was broken off goes on with the cells that are missing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::arguments::RunArguments;
use super::exit::{CommandError, ExitCode};
use super::scenario;
use crate::clock::WallTime;
use crate::metric::DEFINITIONS_VERSION;
use crate::result::{CellResult, Note, ResumedEntry, RunResult, scenario_hash};
use crate::run::GoingOn;
use crate::scenario::{Origin, Overrides, Scenario};
use crate::store::{self, RunFolder, StoreError};
use crate::units::{Moment, count, to_u32};

/// What stands in `scenario.yaml` in place of a secret that was written out.
const HIDDEN: &str = "***";
/// What lies between the last stored moment and the first new one, at least.
const GAP: Duration = Duration::from_secs(1);

/// A run that was broken off.
pub(super) struct BrokenOff {
    path: PathBuf,
    /// The result as it was stored.
    pub(super) stored: RunResult,
    /// What of it is kept.
    kept: RunResult,
}

impl BrokenOff {
    /// The run at `path`, or of that name below `results`.
    ///
    /// # Errors
    ///
    /// That there is none, or it cannot go on, for exit code 2.
    pub(super) fn open(path: &Path, results: &Path) -> Result<Self, CommandError> {
        let below = results.join(path);
        let path = if path.is_dir() || !below.is_dir() { path.to_owned() } else { below };
        if !path.is_dir() {
            return Err(CommandError::usage(format!(
                "--resume takes the folder of a run; `{}` is none",
                path.display()
            )));
        }
        let stored =
            store::load(&path).map_err(|error| CommandError::new(ExitCode::Usage, error))?;
        let refused = |why: &str| CommandError::usage(format!("`{}` {why}", path.display()));
        if !stored.merged_from.is_empty() {
            return Err(refused("is the sum of several runs: resume those"));
        }
        if stored.provenance.definitions_version != DEFINITIONS_VERSION {
            return Err(refused(
                "was measured by a pacemark that defines its metrics in another way: go on with that one",
            ));
        }
        let kept = kept(&stored);
        Ok(Self { path, stored, kept })
    }

    /// Whether nothing is missing.
    pub(super) fn is_complete(&self) -> bool {
        let all = self.kept.cells.len() == self.stored.cells.len();
        all && !self.stored.partial && self.stored.finished_at.is_some()
    }

    /// The scenario of the run: the one that the arguments name, if it is the same, or the stored one.
    ///
    /// # Errors
    ///
    /// That it is another, or lacks its secrets, for exit code 2.
    pub(super) fn scenario(&self, arguments: &RunArguments) -> Result<Arc<Scenario>, CommandError> {
        let expected = &self.stored.provenance.scenario_sha256;
        if scenario::is_named(&arguments.source) {
            let named = scenario::load(&arguments.source)?;
            if scenario_hash(&named.stored_text) == *expected {
                return Ok(named);
            }
            return Err(CommandError::usage(format!(
                "this is not the scenario of `{}`: a run goes on with what it began with; leave the \
                 scenario out to take the one that lies there",
                self.path.display()
            )));
        }
        let file = self.path.join("scenario.yaml");
        let text =
            store::read_text(&file).map_err(|error| CommandError::new(ExitCode::Usage, error))?;
        let text = text.ok_or_else(|| {
            CommandError::usage(format!("`{}` is missing; name the scenario file", file.display()))
        })?;
        if scenario_hash(&text) != *expected {
            return Err(CommandError::usage(format!(
                "`{}` was changed since the run began: a run goes on with what it began with",
                file.display()
            )));
        }
        if text.contains(HIDDEN) {
            return Err(CommandError::usage(format!(
                "`{}` holds `{HIDDEN}` in place of a secret; name the scenario file as well: \
                 `pacemark run SCENARIO --resume {}`",
                file.display(),
                self.path.display()
            )));
        }
        let name = file.display().to_string();
        let folder = scenario::working_folder().join(&self.path);
        scenario::parse(&text, &Origin { name, folder }, &Overrides::default())
    }

    /// Where its moments go on.
    ///
    /// # Errors
    ///
    /// That the result does not say when it began, for exit code 2.
    pub(super) fn going_on(&self, drain: Duration) -> Result<GoingOn, CommandError> {
        let text = &self.stored.started_at;
        let started_at = WallTime::parse(text)
            .ok_or_else(|| CommandError::usage(format!("`{text}` is no time a run began at")))?;
        let passed = WallTime::now().unix_millis().saturating_sub(started_at.unix_millis());
        let passed = Duration::from_millis(u64::try_from(passed).unwrap_or(0));
        let closed = self.kept.cells.iter().filter_map(|cell| cell.window.closed_ns).max();
        // Should the time of day have been set back.
        let last = Moment::from_nanos(closed.unwrap_or(0)) + drain + GAP;
        Ok(GoingOn { started_at, now: last.max(Moment::ZERO + passed) })
    }

    /// Its folder, cut back to what is kept.
    ///
    /// # Errors
    ///
    /// That another process still writes to it, for exit code 2, or that it cannot be written.
    pub(super) fn folder(&self) -> Result<RunFolder, CommandError> {
        let sorted = |error: StoreError| {
            let code = match &error {
                StoreError::GoesOn { .. } => ExitCode::Usage,
                _ => ExitCode::Internal,
            };
            CommandError::new(code, error)
        };
        let folder = RunFolder::reopen(&self.path, &self.stored, &self.kept).map_err(sorted)?;
        // The result tells of no more than the files hold.
        let kept = RunResult { records: Some(folder.records()), ..self.kept.clone() };
        folder.save(&kept).map_err(sorted)?;
        Ok(folder)
    }

    /// The result to go on with.
    pub(super) fn begun(&self) -> RunResult {
        let mut begun = self.kept.clone();
        let entry = ResumedEntry {
            at: WallTime::now().to_string(),
            cells_kept: to_u32(count(begun.cells.len())),
            pacemark_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let kept = match entry.cells_kept {
            1 => "1 cell".to_owned(),
            cells => format!("{cells} cells"),
        };
        let text = format!("broken off, and resumed at {} with {kept} kept", entry.at);
        begun.notes.push(Note { backend: None, text });
        let before = &self.stored.provenance.pacemark_version;
        if *before != entry.pacemark_version {
            let text = format!("begun by pacemark {before}, resumed by {}", entry.pacemark_version);
            begun.notes.push(Note { backend: None, text });
        }
        begun.resumed.push(entry);
        begun
    }

    /// Says in `result` what is not as it was before, and nothing twice.
    pub(super) fn conclude(&self, result: &mut RunResult) {
        for (before, now) in self.stored.backends.iter().zip(&result.backends) {
            if before.server_version != now.server_version
                && let (Some(then), Some(now_is)) = (&before.server_version, &now.server_version)
            {
                let text = format!(
                    "was version {then} before the run was broken off, and is {now_is} now"
                );
                result.notes.push(Note { backend: Some(now.name.clone()), text });
            }
        }
        let mut told: Vec<Note> = Vec::new();
        result.notes.retain(|note| {
            let is_new = !told.contains(note);
            told.push(note.clone());
            is_new
        });
    }
}

/// What of a result is kept: cells that were measured to their end, and what rests on them.
fn kept(stored: &RunResult) -> RunResult {
    let mut kept = stored.clone();
    let is_whole = |cell: &CellResult| cell.ended_early.as_deref() != Some("interrupted");
    kept.cells.retain(is_whole);
    let ids: Vec<_> = kept.cells.iter().map(|cell| cell.labels.id).collect();
    for search in &mut kept.searches {
        search.probes.retain(|probe| ids.contains(&probe.cell));
    }
    kept.finished_at = None;
    kept.partial = true;
    kept
}
