//! `pacemark run --resume`: a run that was broken off goes on with the cells that are missing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::arguments::{RunArguments, SourceArguments};
use super::exit::{CommandError, ExitCode};
use super::scenario;
use crate::clock::WallTime;
use crate::metric::DEFINITIONS_VERSION;
use crate::plan::RunPlan;
use crate::result::{CellResult, Host, Note, ResumedEntry, RunIdentity, RunResult, scenario_hash};
use crate::run::GoingOn;
use crate::scenario::{Origin, Overrides, PromptSource, Scenario};
use crate::store::{self, HeldFolder, RunFolder, StoreError, host_facts};
use crate::units::{Moment, count, to_u32};

/// What lies between the last stored moment and the first new one, at least.
const GAP: Duration = Duration::from_secs(1);
/// What a fingerprint says of what nothing tells.
const UNKNOWN: &str = "unknown";

/// A run that was broken off.
pub(super) struct BrokenOff {
    path: PathBuf,
    /// The folder, until it is opened again.
    held: Option<HeldFolder>,
    /// The result as it was stored.
    pub(super) stored: RunResult,
    /// What of it is kept.
    kept: RunResult,
    /// The machine that goes on.
    host: Host,
}

impl BrokenOff {
    /// The run at `path`, or of that name below `results`.
    ///
    /// # Errors
    ///
    /// That there is none, it still goes on, or it cannot go on, for exit code 2.
    pub(super) fn open(path: &Path, results: &Path) -> Result<Self, CommandError> {
        let below = results.join(path);
        let path = if path.is_dir() || !below.is_dir() { path.to_owned() } else { below };
        if !path.is_dir() {
            return Err(CommandError::usage(format!(
                "--resume takes the folder of a run; `{}` is none",
                path.display()
            )));
        }
        let unusable = |error: StoreError| CommandError::new(ExitCode::Usage, error);
        let looked_at = store::load(&path).map_err(unusable)?;
        let refused = |why: &str| CommandError::usage(format!("`{}` {why}", path.display()));
        if !looked_at.merged_from.is_empty() {
            return Err(refused("is the sum of several runs: resume those"));
        }
        let held = HeldFolder::take(&path).map_err(unusable)?;
        // Whoever wrote there may have come to an end meanwhile.
        let stored = store::load(&path).map_err(unusable)?;
        if stored.provenance.definitions_version != DEFINITIONS_VERSION {
            return Err(refused(
                "was measured by a pacemark that defines its metrics in another way: go on with that one",
            ));
        }
        let kept = kept(&stored);
        Ok(Self { path, held: Some(held), stored, kept, host: host_facts() })
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
        let source = &arguments.source;
        let scenario =
            if scenario::is_named(source) { self.named(source)? } else { self.alone(source)? };
        match self.otherwise(&scenario) {
            None => Ok(scenario),
            Some(what) => Err(CommandError::usage(format!(
                "the environment makes another scenario of this than that of `{}`: {what}",
                self.path.display()
            ))),
        }
    }

    /// The scenario that the arguments name, with all changes that they ask for.
    fn named(&self, source: &SourceArguments) -> Result<Arc<Scenario>, CommandError> {
        let named = scenario::load(source)?;
        if scenario_hash(&named.stored_text) == self.stored.provenance.scenario_sha256 {
            return Ok(named);
        }
        Err(CommandError::usage(format!(
            "this is not the scenario of `{}`: a run goes on with what it began with; leave the \
             scenario and its flags out to take what lies there, or give all of them as at first",
            self.path.display()
        )))
    }

    /// The scenario that lies in the folder.
    fn alone(&self, source: &SourceArguments) -> Result<Arc<Scenario>, CommandError> {
        if scenario::is_changed(source) {
            return Err(CommandError::usage(
                "--resume goes on with the scenario as it was: leave out what changes it",
            ));
        }
        let file = self.path.join("scenario.yaml");
        let name = file.display().to_string();
        let text =
            store::read_text(&file).map_err(|error| CommandError::new(ExitCode::Usage, error))?;
        let text = text.ok_or_else(|| {
            CommandError::usage(format!("`{name}` is missing; name the scenario file"))
        })?;
        if scenario_hash(&text) != self.stored.provenance.scenario_sha256 {
            return Err(CommandError::usage(format!(
                "`{name}` was changed since the run began: a run goes on with what it began with"
            )));
        }
        let folder = scenario::working_folder().join(&self.path);
        let alone = scenario::parse(&text, &Origin { name, folder }, &Overrides::default());
        alone.map_err(|_| {
            CommandError::usage(format!(
                "what is stored of the scenario cannot be run alone; give it as at first, with all \
                 its flags: `pacemark run SCENARIO --resume {}`",
                self.path.display()
            ))
        })
    }

    /// In what `scenario` is another than at first although its text is the same: what the
    /// environment gives may have changed. `None`: in nothing.
    fn otherwise(&self, scenario: &Scenario) -> Option<String> {
        let now = RunResult::new(RunIdentity::default(), scenario);
        for (before, now) in self.stored.backends.iter().zip(&now.backends) {
            if before.url != now.url {
                let [before_at, now_at] =
                    [&before.url, &now.url].map(|url| url.as_deref().unwrap_or("nowhere"));
                let name = &now.name;
                return Some(format!("`{name}` was at {before_at}, and would be at {now_at}"));
            }
        }
        for (before, now) in self.stored.workloads.iter().zip(&now.workloads) {
            if before.model != now.model {
                let (name, before, now) = (&now.name, &before.model, &now.model);
                return Some(format!(
                    "`{name}` asked for the model `{before}`, and would ask for `{now}`"
                ));
            }
        }
        let is_same = self.stored.stages.starts_with(&now.stages)
            && self.stored.load == now.load
            && self.stored.slo == now.slo;
        (!is_same).then(|| "its load or its limits".to_owned())
    }

    /// Where its moments go on.
    ///
    /// # Errors
    ///
    /// That the result does not say when it began, for exit code 2.
    pub(super) fn going_on(&self, drain: Duration) -> Result<GoingOn, CommandError> {
        let started_at = self.started_at().ok_or_else(|| {
            let text = &self.stored.started_at;
            CommandError::usage(format!("`{text}` is no time a run began at"))
        })?;
        let passed = WallTime::now().unix_millis().saturating_sub(started_at.unix_millis());
        let passed = Duration::from_millis(u64::try_from(passed).unwrap_or(0));
        let closed = self.kept.cells.iter().filter_map(|cell| cell.window.closed_ns).max();
        // Should the time of day have been set back.
        let last = Moment::from_nanos(closed.unwrap_or(0)) + drain + GAP;
        Ok(GoingOn { started_at, now: last.max(Moment::ZERO + passed) })
    }

    fn started_at(&self) -> Option<WallTime> {
        WallTime::parse(&self.stored.started_at)
    }

    /// Its folder, with `begun` as its result and cut back to what is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be written.
    pub(super) fn reopen(&mut self, begun: &RunResult) -> Result<RunFolder, StoreError> {
        let held = self.held.take().map_or_else(|| HeldFolder::take(&self.path), Ok)?;
        held.reopen(&self.stored, begun)
    }

    /// The result to go on with.
    pub(super) fn begun(&self, plan: &RunPlan) -> RunResult {
        let mut begun = self.kept.clone();
        let entry = ResumedEntry {
            at: WallTime::now().to_string(),
            pacemark_version: env!("CARGO_PKG_VERSION").to_owned(),
            cells_kept: to_u32(count(begun.cells.len())),
            requests_dropped: 0,
        };
        let (kept, planned) = (entry.cells_kept, plan.cells().len());
        let kept = match (plan.scenario().load.probings.is_empty(), kept) {
            (true, _) => format!("{kept} of {planned} cells"),
            // How many there will be is not known yet.
            (false, 1) => "1 cell".to_owned(),
            (false, _) => format!("{kept} cells"),
        };
        let text = format!("broken off, and resumed at {} with {kept} kept", entry.at);
        begun.notes.push(Note { backend: None, text });
        for path in plan.scenario().workloads.iter().filter_map(|work| prompts_file(&work.prompts))
        {
            if self.started_at().is_some_and(|at| store::is_newer(path, at)) {
                let text = format!(
                    "`{}` was written after the run began: the cells that were kept may have sent \
                     other prompts",
                    path.display()
                );
                begun.notes.push(Note { backend: None, text });
            }
        }
        begun.resumed.push(entry);
        begun
    }

    /// Says in `result` how many requests were dropped and what is not as it was before; nothing
    /// twice. What was said of the cells that are kept stays.
    pub(super) fn complete(&self, result: &mut RunResult, requests_dropped: u64) {
        if let Some(entry) = result.resumed.last_mut() {
            entry.requests_dropped = requests_dropped;
        }
        for cell in &mut result.cells {
            let before = self.kept.cells.iter().find(|kept| kept.labels.id == cell.labels.id);
            if let Some(before) = before {
                cell.error_bound.clone_from(&before.error_bound);
            }
        }
        let mut now = result.without_histograms();
        now.provenance.host.clone_from(&self.host);
        env!("CARGO_PKG_VERSION").clone_into(&mut now.provenance.pacemark_version);
        for it in self.stored.fingerprint().differences(&now.fingerprint()) {
            if it.left != UNKNOWN && it.right != UNKNOWN {
                let text = format!(
                    "{} was {} before the run was broken off, and is {} since it was resumed",
                    it.label, it.left, it.right
                );
                result.notes.push(Note { backend: None, text });
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

/// The file of the prompts, if they are in one.
fn prompts_file(prompts: &PromptSource) -> Option<&Path> {
    match prompts {
        PromptSource::File(file) => Some(&file.path),
        PromptSource::Trace(file) => Some(&file.path),
        PromptSource::Inline(_) | PromptSource::Synthetic(_) => None,
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
