//! `pacemark run`

use std::io;
use std::sync::Arc;

use tokio::runtime;

use super::against::{self, compared};
use super::arguments::{OutputFormat, Records, RunArguments};
use super::calibrate::{state_bounds, stored};
use super::display::{Display, Manner};
use super::exit::{CommandError, ExitCode};
use super::following::{Shared, look};
use super::output::{print, say};
use super::report::rows_for;
use super::reports::{format, internal, report_options, write_reports};
use super::resume::BrokenOff;
use super::{baseline, command_line, github, interrupt, scenario, told};
use crate::audit::Severity;
use crate::calibrate::Calibration;
use crate::clock::WallTime;
use crate::compare::Comparison;
use crate::gate::test_gates;
use crate::measure::{Interval, RequestPair, RequestRow, ServerSample};
use crate::plan::{Cell, RunPlan};
use crate::probe::Probe;
use crate::report::{ReportOptions, RunRows, verdict_lines};
use crate::result::{RunIdentity, RunResult};
use crate::run::{Interrupt, Observer, Progress, Run, RunError, RunOptions, cell_labels};
use crate::scenario::{Scenario, Target};
use crate::store::{RecordsPolicy, RunFolder, StoreError, folder_name, host_facts};
use crate::units::{count, to_u32};

/// What the first Ctrl-C is answered with.
const STOPPING: &str = "stopping: what was measured is being saved; once more to leave at once";

/// Runs a scenario and shows its result.
pub(super) fn run(arguments: &RunArguments, quiet: bool) -> Result<ExitCode, CommandError> {
    let (broken_off, scenario) = match start(arguments)? {
        Start::Run(broken_off, scenario) => (broken_off, scenario),
        Start::Over(code) => return Ok(code),
    };
    let plan = Arc::new(RunPlan::new(Arc::clone(&scenario)));
    plan.thin_gates().iter().for_each(|gate| say(&format!("warning: {gate}")));
    let interrupt = Interrupt::default();
    let manner = Manner::new(quiet, arguments.live, scenario.live);
    let shared = Shared::default();
    interrupt::listen(interrupt.clone(), stopping(manner, &shared))?;
    let told = arguments.metrics_listen.map(|addr| told::tell(&shared, addr, quiet)).transpose()?;
    let going_on = broken_off.as_ref().map(|run| run.going_on(scenario.load.drain)).transpose()?;
    let options = RunOptions {
        going_on,
        preflight: !arguments.no_preflight,
        skip_unusable: arguments.skip_unusable,
    };
    let run = Run::prepare(&plan, options, &interrupt).map_err(sorted)?;

    let started = run.started_at();
    let host = host_facts();
    let policy = policy(arguments.records);
    let name = match &broken_off {
        Some(run) => run.stored.id.clone(),
        None => folder_name(started, &scenario.name),
    };
    let identity = RunIdentity {
        id: name.clone(),
        started_at: started.with_millis(),
        commit: option_env!("PACEMARK_COMMIT").map(str::to_owned),
        command_line: command_line::without_secrets(std::env::args()),
        host: host.clone(),
    };
    let begun = match &broken_off {
        Some(run) => run.begun(&plan),
        None => RunResult::new(identity, &scenario),
    };
    let mut recording = Recording {
        output_dir: &arguments.output_dir,
        scenario_text: &scenario.stored_text,
        policy,
        started,
        plan: Arc::clone(&plan),
        begun: Some(begun.clone()),
        broken_off,
        folder: None,
        calibration: stored(&host),
        display: Display::new(&plan, &name, (manner, told.is_some()), (&shared, &interrupt)),
        folder_name: name,
    };
    let ended = run.execute(begun, &mut recording);
    recording.display.finish();
    drop(told);
    let mut result = ended.map_err(sorted)?;
    result.finished_at = Some(WallTime::now().to_string());
    let comparison = if let Some(folder) = recording.close(&mut result)? {
        conclude(&folder, &result, arguments)?
    } else {
        say("stopped before any load was sent; there is nothing to show");
        None
    };
    let interrupted = if interrupt.is_asked() { ExitCode::Interrupted } else { ExitCode::Done };
    let against = match (&arguments.against.baseline, &comparison) {
        (_, Some(comparison)) => against::code(std::slice::from_ref(comparison)),
        (Some(_), None) => against::without_base(arguments.fail_on.into()),
        (None, None) => ExitCode::Done,
    };
    Ok(interrupted.or(verdict(&result)?).or(against))
}

/// What there is to be done.
enum Start {
    /// Nothing more.
    Over(ExitCode),
    /// A run of a scenario, which may have been broken off.
    Run(Option<Box<BrokenOff>>, Arc<Scenario>),
}

fn start(arguments: &RunArguments) -> Result<Start, CommandError> {
    let path = arguments.resume.as_deref();
    let broken_off = path.map(|path| BrokenOff::open(path, &arguments.output_dir)).transpose()?;
    if let Some(run) = broken_off.as_ref().filter(|run| run.is_complete()) {
        say("nothing is missing: the run was measured to its end");
        show(&run.stored, arguments, None, None)?;
        return verdict(&run.stored).map(Start::Over);
    }
    let scenario = match &broken_off {
        Some(run) => run.scenario(arguments)?,
        None => scenario::load(&arguments.source)?,
    };
    if arguments.print_scenario {
        print(&scenario.stored_text)?;
        return Ok(Start::Over(ExitCode::Done));
    }
    arguments.against.baseline.as_deref().map(baseline::checked).transpose()?;
    Ok(Start::Run(broken_off.map(Box::new), logged_in(scenario)?))
}

/// Compares, stores and shows the result of a run that is over.
fn conclude(
    folder: &RunFolder,
    result: &RunResult,
    arguments: &RunArguments,
) -> Result<Option<Comparison>, CommandError> {
    let comparison = compared(result, &arguments.against, arguments.fail_on.into())?;
    if let Some(comparison) = &comparison {
        folder.save_compared(result, comparison).map_err(stored_badly)?;
    }
    folder.save_page(result, comparison.as_ref()).map_err(stored_badly)?;
    let files = arguments.report.iter().map(|report| report.format);
    let rows = rows_for(folder.path(), files.chain([arguments.format]))?;
    show(result, arguments, comparison.as_ref(), rows.as_ref())?;
    write_reports(&arguments.report, |asked| {
        let options = ReportOptions { rows: rows.as_ref(), ..ReportOptions::default() };
        format(asked).render_compared(result, comparison.as_ref(), &options)
    })?;
    github::report_run(result, comparison.as_ref())?;
    say(&format!("results: {}", folder.path().display()));
    Ok(comparison)
}

/// How the wish to stop is answered.
fn stopping(manner: Manner, shared: &Shared) -> impl Fn() + Send + 'static {
    let shared = Arc::clone(shared);
    move || match manner {
        Manner::Screen => look(&shared).stop(),
        Manner::Quiet | Manner::Lines => say(STOPPING),
    }
}

/// The scenario with the keys that its servers give to who logs in.
fn logged_in(scenario: Arc<Scenario>) -> Result<Arc<Scenario>, CommandError> {
    if scenario.backends.iter().all(|backend| backend.login.is_none()) {
        return Ok(scenario);
    }
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut scenario = Arc::unwrap_or_clone(scenario);
    for backend in &mut scenario.backends {
        let (Some(login), Target::Url(base)) = (&backend.login, &backend.target) else { continue };
        let token =
            Probe::new(backend, base).map_err(|error| error.to_string()).and_then(|probe| {
                runtime.block_on(probe.log_in(login)).map_err(|error| error.to_string())
            });
        let name = &backend.name;
        backend.api_key.value = Some(token.map_err(|error| {
            let error = anyhow::anyhow!("cannot log in at `{name}`: {error}");
            CommandError::new(ExitCode::Unusable, error)
        })?);
    }
    Ok(Arc::new(scenario))
}

/// Prints what the arguments ask for, on stdout.
fn show(
    result: &RunResult,
    arguments: &RunArguments,
    comparison: Option<&Comparison>,
    rows: Option<&RunRows>,
) -> Result<(), CommandError> {
    let options = ReportOptions { rows, ..report_options(arguments.wide, false) };
    let text =
        format(arguments.format).render_compared(result, comparison, &options).map_err(internal)?;
    print(&text)?;
    // Beside data of another form, it is told where people look.
    if !matches!(arguments.format, OutputFormat::Table | OutputFormat::Wide) {
        comparison.map(verdict_lines).iter().flatten().for_each(|line| say(line));
    }
    Ok(())
}

/// The exit code a result stands for: whether it is to be trusted, and whether its gates held.
///
/// # Errors
///
/// That the gates cannot be tested, for exit code 1.
pub(super) fn verdict(result: &RunResult) -> Result<ExitCode, CommandError> {
    let untrusted = if is_untrusted(result) { ExitCode::Untrusted } else { ExitCode::Done };
    let gates = test_gates(result).map_err(|error| CommandError::new(ExitCode::Internal, error))?;
    let failed = gates.iter().any(|gate| !gate.holds());
    Ok(untrusted.or(if failed { ExitCode::GateFailed } else { ExitCode::Done }))
}

/// Whether a finding says that the figures are not those of what was asked for.
fn is_untrusted(result: &RunResult) -> bool {
    let of_cells = result.cells.iter().flat_map(|cell| &cell.findings);
    result
        .findings
        .iter()
        .chain(of_cells)
        .any(|finding| finding.severity == Severity::Untrusted.key())
}

const fn policy(records: Records) -> RecordsPolicy {
    match records {
        Records::All => RecordsPolicy::All,
        Records::Sample => RecordsPolicy::Sample,
        Records::None => RecordsPolicy::None,
    }
}

fn sorted(error: RunError) -> CommandError {
    let code = match &error {
        error if error.is_usage() => ExitCode::Usage,
        RunError::Unusable(_) | RunError::NothingLeft => ExitCode::Unusable,
        _ => ExitCode::Internal,
    };
    CommandError::new(code, error)
}

/// Writes the folder of a run and shows its progress. The folder is made when the first cell
/// begins, so that a run that never starts leaves nothing behind; that of a run that was broken off
/// stays as it was until then.
struct Recording<'a> {
    output_dir: &'a std::path::Path,
    folder_name: String,
    scenario_text: &'a str,
    policy: RecordsPolicy,
    started: WallTime,
    plan: Arc<RunPlan>,
    /// The result before any cell, until the folder is there to store it in: whoever looks at the
    /// folder meanwhile finds a run that goes on.
    begun: Option<RunResult>,
    /// The run that goes on; `None` for a new one.
    broken_off: Option<Box<BrokenOff>>,
    folder: Option<RunFolder>,
    calibration: Option<Calibration>,
    display: Display,
}

impl Recording<'_> {
    fn folder(&mut self) -> io::Result<&mut RunFolder> {
        self.open().map_err(io::Error::other)?;
        self.folder.as_mut().ok_or_else(|| io::Error::other("the folder of the run is missing"))
    }

    /// Makes or opens the folder, where that was not done yet.
    fn open(&mut self) -> Result<(), StoreError> {
        let Some(mut begun) = self.begun.take() else { return Ok(()) };
        let folder = if let Some(run) = &mut self.broken_off {
            self.display.resumed(&begun.id, to_u32(count(begun.cells.len())));
            run.reopen(&begun)?
        } else {
            let (name, policy) = (&self.folder_name, self.policy);
            let folder = RunFolder::create(self.output_dir, name, policy, self.started)?;
            folder.write_scenario(self.scenario_text)?;
            folder
        };
        self.display.stored_as(folder.id());
        self.folder = Some(folder);
        self.save(&mut begun)
    }

    /// Stores the result, under the name its folder got and with what only that knows.
    fn save(&self, result: &mut RunResult) -> Result<(), StoreError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        state_bounds(result, self.calibration.as_ref());
        folder.id().clone_into(&mut result.id);
        result.records = Some(folder.records());
        if let Some(run) = &self.broken_off {
            run.complete(result, folder.requests_dropped());
        }
        folder.save(result)
    }

    /// Writes the final result; the folder it lies in, if any cell began or nothing was missing but
    /// the result of all.
    fn close(mut self, result: &mut RunResult) -> Result<Option<RunFolder>, CommandError> {
        if self.broken_off.is_some() && !result.partial {
            self.open().map_err(stored_badly)?;
        }
        self.save(result).map_err(stored_badly)?;
        Ok(self.folder)
    }
}

/// A folder that cannot be written, for exit code 1.
fn stored_badly(error: StoreError) -> CommandError {
    CommandError::new(ExitCode::Internal, error)
}

impl Observer for Recording<'_> {
    fn plan_grew(&mut self, plan: &Arc<RunPlan>) {
        self.plan = Arc::clone(plan);
        self.display.plan_grew(plan);
    }

    fn cell_started(&mut self, cell: &Cell) -> io::Result<()> {
        self.folder()?;
        self.display.cell_started(cell)
    }

    fn progress(&mut self, progress: &Progress<'_>) {
        self.display.progress(progress);
    }

    fn rows(&mut self, _cell: &Cell, rows: &[RequestRow]) -> io::Result<()> {
        self.folder()?.append_rows(rows).map_err(io::Error::other)
    }

    fn interval(&mut self, cell: &Cell, interval: &Interval) -> io::Result<()> {
        self.display.interval(cell, interval)?;
        let labels = cell_labels(&self.plan, cell);
        let folder = self.folder()?;
        folder.append_interval(&labels, interval).map_err(io::Error::other)?;
        folder.sync().map_err(io::Error::other)
    }

    fn server_sample(&mut self, cell: &Cell, sample: &ServerSample) -> io::Result<()> {
        let labels = cell_labels(&self.plan, cell);
        self.folder()?.append_server_sample(&labels, sample).map_err(io::Error::other)
    }

    fn gateway_pairs(&mut self, workload: &str, pairs: &[RequestPair]) -> io::Result<()> {
        self.folder()?.append_gateway_pairs(workload, pairs).map_err(io::Error::other)
    }

    fn cell_finished(&mut self, cell: &Cell, result: &RunResult) -> io::Result<()> {
        self.display.cell_finished(cell, result)?;
        self.save(&mut result.clone()).map_err(io::Error::other)
    }

    fn note(&mut self, text: &str) {
        self.display.note(text);
    }
}
