//! What a run would send: a sample of the requests, the lengths asked for, and their totals.

use std::fmt::Write as _;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

use super::exit::CommandError;
use crate::dataset::{OpenPrompts, Played, open_prompts};
use crate::plan::{Cell, RunPlan};
use crate::record::Phase;
use crate::result::{MixEntry, WorkloadEntry};
use crate::scenario::{LoadProfile, Member, Stage};
use crate::units::{count, float, index, ratio, whole};
use crate::workload::{AskedLengths, CellRequests, RequestSpec, RowError};

/// Requests whose lengths are looked at for a cell; more of them change a mean by less than its
/// last digit shown.
const SAMPLE: u64 = 1_000;
/// Longest text of a body that is shown whole, in characters.
const SHOWN_CHARS: usize = 120;
/// Rows of a histogram.
const BINS: u64 = 8;
/// Widest bar of a histogram, in characters.
const BAR: u64 = 40;

/// What would be sent, workload by workload and cell by cell.
pub(super) struct Preview {
    workloads: Vec<WorkloadPreview>,
    cells: Vec<CellTotals>,
}

/// What one workload would send.
struct WorkloadPreview {
    name: String,
    /// What a mix is made of; empty for what is none.
    mix: Vec<MixEntry>,
    method: Option<String>,
    /// Each with the place of its workload among the members.
    requests: Vec<(usize, RequestSpec)>,
    lengths: Vec<AskedLengths>,
}

/// What one cell would send, as far as it is known before.
struct CellTotals {
    id: u32,
    requests: Option<u64>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

impl Preview {
    /// Makes the first `show` requests of each workload, as its first backend gets them, and
    /// looks at the lengths of every cell.
    ///
    /// # Errors
    ///
    /// That prompts cannot be read or made, for exit code 2.
    pub(super) fn new(plan: &RunPlan, show: u64) -> Result<Self, CommandError> {
        let scenario = plan.scenario();
        let mut preview = Self { workloads: Vec::new(), cells: Vec::new() };
        let entries = WorkloadEntry::all(scenario);
        for (number, workload) in scenario.cell_workloads() {
            let mut cells = plan.cells().iter().filter(|cell| cell.workload == number).peekable();
            let Some(first) = cells.peek() else { continue };
            let failed = |error: &dyn std::fmt::Display| {
                CommandError::usage(format!("workload `{}`: {error}", workload.name()))
            };
            let mut members = Vec::new();
            for member in plan.members(first) {
                let place = (scenario.seed, count(member.index));
                let prompts = open_prompts(member.workload, place, None);
                members.push((member, prompts.map_err(|error| failed(&error))?));
            }
            let all = requests(plan, first, &members);
            let mut shown = Vec::new();
            for at in 0..show {
                if let Some(spec) = all.request(Phase::Measure, at).map_err(|e| failed(&e))? {
                    shown.push((index(all.member(at).into()), spec));
                }
            }
            let lengths = lengths(&all, SAMPLE).map_err(|error| failed(&error))?;
            let method = |(_, prompts): &(_, OpenPrompts)| prompts.rows.length_method();
            preview.workloads.push(WorkloadPreview {
                name: workload.name().to_owned(),
                mix: entries[number].mix.clone(),
                method: members.iter().find_map(method).map(|method| method.to_string()),
                requests: shown,
                lengths: lengths.into_iter().map(|(_, lengths)| lengths).collect(),
            });
            for cell in cells {
                let totals = totals(plan, cell, &members).map_err(|error| failed(&error))?;
                preview.cells.push(totals);
            }
        }
        preview.cells.sort_by_key(|cell| cell.id);
        Ok(preview)
    }

    /// For people.
    pub(super) fn as_text(&self) -> String {
        let mut text = String::new();
        for workload in &self.workloads {
            text.push_str(&workload.as_text());
        }
        let mut table = Table::new();
        table.load_style(NOTHING);
        table.set_header(["#", "requests", "input tokens", "output tokens"]);
        let shown =
            |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
        for cell in &self.cells {
            table.add_row([
                (cell.id + 1).to_string(),
                shown(cell.requests),
                shown(cell.input_tokens),
                shown(cell.output_tokens),
            ]);
        }
        for column in table.column_iter_mut() {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        let note = "each cell asks for at most so much, or about so much at a rate (`-`: the server decides)";
        text + &format!("\n{note}\n{}\n", lines.join("\n"))
    }

    /// For programs.
    pub(super) fn as_json(&self) -> Value {
        let lengths = |lengths: &AskedLengths| {
            json!({
                "input_tokens": lengths.input_tokens,
                "output_tokens": lengths.output_tokens,
            })
        };
        let workloads: Vec<_> = self
            .workloads
            .iter()
            .map(|workload| {
                let bodies = workload.requests.iter().map(|(_, request)| body(request));
                let whose = workload.requests.iter().map(|(member, _)| workload.name_of(*member));
                let mix = (!workload.mix.is_empty()).then(
                    || json!({"parts": workload.mix, "requests_of": whose.collect::<Vec<_>>()}),
                );
                json!({
                    "workload": workload.name,
                    "mix": mix,
                    "input_lengths": workload.method,
                    "requests": bodies.collect::<Vec<_>>(),
                    "lengths": workload.lengths.iter().map(lengths).collect::<Vec<_>>(),
                })
            })
            .collect();
        let cell = |cell: &CellTotals| {
            json!({
                "id": cell.id,
                "requests": cell.requests,
                "input_tokens": cell.input_tokens,
                "output_tokens": cell.output_tokens,
            })
        };
        json!({"workloads": workloads, "totals": self.cells.iter().map(cell).collect::<Vec<_>>()})
    }
}

impl WorkloadPreview {
    /// The workload of a mix at a place of its own; `None` for what is no mix.
    fn name_of(&self, member: usize) -> Option<&str> {
        self.mix.get(member).map(|part| part.workload.as_str())
    }

    fn as_text(&self) -> String {
        let mut text = format!("\n{}\n", self.name);
        if !self.mix.is_empty() {
            let parts = self.mix.iter().map(ToString::to_string);
            let parts = parts.collect::<Vec<_>>().join(", ");
            // Writing to a text does not fail.
            writeln!(text, "  a mix of {parts}").unwrap_or_default();
        }
        for (number, (member, request)) in self.requests.iter().enumerate() {
            let asked = asked(request);
            let of = self.name_of(*member).map(|name| format!(" of {name}")).unwrap_or_default();
            let number = number + 1;
            let line = format!("  request {number}{of}{asked}: {}\n", shortened(body(request)));
            text.push_str(&line);
        }
        let inputs: Vec<_> = self.lengths.iter().filter_map(|asked| asked.input_tokens).collect();
        let outputs: Vec<_> = self.lengths.iter().filter_map(|asked| asked.output_tokens).collect();
        let method = self.method.as_ref().map(|method| format!(" ({method})")).unwrap_or_default();
        text.push_str(&histogram(&format!("input tokens asked for{method}"), &inputs));
        text.push_str(&histogram("output tokens asked for", &outputs));
        text
    }
}

/// The requests of a cell that sends `members`, each with its prompts.
fn requests(plan: &RunPlan, cell: &Cell, members: &[(Member<'_>, OpenPrompts)]) -> CellRequests {
    let backend = plan.backend(cell);
    let start = plan.prompt_start(cell);
    let profile = &plan.stage(cell).profile;
    let members = members.iter().map(|(member, prompts)| (*member, prompts.played(profile).rows));
    let include_usage = |_| backend.kind.preset().include_usage;
    CellRequests::new(&members.collect::<Vec<_>>(), backend, (start, cell.workload), include_usage)
}

/// The lengths of the first `most` requests, each with its number.
fn lengths(all: &CellRequests, most: u64) -> Result<Vec<(u64, AskedLengths)>, RowError> {
    let of = |at| Some(all.lengths(Phase::Measure, at).transpose()?.map(|lengths| (at, lengths)));
    (0..most).filter_map(of).collect()
}

fn totals(
    plan: &RunPlan,
    cell: &Cell,
    members: &[(Member<'_>, OpenPrompts)],
) -> Result<CellTotals, RowError> {
    let profile = &plan.stage(cell).profile;
    let played = members.first().map(|(_, prompts)| prompts.played(profile));
    let requests_due = requests_of(plan.stage(cell), played.as_ref());
    let all = requests(plan, cell, members);
    let lengths = lengths(&all, requests_due.unwrap_or(SAMPLE).min(SAMPLE))?;
    // Texts of a batch are of one length each.
    let items = |at| {
        let member = members.get(index(all.member(at).into()));
        member.map_or(1, |(member, _)| u64::from(member.workload.prompts_per_request()))
    };
    let sum = |lengths: Option<Vec<u64>>| {
        let lengths = lengths.filter(|lengths| !lengths.is_empty())?;
        let mean = ratio(lengths.iter().sum(), count(lengths.len()))?;
        Some(whole(mean * float(requests_due?)))
    };
    let inputs =
        lengths.iter().map(|(at, asked)| Some(u64::from(asked.input_tokens?) * items(*at)));
    let outputs = lengths.iter().map(|(_, asked)| asked.output_tokens.map(u64::from));
    Ok(CellTotals {
        id: cell.id,
        requests: requests_due,
        input_tokens: sum(inputs.collect()),
        output_tokens: sum(outputs.collect()),
    })
}

/// How many requests a stage has at most; `None` where that depends on the server.
fn requests_of(stage: &Stage, played: Option<&Played>) -> Option<u64> {
    let due = match &stage.profile {
        LoadProfile::Closed { .. } => None,
        LoadProfile::Open { rate, .. } => {
            stage.bound.duration.map(|span| whole(rate.expected(span)))
        }
        // In a loop, its bounds alone end it.
        LoadProfile::Replay { replay, .. } if replay.repeats => None,
        LoadProfile::Replay { .. } => {
            played?.recording.as_ref().map(|recording| count(recording.requests()))
        }
    };
    match (stage.bound.requests, due) {
        (Some(bound), Some(due)) => Some(bound.min(due)),
        // The time may be over before the last of them.
        (bound, due) => bound.or(due),
    }
}

/// `, 512 input tokens, 128 output tokens`, as far as lengths are asked for.
fn asked(request: &RequestSpec) -> String {
    let input = request.input_tokens.map(|tokens| format!(", {tokens} input tokens"));
    let output = request.max_tokens.map(|tokens| format!(", at most {tokens} output tokens"));
    [input, output].into_iter().flatten().collect()
}

fn body(request: &RequestSpec) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

/// A body whose long texts are cut, so that its structure is seen.
fn shortened(mut body: Value) -> Value {
    cut(&mut body);
    body
}

fn cut(value: &mut Value) {
    match value {
        Value::String(text) => {
            let chars = text.chars().count();
            if chars > SHOWN_CHARS {
                let begin: String = text.chars().take(SHOWN_CHARS).collect();
                *text = format!("{begin}… ({chars} characters)");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(cut),
        Value::Object(fields) => fields.values_mut().for_each(cut),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A histogram in as many rows as it needs; empty where there is nothing to show.
fn histogram(title: &str, values: &[u32]) -> String {
    let (Some(low), Some(high)) = (values.iter().min(), values.iter().max()) else {
        return String::new();
    };
    let (low, high) = (u64::from(*low), u64::from(*high));
    let sum = values.iter().copied().map(u64::from).sum();
    let mean = ratio(sum, count(values.len())).unwrap_or_default();
    if low == high {
        return format!("  {title}: {low}\n");
    }
    let width = (high - low + BINS) / BINS;
    let mut bins = vec![0_u64; index((high - low) / width + 1)];
    for value in values {
        if let Some(bin) = bins.get_mut(index((u64::from(*value) - low) / width)) {
            *bin += 1;
        }
    }
    let fullest = bins.iter().copied().max().unwrap_or(1).max(1);
    let requests = values.len();
    let mut text =
        format!("  {title}: {low} to {high}, mean {mean:.1}, over {requests} requests\n");
    for (number, bin) in bins.iter().enumerate() {
        let from = low + count(number) * width;
        let until = (from + width - 1).min(high);
        let bar = "#".repeat(index((bin * BAR).div_ceil(fullest)));
        // Writing to a text does not fail.
        writeln!(text, "  {from:>9} to {until:<9} {bin:>5} {bar}").unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{histogram, shortened};

    #[test]
    fn a_histogram_shows_where_the_lengths_lie() {
        let values: Vec<u32> = (0..100).map(|step| 100 + step * step / 50).collect();
        insta::assert_snapshot!(histogram("input tokens", &values), @r"
        input tokens: 100 to 296, mean 165.2, over 100 requests
              100 to 124          36 ########################################
              125 to 149          14 ################
              150 to 174          12 ##############
              175 to 199           9 ##########
              200 to 224           9 ##########
              225 to 249           7 ########
              250 to 274           7 ########
              275 to 296           6 #######
        ");
        assert_eq!(histogram("output tokens", &[128, 128]), "  output tokens: 128\n");
        assert_eq!(histogram("output tokens", &[]), "");
    }

    #[test]
    fn long_texts_of_a_body_are_cut_and_the_rest_stays() {
        let body =
            json!({"model": "m", "messages": [{"role": "user", "content": "好".repeat(300)}]});
        let shown = shortened(body);
        let text = shown["messages"][0]["content"].as_str().unwrap();
        assert!(text.ends_with("好… (300 characters)"), "{text}");
        assert_eq!(shown["model"], "m");
    }
}
