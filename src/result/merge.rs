//! Runs of one scenario, added up.
//!
//! A cell of the sum is a cell of one of the runs, under a round of its own, so nothing is lost or
//! counted twice: tables merge its rounds as they merge those of one run, by adding counts and
//! histograms, which is exact.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cell::CellResult;
use super::counts::FindingEntry;
use super::provenance::Host;
use super::run::{Note, RecordsEntry, RunResult};
use super::setup::{BackendEntry, LoadEntry, ModelEntry};
use crate::units::{count, to_u32};

/// A run that was added to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MergedRun {
    /// Name of its folder.
    pub id: String,
    /// When it started, in UTC; the moments of its cells count from then.
    pub started_at: String,
    /// Its seed.
    pub seed: u64,
    /// Its rounds, by its own numbers from 0.
    pub rounds: Vec<u32>,
    /// The number that the first of them has here; the others follow.
    pub first_round: u32,
    /// The number that its first cell has here.
    pub first_cell: u32,
}

/// What may be merged besides runs that sent different requests to the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergeOptions {
    /// Runs that sent the same requests, by seed and round: each counts as a repetition.
    pub repeated: bool,
    /// Runs of different environments.
    pub other_environments: bool,
}

/// Why runs cannot be merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// One run alone is its own sum.
    #[error("there is nothing to merge: name at least two runs")]
    TooFew,
    /// A run is given twice.
    #[error(
        "`{0}` is given twice, or is part of another of the runs: its requests would count twice"
    )]
    Twice(String),
    /// Two runs are of different scenarios.
    #[error("`{left}` and `{right}` are not of one scenario: {what} differ")]
    Unlike {
        /// Name of a run.
        left: String,
        /// Name of another.
        right: String,
        /// In what they differ.
        what: &'static str,
    },
    /// Their metrics are defined differently.
    #[error(
        "`{left}` and `{right}` follow different definitions of the metrics (versions {versions}): \
         their figures are not of the same things"
    )]
    Definitions {
        /// Name of a run.
        left: String,
        /// Name of another.
        right: String,
        /// The two versions.
        versions: String,
    },
    /// They are of different environments.
    #[error(
        "`{left}` and `{right}` are of different environments ({what} differ): their sum would be of \
         neither; --other-environments merges them all the same"
    )]
    Environment {
        /// Name of a run.
        left: String,
        /// Name of another.
        right: String,
        /// In what they differ.
        what: &'static str,
    },
    /// They sent the same requests.
    #[error(
        "`{left}` and `{right}` both hold round {round} of seed {seed}: the same requests, sent \
         twice; run one of them with another --seed, or take it as a repetition with --repeated"
    )]
    Overlap {
        /// Name of a run.
        left: String,
        /// Name of another.
        right: String,
        /// The seed of both.
        seed: u64,
        /// The first round both hold, from 1.
        round: u32,
    },
    /// A result was stored without its histograms.
    #[error(
        "`{0}` was stored without its histograms and cannot be added to another; use the complete \
         `result.json`"
    )]
    NoHistograms(String),
}

/// The sum of `runs`, in their order: `id` is its name, `command_line` what made it.
///
/// Its rounds are numbered anew. It is partial if one of them is, its gates and description are
/// those of the first, and its findings those of all, but for what no longer holds.
///
/// # Errors
///
/// [`MergeError`] with the first reason why they do not fit together.
pub fn merge(
    runs: &[RunResult],
    id: &str,
    command_line: Vec<String>,
    options: MergeOptions,
) -> Result<RunResult, MergeError> {
    let [first, others @ ..] = runs else { return Err(MergeError::TooFew) };
    if others.is_empty() {
        return Err(MergeError::TooFew);
    }
    for other in others {
        fits(first, other, options)?;
    }
    let sources = sources(runs);
    disjoint(&sources, options)?;
    if let Some(run) = runs.iter().find(|run| run.cells.iter().any(lacks_histograms)) {
        return Err(MergeError::NoHistograms(run.id.clone()));
    }
    let mut sum = first.clone();
    id.clone_into(&mut sum.id);
    sum.provenance.command_line = command_line;
    let starts = runs.iter().map(|run| &run.started_at);
    starts.min().unwrap_or(&first.started_at).clone_into(&mut sum.started_at);
    sum.finished_at = runs.iter().filter_map(|run| run.finished_at.clone()).max();
    sum.partial = runs.iter().any(|run| run.partial);
    sum.load.rounds = sources.iter().map(|source| to_u32(count(source.rounds.len()))).sum();
    sum.records = records(runs);
    sum.notes = notes(runs);
    sum.findings = findings(runs);
    sum.cells = cells(runs);
    sum.merged_from = sources;
    Ok(sum)
}

/// Whether `other` is of the scenario of `first`.
fn fits(first: &RunResult, other: &RunResult, options: MergeOptions) -> Result<(), MergeError> {
    let (left, right) = (first.id.clone(), other.id.clone());
    let versions = [first, other].map(|run| run.provenance.definitions_version);
    if versions[0] != versions[1] {
        let versions = format!("{} and {}", versions[0], versions[1]);
        return Err(MergeError::Definitions { left, right, versions });
    }
    let set_up = |run: &RunResult| run.backends.iter().map(as_set_up).collect::<Vec<_>>();
    let load = |run: &RunResult| LoadEntry { rounds: 1, ..run.load.clone() };
    let unlike = [
        ("the names", first.name != other.name),
        ("the backends", set_up(first) != set_up(other)),
        ("the workloads", first.workloads != other.workloads),
        ("the stages", first.stages != other.stages),
        ("the SLOs", first.slo != other.slo),
        ("warm-up, pauses, drain or stop rule", load(first) != load(other)),
    ];
    if let Some((what, _)) = unlike.into_iter().find(|(_, differ)| *differ) {
        return Err(MergeError::Unlike { left, right, what });
    }
    match other_environment(first, other) {
        Some(what) if !options.other_environments => {
            Err(MergeError::Environment { left, right, what })
        }
        _ => Ok(()),
    }
}

/// In what the environments of two runs of one scenario differ; `None`: in nothing.
fn other_environment(first: &RunResult, other: &RunResult) -> Option<&'static str> {
    let [left, right] = [first, other].map(|run| &run.provenance);
    let hardware = |host: &Host| (host.cpu_model.clone(), host.cpu_count, host.os.clone());
    let differ = [
        ("the servers' versions or models", first.backends != other.backends),
        ("the machines", hardware(&left.host) != hardware(&right.host)),
        ("the kernels", left.host.kernel != right.host.kernel),
        ("the versions of pacemark", left.pacemark_version != right.pacemark_version),
    ];
    differ.into_iter().find_map(|(what, differ)| differ.then_some(what))
}

/// A backend as the scenario sets it up; what only the server tells belongs to the environment.
fn as_set_up(backend: &BackendEntry) -> BackendEntry {
    let model = |model: &ModelEntry| ModelEntry {
        alias: model.alias.clone(),
        name: model.name.clone(),
        ..ModelEntry::default()
    };
    let models = backend.models.iter().map(model).collect();
    BackendEntry { server_version: None, models, ..backend.clone() }
}

/// The runs that the sum is made of: those of a run that is itself a sum, else the run.
fn sources(runs: &[RunResult]) -> Vec<MergedRun> {
    let mut sources: Vec<MergedRun> = Vec::new();
    let (mut first_round, mut first_cell) = (0, 0);
    for run in runs {
        let rounds = rounds_of(run);
        if run.merged_from.is_empty() {
            let (id, started_at) = (run.id.clone(), run.started_at.clone());
            let rounds = rounds.iter().copied().collect();
            let seed = run.seed;
            sources.push(MergedRun { id, started_at, seed, rounds, first_round, first_cell });
        }
        sources.extend(run.merged_from.iter().map(|part| MergedRun {
            first_round: part.first_round + first_round,
            first_cell: part.first_cell + first_cell,
            ..part.clone()
        }));
        first_round += to_u32(count(rounds.len()));
        first_cell += to_u32(count(run.cells.len()));
    }
    sources
}

fn rounds_of(run: &RunResult) -> BTreeSet<u32> {
    run.cells.iter().map(|cell| cell.labels.round).collect()
}

/// Whether no run is there twice and, unless that is asked for, no requests are.
fn disjoint(sources: &[MergedRun], options: MergeOptions) -> Result<(), MergeError> {
    for (at, right) in sources.iter().enumerate() {
        for left in &sources[..at] {
            if (&left.id, &left.started_at) == (&right.id, &right.started_at) {
                return Err(MergeError::Twice(right.id.clone()));
            }
            let shared = left.rounds.iter().find(|round| right.rounds.contains(round));
            if let Some(round) = shared.filter(|_| left.seed == right.seed && !options.repeated) {
                return Err(MergeError::Overlap {
                    left: left.id.clone(),
                    right: right.id.clone(),
                    seed: left.seed,
                    round: round + 1,
                });
            }
        }
    }
    Ok(())
}

fn lacks_histograms(cell: &CellResult) -> bool {
    let measured = &cell.measured;
    measured.distributions.keys().any(|key| !measured.histograms.contains_key(key))
}

/// The cells of all runs, numbered on.
fn cells(runs: &[RunResult]) -> Vec<CellResult> {
    let mut cells = Vec::new();
    let mut before = 0;
    for run in runs {
        let rounds: Vec<_> = rounds_of(run).into_iter().collect();
        for cell in &run.cells {
            let mut cell = cell.clone();
            let round = rounds.iter().position(|round| *round == cell.labels.round).unwrap_or(0);
            cell.labels.round = before + to_u32(count(round));
            cell.labels.id = to_u32(count(cells.len()));
            cells.push(cell);
        }
        before += to_u32(count(rounds.len()));
    }
    cells
}

/// Which requests have a row: the rule of all runs, where they follow one.
fn records(runs: &[RunResult]) -> Option<RecordsEntry> {
    let entries: Vec<_> = runs.iter().filter_map(|run| run.records.as_ref()).collect();
    let first = (*entries.first()?).clone();
    let alike = entries.iter().all(|entry| entry.policy == first.policy);
    let (policy, rule) = if alike {
        (first.policy, first.rule)
    } else {
        ("mixed".to_owned(), "each run by its own rule".to_owned())
    };
    let kept = entries.iter().map(|entry| entry.kept).sum();
    let finished = entries.iter().map(|entry| entry.finished).sum();
    Some(RecordsEntry { policy, rule, kept, finished })
}

/// Every note once, and what was merged.
fn notes(runs: &[RunResult]) -> Vec<Note> {
    let ids: Vec<_> = runs.iter().map(|run| run.id.as_str()).collect();
    let text = format!("merged from {}", ids.join(", "));
    let mut notes = vec![Note { backend: None, text }];
    for note in runs.iter().flat_map(|run| &run.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes
}

/// Every finding about a run once. How many rounds there are is another question now.
fn findings(runs: &[RunResult]) -> Vec<FindingEntry> {
    let mut findings = Vec::new();
    for finding in runs.iter().flat_map(|run| &run.findings) {
        if finding.key != "few_rounds" && !findings.contains(finding) {
            findings.push(finding.clone());
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{MergeError, MergeOptions, merge};
    use crate::metric::{FigureKey, Metric};
    use crate::result::{RunResult, sample};

    const REPEATED: MergeOptions = MergeOptions { repeated: true, other_environments: false };

    /// Another run of the sample's scenario.
    fn run(id: &str, rounds: u32, seed: u64) -> RunResult {
        let mut run = sample::result(rounds);
        id.clone_into(&mut run.id);
        run.seed = seed;
        run
    }

    fn merged(runs: &[RunResult], options: MergeOptions) -> Result<RunResult, String> {
        merge(runs, "sum", Vec::new(), options).map_err(|error| error.to_string())
    }

    #[test]
    fn merging_the_rounds_of_a_run_again_gives_its_own_figures() {
        // One run of four rounds, and the same records in two runs of two.
        let whole = sample::result(4);
        let mut halves = [run("a", 2, 42), run("b", 2, 42)];
        for (at, half) in halves.iter_mut().enumerate() {
            let wanted = |round: u32| (u32::from(at == 1) * 2..).take(2).any(|kept| kept == round);
            half.cells = whole.cells.iter().filter(|c| wanted(c.labels.round)).cloned().collect();
        }
        let sum = merged(&halves, MergeOptions::default()).unwrap();
        assert_eq!(sum.load.rounds, 4);
        let (sum, whole) = (sum.pooled().unwrap(), whole.pooled().unwrap());
        assert_eq!(sum, whole);
        let any = |percentile: &str| format!("e2e.{percentile}").parse::<FigureKey>().unwrap();
        for key in ["p1", "p50", "p97.3", "p99.9"].map(any) {
            let values = [&sum[0], &whole[0]].map(|cell| cell.measured.value(key).unwrap());
            assert_eq!(values[0], values[1]);
        }
    }

    #[test]
    fn rounds_and_cells_are_numbered_on() {
        let runs = [run("a", 2, 1), run("b", 1, 2), run("c", 3, 3)];
        let sum = merged(&runs, MergeOptions::default()).unwrap();
        let ids: Vec<_> = sum.cells.iter().map(|cell| cell.labels.id).collect();
        assert_eq!(ids, (0..36).collect::<Vec<_>>());
        assert_eq!(sum.cells[12].labels.round, 2);
        assert_eq!(sum.cells[35].labels.round, 5);
        let firsts: Vec<_> =
            sum.merged_from.iter().map(|part| (part.first_round, part.first_cell)).collect();
        assert_eq!(firsts, [(0, 0), (2, 12), (3, 18)]);
        let arrivals = |run: &RunResult| {
            run.cells.iter().map(|cell| cell.measured.outcomes.arrivals).sum::<u64>()
        };
        assert_eq!(arrivals(&sum), runs.iter().map(arrivals).sum::<u64>());
        let ttft = sum.pooled().unwrap()[0].measured.distribution(Metric::Ttft).unwrap().count;
        assert_eq!(ttft, 6_000);
        // A sum is a run like any other, and remembers its parts.
        let again = merged(&[sum, run("d", 1, 4)], MergeOptions::default()).unwrap();
        assert_eq!(again.merged_from.len(), 4);
        assert_eq!(again.merged_from[3].first_round, 6);
        let twice = merged(&[again, run("b", 1, 2)], REPEATED).unwrap_err();
        assert!(twice.starts_with("`b` is given twice"), "{twice}");
    }

    #[test]
    fn the_same_requests_are_no_new_ones_unless_they_are_meant_as_a_repetition() {
        let runs = [run("a", 2, 42), run("b", 3, 42)];
        let overlap = merged(&runs, MergeOptions::default()).unwrap_err();
        assert!(
            overlap.starts_with("`a` and `b` both hold round 1 of seed 42: the same requests"),
            "{overlap}"
        );
        assert_eq!(merged(&runs, REPEATED).unwrap().load.rounds, 5);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_reason() {
        let base = || run("a", 1, 1);
        let refused = |change: fn(&mut RunResult)| {
            let mut other = run("b", 1, 2);
            change(&mut other);
            merged(&[base(), other], MergeOptions::default()).unwrap_err()
        };
        let said = [
            refused(|run| run.name.push('x')),
            refused(|run| run.backends[0].url = None),
            refused(|run| run.workloads[0].max_tokens = Some(7)),
            refused(|run| run.stages[0].requests = Some(7)),
            refused(|run| run.slo.clear()),
            refused(|run| run.load.cooldown_s = 7.0),
            refused(|run| run.provenance.definitions_version = 99),
            refused(|run| run.backends[0].server_version = Some("0.9.7".to_owned())),
            refused(|run| run.cells[0].measured.histograms.clear()),
        ];
        insta::assert_snapshot!(said.join("\n"), @"
        `a` and `b` are not of one scenario: the names differ
        `a` and `b` are not of one scenario: the backends differ
        `a` and `b` are not of one scenario: the workloads differ
        `a` and `b` are not of one scenario: the stages differ
        `a` and `b` are not of one scenario: the SLOs differ
        `a` and `b` are not of one scenario: warm-up, pauses, drain or stop rule differ
        `a` and `b` follow different definitions of the metrics (versions 1 and 99): their figures are not of the same things
        `a` and `b` are of different environments (the servers' versions or models differ): their sum would be of neither; --other-environments merges them all the same
        `b` was stored without its histograms and cannot be added to another; use the complete `result.json`
        ");
        assert_eq!(merge(&[base()], "x", Vec::new(), REPEATED), Err(MergeError::TooFew));
        let mut other = run("b", 1, 2);
        other.backends[0].server_version = Some("0.9.7".to_owned());
        let options = MergeOptions { other_environments: true, ..MergeOptions::default() };
        assert!(merged(&[base(), other], options).is_ok());
    }
}
