//! Gates: the cells they name exist.

use crate::metric::{Gate, Scope};
use crate::scenario::Scenario;
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems, suggestion};
use crate::scenario::typed::{GateFile, Given, ScopeFile};

/// What the names in a gate may name.
#[derive(Clone, Debug)]
pub(super) struct Names {
    backends: Vec<String>,
    /// What has cells, and what mixes take in.
    workloads: Vec<String>,
    stages: Vec<String>,
}

impl Names {
    /// The names of what is run.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let cells = scenario.cell_workloads().map(|(_, workload)| workload.name());
        let mixed = scenario.workloads.iter().filter(|workload| !workload.alone);
        let mixed = mixed.map(|workload| workload.name.as_str());
        Self {
            backends: scenario.backends.iter().map(|backend| backend.name.clone()).collect(),
            workloads: cells.chain(mixed).map(str::to_owned).collect(),
            stages: scenario.load.stages.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Checks the gates; those that name what is not there are reported.
pub(super) fn check_gates(
    gates: Vec<Given<GateFile>>,
    names: &Names,
    problems: &mut Problems,
) -> Vec<Gate> {
    let check = |(index, given): (usize, Given<GateFile>)| {
        problems.within(index, |problems| check_gate(given, names, problems))
    };
    gates.into_iter().enumerate().map(check).collect()
}

fn check_gate(given: Given<GateFile>, names: &Names, problems: &mut Problems) -> Gate {
    let Given { value: GateFile { gate, scope: beside }, place } = given;
    let own = gate.scope.clone();
    let beside = beside.into_value();
    if beside.is_some() && own != Scope::default() {
        problems.report(
            Problem::new(place, format!("{} says twice where it holds", problems.subject()))
                .hint("use either the key `where`, or `where` in the text of the gate"),
        );
    }
    let scope = beside.map_or_else(
        || [own.backend.clone(), own.workload.clone(), own.stage.clone()].map(|name| (name, place)),
        |ScopeFile { backend, workload, stage }| {
            [backend, workload, stage].map(|field| {
                let at = field.place().unwrap_or(place);
                (field.into_value().map(|name| name.0), at)
            })
        },
    );
    let [(backend, at_backend), (workload, at_workload), (stage, at_stage)] = scope;
    let scope = Scope { backend, workload, stage };
    require("backend", scope.backend.as_ref(), (&names.backends, at_backend), problems);
    require("workload", scope.workload.as_ref(), (&names.workloads, at_workload), problems);
    if let Some(stage) = &scope.stage
        && !names.stages.iter().any(|label| scope.means_stage(label))
    {
        let hint = suggestion(stage, &texts(&names.stages));
        problems.report(Problem::new(at_stage, format!("there is no stage `{stage}`")).hint(hint));
    }
    Gate { scope, ..gate }
}

fn require(
    what: &str,
    name: Option<&String>,
    (known, place): (&[String], Place),
    problems: &mut Problems,
) {
    let Some(name) = name.filter(|name| !known.contains(name)) else { return };
    let problem = Problem::new(place, format!("there is no {what} `{name}`"));
    problems.report(problem.hint(suggestion(name, &texts(known))));
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
