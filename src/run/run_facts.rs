//! What the audit of a run is told of all its cells together.

use std::collections::BTreeMap;

use crate::audit::{AnswerLength, LoadPoint};
use crate::metric::Metric;
use crate::plan::RunPlan;
use crate::result::{CellLabels, CellResult, Measured};
use crate::scenario::{Backend, CellWorkload, Course, LoadProfile, Scenario, Target};
use crate::units::{float, index, ratio};

/// The backends that are spoken to with TLS and not checked.
pub(super) fn unverified(scenario: &Scenario) -> Vec<String> {
    let is_open = |backend: &&Backend| {
        !backend.tls.verify && matches!(&backend.target, Target::Url(url) if url.tls)
    };
    scenario.backends.iter().filter(is_open).map(|backend| backend.name.clone()).collect()
}

/// How long the answers of each backend were on average, by workload and stage, all rounds
/// together; of a mix, for each of its workloads.
pub(super) fn answer_lengths(cells: &[CellResult]) -> Vec<AnswerLength> {
    let mut sums: BTreeMap<_, (&CellLabels, u64, u64)> = BTreeMap::new();
    let parts = cells.iter().flat_map(|CellResult { labels, measured, .. }| {
        let members = measured.members();
        let whole = members.is_empty().then_some((labels, "", measured));
        whole.into_iter().chain(members.iter().map(move |it| (labels, &*it.part, &it.measured)))
    });
    for (labels, part, measured) in parts {
        let Measured { token_sources: sources, tokens: totals, .. } = measured;
        let place = (labels.workload_index, labels.stage_index, part, labels.backend_index);
        let (_, tokens, answers) = sums.entry(place).or_insert((labels, 0, 0));
        *tokens += totals.output.unwrap_or(0);
        *answers += sources.usage + sources.tokenizer + sources.chunks;
    }
    let mean =
        |((_, _, part, _), (labels, tokens, answers)): ((_, _, &str, _), (&CellLabels, _, _))| {
            let workload = &labels.workload;
            Some(AnswerLength {
                backend: labels.backend.clone(),
                workload: if part.is_empty() {
                    workload.clone()
                } else {
                    format!("{part} in {workload}")
                },
                stage: labels.stage.clone(),
                tokens: ratio(tokens, answers)?,
            })
        };
    sums.into_iter().filter_map(mean).collect()
}

/// How each backend did at each concurrency, all rounds together: of closed loops without thinking
/// that keep to one concurrency, and of workloads that are streamed and stand alone.
pub(super) fn load_points(plan: &RunPlan, cells: &[CellResult]) -> Vec<LoadPoint> {
    let mut sums: BTreeMap<_, (&CellLabels, u32, PointSums)> = BTreeMap::new();
    for CellResult { labels, measured, .. } in cells {
        let Some(concurrency) = steady_concurrency(plan, labels) else { continue };
        let place = (labels.workload_index, labels.backend_index, labels.stage_index);
        let (_, _, sum) = sums.entry(place).or_insert((labels, concurrency, PointSums::default()));
        sum.add(measured);
    }
    let point = |(labels, concurrency, sums): (&CellLabels, u32, PointSums)| {
        Some(LoadPoint {
            backend: labels.backend.clone(),
            workload: labels.workload.clone(),
            concurrency,
            throughput_rps: sums.throughput_rps / sums.rounds,
            ttft_ms: sums.ttft.mean()?,
            ttft_min_ms: sums.ttft_min_ms?,
            e2e_ms: sums.e2e.mean()?,
            tpot_ms: sums.tpot.mean(),
        })
    };
    sums.into_values().filter_map(point).collect()
}

/// The one concurrency of a cell of single requests; `None` of any other.
fn steady_concurrency(plan: &RunPlan, labels: &CellLabels) -> Option<u32> {
    let scenario = plan.scenario();
    let stage = scenario.load.stages.get(index(labels.stage_index.into()))?;
    let LoadProfile::Closed { concurrency: Course::Steady(concurrency), think_time: None } =
        &stage.profile
    else {
        return None;
    };
    match scenario.cell_workload(index(labels.workload_index.into())) {
        CellWorkload::Alone(workload) if workload.conversation.is_none() => Some(*concurrency),
        CellWorkload::Alone(_) | CellWorkload::Mixed(_) => None,
    }
}

/// What the rounds of a point add up to.
#[derive(Default)]
struct PointSums {
    rounds: f64,
    throughput_rps: f64,
    ttft: Weighted,
    ttft_min_ms: Option<f64>,
    e2e: Weighted,
    tpot: Weighted,
}

impl PointSums {
    fn add(&mut self, measured: &Measured) {
        self.rounds += 1.0;
        self.throughput_rps += measured.window(Metric::RequestThroughput).unwrap_or(0.0);
        self.ttft.add(measured, Metric::Ttft);
        self.e2e.add(measured, Metric::E2e);
        self.tpot.add(measured, Metric::Tpot);
        let least = measured.distribution(Metric::Ttft).map(|figures| figures.min);
        self.ttft_min_ms = [self.ttft_min_ms, least].into_iter().flatten().reduce(f64::min);
    }
}

/// A mean over rounds, each with the weight of its values.
#[derive(Default)]
struct Weighted {
    sum: f64,
    count: f64,
}

impl Weighted {
    fn add(&mut self, measured: &Measured, metric: Metric) {
        if let Some(figures) = measured.distribution(metric) {
            self.sum += figures.mean * float(figures.count);
            self.count += float(figures.count);
        }
    }

    fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}
