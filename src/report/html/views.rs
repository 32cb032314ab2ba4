//! What stands around the figures: the banner, the facts of runs, gates, findings, definitions.

use serde::Serialize;

use super::PageRun;
use super::section::Section;
use crate::audit::{Confidence, Severity};
use crate::compare::{Comparison, Failure};
use crate::gate::test_gates;
use crate::metric::Metric;
use crate::report::blocks::Block;
use crate::report::client_error::{NOT_CALIBRATED, client_error};
use crate::report::comparison::{closing, metric_name, verdict_line};
use crate::report::findings::gathered;
use crate::report::gates::{FAILED, gate_rows, tally};
use crate::report::markdown::{against, facts};
use crate::report::table::model;
use crate::result::{ResultError, RunResult};

/// A line of the banner.
#[derive(Serialize)]
pub(super) struct BannerLine {
    /// `good`, `doubtful`, `bad` or `plain`.
    class: &'static str,
    text: String,
}

/// The verdicts: whether the runs are to be believed, whether their gates held, who was faster.
///
/// # Errors
///
/// [`ResultError`] if a gate cannot be tested.
pub(super) fn banner(
    runs: &[PageRun<'_>],
    labels: &[String],
    sections: &[Section<'_>],
    comparisons: &[Comparison],
) -> Result<Vec<BannerLine>, ResultError> {
    let mut lines = Vec::new();
    for (run, label) in runs.iter().zip(labels) {
        let of = if runs.len() > 1 { format!("{label}: ") } else { String::new() };
        let mut say =
            |class, text: String| lines.push(BannerLine { class, text: of.clone() + &text });
        match run.result.confidence() {
            Confidence::Trusted => {
                say("good", "trusted: nothing speaks against these figures".to_owned());
            }
            Confidence::WithReservations => {
                say("doubtful", "with reservations: read the findings below".to_owned());
            }
            Confidence::NotToBeTrusted => {
                say("bad", "not to be trusted: read the findings below".to_owned());
            }
        }
        if run.result.partial {
            say("doubtful", "partial: the run was stopped, or still goes on".to_owned());
        }
        let gates = test_gates(run.result)?;
        if let Some(tally) = tally(&gates) {
            let held = gates.iter().all(crate::gate::GateResult::holds);
            say(if held { "good" } else { "bad" }, tally);
        }
    }
    lines.extend(comparisons.iter().map(|comparison| BannerLine {
        class: match comparison.failure() {
            Some(Failure::Regressed) if !comparison.is_within_a_run() => "bad",
            Some(Failure::Untrusted | Failure::Inconclusive) => "doubtful",
            Some(Failure::Regressed) | None => "plain",
        },
        text: verdict_line(comparison),
    }));
    if let ([run], []) = (runs, comparisons) {
        let compares = sections.iter().any(|section| section.block.compares());
        let rounds = sections.iter().map(|section| section.block.rounds()).min().unwrap_or(0);
        let closing = if compares { closing(run.result, rounds) } else { Vec::new() };
        lines.extend(closing.into_iter().map(|text| BannerLine { class: "plain", text }));
    }
    Ok(lines)
}

/// What was run, and where.
#[derive(Serialize)]
pub(super) struct RunView {
    label: String,
    description: Option<String>,
    facts: Vec<(&'static str, String)>,
    /// Name, kind, version, address, models.
    backends: Vec<[String; 5]>,
    notes: Vec<String>,
    /// Gate, backend, workload, stage, figure, outcome; and whether it failed.
    gates: Vec<(bool, [String; 6])>,
    tally: Option<String>,
    confidence: String,
    findings: Vec<FindingView>,
    client_error: String,
    /// Which requests have a row in `requests.csv`.
    records: Option<String>,
}

/// A kind of finding.
#[derive(Serialize)]
struct FindingView {
    class: &'static str,
    line: String,
    places: Vec<String>,
}

impl RunView {
    /// What there is to tell about a run.
    ///
    /// # Errors
    ///
    /// [`ResultError`] if a gate cannot be tested.
    pub(super) fn new(result: &RunResult, label: String) -> Result<Self, ResultError> {
        let gates = test_gates(result)?;
        let or_dash = |text: &Option<String>| text.as_deref().unwrap_or("-").to_owned();
        let backends = result.backends.iter().map(|backend| {
            let models: Vec<_> = backend.models.iter().map(model).collect();
            let simulated = backend.url.as_deref().unwrap_or("simulated inside this process");
            [
                backend.name.clone(),
                backend.kind.clone(),
                or_dash(&backend.server_version),
                simulated.to_owned(),
                models.join(", "),
            ]
        });
        let notes = result.notes.iter().map(|note| {
            let about = note.backend.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            format!("{about}{}", note.text)
        });
        let records = result.records.as_ref().map(|records| {
            format!("{}; {} of {} rows", records.rule, records.kept, records.finished)
        });
        Ok(Self {
            label,
            description: result.description.clone(),
            facts: facts(result).to_vec(),
            backends: backends.collect(),
            notes: notes.collect(),
            gates: failed_first(gate_rows(&gates)),
            tally: tally(&gates),
            confidence: result.confidence().to_string(),
            findings: findings(result),
            client_error: client_error(result).unwrap_or_else(|| NOT_CALIBRATED.to_owned()),
            records,
        })
    }
}

/// The rows of the gates, each with whether it failed; those that did come first.
fn failed_first(rows: Vec<[String; 6]>) -> Vec<(bool, [String; 6])> {
    let mut rows: Vec<_> = rows.into_iter().map(|row| (row[5] == FAILED, row)).collect();
    rows.sort_by_key(|(failed, _)| !failed);
    rows
}

fn findings(result: &RunResult) -> Vec<FindingView> {
    let kinds = gathered(result).into_iter().map(|kind| FindingView {
        class: match kind.gravest.grade() {
            Severity::Note => "plain",
            Severity::Reservation => "doubtful",
            Severity::Untrusted => "bad",
        },
        line: kind.line(result.cells.len()),
        places: kind
            .places
            .iter()
            .map(|(place, entry)| format!("{place}: {}{}", entry.text, against(entry)))
            .collect(),
    });
    kinds.collect()
}

/// What a metric of the page means.
#[derive(Serialize)]
pub(super) struct DefinitionView {
    key: &'static str,
    short: String,
    name: &'static str,
    unit: &'static str,
    formula: &'static str,
    exists_for: &'static str,
}

/// The definitions of all metrics that the sections have values for.
pub(super) fn definitions(sections: &[Section<'_>]) -> Vec<DefinitionView> {
    let shown = Metric::ALL.iter().filter(|metric| sections.iter().any(|one| one.has(**metric)));
    shown
        .map(|metric| {
            let info = metric.info();
            DefinitionView {
                key: info.key,
                short: metric_name(*metric),
                name: info.name,
                unit: info.unit.label(),
                formula: info.formula,
                exists_for: info.exists_for,
            }
        })
        .collect()
}

/// What must be known to read the figures of all sections.
pub(super) fn notes(sections: &[Section<'_>]) -> Vec<&'static str> {
    let mut notes = vec![
        "~ marks a percentile that rests on too few values (fewer than 10 / min(q, 1 - q)); - is a \
         value that does not exist.",
        "Latencies rest on completed requests only.",
    ];
    let is_open = |block: &Block<'_>| block.stage.is_open();
    if sections.iter().any(|section| is_open(&section.block)) {
        notes.push(crate::report::table::DUE);
    }
    notes
}
