//! The floor plan, foundations first. A row may name only rows above it, so there is no circle.

use std::collections::BTreeSet;

use super::rules::broken_rules;
use super::source::{module_declarations, source_files};
use crate::markdown::table;

/// One row of the floor plan.
#[derive(Debug)]
pub(super) struct Floor {
    /// A top-level module.
    pub(super) module: &'static str,
    /// Whether it may wait, read a clock, or touch files, network, environment and terminal.
    pub(super) worldly: bool,
    /// The modules it may use besides itself.
    pub(super) uses: &'static [&'static str],
}

const fn pure(module: &'static str, uses: &'static [&'static str]) -> Floor {
    Floor { module, worldly: false, uses }
}

const fn worldly(module: &'static str, uses: &'static [&'static str]) -> Floor {
    Floor { module, worldly: true, uses }
}

/// The floor plan.
pub(super) const FLOORS: &[Floor] = &[
    pure("units", &[]),
    pure("metric", &["units"]),
    worldly("clock", &["units"]),
    pure("record", &["units"]),
    pure("openai", &["units", "record"]),
    pure("scenario", &["units", "metric", "openai"]),
    pure("load", &["units", "scenario"]),
    pure("workload", &["units", "record", "openai", "scenario"]),
    worldly("dataset", &["units", "record", "openai", "scenario", "load", "workload"]),
    pure("plan", &["units", "metric", "scenario", "load", "workload"]),
    pure("measure", &["units", "metric", "record", "openai", "scenario"]),
    pure("audit", &["units", "metric", "record", "scenario", "measure"]),
    pure("search", &["units", "metric", "scenario", "audit"]),
    pure("result", &["units", "metric", "openai", "scenario", "measure", "audit", "search"]),
    pure("compare", &["units", "metric", "scenario", "measure", "result"]),
    pure("gate", &["units", "metric", "openai", "measure", "result"]),
    pure("capacity", &["units", "metric", "result"]),
    pure("report", REPORT_USES),
    pure("live", &["units", "metric", "measure", "result", "report"]),
    worldly("tls", &["units", "scenario"]),
    worldly("client", &["units", "clock", "record", "openai", "scenario", "workload", "tls"]),
    worldly("probe", &["units", "metric", "clock", "record", "openai", "scenario", "tls"]),
    worldly("mock", &["units", "clock", "openai", "scenario"]),
    worldly("run", RUN_USES),
    worldly(
        "calibrate",
        &["units", "metric", "clock", "scenario", "plan", "measure", "result", "mock", "run"],
    ),
    worldly(
        "store",
        &[
            "units", "metric", "clock", "record", "scenario", "measure", "result", "compare",
            "report", "run",
        ],
    ),
    worldly("serve", &["metric", "measure", "result", "report", "live", "store"]),
    worldly("cli", CLI_USES),
];

/// What there is to show, and what was found out from it.
const REPORT_USES: &[&str] = &[
    "units", "metric", "openai", "scenario", "measure", "audit", "result", "compare", "gate",
    "capacity",
];

/// Everything that makes a measurement; nothing that shows one.
const RUN_USES: &[&str] = &[
    "units", "metric", "clock", "record", "openai", "scenario", "load", "workload", "dataset",
    "plan", "measure", "audit", "search", "result", "client", "probe", "mock",
];

/// Everything.
const CLI_USES: &[&str] = &[
    "units",
    "metric",
    "clock",
    "record",
    "openai",
    "scenario",
    "load",
    "workload",
    "dataset",
    "plan",
    "measure",
    "audit",
    "search",
    "result",
    "compare",
    "gate",
    "capacity",
    "report",
    "live",
    "tls",
    "client",
    "probe",
    "mock",
    "run",
    "calibrate",
    "store",
    "serve",
];

/// Rows whose module is still to come; every other row has one.
const PLANNED: &[&str] = &[];

const PLAN_DOCUMENT: &str = include_str!("../../../docs/architecture.md");

#[test]
fn a_row_uses_only_rows_above_it() {
    let mut above = BTreeSet::new();
    for floor in FLOORS {
        let unknown: Vec<_> = floor.uses.iter().filter(|used| !above.contains(*used)).collect();
        assert!(unknown.is_empty(), "`{}` may not use {unknown:?}: not above it", floor.module);
        above.insert(floor.module);
    }
    assert_eq!(above.len(), FLOORS.len(), "two rows for one module");
}

#[test]
fn every_module_has_a_row_and_every_row_a_module() {
    let declared = module_declarations("src/lib.rs");
    let rows: BTreeSet<_> = FLOORS.iter().map(|floor| floor.module.to_owned()).collect();
    let without_row: Vec<_> = declared.difference(&rows).collect();
    assert!(without_row.is_empty(), "modules without a row: {without_row:?}");
    let without_module: Vec<_> = rows.difference(&declared).map(String::as_str).collect();
    let mut planned = PLANNED.to_vec();
    planned.sort_unstable();
    assert_eq!(without_module, planned, "rows without a module, and the planned ones");
}

#[test]
fn the_document_shows_the_same_plan() {
    let mut above = Vec::new();
    let mut shown = Vec::new();
    for row in table(PLAN_DOCUMENT, &["module", "what it is", "may use"]) {
        let (module, worldly) = match row[0].strip_suffix(" *") {
            Some(module) => (module.to_owned(), true),
            None => (row[0].clone(), false),
        };
        let uses = match row[2].as_str() {
            "nothing" => Vec::new(),
            "everything above" => above.clone(),
            list => list.split(", ").map(str::to_owned).collect(),
        };
        above.push(module.clone());
        shown.push((module, worldly, uses));
    }
    let planned: Vec<_> = FLOORS
        .iter()
        .map(|floor| {
            let uses = floor.uses.iter().map(|&used| used.to_owned()).collect::<Vec<_>>();
            (floor.module.to_owned(), floor.worldly, uses)
        })
        .collect();
    for (shown, planned) in shown.iter().zip(&planned) {
        assert_eq!(shown, planned, "docs/architecture.md on the left, the plan on the right");
    }
    assert_eq!(shown.len(), planned.len(), "rows of docs/architecture.md and of the plan");
}

#[test]
fn every_source_file_keeps_the_rules() {
    let files = source_files();
    assert!(files.len() > 20, "only {} source files found", files.len());
    let broken: Vec<_> = files.iter().flat_map(broken_rules).collect();
    assert!(broken.is_empty(), "{} broken rules:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn every_source_file_is_part_of_the_crate() {
    for file in source_files() {
        let Some((parent, name)) = file.parent() else { continue };
        assert!(
            module_declarations(&parent).contains(&name),
            "{} is no part of the crate: `{parent}` has no `mod {name};`",
            file.path
        );
    }
}
