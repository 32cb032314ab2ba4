//! A run from its plan to its result.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use super::cold_start::{Models, told};
use super::coordinator::{CellEnd, CellRun, Crew};
use super::error::RunError;
use super::event::Observer;
use super::gateway_pairs::{Pairs, Way};
use super::interrupt::Interrupt;
use super::labels::cell_labels;
use super::lengths::Lengths;
use super::limits::make_room_for;
use super::preflight::{Checked, Preflight};
use super::probe_watch::Watched;
use super::probing::Chooser;
use super::prompts::{open_prompts, tell_prompts};
use super::run_facts::{answer_lengths, load_points, unverified};
use super::server_watch::ServerWatch;
use super::taking_up::OVERLOADED;
use super::targets::{OpenTarget, open_targets};
use super::worker::Worker;
use crate::audit::{
    CellEnd as AuditEnd, CellFacts, Finding, RunFacts, SentFacts, audit_cell, audit_run,
};
use crate::clock::{Clock, WallTime};
use crate::dataset::OpenPrompts;
use crate::openai::Endpoint;
use crate::plan::{Cell, RunPlan};
use crate::probe::Scraper;
use crate::result::{
    CellResult, ClientEntry, FindingEntry, GatewayCostEntry, ModelStartEntry, Note, RunResult,
};
use crate::scenario::{HttpVersion, LoadProfile, Member, Redactor};
use crate::units::{Moment, count, index};
use crate::workload::CellRequests;

/// Most workers of a run; beyond, they would compete for the same connections' events.
const WORKER_LIMIT: usize = 8;
/// Reports that may wait for the coordinator, per worker.
const REPORTS_PER_WORKER: usize = 8;
/// How often a pause looks whether the run is to stop.
const PAUSE_SLICE: Duration = Duration::from_millis(50);

/// Why a cell ended before it was done.
const GIVEN_UP: &str = "given up: too many failures";
/// Why a cell ended before it was done.
const INTERRUPTED: &str = "interrupted";

/// Where a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoingOn {
    /// When it was started, from which all its moments count.
    pub started_at: WallTime,
    /// The moment it is now, after all that were stored.
    pub now: Moment,
}

/// How a run is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// Where a run goes on that was broken off; `None` for a new one.
    pub going_on: Option<GoingOn>,
    /// Whether backends are tried before any load is sent.
    pub preflight: bool,
    /// Whether unusable backends are left out instead of stopping the run.
    pub skip_unusable: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { going_on: None, preflight: true, skip_unusable: false }
    }
}

/// A run that is about to be made.
#[derive(Debug)]
pub struct Run<'a> {
    pub(super) plan: Arc<RunPlan>,
    pub(super) options: RunOptions,
    pub(super) interrupt: &'a Interrupt,
    pub(super) clock: Clock,
    pub(super) started_at: WallTime,
    pub(super) redactor: Arc<Redactor>,
    pub(super) prompts: Vec<OpenPrompts>,
    pub(super) targets: BTreeMap<usize, OpenTarget>,
    pub(super) checked: BTreeMap<usize, Checked>,
    /// Searches and sweeps that go on or have not begun.
    pub(super) choosing: usize,
    /// Cells that were measured before the run was broken off.
    pub(super) kept: BTreeSet<u32>,
    /// Cells of sweeps in which more came in than went out.
    pub(super) overloaded: Vec<Cell>,
    /// Cells that were left out because of that.
    pub(super) left_out: u64,
}

impl<'a> Run<'a> {
    /// Reads the prompts and makes the backends ready; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`RunError`] if prompts, keys or TLS settings are wrong.
    pub fn prepare(
        plan: &Arc<RunPlan>,
        options: RunOptions,
        interrupt: &'a Interrupt,
    ) -> Result<Self, RunError> {
        let scenario = plan.scenario();
        let (clock, started_at) = match options.going_on {
            Some(GoingOn { started_at, now }) => (Clock::start_at(now), started_at),
            None => (Clock::start(), WallTime::now()),
        };
        let prompts = open_prompts(scenario)?;
        let wanted: BTreeSet<_> =
            scenario.cell_workloads().flat_map(|(_, it)| it.backends().to_vec()).collect();
        let wanted: Vec<_> = wanted.into_iter().collect();
        let redactor = Arc::new(scenario.redactor());
        let targets = open_targets(scenario, &wanted, &clock, &redactor)?
            .into_iter()
            .map(|target| (target.backend, target))
            .collect();
        let checked = BTreeMap::new();
        let run = Self {
            plan: Arc::clone(plan),
            options,
            interrupt,
            clock,
            started_at,
            redactor,
            prompts,
            targets,
            checked,
            choosing: 0,
            kept: BTreeSet::new(),
            overloaded: Vec::new(),
            left_out: 0,
        };
        run.make_room()?;
        Ok(run)
    }

    /// The date and time from which all moments of the run count.
    pub const fn started_at(&self) -> WallTime {
        self.started_at
    }

    /// Makes sure that the connections of the widest cell can be open.
    fn make_room(&self) -> Result<(), RunError> {
        let open = self.profiles().into_iter().filter_map(|(backend, profile)| {
            let each = self.targets.get(&backend)?.descriptors_per_connection();
            let most = match (self.plan.scenario().backends[backend].http, profile) {
                // All requests of a worker share one connection.
                (HttpVersion::Two, _) => count(WORKER_LIMIT),
                (HttpVersion::One, profile) => profile.most_in_flight()?.into(),
            };
            Some((most, each))
        });
        match open.max_by_key(|(most, each)| most * each) {
            Some((most, each)) => make_room_for(most, each),
            None => Ok(()),
        }
    }

    /// How requests start in every cell, and at most where loads are chosen, with the backend.
    fn profiles(&self) -> Vec<(usize, LoadProfile)> {
        let cells = self.plan.cells().iter();
        let planned = cells.map(|cell| (cell.backend, self.plan.stage(cell).profile.clone()));
        let chosen = self.choosers().into_iter().map(Chooser::largest);
        planned.chain(chosen).collect()
    }

    /// Runs the plan. `result` is the result without cells, or with those that were measured before
    /// the run was broken off; it grows, is told to the observer after every cell, and is what comes
    /// back, partial if the run was stopped.
    ///
    /// # Errors
    ///
    /// [`RunError`] if a backend cannot be used, or something of our own breaks.
    pub fn execute(
        mut self,
        mut result: RunResult,
        observer: &mut dyn Observer,
    ) -> Result<RunResult, RunError> {
        self.take_up(&mut result, observer);
        for note in tell_prompts(&mut result, &self.prompts) {
            observer.note(&note.text);
        }
        if self.options.preflight {
            self.preflight(&mut result, observer)?;
            self.check_lengths(&mut result, observer)?;
        }
        let cells = self.cells();
        self.choosing = self.waiting(&result).len();
        if cells.is_empty() && self.choosing == 0 {
            return Err(RunError::NothingLeft);
        }
        let crew = self.hire()?;
        for cell in &cells {
            if self.kept.contains(&cell.id) {
                continue;
            }
            if self.is_beyond(cell) {
                self.left_out += 1;
                continue;
            }
            let watched = self.watched(cell);
            let measured = self.measure(&crew, (cell, watched), &mut result, observer)?;
            let Some(end) = measured else { break };
            if let AuditEnd::Overloaded { .. } = end.how {
                self.overloaded.push(*cell);
                observer.note("over-saturated: higher loads of this sweep are not sent");
            }
            observer.cell_finished(cell, &result).map_err(RunError::Store)?;
        }
        self.choose_loads(&crew, &mut result, observer)?;
        result.partial = self.is_partial(&result);
        self.gateway_costs(&mut result, observer)?;
        Ok(result)
    }

    /// Runs one cell with all that belongs to it, and puts it into the result; `None` where the run
    /// was stopped before it began.
    pub(super) fn measure(
        &self,
        crew: &Crew,
        (cell, watched): (&Cell, Option<Watched>),
        result: &mut RunResult,
        observer: &mut dyn Observer,
    ) -> Result<Option<CellEnd>, RunError> {
        if !result.cells.is_empty() {
            self.pause(self.plan.scenario().load.cooldown);
        }
        if self.interrupt.is_asked() {
            return Ok(None);
        }
        self.hook(cell, self.plan.scenario().load.hooks.before_cell.as_deref())?;
        let starts = self.settle_models(result, cell, observer)?;
        if self.interrupt.is_asked() {
            return Ok(None);
        }
        let end = self.run_cell(crew, (cell, watched), observer)?;
        self.take_in(result, cell, (&end, starts))?;
        for note in tell_prompts(result, &self.prompts) {
            observer.note(&note.text);
        }
        Ok(Some(end))
    }

    /// Whether something of the plan is missing.
    fn is_partial(&self, result: &RunResult) -> bool {
        let there = count(result.cells.len()) + self.left_out;
        self.interrupt.is_asked() || self.choosing > 0 || there < count(self.cells().len())
    }

    /// Sends the pairs that show what a gateway costs, where the scenario asks for it.
    fn gateway_costs(
        &self,
        result: &mut RunResult,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let scenario = self.plan.scenario();
        let Some(asked) = scenario.compare else { return Ok(()) };
        let ways = [asked.gateway, asked.direct];
        let [Some(gateway), Some(direct)] = ways.map(|backend| self.targets.get(&backend)) else {
            return Ok(());
        };
        let names = ways.map(|backend| scenario.backends[backend].name.as_str());
        for (number, workload) in scenario.paired_workloads(&asked) {
            if result.gateway_costs.iter().any(|cost| cost.workload == workload.name) {
                continue;
            }
            if self.interrupt.is_asked() {
                result.partial = true;
                break;
            }
            let way = |target: &OpenTarget| Way {
                parts: target.parts.clone(),
                requests: Arc::new(self.unasked(target.backend, number)),
            };
            observer.note(&format!(
                "{}: {} pairs through {} and to {}",
                workload.name, asked.pairs, names[0], names[1]
            ));
            let pairs = Pairs {
                gateway: way(gateway),
                direct: way(direct),
                workload: &workload.name,
                most: asked.pairs.into(),
                concurrency: asked.concurrency,
                clock: &self.clock,
                interrupt: self.interrupt,
            };
            let pairs = pairs.send()?;
            observer.gateway_pairs(&workload.name, &pairs).map_err(RunError::Store)?;
            let names = [names[0], names[1], &workload.name];
            result.gateway_costs.push(GatewayCostEntry::new(names, asked.concurrency, &pairs));
        }
        Ok(())
    }

    /// Requests of a workload that no cell sends.
    fn unasked(&self, backend: usize, workload: usize) -> CellRequests {
        let scenario = self.plan.scenario();
        let member =
            Member { index: workload, workload: &scenario.workloads[workload], share: 1.0 };
        let start = self.plan.prompts_after_all();
        let rows = Arc::clone(&self.prompts[workload].rows);
        let (place, backend_of) = ((start, workload), &scenario.backends[backend]);
        let include_usage = self.include_usage(backend);
        CellRequests::new(&[(member, rows)], backend_of, place, include_usage)
    }

    /// For which endpoints a backend's streams are asked for token counts.
    pub(super) fn include_usage(&self, backend: usize) -> impl Fn(Endpoint) -> bool {
        let preset = self.plan.scenario().backends[backend].kind.preset().include_usage;
        move |endpoint| match self.checked.get(&backend) {
            Some(checked) => checked.takes_usage(endpoint),
            None => preset,
        }
    }

    fn preflight(
        &mut self,
        result: &mut RunResult,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let preflight = Preflight {
            plan: &self.plan,
            clock: &self.clock,
            redactor: &self.redactor,
            prompts: &self.prompts,
        };
        let outcome = preflight.check(&self.targets, self.interrupt)?;
        for (backend, checked) in &outcome.checked {
            let entry = &mut result.backends[*backend];
            let name = entry.name.clone();
            checked.describe(entry);
            for text in &checked.notes {
                observer.note(&format!("{name}: {text}"));
                result.notes.push(Note { backend: Some(name.clone()), text: text.clone() });
            }
        }
        self.checked = outcome.checked;
        if let Some(unusable) = outcome.unusable {
            if !self.options.skip_unusable {
                return Err(unusable.into());
            }
            for problem in &unusable.problems {
                let name = &self.plan.scenario().backends[problem.backend].name;
                self.targets.remove(&problem.backend);
                let text = format!("left out: {}", problem.text);
                observer.note(&format!("{name}: {text}"));
                result.notes.push(Note { backend: Some(name.clone()), text });
            }
        }
        Ok(())
    }

    /// Checks the lengths of synthetic prompts, and corrects them where they are estimated.
    fn check_lengths(
        &mut self,
        result: &mut RunResult,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let sent = self.plan.scenario().cell_workloads().filter(|(_, workload)| {
            workload.backends().iter().any(|backend| self.targets.contains_key(backend))
        });
        let used = sent.flat_map(|(number, _)| self.plan.scenario().members(number));
        let used: BTreeSet<_> = used.map(|member| member.index).collect();
        let mut notes = Vec::new();
        for workload in used {
            let lengths = Lengths { plan: &self.plan, clock: &self.clock, targets: &self.targets };
            let prompts = &mut self.prompts[workload].rows;
            if let Some(entry) = lengths.check(workload, prompts, self.interrupt, &mut notes)? {
                result.workloads[workload].input_lengths = Some(entry);
            }
        }
        for (name, text) in notes {
            observer.note(&format!("{name}: {text}"));
            result.notes.push(Note { backend: Some(name), text });
        }
        Ok(())
    }

    /// Starts the workers: one for each core but one, which is left to the kernel, the pacer and
    /// the thread that merges; and no more than requests can be in flight.
    fn hire(&self) -> Result<Crew, RunError> {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let most = self
            .profiles()
            .iter()
            .map(|(_, profile)| profile.most_in_flight().map_or(u64::MAX, u64::from))
            .max()
            .unwrap_or(1);
        let workers = cores.saturating_sub(1).min(WORKER_LIMIT).min(index(most)).max(1);
        let (sender, reports) = sync_channel(workers * REPORTS_PER_WORKER);
        let workers = (0..workers)
            .map(|number| Worker::start(number, self.clock.clone(), sender.clone()))
            .collect::<Result<_, _>>()
            .map_err(RunError::Start)?;
        Ok(Crew { workers, reports, clock: self.clock.clone() })
    }

    /// Loads or unloads the models of a cell, where its backend asks for it.
    fn settle_models(
        &self,
        result: &mut RunResult,
        cell: &Cell,
        observer: &mut dyn Observer,
    ) -> Result<Vec<ModelStartEntry>, RunError> {
        let models = Models {
            plan: &self.plan,
            target: &self.targets[&cell.backend],
            clock: &self.clock,
            interrupt: self.interrupt,
        };
        let starts = models.settle(cell)?;
        let name = &self.plan.backend(cell).name;
        for text in starts.iter().filter_map(told) {
            let text = self.redactor.redact(&text).into_owned();
            observer.note(&format!("{name}: {text}"));
            result.notes.push(Note { backend: Some(name.clone()), text });
        }
        Ok(starts)
    }

    fn run_cell(
        &self,
        crew: &Crew,
        (cell, watched): (&Cell, Option<Watched>),
        observer: &mut dyn Observer,
    ) -> Result<CellEnd, RunError> {
        let scenario = self.plan.scenario();
        observer.cell_started(cell).map_err(RunError::Store)?;
        let job = self.job(cell)?;
        let run = CellRun::new(crew, cell, &job, self.interrupt, observer)
            .watching(self.watch(cell)?)
            .probing(watched);
        let end = run.run(&job, scenario.seed, scenario.load.drain);
        let after = self.hook(cell, scenario.load.hooks.after_cell.as_deref());
        let end = end?;
        if let Err(error) = after {
            observer.note(&error.to_string());
        }
        Ok(end)
    }

    /// Begins to read the metrics of the cell's server, where the scenario asks for it.
    fn watch(&self, cell: &Cell) -> Result<Option<ServerWatch>, RunError> {
        let backend = self.plan.backend(cell);
        let scraper = Scraper::new(backend, &self.targets[&cell.backend].base)
            .map_err(|source| RunError::Probe { backend: backend.name.clone(), source })?;
        scraper.map(|scraper| ServerWatch::start(scraper, self.clock.clone())).transpose()
    }

    /// Puts a finished cell into the result, with what the audit has to say.
    fn take_in(
        &self,
        result: &mut RunResult,
        cell: &Cell,
        (end, starts): (&CellEnd, Vec<ModelStartEntry>),
    ) -> Result<(), RunError> {
        let mut finished = CellResult::new(cell_labels(&self.plan, cell), &end.summary)?;
        let members = self.plan.members(cell);
        let sent = members.iter().map(|member| SentFacts {
            workload: member.workload,
            prompts: self.prompts[member.index].rows.distinct(),
        });
        let facts = CellFacts {
            sent: &sent.collect::<Vec<_>>(),
            stage: self.plan.stage(cell),
            connections: self.plan.backend(cell).connections,
            end: end.how,
            health: &end.health,
            in_flight: &end.in_flight,
            minutes: end.minutes.medians(),
            is_cold: starts.iter().any(|start| start.action == "unloaded" && start.error.is_none()),
        };
        finished.ended_early = match end.how {
            AuditEnd::AsPlanned => None,
            AuditEnd::Overloaded { .. } => Some(OVERLOADED.to_owned()),
            AuditEnd::GivenUp => Some(GIVEN_UP.to_owned()),
            AuditEnd::Interrupted => Some(INTERRUPTED.to_owned()),
        };
        finished.client = Some(ClientEntry::new(&end.health, &end.summary));
        let is_probe = self.plan.is_added(cell);
        let counts = |finding: &&Finding| !is_probe || finding.counts_in_probes();
        let found = audit_cell(&end.summary, &facts);
        finished.findings = found.iter().filter(counts).map(FindingEntry::from).collect();
        finished.model_starts = starts;
        finished.measured.add_server(&end.server, &end.summary.window);
        result.cells.push(finished);
        let cut = [GIVEN_UP, INTERRUPTED].map(Some);
        let is_whole = |cell: &&CellResult| !cut.contains(&cell.ended_early.as_deref());
        let facts = RunFacts {
            cells_planned: count(self.plan.cells().len()) - self.left_out,
            cells_measured: count(result.cells.iter().filter(is_whole).count()),
            backends: count(self.plan.scenario().backends.len()),
            rounds: self.plan.scenario().load.rounds,
            channel_full: result
                .cells
                .iter()
                .filter_map(|cell| cell.client.as_ref())
                .map(|client| client.handovers_refused)
                .sum(),
            unverified: unverified(self.plan.scenario()),
            lengths: answer_lengths(&result.cells),
            points: load_points(&self.plan, &result.cells),
        };
        result.findings = audit_run(&facts).iter().map(FindingEntry::from).collect();
        result.partial = self.is_partial(result);
        Ok(())
    }

    /// The cells of the plan whose backends are used.
    fn cells(&self) -> Vec<Cell> {
        let is_used = |cell: &&Cell| self.targets.contains_key(&cell.backend);
        self.plan.cells().iter().filter(is_used).copied().collect()
    }

    /// Runs a command around a cell, with the backend's name in its environment.
    fn hook(&self, cell: &Cell, command: Option<&str>) -> Result<(), RunError> {
        let Some(command) = command else { return Ok(()) };
        let backend = &self.plan.backend(cell).name;
        let failed = |reason: String| RunError::Hook {
            command: command.to_owned(),
            backend: backend.clone(),
            reason,
        };
        let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let status = Command::new(shell)
            .args([flag, command])
            .env("PACEMARK_BACKEND", backend)
            .env("PACEMARK_WORKLOAD", self.plan.workload(cell).name())
            .stdout(std::process::Stdio::null())
            .status()
            .map_err(|error| failed(error.to_string()))?;
        if status.success() { Ok(()) } else { Err(failed(status.to_string())) }
    }

    fn pause(&self, span: Duration) {
        let until = self.clock.now() + span;
        while self.clock.now() < until && !self.interrupt.is_asked() {
            thread::sleep(until.since(self.clock.now()).min(PAUSE_SLICE));
        }
    }
}
