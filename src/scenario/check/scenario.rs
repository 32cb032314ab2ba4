//! The whole scenario.

use std::path::Path;

use super::backend::check_backend;
use super::gate::{Names, check_gates};
use super::load::check_load;
use super::workload::{Crew, check_workload};
use crate::metric::Metric;
use crate::scenario::environment::Environment;
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::typed::{Field, Given, NamedItem, ScenarioFile, SloFile};
use crate::scenario::workload::{PromptSource, Slo, SloLimit, Workload};
use crate::scenario::{Backend, Load, LoadProfile, Scenario, Stage};
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
    let workloads = file.workloads.into_value().map(|named| named.0);
    let workloads = workloads.map(|items| {
        let check = |NamedItem { name, value, .. }: NamedItem<_>| {
            problems.within("workloads", |problems| {
                problems.within(&name, |problems| {
                    check_workload(&name, value?, (crew.as_ref()?, surroundings.folder), problems)
                })
            })
        };
        items.into_iter().map(check).collect::<Vec<Option<Workload>>>()
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
        Field::Given(slo) => check_slo(slo.value, workloads.as_deref(), problems),
        Field::Absent | Field::Wrong(_) => Slo::default(),
    };
    file.pacemark.value()?;
    let backends: Vec<_> = backends?.into_iter().collect::<Option<_>>()?;
    let workloads: Vec<_> = workloads?.into_iter().collect::<Option<_>>()?;
    let load = load?;
    let gates = file.gates.into_value().map(|list| {
        let names = Names::of(&backends, &workloads, &load);
        problems.within("gates", |problems| check_gates(list.0, &names, problems))
    });
    let scenario = Scenario {
        name: file.name.into_value().map_or_else(|| surroundings.name.to_owned(), |name| name.0),
        description: file.description.into_value(),
        seed,
        backends,
        workloads,
        load,
        slo,
        gates: gates.unwrap_or_default(),
        stored_text: String::new(),
    };
    check_replays(&scenario, load_place.unwrap_or(Place::TOP), problems);
    let cells = cells_of(&scenario.workloads, &scenario.load);
    if cells > MOST_CELLS {
        let message = format!("this makes {cells} cells; a run has at most {MOST_CELLS}");
        problems.report(
            Problem::new(load_place.unwrap_or(Place::TOP), message)
                .hint("use fewer stages, rounds, workloads or backends"),
        );
    }
    problems.is_empty().then_some(scenario)
}

/// A replay takes its moments from the recording of the workload, so every workload has one.
fn check_replays(scenario: &Scenario, place: Place, problems: &mut Problems) {
    let replays = |stage: &Stage| matches!(stage.profile, LoadProfile::Replay { .. });
    let Some(stage) = scenario.load.stages.iter().position(replays) else { return };
    for workload in &scenario.workloads {
        if !matches!(workload.prompts, PromptSource::Trace(_)) {
            let message = format!(
                "load point {stage} is a replay, but the workload `{}` has no trace",
                workload.name
            );
            let hint = "give it `prompts: {trace: {file: …}}`, or a scenario of its own";
            problems.report(Problem::new(place, message).hint(hint));
        }
    }
}

fn cells_of(workloads: &[Workload], load: &Load) -> u64 {
    let pairs: u64 = workloads.iter().map(|workload| count(workload.backends.len())).sum();
    pairs.saturating_mul(count(load.stages.len())).saturating_mul(u64::from(load.rounds))
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
