//! A flat list of figures, for dashboards: every row stands by itself.

use serde_json::{Value, json};

use super::figures::{ShownFigure, all_figures, shown_figures};
use super::format::ReportError;
use super::verdicts::headline;
use crate::compare::{Comparison, Verdict};
use crate::gate::{GateResult, test_gates};
use crate::result::{PooledCell, ResultError, RunResult};
use crate::units::index;

/// Version of this document; rises when a key changes its meaning or goes away.
const VERSION: u32 = 1;

/// Every figure of every backend, workload and stage, its rounds merged, a row each; and what
/// became of the gates.
///
/// # Errors
///
/// [`ReportError`] if the rounds cannot be merged, or the gates not be tested.
pub fn flat(result: &RunResult, comparison: Option<&Comparison>) -> Result<String, ReportError> {
    let keys = all_figures();
    let mut figures = Vec::new();
    for cell in result.pooled()? {
        figures.extend(shown_figures(&cell, &keys).map(|figure| row(result, &cell, &figure)));
    }
    let gates: Vec<_> = test_gates(result)?.iter().flat_map(gate_rows).collect();
    let document = json!({
        "flat_version": VERSION,
        "run": result.id,
        "scenario": result.name,
        "started_at": result.started_at,
        "pacemark_version": result.provenance.pacemark_version,
        "definitions_version": result.provenance.definitions_version,
        "partial": result.partial,
        "confidence": result.confidence().to_string(),
        "figures": figures,
        "gates": gates,
        "comparison": comparison.map(compared),
    });
    let text = serde_json::to_string_pretty(&document).map_err(ResultError::from)?;
    Ok(text + "\n")
}

/// What came of a comparison with a baseline.
fn compared(comparison: &Comparison) -> Value {
    let rows = comparison.deciding().map(|(cell, estimate)| {
        let effect = estimate.effect.as_ref().ok();
        let interval = effect.and_then(|effect| effect.interval);
        json!({
            "backend": cell.new_backend,
            "workload": cell.workload,
            "stage": cell.stage,
            "figure": estimate.measure.to_string(),
            "base": estimate.base,
            "value": estimate.new,
            "effect": effect.map(|effect| effect.size),
            "effect_low": interval.map(|interval| interval.low),
            "effect_high": interval.map(|interval| interval.high),
            "verdict": estimate.verdict.map(Verdict::key),
        })
    });
    json!({
        "base": comparison.base.runs,
        "text": headline(comparison),
        "verdict": comparison.verdict.map(Verdict::key),
        "figures": rows.collect::<Vec<_>>(),
    })
}

fn row(result: &RunResult, cell: &PooledCell, figure: &ShownFigure) -> Value {
    let statistic = figure.key.statistic().map(|statistic| statistic.to_string());
    let unit = if figure.key.is_count() { "values" } else { figure.key.metric().unit().label() };
    json!({
        "run": result.id,
        "scenario": result.name,
        "started_at": result.started_at,
        "backend": result.backends[index(cell.backend.into())].name,
        "workload": result.workloads[index(cell.workload.into())].name,
        "stage": result.stages[index(cell.stage.into())].label,
        "rounds": cell.rounds.len(),
        "metric": figure.key.metric().key(),
        "statistic": statistic,
        "unit": unit,
        "value": figure.value,
        "count": figure.count,
        "supported": figure.supported,
    })
}

fn gate_rows(gate: &GateResult) -> Vec<Value> {
    let rows = gate.tests.iter().map(|test| {
        json!({
            "gate": gate.entry.gate,
            "holds": gate.holds(),
            "backend": test.backend,
            "workload": test.workload,
            "stage": test.stage,
            "value": test.value,
            "count": test.count,
            "outcome": test.outcome.key(),
            "text": gate.words(test),
        })
    });
    let mut rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        rows.push(json!({
            "gate": gate.entry.gate,
            "holds": false,
            "backend": gate.entry.backend,
            "workload": gate.entry.workload,
            "stage": gate.entry.stage,
            "value": null,
            "count": null,
            "outcome": "missing",
            "text": gate.vacuous(),
        }));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::flat;
    use crate::metric::Gate;
    use crate::result::{GateEntry, sample};

    #[test]
    fn every_figure_is_a_row_that_stands_by_itself() {
        let mut result = sample::result(2);
        result.gates = ["error_rate < 1%", "e2e.p50 < 1s where backend=nobody"]
            .map(|text| GateEntry::from(&text.parse::<Gate>().unwrap()))
            .to_vec();
        let document: serde_json::Value =
            serde_json::from_str(&flat(&result, None).unwrap()).unwrap();
        let rows = document["figures"].as_array().unwrap();
        let is_p99 = |row: &&serde_json::Value| {
            row["metric"] == "ttft" && row["statistic"] == "p99" && row["backend"] == "星河推理"
        };
        let p99 = rows.iter().find(is_p99).unwrap();
        assert_eq!((p99["supported"].as_bool(), p99["count"].as_u64()), (Some(false), Some(376)));
        assert_eq!((p99["unit"].as_str(), p99["rounds"].as_u64()), (Some("ms"), Some(2)));
        let error_rate = rows.iter().find(|row| row["metric"] == "error_rate").unwrap();
        assert!(error_rate["statistic"].is_null() && error_rate["value"] == 0.0);
        let gates = document["gates"].as_array().unwrap();
        assert_eq!(gates.len(), 7);
        assert_eq!(gates[1]["outcome"], "broken");
        assert_eq!(gates[6]["text"], "no cell of the run is meant by it");
    }
}
