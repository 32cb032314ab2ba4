//! What became of the gates, for terminals and documents.

use super::wrap::wrapped;
use crate::gate::{GateResult, GateTest, Outcome, test_gates};
use crate::result::{ResultError, RunResult};

/// Every gate of `result` with every cell it is meant for, in lines of at most `width` columns.
///
/// # Errors
///
/// [`ResultError`] if the rounds cannot be merged, or a gate cannot be read.
pub fn gates(result: &RunResult, width: usize) -> Result<String, ResultError> {
    let results = test_gates(result)?;
    let mut lines = Vec::new();
    for gate in &results {
        let reason = gate.vacuous().map(|reason| format!(": {reason}")).unwrap_or_default();
        lines.push((format!("{} {}{reason}", verdict(gate), scoped(gate)), 2));
        for test in &gate.tests {
            lines.push((format!("  {}: {}", test.place(), words(gate, test)), 4));
        }
    }
    lines.extend(tally(&results).map(|line| (line, 2)));
    let lines = lines.iter().flat_map(|(line, indent)| wrapped(line, width, *indent));
    let mut text = String::new();
    for line in lines {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    Ok(text)
}

/// What stands below the tables: how many held, and everything that did not. Empty without gates.
pub(super) fn gate_lines(results: &[GateResult]) -> Vec<String> {
    let mut lines: Vec<_> = tally(results).into_iter().collect();
    for gate in results.iter().filter(|gate| !gate.holds()) {
        if let Some(reason) = gate.vacuous() {
            lines.push(format!("! {}: {reason}", scoped(gate)));
        }
        let failures = gate.failures();
        lines
            .extend(failures.map(|test| {
                format!("! {}: {}: {}", scoped(gate), test.place(), words(gate, test))
            }));
    }
    lines
}

/// The outcome of what makes a gate fail.
pub(super) const FAILED: &str = "FAILED";

/// The rows of the document's table: gate, backend, workload, stage, figure, outcome.
pub(super) fn gate_rows(results: &[GateResult]) -> Vec<[String; 6]> {
    let mut rows = Vec::new();
    for gate in results {
        let name = gate.entry.gate.clone();
        if gate.tests.is_empty() {
            let dash = || "-".to_owned();
            let reason = gate.vacuous().unwrap_or_default().to_owned();
            rows.push([scoped(gate), dash(), dash(), dash(), reason, verdict(gate).to_owned()]);
        }
        for test in &gate.tests {
            let GateTest { backend, workload, stage, .. } = test.clone();
            let outcome = match (test.outcome.fails(), gate.vacuous()) {
                (false, None) => test.outcome.key().replace('_', " "),
                _ => FAILED.to_owned(),
            };
            rows.push([name.clone(), backend, workload, stage, gate.words(test), outcome]);
        }
    }
    rows
}

/// `gates: 3 of 4 held`; `None` without gates.
pub(super) fn tally(results: &[GateResult]) -> Option<String> {
    let held = results.iter().filter(|gate| gate.holds()).count();
    match results.len() {
        0 => None,
        all if all == held => Some(format!("gates: {} held", all_of(all))),
        all => Some(format!("gates: {} of {all} FAILED", all - held)),
    }
}

fn all_of(gates: usize) -> String {
    if gates == 1 { "the one gate".to_owned() } else { format!("all {gates}") }
}

fn verdict(gate: &GateResult) -> &'static str {
    if gate.holds() { "held" } else { FAILED }
}

/// The gate with the cells it is meant for, as it is written.
fn scoped(gate: &GateResult) -> String {
    gate.gate.to_string()
}

fn words(gate: &GateResult, test: &GateTest) -> String {
    let words = gate.words(test);
    match test.outcome {
        Outcome::Broken => format!("{words}, which breaks it"),
        Outcome::Held | Outcome::Unsupported | Outcome::Missing(_) | Outcome::DoesNotApply(_) => {
            words
        }
    }
}

#[cfg(test)]
mod tests {
    use super::gates;
    use crate::metric::Gate;
    use crate::result::{GateEntry, RunResult, sample};

    fn result(texts: &[&str]) -> RunResult {
        let mut result = sample::result(3);
        let entry = |text: &&str| GateEntry::from(&text.parse::<Gate>().unwrap());
        result.gates = texts.iter().map(entry).collect();
        result
    }

    #[test]
    fn every_cell_of_every_gate_is_told() {
        let result =
            result(&["ttft.p99 < 90ms", "error_rate < 7%", "e2e.p50 < 9s where backend=x"]);
        insta::assert_snapshot!(gates(&result, 80).unwrap(), @"
        FAILED ttft.p99 < 90ms
          ollama, short-chat, concurrency 4, 30s: 82.706ms
          星河推理, short-chat, concurrency 4, 30s: unsupported: 122ms, but it rests on
            564 values and needs 1000
          ollama, short-chat, 20/s poisson max 64, 30s: 82.706ms
          星河推理, short-chat, 20/s poisson max 64, 30s: unsupported: 122ms, but it
            rests on 564 values and needs 1000
          ollama, 向量, concurrency 4, 30s: does not apply: embeddings have no first
            token
          星河推理, 向量, concurrency 4, 30s: does not apply: embeddings have no first
            token
        held error_rate < 7%
          ollama, short-chat, concurrency 4, 30s: 0%
          星河推理, short-chat, concurrency 4, 30s: 6%
          ollama, short-chat, 20/s poisson max 64, 30s: 0%
          星河推理, short-chat, 20/s poisson max 64, 30s: 6%
          ollama, 向量, concurrency 4, 30s: 0%
          星河推理, 向量, concurrency 4, 30s: 6%
        FAILED e2e.p50 < 9s where backend=x: no cell of the run is meant by it
        gates: 2 of 3 FAILED
        ");
    }

    #[test]
    fn without_gates_there_is_nothing_to_tell() {
        assert_eq!(gates(&result(&[]), 80).unwrap(), "");
    }
}
