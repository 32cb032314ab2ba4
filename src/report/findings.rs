//! Findings, gathered over the cells: each kind once, the gravest first.

use std::cmp::Reverse;

use crate::audit::Severity;
use crate::result::{FindingEntry, RunResult};

/// Findings that tables already tell in their own way: by failures, remarks and the last line.
const TOLD_BESIDE_TABLES: [&str; 12] = [
    "cached_input",
    "capped",
    "failures",
    "few_rounds",
    "given_up",
    "hidden_reasoning",
    "interrupted",
    "partial_run",
    "stale_reconnects",
    "tokens_estimated",
    "tokens_per_event",
    "tokens_uncounted",
];

/// Notes that say what the figures mean for the server, and so stand in the terminal as well.
const OF_THE_SERVER: [&str; 3] = ["cold_start", "limited_slots", "saturated"];

/// One kind of finding.
pub(super) struct Found<'a> {
    /// The gravest of its kind, the first of several.
    pub(super) gravest: &'a FindingEntry,
    /// The cells it was found in, with what was found; empty if it is about the run.
    pub(super) places: Vec<(String, &'a FindingEntry)>,
}

/// Every kind of finding of `result`, the gravest first, else in the order they were found.
pub(super) fn gathered(result: &RunResult) -> Vec<Found<'_>> {
    let mut kinds: Vec<Found<'_>> = Vec::new();
    let about_run = result.findings.iter().map(|entry| (None, entry));
    let about_cells = result.cells.iter().flat_map(|cell| {
        let labels = &cell.labels;
        let round = labels.round + 1;
        let place =
            format!("{}, {}, {}, round {round}", labels.workload, labels.stage, labels.backend);
        cell.findings.iter().map(move |entry| (Some(place.clone()), entry))
    });
    for (place, entry) in about_run.chain(about_cells) {
        let places: Vec<_> = place.map(|place| (place, entry)).into_iter().collect();
        // What is found of the run is told of each backend by itself.
        let same = |kind: &&mut Found<'_>| {
            kind.gravest.key == entry.key
                && kind.places.is_empty() == places.is_empty()
                && (!places.is_empty() || kind.gravest.text == entry.text)
        };
        match kinds.iter_mut().find(same) {
            Some(kind) => {
                if entry.grade() > kind.gravest.grade() {
                    kind.gravest = entry;
                }
                kind.places.extend(places);
            }
            None => kinds.push(Found { gravest: entry, places }),
        }
    }
    kinds.sort_by_key(|kind| Reverse(kind.gravest.grade()));
    kinds
}

impl Found<'_> {
    /// Whether it stands under the tables of the terminal: it is more than a note, or one about the
    /// server, and nothing beside the tables says the same.
    pub(super) fn is_for_terminal(&self) -> bool {
        let key = self.gravest.key.as_str();
        let is_shown = self.gravest.grade() > Severity::Note || OF_THE_SERVER.contains(&key);
        is_shown && !TOLD_BESIDE_TABLES.contains(&key)
    }

    /// `reservation late_sends, in 2 of 6 cells: requests were sent late; use more threads`
    pub(super) fn line(&self, cells: usize) -> String {
        let FindingEntry { key, severity, text, remedy, .. } = self.gravest;
        let places = match self.places.len() {
            0 => String::new(),
            found => format!(", in {found} of {cells} cells"),
        };
        let remedy = remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
        format!("{severity} {key}{places}: {text}{remedy}")
    }
}

#[cfg(test)]
mod tests {
    use super::gathered;
    use crate::result::{FindingEntry, sample};

    fn finding(key: &str, severity: &str, text: &str) -> FindingEntry {
        FindingEntry {
            key: key.to_owned(),
            severity: severity.to_owned(),
            text: text.to_owned(),
            figure: None,
            limit: None,
            remedy: Some("wait".to_owned()),
        }
    }

    #[test]
    fn what_is_found_of_two_backends_stands_twice_and_in_the_terminal() {
        let mut result = sample::result(1);
        for text in ["ollama serves about 4", "xinference serves about 8"] {
            result.findings.push(finding("limited_slots", "note", text));
        }
        let found = gathered(&result);
        let texts: Vec<_> = found
            .iter()
            .filter(|kind| kind.is_for_terminal())
            .map(|kind| kind.gravest.text.as_str())
            .collect();
        assert_eq!(texts, ["ollama serves about 4", "xinference serves about 8"]);
    }

    #[test]
    fn each_kind_stands_once_and_the_gravest_first() {
        let mut result = sample::result(1);
        result.findings.push(finding("few_rounds", "note", "only one"));
        result.cells[0].findings.push(finding("late_sends", "note", "by 2 ms"));
        result.cells[3].findings.push(finding("late_sends", "reservation", "by 20 ms"));
        result.cells[3].findings.push(finding("load_not_sent", "untrusted", "half of it"));
        let found = gathered(&result);
        let lines: Vec<_> = found.iter().map(|kind| kind.line(result.cells.len())).collect();
        assert_eq!(
            lines,
            [
                "untrusted load_not_sent, in 1 of 6 cells: half of it; wait",
                "reservation late_sends, in 2 of 6 cells: by 20 ms; wait",
                "note few_rounds: only one; wait",
            ]
        );
        assert_eq!(found[1].places[0].0, "short-chat, concurrency 4, 30s, ollama, round 1");
        let terminal: Vec<_> = found.iter().map(super::Found::is_for_terminal).collect();
        assert_eq!(terminal, [true, true, false]);
    }
}
