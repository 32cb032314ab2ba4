//! What a run would send: a sample of the requests, the lengths asked for, and their totals.

use std::fmt::Write as _;
use std::sync::Arc;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

use super::exit::CommandError;
use crate::dataset::{OpenPrompts, Played, open_prompts};
use crate::plan::{Cell, RunPlan};
use crate::record::Phase;
use crate::scenario::{LoadProfile, Stage};
use crate::units::{count, float, index, ratio, whole};
use crate::workload::{AskedLengths, PromptStart, RequestFactory, RequestSpec};

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
    method: Option<String>,
    requests: Vec<RequestSpec>,
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
        for (number, workload) in scenario.workloads.iter().enumerate() {
            let mut cells = plan.cells().iter().filter(|cell| cell.workload == number).peekable();
            let Some(first) = cells.peek() else { continue };
            let failed = |error: &dyn std::fmt::Display| {
                CommandError::usage(format!("workload `{}`: {error}", workload.name))
            };
            let prompts = open_prompts(workload, (scenario.seed, count(number)), None)
                .map_err(|error| failed(&error))?;
            let factory = factory(plan, first, &prompts.played(&plan.stage(first).profile));
            let requests =
                (0..show).filter_map(|at| factory.request(Phase::Measure, at).transpose());
            let requests = requests.collect::<Result<_, _>>().map_err(|error| failed(&error))?;
            let lengths = lengths(&factory, SAMPLE).map_err(|error| failed(&error))?;
            preview.workloads.push(WorkloadPreview {
                name: workload.name.clone(),
                method: prompts.rows.length_method().map(|method| method.to_string()),
                requests,
                lengths,
            });
            for cell in cells {
                let totals = totals(plan, cell, &prompts).map_err(|error| failed(&error))?;
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
                let bodies = workload.requests.iter().map(body);
                json!({
                    "workload": workload.name,
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
    fn as_text(&self) -> String {
        let mut text = format!("\n{}\n", self.name);
        for (number, request) in self.requests.iter().enumerate() {
            let asked = asked(request);
            let line = format!("  request {}{asked}: {}\n", number + 1, shortened(body(request)));
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

fn factory(plan: &RunPlan, cell: &Cell, played: &Played) -> RequestFactory {
    let (scenario, backend) = (plan.scenario(), plan.backend(cell));
    let stages = count(scenario.load.stages.len());
    let start = PromptStart {
        seed: scenario.seed,
        place: u64::from(cell.round) * stages + count(cell.stage),
        places: u64::from(scenario.load.rounds) * stages,
    };
    let include_usage = backend.kind.preset().include_usage;
    let rows = Arc::clone(&played.rows);
    RequestFactory::new(plan.workload(cell), backend, rows, start, include_usage)
}

/// The lengths of the first `most` requests.
fn lengths(
    factory: &RequestFactory,
    most: u64,
) -> Result<Vec<AskedLengths>, crate::workload::RowError> {
    (0..most).filter_map(|at| factory.lengths(Phase::Measure, at).transpose()).collect()
}

fn totals(
    plan: &RunPlan,
    cell: &Cell,
    prompts: &OpenPrompts,
) -> Result<CellTotals, crate::workload::RowError> {
    let played = prompts.played(&plan.stage(cell).profile);
    let requests = requests_of(plan.stage(cell), &played);
    let items = u64::from(plan.workload(cell).prompts_per_request());
    let lengths = lengths(&factory(plan, cell, &played), requests.unwrap_or(SAMPLE).min(SAMPLE))?;
    let sum = |lengths: Option<Vec<u32>>, times: u64| {
        let lengths = lengths.filter(|lengths| !lengths.is_empty())?;
        let sum = lengths.iter().copied().map(u64::from).sum();
        let mean = ratio(sum, count(lengths.len()))?;
        Some(whole(mean * float(requests?) * float(times)))
    };
    Ok(CellTotals {
        id: cell.id,
        requests,
        input_tokens: sum(lengths.iter().map(|asked| asked.input_tokens).collect(), items),
        output_tokens: sum(lengths.iter().map(|asked| asked.output_tokens).collect(), 1),
    })
}

/// How many requests a stage has at most; `None` where that depends on the server.
fn requests_of(stage: &Stage, played: &Played) -> Option<u64> {
    let due = match &stage.profile {
        LoadProfile::Closed { .. } => None,
        LoadProfile::Open { rate, .. } => {
            stage.bound.duration.map(|span| whole(rate.expected(span)))
        }
        // In a loop, its bounds alone end it.
        LoadProfile::Replay { replay, .. } if replay.repeats => None,
        LoadProfile::Replay { .. } => {
            played.recording.as_ref().map(|recording| count(recording.requests()))
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
