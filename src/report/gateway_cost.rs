//! What a gateway costs: a table for each workload, and what must be said beside it.

use super::numbers::{counted, number};
use super::side_table::SideTable;
use crate::result::{AddedEntry, GatewayCostEntry, RunResult};

/// Names of the columns.
const HEADS: [&str; 8] =
    ["added to", "mean", "95% of the mean", "p5", "p50", "p95", "direct", "through"];
/// The name of the unit that all columns but the first are in.
const UNIT: &str = "ms";

/// A table for each workload that went both ways.
pub(super) fn cost_tables(result: &RunResult) -> Vec<SideTable> {
    result.gateway_costs.iter().map(cost_table).collect()
}

fn cost_table(cost: &GatewayCostEntry) -> SideTable {
    let GatewayCostEntry { gateway, direct, workload, concurrency, pairs, .. } = cost;
    let at_a_time = match concurrency {
        1 => "one at a time".to_owned(),
        slots => format!("{slots} at a time"),
    };
    let rows = ["ttft", "tpot", "e2e"].into_iter().filter_map(|key| {
        let added = cost.added.get(key)?;
        Some(row(&key.to_uppercase(), added))
    });
    let heads = HEADS.iter().enumerate().map(|(place, head)| {
        let unit = if place == 0 { "" } else { UNIT };
        ((*head).to_owned(), unit.to_owned())
    });
    SideTable {
        title: format!(
            "cost of {gateway} in front of {direct}: {workload}, {} both ways, {at_a_time}",
            counted(*pairs, "request")
        ),
        heads: heads.collect(),
        rows: rows.map(Vec::from).collect(),
        remarks: remarks(cost),
    }
}

fn row(name: &str, added: &AddedEntry) -> [String; 8] {
    let AddedEntry { mean_ms, low_ms, high_ms, p5_ms, p50_ms, p95_ms, .. } = *added;
    [
        name.to_owned(),
        number(mean_ms),
        format!("{} to {}", number(low_ms), number(high_ms)),
        number(p5_ms),
        number(p50_ms),
        number(p95_ms),
        number(added.direct_mean_ms),
        number(added.gateway_mean_ms),
    ]
}

fn remarks(cost: &GatewayCostEntry) -> Vec<String> {
    let mut said = Vec::new();
    // What it says it added until its answer began: of a stream that is the first token.
    let seen = cost.added.get("ttft").map(|added| ("TTFT", added));
    let seen = seen.or_else(|| cost.added.get("e2e").map(|added| ("E2E", added)));
    if let (Some(told), Some((name, added))) = (cost.told_mean_ms, seen) {
        let rest = added.mean_ms - told;
        let than = if rest < 0.0 { "less" } else { "more" };
        let took = cost
            .told_response_mean_ms
            .map(|took| format!(", of {} ms until its answer began", number(took)));
        said.push(format!(
            "by its own clock {} added {} ms on average{} ({}); the client sees {} ms {than} than \
             that at {name}: what its clock does not count",
            cost.gateway,
            number(told),
            took.unwrap_or_default(),
            counted(cost.told, "answer"),
            number(rest.abs())
        ));
    }
    if cost.from_cache > 0 {
        said.push(format!(
            "{} answered {} from its own cache: these say nothing of its cost",
            cost.gateway,
            counted(cost.from_cache, "request")
        ));
    }
    if cost.sent_again > 0 {
        said.push(format!(
            "{} sent {} again, or gave them to another model",
            cost.gateway,
            counted(cost.sent_again, "request")
        ));
    }
    if cost.failed > 0 {
        let why = cost.failure.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        said.push(format!("{} failed and left out{why}", counted(cost.failed, "pair")));
    }
    if cost.added.is_empty() {
        said.push("too few pairs went well for a value".to_owned());
    }
    said
}
