//! Every gate against every cell it is meant for.

use super::applies::{lacking, never};
use super::outcome::{GateResult, GateTest, Outcome};
use crate::measure::supported;
use crate::metric::{FigureKey, Gate, Unsupported};
use crate::result::{GateEntry, Measured, PooledCell, ResultError, RunResult, WorkloadEntry};
use crate::units::index;

/// Holds `result` against its gates. The rounds of a cell are merged first, since a gate is about
/// all requests of a backend, workload and stage together.
///
/// # Errors
///
/// [`ResultError`] if the rounds cannot be merged, or this version cannot read a gate.
pub fn test_gates(result: &RunResult) -> Result<Vec<GateResult>, ResultError> {
    if result.gates.is_empty() {
        return Ok(Vec::new());
    }
    let cells = result.pooled()?;
    result.gates.iter().map(|entry| test_gate(entry, result, &cells)).collect()
}

fn test_gate(
    entry: &GateEntry,
    result: &RunResult,
    cells: &[PooledCell],
) -> Result<GateResult, ResultError> {
    let unreadable = |source| ResultError::Gate { gate: entry.gate.clone(), source };
    let gate = entry.read().map_err(unreadable)?;
    let mut tests = Vec::new();
    for cell in cells {
        let backend = &result.backends[index(cell.backend.into())].name;
        let workload = &result.workloads[index(cell.workload.into())];
        let stage = &result.stages[index(cell.stage.into())].label;
        let figure = gate.threshold.figure;
        for (name, workload, measured) in meant(&gate, backend, stage, (result, workload, cell)) {
            let value = measured.value(figure)?.filter(|value| value.is_finite());
            let outcome = match never(figure.metric(), workload, result) {
                Some(reason) if value.is_none() => Outcome::DoesNotApply(reason),
                _ => outcome_of(&gate, value, measured),
            };
            tests.push(GateTest {
                backend: backend.clone(),
                workload: name,
                stage: stage.clone(),
                value,
                count: count(figure, measured),
                outcome,
            });
        }
    }
    Ok(GateResult { entry: entry.clone(), gate, tests })
}

/// What a gate means of a cell: all of it; or, where it names a workload of a mix, the requests of
/// that one.
fn meant<'a>(
    gate: &Gate,
    backend: &str,
    stage: &str,
    (result, workload, cell): (&'a RunResult, &'a WorkloadEntry, &'a PooledCell),
) -> Vec<(String, &'a WorkloadEntry, &'a Measured)> {
    if gate.scope.means(backend, &workload.name, stage) {
        return vec![(workload.name.clone(), workload, &cell.measured)];
    }
    let members = cell.measured.members().iter();
    let members = members.filter(|member| gate.scope.means(backend, &member.part, stage));
    let with_entry = members.filter_map(|member| {
        let entry = result.workloads.iter().find(|entry| entry.name == member.part)?;
        Some((format!("{} of {}", member.part, workload.name), entry, &member.measured))
    });
    with_entry.collect()
}

fn outcome_of(gate: &Gate, value: Option<f64>, measured: &Measured) -> Outcome {
    let figure = gate.threshold.figure;
    let Some(value) = value else { return Outcome::Missing(lacking(figure, measured)) };
    let values = count(figure, measured).unwrap_or(0);
    let few = figure.percentile().is_some_and(|percentile| !supported(percentile, values));
    match gate.unsupported {
        Unsupported::Fail if few => Outcome::Unsupported,
        Unsupported::Fail | Unsupported::Allow if gate.threshold.holds(value) => Outcome::Held,
        Unsupported::Fail | Unsupported::Allow => Outcome::Broken,
    }
}

/// How many values a figure rests on; `None` for numbers of the window.
fn count(figure: FigureKey, measured: &Measured) -> Option<u64> {
    match figure {
        FigureKey::Statistic(metric, _) => measured.distribution(metric).map(|f| f.count),
        FigureKey::Window(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::test_gates;
    use crate::gate::{GateResult, GateTest, Outcome};
    use crate::metric::{Gate, Unsupported};
    use crate::result::{GateEntry, RunResult, sample};

    fn tested(gate: &str, rounds: u32, change: impl Fn(&mut RunResult, &mut Gate)) -> GateResult {
        let mut result = sample::result(rounds);
        let mut gate: Gate = gate.parse().unwrap();
        change(&mut result, &mut gate);
        result.gates = vec![GateEntry::from(&gate)];
        test_gates(&result).unwrap().remove(0)
    }

    fn told(gate: &str, rounds: u32) -> String {
        let result = tested(gate, rounds, |_, _| ());
        let line = |test: &GateTest| {
            format!("{} | {} | {}", test.place(), test.outcome.key(), result.words(test))
        };
        let lines: Vec<_> = result.tests.iter().map(line).collect();
        format!("{}\n{}", result.holds(), lines.join("\n"))
    }

    #[test]
    fn a_gate_is_held_against_every_cell_with_its_rounds_merged() {
        insta::assert_snapshot!(told("e2e.p50 < 1.5s", 3), @"
        false
        ollama, short-chat, concurrency 4, 30s | held | 1290.8ms
        星河推理, short-chat, concurrency 4, 30s | broken | 1917.8ms
        ollama, short-chat, 20/s poisson max 64, 30s | held | 1290.8ms
        星河推理, short-chat, 20/s poisson max 64, 30s | broken | 1917.8ms
        ollama, 向量, concurrency 4, 30s | held | 1290.8ms
        星河推理, 向量, concurrency 4, 30s | broken | 1917.8ms
        ");
    }

    #[test]
    fn a_percentile_of_too_few_values_fails_the_gate_as_unsupported() {
        insta::assert_snapshot!(told("ttft.p99 < 10s where stage=\"concurrency 4\"", 3), @"
        false
        ollama, short-chat, concurrency 4, 30s | held | 82.706ms
        星河推理, short-chat, concurrency 4, 30s | unsupported | unsupported: 122ms, but it rests on 564 values and needs 1000
        ollama, 向量, concurrency 4, 30s | does_not_apply | does not apply: embeddings have no first token
        星河推理, 向量, concurrency 4, 30s | does_not_apply | does not apply: embeddings have no first token
        ");
    }

    #[test]
    fn unless_that_is_allowed() {
        let allow = |_: &mut RunResult, gate: &mut Gate| gate.unsupported = Unsupported::Allow;
        assert!(tested("ttft.p99 < 10s", 3, allow).holds());
        assert!(!tested("ttft.p99 < 1ms", 3, allow).holds());
    }

    #[test]
    fn more_rounds_lend_support() {
        assert!(!tested("ttft.p99 < 10s where workload=short-chat", 5, |_, _| ()).holds());
        assert!(tested("ttft.p99 < 10s where workload=short-chat", 6, |_, _| ()).holds());
    }

    #[test]
    fn any_percentile_can_be_asked_for() {
        let result = tested("ttft.p98 < 10s where backend=ollama", 1, |_, _| ());
        assert!(result.holds());
        let value = result.tests[0].value.unwrap();
        assert!((79.0..81.0).contains(&value), "{value}");
    }

    #[test]
    fn a_figure_that_no_cell_can_have_fails_the_gate() {
        let result = tested("ttft.p50 < 10s where workload=向量", 3, |_, _| ());
        assert!(!result.holds());
        assert_eq!(result.vacuous(), Some("no cell of the run has the figure"));
        assert_eq!(result.failures().count(), 2);
        let result = tested("goodput >= 0/s", 3, |result, _| {
            result.slo.clear();
            for cell in &mut result.cells {
                cell.measured.windows.remove("goodput");
            }
        });
        assert!(!result.holds());
        let words = result.words(&result.tests[0]);
        assert_eq!(words, "does not apply: the scenario has no `slo`");
    }

    #[test]
    fn a_cell_whose_requests_all_failed_fails_the_gate() {
        let result = tested("ttft.p50 < 10s", 1, |result, _| {
            let measured = &mut result.cells[0].measured;
            measured.outcomes.completed = 0;
            measured.distributions.clear();
            measured.histograms.clear();
        });
        assert!(!result.holds());
        assert_eq!(result.words(&result.tests[0]), "missing: none of 1000 requests succeeded");
        assert_eq!(result.tests[1].outcome, Outcome::Held);
    }

    #[test]
    fn a_gate_for_cells_that_are_not_there_fails() {
        let result = tested("error_rate < 100% where backend=nobody", 1, |_, _| ());
        assert!(!result.holds());
        assert_eq!(result.vacuous(), Some("no cell of the run is meant by it"));
    }

    #[test]
    fn a_gate_that_this_version_cannot_read_is_named() {
        let mut result = sample::result(1);
        let gate: Gate = "error_rate < 1%".parse().unwrap();
        result.gates = vec![GateEntry { gate: "beauty > 3".to_owned(), ..(&gate).into() }];
        let error = test_gates(&result).unwrap_err().to_string();
        assert!(error.starts_with("the gate `beauty > 3` cannot be read: column 1: "), "{error}");
    }
}
