//! What is shown together: the backends under one workload at one stage.

use std::collections::BTreeSet;

use crate::result::{PooledCell, PriceEntry, ResultError, RunResult, StageEntry, WorkloadEntry};
use crate::units::index;

/// The cells of one workload and stage.
pub(super) struct Block<'a> {
    /// The workload of all rows.
    pub(super) workload: &'a WorkloadEntry,
    /// Of a mix, the workloads it is made of.
    pub(super) members: Vec<&'a WorkloadEntry>,
    /// The stage of all rows.
    pub(super) stage: &'a StageEntry,
    /// What the rows are: backends, or parts of what they did.
    pub(super) of: &'static str,
    /// A row per backend (and round, where rounds stand apart); never empty.
    pub(super) rows: Vec<Row>,
}

/// One backend in a block.
pub(super) struct Row {
    /// The name of the backend, with the round where rounds stand apart.
    pub(super) label: String,
    /// What it came to.
    pub(super) cell: PooledCell,
    /// What its tokens cost, where the scenario says.
    pub(super) price: Option<PriceEntry>,
}

/// The blocks of `result`, by workload and stage; rounds are merged unless `rounds_apart`.
///
/// # Errors
///
/// [`ResultError`] if the rounds cannot be merged.
pub(super) fn blocks(
    result: &RunResult,
    rounds_apart: bool,
) -> Result<Vec<Block<'_>>, ResultError> {
    let cells = if rounds_apart { result.rounds_apart() } else { result.pooled()? };
    // The probes of a search have a table of their own.
    let probes = result.probe_stages();
    let cells = cells.into_iter().filter(|cell| !probes.contains(&cell.stage));
    let mut blocks: Vec<((u32, u32), Block<'_>)> = Vec::new();
    for cell in cells {
        let place = (cell.workload, cell.stage);
        let backend = &result.backends[index(cell.backend.into())];
        let label = match cell.rounds.first() {
            Some(round) if rounds_apart => format!("{} #{}", backend.name, round + 1),
            _ => backend.name.clone(),
        };
        let row = Row { label, cell, price: backend.price };
        match blocks.last_mut() {
            Some((last, block)) if *last == place => block.rows.push(row),
            _ => {
                let workload = &result.workloads[index(place.0.into())];
                let stage = &result.stages[index(place.1.into())];
                let members = members(result, workload);
                let rows = vec![row];
                blocks.push((place, Block { workload, members, stage, of: "backend", rows }));
            }
        }
    }
    Ok(blocks.into_iter().map(|(_, block)| block).collect())
}

/// The workloads of a mix, in its order; none of what is no mix.
fn members<'a>(result: &'a RunResult, mix: &WorkloadEntry) -> Vec<&'a WorkloadEntry> {
    let find = |name: &str| result.workloads.iter().find(|workload| workload.name == name);
    mix.mix.iter().filter_map(|part| find(&part.workload)).collect()
}

impl Block<'_> {
    /// `short-chat (chat), concurrency 4, 30s, 2 rounds merged`
    pub(super) fn title(&self) -> String {
        let Self { workload, stage, .. } = self;
        let merged = match self.rows.iter().map(|row| row.cell.rounds.len()).max() {
            Some(rounds) if rounds > 1 => format!(", {rounds} rounds merged"),
            _ => String::new(),
        };
        let endpoint = if workload.name == workload.endpoint {
            String::new()
        } else {
            format!(" ({})", workload.endpoint)
        };
        format!("{}{endpoint}, {}{merged}", workload.name, stage.label)
    }

    /// The parts of the rows, where there are any, as a block of their own: a row for each part
    /// of each backend, like beside like.
    pub(super) fn parts(&self) -> Option<Self> {
        let mut names: Vec<&str> = Vec::new();
        for part in self.rows.iter().flat_map(|row| &row.cell.measured.parts) {
            if !names.contains(&part.part.as_str()) {
                names.push(&part.part);
            }
        }
        let mut rows = Vec::new();
        for name in names {
            for row in &self.rows {
                let mut parts = row.cell.measured.parts.iter();
                let Some(part) = parts.find(|part| part.part == name) else { continue };
                let label = match self.rows.len() {
                    1 => name.to_owned(),
                    _ => format!("{name}, {}", row.label),
                };
                let cell = PooledCell { measured: part.measured.clone(), ..row.cell.clone() };
                rows.push(Row { label, cell, price: row.price });
            }
        }
        let Self { workload, stage, .. } = *self;
        let members = self.members.clone();
        (!rows.is_empty()).then_some(Self { workload, members, stage, of: "part", rows })
    }

    /// What a mix is made of, as `70% short-chat, 30% embed`; `None` for what is no mix.
    pub(super) fn shares(&self) -> Option<String> {
        let parts: Vec<_> = self.workload.mix.iter().map(ToString::to_string).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// How many rounds the rows rest on together.
    pub(super) fn rounds(&self) -> usize {
        self.rows.iter().flat_map(|row| &row.cell.rounds).collect::<BTreeSet<_>>().len()
    }

    /// Whether there are several backends, with a row each.
    pub(super) fn compares(&self) -> bool {
        let backends: BTreeSet<_> = self.rows.iter().map(|row| row.cell.backend).collect();
        backends.len() > 1 && backends.len() == self.rows.len()
    }
}
