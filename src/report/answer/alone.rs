//! What a backend alone did.

use super::place::{failing, place, waits};
use crate::metric::{Metric, Statistic};
use crate::report::blocks::Block;
use crate::report::contrast::contender;
use crate::report::numbers::{counted, number, percent};
use crate::units::count;

/// Most workloads of a backend alone that are told.
const WORKLOADS_TOLD: usize = 2;

/// What comes out of a server, beside answers.
const RATES: [(Metric, &str); 3] = [
    (Metric::OutputTokenThroughput, "output tokens/s"),
    (Metric::EmbeddingThroughput, "embedded inputs/s"),
    (Metric::DocumentThroughput, "ranked documents/s"),
];

/// What the only backend did, in each of the first workloads where it answered most: `server
/// answered 44.8 requests/s at concurrency 16, 1057 output tokens/s, with TTFT p50 28.1 and p99
/// ~46.9 ms`.
pub(super) fn alone(blocks: &[Block<'_>]) -> Option<String> {
    let mut busiest: Vec<&Block<'_>> = Vec::new();
    for block in blocks.iter().filter(|block| request_rate(block).is_some()) {
        match busiest.iter_mut().find(|other| other.workload.name == block.workload.name) {
            Some(other) if request_rate(other) < request_rate(block) => *other = block,
            Some(_) => {}
            None => busiest.push(block),
        }
    }
    let label = &busiest.first()?.rows.first()?.label;
    let most = if blocks.len() > busiest.len() { "at most " } else { "" };
    let told = busiest.iter().take(WORKLOADS_TOLD).filter_map(|block| did(block, blocks));
    let rest = match count(busiest.len().saturating_sub(WORKLOADS_TOLD)) {
        0 => String::new(),
        rest => format!("; and so on for {}", counted(rest, "more workload")),
    };
    Some(format!("{label} answered {most}{}{rest}", told.collect::<Vec<_>>().join("; ")))
}

fn request_rate(block: &Block<'_>) -> Option<f64> {
    block.rows.first()?.cell.measured.window(Metric::RequestThroughput)
}

/// `44.8 requests/s at concurrency 16, 1057 output tokens/s, with TTFT p50 28.1 and p99 ~46.9 ms`
fn did(block: &Block<'_>, blocks: &[Block<'_>]) -> Option<String> {
    let row = block.rows.first()?;
    let requests = number(request_rate(block)?);
    let mut text = format!("{requests} requests/s{}", place(block, blocks));
    for (metric, noun) in RATES {
        let rate = row.cell.measured.window(metric).map(number);
        // One text in each request says nothing new.
        if let Some(rate) = rate.filter(|rate| *rate != requests) {
            text.extend([format!(", {rate} {noun}")]);
        }
    }
    let [first, whole] = waits(block);
    let times = [(first, "TTFT"), (whole, "E2E")].into_iter().find_map(|(metric, name)| {
        let at = |percentile| {
            let value = contender(row, metric, Some(Statistic::Percentile(percentile)))?;
            Some(value.to_string())
        };
        let due = if block.stage.is_open() { " from when it was due" } else { "" };
        Some(format!(", with {name} p50 {} and p99 {} ms{due}", at(50.0)?, at(99.0)?))
    });
    text.push_str(&times.unwrap_or_default());
    if let Some(met) = row.cell.measured.window(Metric::SloAttainment) {
        text.extend([format!(", {} within the SLO", percent(met))]);
    }
    Some(text + &failing(block))
}
