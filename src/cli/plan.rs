//! `pacemark plan`

use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde_json::json;

use super::arguments::PlanArguments;
use super::exit::{CommandError, ExitCode};
use super::output::{print, say};
use super::preview::Preview;
use super::scenario;
use crate::plan::{Cell, LoadTime, RunPlan};
use crate::result::WorkloadEntry;
use crate::scenario::{Bound, CellWorkload, Member, Target, Warmup};
use crate::units::{format_span, seconds};

/// Prints what a run would do.
pub(super) fn plan(arguments: &PlanArguments) -> Result<ExitCode, CommandError> {
    let plan = RunPlan::new(scenario::load(&arguments.source)?);
    let preview = arguments.show.map(|show| Preview::new(&plan, show)).transpose()?;
    let text = if arguments.json {
        as_json(&plan, preview.as_ref())?
    } else {
        as_table(&plan) + &preview.map(|preview| preview.as_text()).unwrap_or_default()
    };
    print(&text)?;
    plan.thin_gates().iter().for_each(|gate| say(&format!("warning: {gate}")));
    Ok(ExitCode::Done)
}

fn as_table(plan: &RunPlan) -> String {
    let scenario = plan.scenario();
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["#", "round", "backend", "workload", "load", "until", "model"]);
    for cell in plan.cells() {
        let backend = plan.backend(cell);
        let workload = plan.workload(cell);
        table.add_row([
            (cell.id + 1).to_string(),
            (cell.round + 1).to_string(),
            backend.name.clone(),
            workload.name().to_owned(),
            plan.stage(cell).profile.to_string(),
            until(plan.stage(cell).bound),
            models(plan, cell).join(", "),
        ]);
    }
    for column in [0, 1] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let total = under_load(plan.load_time());
    let warmup = match scenario.load.warmup {
        None => String::new(),
        Some(Warmup::Requests(requests)) => format!("; {requests} warm-up requests before each"),
        Some(Warmup::Duration(span)) => format!("; {} of warm-up before each", format_span(span)),
    };
    let gates = scenario.gates.iter().map(|gate| format!("gate: {gate}\n"));
    let chosen = scenario.load.probings.iter().map(|probing| format!("then: {probing}\n"));
    let more = chosen.chain(mixes(plan)).chain(gates).collect::<String>();
    format!(
        "{}: {} cells{warmup}{}; {total}\n\n{}\n{}{more}",
        scenario.name,
        plan.cells().len(),
        turns(plan),
        lines.join("\n"),
        if more.is_empty() { "" } else { "\n" },
    )
}

/// The models that a cell asks for, by the server's own names, each once.
fn models(plan: &RunPlan, cell: &Cell) -> Vec<String> {
    let mut models: Vec<String> = Vec::new();
    for member in plan.members(cell) {
        let model = plan.backend(cell).model_name(&member.workload.model);
        if !models.iter().any(|known| known == model) {
            models.push(model.to_owned());
        }
    }
    models
}

/// A line for each mix: what it is made of.
fn mixes(plan: &RunPlan) -> impl Iterator<Item = String> {
    let entries = WorkloadEntry::all(plan.scenario()).into_iter();
    entries.filter(|entry| !entry.mix.is_empty()).map(|WorkloadEntry { name, mix, .. }| {
        let parts = mix.iter().map(ToString::to_string).collect::<Vec<_>>();
        format!("mix: {name} is {}\n", parts.join(", "))
    })
}

/// How backends take turns over the rounds; empty where there is nothing to say.
fn turns(plan: &RunPlan) -> &'static str {
    let scenario = plan.scenario();
    let most = scenario.cell_workloads().map(|(_, workload)| workload.backends().len()).max();
    match (most, scenario.load.rounds) {
        (None | Some(0 | 1), _) | (_, 1) => "",
        (Some(2), _) => "; backends take turns (ABBA)",
        (Some(_), _) => "; backends in a balanced order",
    }
}

/// How long the plan is under load, in words.
fn under_load(time: LoadTime) -> String {
    let LoadTime { least, most } = time;
    match most {
        Some(most) if most == least => format!("{} under load", rounded(least)),
        Some(most) if least.is_zero() => format!("at most {} under load", rounded(most)),
        Some(most) => format!("{} to {} under load", rounded(least), rounded(most)),
        None if least.is_zero() => "as long under load as the servers need".to_owned(),
        None => format!("{} under load, and what the servers need for the rest", rounded(least)),
    }
}

/// A length of time to the second once it is longer than a few minutes.
fn rounded(span: Duration) -> String {
    let whole = span.as_secs();
    match (whole / 3_600, whole / 60 % 60, whole % 60) {
        (0, 0..2, _) => format_span(span),
        (0, minutes, 0) => format!("{minutes}m"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, 0, _) => format!("{hours}h"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}

fn until(bound: Bound) -> String {
    match (bound.requests, bound.duration) {
        (Some(requests), Some(span)) => format!("{requests} requests or {}", format_span(span)),
        (Some(requests), None) => format!("{requests} requests"),
        (None, Some(span)) => format_span(span),
        (None, None) => "-".to_owned(),
    }
}

fn as_json(plan: &RunPlan, preview: Option<&Preview>) -> Result<String, CommandError> {
    let LoadTime { least, most } = plan.load_time();
    let cells: Vec<_> = plan.cells().iter().map(|cell| cell_as_json(plan, cell)).collect();
    let mut document = json!({
        "name": plan.scenario().name,
        "seed": plan.scenario().seed,
        "load_time_least_s": seconds(least),
        "load_time_most_s": most.map(seconds),
        "gates": plan.scenario().gates.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "warnings": plan.thin_gates().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "cells": cells,
        "chosen": plan.scenario().load.probings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    if let Some(preview) = preview {
        document["preview"] = preview.as_json();
    }
    let text = serde_json::to_string_pretty(&document)
        .map_err(|error| CommandError::new(ExitCode::Internal, error))?;
    Ok(format!("{text}\n"))
}

fn cell_as_json(plan: &RunPlan, cell: &Cell) -> serde_json::Value {
    let backend = plan.backend(cell);
    let workload = plan.workload(cell);
    let bound = plan.stage(cell).bound;
    let (endpoint, model, mix) = match workload {
        CellWorkload::Alone(workload) => {
            let model = backend.model_name(&workload.model);
            (workload.endpoint.key(), Some(model), None)
        }
        CellWorkload::Mixed(_) => {
            let part = |member: &Member<'_>| {
                json!({
                    "workload": member.workload.name,
                    "endpoint": member.workload.endpoint.key(),
                    "model": backend.model_name(&member.workload.model),
                    "share": member.share,
                })
            };
            ("mix", None, Some(plan.members(cell).iter().map(part).collect::<Vec<_>>()))
        }
    };
    json!({
        "id": cell.id,
        "round": cell.round,
        "backend": backend.name,
        "url": match &backend.target {
            Target::Url(url) => Some(url.to_string()),
            Target::Mock(_) => None,
        },
        "workload": workload.name(),
        "endpoint": endpoint,
        "model": model,
        "mix": mix,
        "load": plan.stage(cell).profile.to_string(),
        "requests": bound.requests,
        "duration_s": bound.duration.map(seconds),
    })
}
