//! The result of a run, and the way into JSON and back.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cell::CellResult;
use super::counts::FindingEntry;
use super::gate::GateEntry;
use super::gateway_cost::GatewayCostEntry;
use super::histograms::HistogramError;
use super::merge::MergedRun;
use super::provenance::{Host, Provenance, scenario_hash};
use super::search::SearchEntry;
use super::setup::{BackendEntry, LoadEntry, SloEntry, StageEntry, WorkloadEntry};
use crate::audit::{Confidence, Severity};
use crate::metric::{DEFINITIONS_VERSION, SyntaxError};
use crate::scenario::Scenario;
use crate::units::index;

/// Version of the document; rises when an older pacemark could no longer read it rightly.
pub const SCHEMA_VERSION: u32 = 1;

/// The result of a run: everything any table or report is made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunResult {
    /// Version of this document.
    pub schema_version: u32,
    /// Name of the run's folder.
    pub id: String,
    /// Name of the scenario.
    pub name: String,
    /// What the scenario is for.
    pub description: Option<String>,
    /// When the run started, in UTC.
    pub started_at: String,
    /// When it ended, in UTC; `null` while it goes on, and where it broke off.
    pub finished_at: Option<String>,
    /// Whether cells are missing or cut short, because the run goes on or was stopped.
    pub partial: bool,
    /// The seed of everything random.
    pub seed: u64,
    /// What made the result, and out of what.
    pub provenance: Provenance,
    /// The servers, in file order.
    pub backends: Vec<BackendEntry>,
    /// What was sent, in file order.
    pub workloads: Vec<WorkloadEntry>,
    /// The load points, in file order.
    pub stages: Vec<StageEntry>,
    /// What every single request should keep to.
    pub slo: Vec<SloEntry>,
    /// What the run must keep to.
    #[serde(default)]
    pub gates: Vec<GateEntry>,
    /// How the cells were run.
    pub load: LoadEntry,
    /// Which requests have a row in `requests.csv`.
    pub records: Option<RecordsEntry>,
    /// What was noticed before any load was sent.
    pub notes: Vec<Note>,
    /// What speaks for or against believing the run as a whole.
    pub findings: Vec<FindingEntry>,
    /// What a gateway costs, for each workload that went both ways; left out where none did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateway_costs: Vec<GatewayCostEntry>,
    /// What searches for the largest load that keeps to limits found; left out where there were
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub searches: Vec<SearchEntry>,
    /// When the run was broken off and went on; left out where it never was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<ResumedEntry>,
    /// The runs that were added up to this one, in the order of its cells; empty for a run as it
    /// was made.
    #[serde(default)]
    pub merged_from: Vec<MergedRun>,
    /// The cells, in run order.
    pub cells: Vec<CellResult>,
}

/// A run that went on after it was broken off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResumedEntry {
    /// When it went on, in UTC.
    pub at: String,
    /// Version of the pacemark that went on.
    pub pacemark_version: String,
    /// Cells that had been measured to their end, and were kept.
    pub cells_kept: u32,
    /// Rows of `requests.csv` that were taken away, since their cells had not come to an end.
    pub requests_dropped: u64,
}

/// Which requests have a row in `requests.csv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordsEntry {
    /// `all`, `sample` or `none`.
    pub policy: String,
    /// Which rows are kept, in words.
    pub rule: String,
    /// Rows written.
    pub kept: u64,
    /// Requests that could have had one.
    pub finished: u64,
}

/// Something noticed before any load was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Name of the backend it is about; `null` if it is about the run.
    pub backend: Option<String>,
    /// What was noticed.
    pub text: String,
}

/// What is known about a run besides its scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunIdentity {
    /// Name of the run's folder.
    pub id: String,
    /// When it started, in UTC.
    pub started_at: String,
    /// Commit pacemark was built from.
    pub commit: Option<String>,
    /// The command line, word by word, with secrets already removed.
    pub command_line: Vec<String>,
    /// The machine.
    pub host: Host,
}

/// Why a text is not a result that can be read.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The text is not a result at all, or a damaged one.
    #[error("not a pacemark result: {0}")]
    NotAResult(#[from] serde_json::Error),
    /// A newer pacemark wrote it.
    #[error(
        "the result has schema version {found}, this pacemark ({}) reads up to {SCHEMA_VERSION}; \
         use the newer pacemark that wrote it", env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// The version found.
        found: u32,
    },
    /// A cell names a backend, workload or stage that is not in the result.
    #[error("cell {cell} names {what} {index}, but the result lists only {listed}")]
    Dangling {
        /// Number of the cell.
        cell: u32,
        /// What it names.
        what: &'static str,
        /// The index found.
        index: u32,
        /// How many there are.
        listed: usize,
    },
    /// A histogram cannot be used.
    #[error(transparent)]
    Histogram(#[from] HistogramError),
    /// A gate cannot be read.
    #[error("the gate `{gate}` cannot be read: {source}")]
    Gate {
        /// The gate.
        gate: String,
        /// Why not.
        source: SyntaxError,
    },
    /// Rounds cannot be merged, because the histograms were left out.
    #[error(
        "cells of several rounds cannot be merged: the result was stored without its histograms; \
         show the rounds apart, or use the complete `result.json`"
    )]
    NoHistograms,
}

impl RunResult {
    /// The result of a run of `scenario` that has just begun: partial and without cells.
    pub fn new(identity: RunIdentity, scenario: &Scenario) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            id: identity.id,
            name: scenario.name.clone(),
            description: scenario.description.clone(),
            started_at: identity.started_at,
            finished_at: None,
            partial: true,
            seed: scenario.seed,
            provenance: Provenance {
                pacemark_version: env!("CARGO_PKG_VERSION").to_owned(),
                commit: identity.commit,
                definitions_version: DEFINITIONS_VERSION,
                command_line: identity.command_line,
                scenario_sha256: scenario_hash(&scenario.stored_text),
                host: identity.host,
            },
            backends: backends(scenario),
            workloads: WorkloadEntry::all(scenario),
            stages: scenario.load.stages.iter().map(StageEntry::new).collect(),
            slo: SloEntry::all(&scenario.slo),
            gates: scenario.gates.iter().map(GateEntry::from).collect(),
            load: (&scenario.load).into(),
            records: None,
            notes: Vec::new(),
            findings: Vec::new(),
            gateway_costs: Vec::new(),
            searches: Vec::new(),
            resumed: Vec::new(),
            merged_from: Vec::new(),
            cells: Vec::new(),
        }
    }

    /// Reads a result.
    ///
    /// # Errors
    ///
    /// [`ResultError`] if the text is no result, a newer pacemark wrote it, or a cell names
    /// something the result does not list.
    pub fn from_json(text: &str) -> Result<Self, ResultError> {
        let Versioned { schema_version } = serde_json::from_str(text)?;
        if schema_version > SCHEMA_VERSION {
            return Err(ResultError::Newer { found: schema_version });
        }
        let result: Self = serde_json::from_str(text)?;
        result.cells.iter().try_for_each(|cell| result.check(cell))?;
        Ok(result)
    }

    /// The result as JSON, with a line break at its end; the same result gives the same bytes.
    ///
    /// # Errors
    ///
    /// [`ResultError::NotAResult`] cannot in fact happen: every map has strings for keys.
    pub fn to_json(&self) -> Result<String, ResultError> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// The findings of the run and of all its cells.
    pub fn all_findings(&self) -> impl Iterator<Item = &FindingEntry> {
        self.findings.iter().chain(self.cells.iter().flat_map(|cell| &cell.findings))
    }

    /// The stages that only probes of searches are at.
    pub fn probe_stages(&self) -> BTreeSet<u32> {
        let probes = self.searches.iter().flat_map(|search| &search.probes);
        let probes: BTreeSet<_> = probes.map(|probe| probe.cell).collect();
        let (of_probes, of_others): (Vec<_>, Vec<_>) =
            self.cells.iter().partition(|cell| probes.contains(&cell.labels.id));
        let others: BTreeSet<_> = of_others.iter().map(|cell| cell.labels.stage_index).collect();
        let stages = of_probes.iter().map(|cell| cell.labels.stage_index);
        stages.filter(|stage| !others.contains(stage)).collect()
    }

    /// Whether the run is to be believed, by the gravest of all its findings.
    pub fn confidence(&self) -> Confidence {
        match self.all_findings().map(FindingEntry::grade).max() {
            None | Some(Severity::Note) => Confidence::Trusted,
            Some(Severity::Reservation) => Confidence::WithReservations,
            Some(Severity::Untrusted) => Confidence::NotToBeTrusted,
        }
    }

    /// The result without histograms: short, but its rounds cannot be merged any more.
    #[must_use]
    pub fn without_histograms(&self) -> Self {
        let mut short = self.clone();
        for measured in short.cells.iter_mut().map(|cell| &mut cell.measured) {
            measured.histograms.clear();
            measured.parts.iter_mut().for_each(|part| part.measured.histograms.clear());
        }
        short
    }

    /// Whether every index of `cell` leads to an entry.
    fn check(&self, cell: &CellResult) -> Result<(), ResultError> {
        let labels = &cell.labels;
        let places = [
            ("backend", labels.backend_index, self.backends.len()),
            ("workload", labels.workload_index, self.workloads.len()),
            ("stage", labels.stage_index, self.stages.len()),
        ];
        places.into_iter().try_for_each(|(what, place, listed)| {
            if index(place.into()) < listed {
                Ok(())
            } else {
                Err(ResultError::Dangling { cell: labels.id, what, index: place, listed })
            }
        })
    }
}

/// The backends of `scenario`, each with the models its workloads ask for.
fn backends(scenario: &Scenario) -> Vec<BackendEntry> {
    let backends = scenario.backends.iter().enumerate();
    backends
        .map(|(place, backend)| {
            let asked = scenario.workloads.iter().filter(|work| work.backends.contains(&place));
            BackendEntry::new(backend, asked.map(|workload| workload.model.as_str()))
        })
        .collect()
}

impl FindingEntry {
    /// How grave it is; a word of a later version counts as a reservation.
    pub fn grade(&self) -> Severity {
        Severity::from_key(&self.severity).unwrap_or(Severity::Reservation)
    }
}

/// What is read first, to know how to read the rest.
#[derive(Deserialize)]
struct Versioned {
    schema_version: u32,
}

/// The JSON Schema of the document, as it stands in `docs/result.schema.json`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RunResult)
}

#[cfg(test)]
mod tests {
    use super::{ResultError, RunResult, schema};
    use crate::metric::{Metric, Statistic};
    use crate::result::sample;

    const STORED: &str = include_str!("../../tests/fixtures/results/v1.json");

    #[test]
    fn a_result_comes_back_as_it_was_stored() {
        let result = sample::result(2);
        let text = result.to_json().unwrap();
        let read = RunResult::from_json(&text).unwrap();
        assert_eq!(read, result);
        assert_eq!(read.to_json().unwrap(), text);
    }

    #[test]
    fn a_stored_result_of_version_1_stays_readable() {
        let result = RunResult::from_json(STORED).unwrap();
        assert_eq!((result.schema_version, result.cells.len()), (1, 12));
        assert_eq!(result.cells[1].labels.backend, "星河推理");
        assert_eq!(result.cells[1].measured.outcomes.failures(), 12);
        let pooled = &result.pooled().unwrap()[1].measured;
        let ttft = pooled.figure(Metric::Ttft, Statistic::Percentile(50.0)).unwrap();
        assert!((ttft - 90.5).abs() < 0.1, "{ttft}");
    }

    #[test]
    fn a_newer_result_is_refused_by_its_version() {
        let newer = STORED.replacen("\"schema_version\": 1", "\"schema_version\": 99", 1);
        let error = RunResult::from_json(&newer).unwrap_err();
        assert!(matches!(error, ResultError::Newer { found: 99 }));
        assert!(error.to_string().contains("reads up to 1; use the newer pacemark"), "{error}");
        // Whatever else a newer one changed, its version is what is said.
        let error = RunResult::from_json(r#"{"schema_version": 99, "cells": 5}"#).unwrap_err();
        assert!(matches!(error, ResultError::Newer { found: 99 }));
    }

    #[test]
    fn what_is_no_result_is_refused() {
        for text in ["", "[]", "{}", "{\"schema_version\": 1}"] {
            let error = RunResult::from_json(text).unwrap_err();
            assert!(error.to_string().starts_with("not a pacemark result: "), "{error}");
        }
    }

    #[test]
    fn a_cell_that_names_nothing_listed_is_refused() {
        let mut result = sample::result(1);
        result.stages.pop();
        let error = RunResult::from_json(&result.to_json().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "cell 2 names stage 1, but the result lists only 1");
    }

    #[test]
    fn missing_values_are_null_or_absent_and_never_zero() {
        let json: serde_json::Value =
            serde_json::from_str(&sample::result(1).to_json().unwrap()).unwrap();
        let embeddings = &json["cells"][4];
        assert_eq!(embeddings["workload"], "向量");
        assert!(embeddings["tokens"]["output"].is_null());
        assert!(embeddings["distributions"].get("ttft").is_none());
        assert!(embeddings["windows"].get("output_token_throughput").is_none());
        assert!(json["stages"][0]["rate_rps"].is_null());
    }

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let committed = include_str!("../../docs/result.schema.json");
        let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        assert!(made == committed, "`pacemark schema result` prints what should be committed");
    }

    #[test]
    fn a_shortened_result_can_be_read_but_not_merged() {
        let short = sample::result(2).without_histograms().to_json().unwrap();
        let short = RunResult::from_json(&short).unwrap();
        assert!(matches!(short.pooled(), Err(ResultError::NoHistograms)));
        assert_eq!(short.rounds_apart().len(), 12);
    }
}
