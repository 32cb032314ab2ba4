//! The whole scenario.

use std::path::Path;

use super::backend::check_backend;
use super::gate::{Names, check_gates};
use super::gateway_pairs::check_gateway_pairs;
use super::load::check_load;
use super::mix::{Known, check_mix, settle_alone};
use super::probing::check_limits_of;
use super::workload::{Crew, check_workload};
use crate::metric::Metric;
use crate::scenario::environment::Environment;
use crate::scenario::mix::{CellWorkload, Mix};
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::typed::{AnyWorkloadFile, Field, Given, NamedItem, ScenarioFile, SloFile};
use crate::scenario::workload::{PromptSource, Slo, SloLimit, Workload};
use crate::scenario::{Backend, ColdStart, LoadProfile, Scenario, Stage};
use crate::units::count;

/// The seed where none is given.
const DEFAULT_SEED: u64 = 42;
/// Cells of a run; more take weeks, and tables of them are read by nobody.
const MOST_CELLS: u64 = 100_000;

/// What a scenario is read in.
#[derive(Clone, Copy)]
pub(in crate::scenario) struct Surroundings<'a> {
    /// Environment and files.
    pub(in crate::scenario) environment: &'a Environment<'a>,
    /// The folder that files are relative to.
    pub(in crate::scenario) folder: &'a Path,
    /// The name where none is given.
    pub(in crate::scenario) name: &'a str,
}

/// Checks what was typed; `None` where something is wrong, which is then among `problems`.
///
/// `stored_text` of the result is still empty.
pub(in crate::scenario) fn check(
    file: ScenarioFile,
    surroundings: Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Scenario> {
    let seed = file.seed.value().map_or(DEFAULT_SEED, |seed| seed.0);
    let backends = file.backends.into_value().map(|named| named.0);
    let crew = backends.as_deref().map(Crew::of);
    let workloads = file.workloads.into_value().map(|named| {
        let place = (crew.as_ref(), surroundings.folder);
        problems.within("workloads", |problems| check_workloads(named.0, place, problems))
    });
    let backends = backends.map(|items| {
        let check = |NamedItem { name, value, place }: NamedItem<_>| {
            problems.within("backends", |problems| {
                problems.within(&name, |problems| {
                    let file = Given { value: value?, place };
                    check_backend(&name, file, (surroundings, seed), problems)
                })
            })
        };
        items.into_iter().map(check).collect::<Vec<Option<Backend>>>()
    });
    let load_place = file.load.place();
    let load = file
        .load
        .into_value()
        .and_then(|load| problems.within("load", |problems| check_load(load, problems)));
    let slo = match file.slo {
        Field::Given(slo) => {
            let workloads = workloads.as_ref().map(|all| all.own.as_slice());
            check_slo(slo.value, workloads, problems)
        }
        Field::Absent | Field::Wrong(_) => Slo::default(),
    };
    file.pacemark.value()?;
    let backends: Vec<_> = backends?.into_iter().collect::<Option<_>>()?;
    let (workloads, mixes) = workloads?.whole(problems)?;
    let load = load?;
    let mut scenario = Scenario {
        name: file.name.into_value().map_or_else(|| surroundings.name.to_owned(), |name| name.0),
        description: file.description.into_value(),
        seed,
        backends,
        workloads,
        mixes,
        load,
        slo,
        gates: Vec::new(),
        compare: None,
        live: file.live.into_value().unwrap_or(false),
        stored_text: String::new(),
    };
    if let Some(list) = file.gates.into_value() {
        let names = Names::of(&scenario);
        scenario.gates = problems.within("gates", |problems| check_gates(list.0, &names, problems));
    }
    if let Field::Given(Given { value, place }) = &file.compare {
        scenario.compare = problems
            .within("compare", |problems| check_gateway_pairs(value, *place, &scenario, problems));
    }
    check_cold_starts(&scenario, load_place.unwrap_or(Place::TOP), problems);
    check_replays(&scenario, load_place.unwrap_or(Place::TOP), problems);
    check_limits_of(&scenario, load_place.unwrap_or(Place::TOP), problems);
    let cells = cells_of(&scenario);
    if cells > MOST_CELLS {
        let message = format!("this makes {cells} cells; a run has at most {MOST_CELLS}");
        problems.report(
            Problem::new(load_place.unwrap_or(Place::TOP), message)
                .hint("use fewer stages, rounds, workloads or backends"),
        );
    }
    problems.is_empty().then_some(scenario)
}

/// A warm-up would load the model before the window opens.
fn check_cold_starts(scenario: &Scenario, place: Place, problems: &mut Problems) {
    let measures = |backend: &&Backend| backend.cold_start == Some(ColdStart::Measure);
    if let Some(backend) = scenario.backends.iter().find(measures)
        && scenario.load.warmup.is_some()
    {
        let name = &backend.name;
        let message =
            format!("`{name}` measures the loading of its model, but there is a `warmup`");
        problems.report(Problem::new(place, message).hint(
            "leave `warmup` out, or use `cold_start: exclude`: a warm-up loads the model before \
             anything is measured",
        ));
    }
}

/// A replay takes its moments from the recording of the workload, so every workload has one.
fn check_replays(scenario: &Scenario, place: Place, problems: &mut Problems) {
    let replays = |stage: &Stage| matches!(stage.profile, LoadProfile::Replay { .. });
    let Some(stage) = scenario.load.stages.iter().position(replays) else { return };
    for (_, workload) in scenario.cell_workloads() {
        let name = workload.name();
        let (lack, hint) = match workload {
            CellWorkload::Alone(workload) if matches!(workload.prompts, PromptSource::Trace(_)) => {
                continue;
            }
            CellWorkload::Alone(_) => (
                format!("the workload `{name}` has no trace"),
                "give it `prompts: {trace: {file: …}}`, or a scenario of its own",
            ),
            CellWorkload::Mixed(_) => {
                (format!("`{name}` is a mix, which has no trace"), "give it a scenario of its own")
            }
        };
        let message = format!("load point {stage} is a replay, but {lack}");
        problems.report(Problem::new(place, message).hint(hint));
    }
}

fn cells_of(scenario: &Scenario) -> u64 {
    let load = &scenario.load;
    let pairs: u64 = scenario.cell_workloads().map(|(_, it)| count(it.backends().len())).sum();
    let chosen: u64 = load.probings.iter().map(|probing| u64::from(probing.most_cells())).sum();
    let each = count(load.stages.len()).saturating_mul(load.rounds.into()).saturating_add(chosen);
    pairs.saturating_mul(each)
}

/// The workloads of a file, checked each by itself.
struct Workloads {
    /// Those with requests of their own; `None` where one is wrong.
    own: Vec<Option<Workload>>,
    /// What each of them says about cells of its own.
    alone: Vec<Option<Given<bool>>>,
    /// The mixes; `None` where one is wrong.
    mixes: Vec<Option<Mix>>,
}

impl Workloads {
    /// All of them, if all are right; those that would never be sent are then among `problems`.
    fn whole(self, problems: &mut Problems) -> Option<(Vec<Workload>, Vec<Mix>)> {
        let mut own: Vec<_> = self.own.into_iter().collect::<Option<_>>()?;
        let mixes: Vec<_> = self.mixes.into_iter().collect::<Option<_>>()?;
        settle_alone(&mut own, &self.alone, &mixes, problems);
        Some((own, mixes))
    }
}

fn check_workloads(
    items: Vec<NamedItem<AnyWorkloadFile>>,
    (crew, folder): (Option<&Crew>, &Path),
    problems: &mut Problems,
) -> Workloads {
    let known = Known::of(&items);
    let mut all = Workloads { own: Vec::new(), alone: Vec::new(), mixes: Vec::new() };
    let mut mixes = Vec::new();
    for NamedItem { name, value, .. } in items {
        let file = match value {
            Some(AnyWorkloadFile::Mix(file)) => {
                mixes.push((name, file));
                continue;
            }
            Some(AnyWorkloadFile::Own(file)) => Some(file),
            None => None,
        };
        all.alone.push(file.as_ref().and_then(|file| file.alone.given().copied()));
        all.own
            .push(problems.within(&name, |problems| {
                check_workload(&name, *file?, (crew?, folder), problems)
            }));
    }
    for (name, file) in mixes {
        let mix =
            problems.within(&name, |problems| check_mix(&name, file, (&known, &all.own), problems));
        all.mixes.push(mix);
    }
    all
}

fn check_slo(
    file: SloFile,
    workloads: Option<&[Option<Workload>]>,
    problems: &mut Problems,
) -> Slo {
    let SloFile { ttft, ttfa, tpot, stall, e2e, response } = file;
    let all = [
        (Metric::Ttft, ttft, true),
        (Metric::Ttfa, ttfa, true),
        (Metric::Tpot, tpot, true),
        (Metric::Stall, stall, true),
        (Metric::E2e, e2e, false),
        (Metric::Response, response, false),
    ];
    let all_known = workloads.and_then(|items| items.iter().map(Option::as_ref).collect());
    let none_streams = all_known
        .is_some_and(|items: Vec<&Workload>| items.iter().all(|workload| !workload.stream));
    let mut limits = Vec::new();
    for (metric, field, needs_stream) in all {
        let Some(given) = field.given() else { continue };
        if needs_stream && none_streams {
            let key = metric.key();
            problems.report(
                Problem::new(
                    given.place,
                    format!("`slo.{key}` needs a stream, but no workload streams"),
                )
                .hint("limit `e2e`, or set `stream: true` in a workload"),
            );
        }
        limits.push(SloLimit { metric, at_most: given.value.0 });
    }
    Slo { limits }
}
