//! Small runs for tests, whose every value is given.

use std::sync::LazyLock;

use super::measure::Measure;
use crate::metric::Metric;
use crate::result::{CellResult, FindingEntry, RunResult, sample};

/// Two backends (`ollama`, `星河推理`) under one chat workload at one closed load, all cells
/// alike in everything: 60 ms to the first token, 12 ms a token, 1.2 s in all.
pub(super) fn run(rounds: u32) -> RunResult {
    static ONE_ROUND: LazyLock<RunResult> = LazyLock::new(one_round);
    let mut run = ONE_ROUND.clone();
    let round = std::mem::take(&mut run.cells);
    for number in 0..rounds {
        run.cells.extend(round.iter().cloned().map(|mut cell| {
            cell.labels.id += 2 * number;
            cell.labels.round = number;
            cell
        }));
    }
    run
}

fn one_round() -> RunResult {
    let mut run = sample::result(1);
    run.workloads.truncate(1);
    run.stages.truncate(1);
    run.cells.truncate(2);
    run.cells[0].measured.histograms.clear();
    run.cells[1].measured = run.cells[0].measured.clone();
    run
}

/// Sets a value of a cell.
pub(super) fn set(cell: &mut CellResult, measure: Measure, value: f64) {
    let metric = measure.metric();
    match measure.statistic() {
        Some(statistic) => {
            let figures = cell.measured.distributions.get_mut(metric.key()).unwrap();
            figures.percentiles.insert(statistic.to_string(), value);
        }
        None => {
            cell.measured.windows.insert(metric.key().to_owned(), value);
        }
    }
}

/// Multiplies every latency of the cells of `backend` by a factor of its round, and divides
/// the rates by it.
pub(super) fn slow_down(run: &mut RunResult, backend: u32, factors: &[f64]) {
    for cell in run.cells.iter_mut().filter(|cell| cell.labels.backend_index == backend) {
        let round = usize::try_from(cell.labels.round).unwrap();
        let factor = factors[round % factors.len()];
        for measure in Measure::all() {
            let Some(value) = measure.value(&cell.measured) else { continue };
            let changed = match (measure.metric(), measure.statistic()) {
                (_, Some(_)) => value * factor,
                (Metric::ErrorRate, None) => value,
                (_, None) => value / factor,
            };
            set(cell, measure, changed);
        }
    }
}

/// The median time to the first token.
pub(super) const TTFT: Measure = Measure::percentile(Metric::Ttft, 50.0);

/// A finding that makes a run one not to be trusted.
pub(super) fn grave(key: &str) -> FindingEntry {
    FindingEntry {
        key: key.to_owned(),
        severity: "untrusted".to_owned(),
        text: "found".to_owned(),
        figure: None,
        limit: None,
        remedy: None,
    }
}
