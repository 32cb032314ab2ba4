//! Which lines charts have: one for each backend of each run, with the same colour everywhere.

use std::collections::BTreeSet;

use serde::Serialize;

use super::PageRun;
use crate::result::RunResult;

/// A backend of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// What it is called on the page.
    pub(super) name: String,
    /// Place of its run on the page.
    #[serde(skip)]
    pub(super) run: usize,
    /// Index of its backend in the result.
    #[serde(skip)]
    pub(super) backend: u32,
}

/// The lines of a page, by run and backend.
pub(super) fn lines(runs: &[PageRun<'_>]) -> Vec<Line> {
    let labels = run_labels(runs);
    let mut lines = Vec::new();
    for (run, of) in runs.iter().enumerate() {
        for (backend, entry) in (0..).zip(&of.result.backends) {
            let name = match runs.len() {
                1 => entry.name.clone(),
                _ => format!("{}, {}", entry.name, labels[run]),
            };
            lines.push(Line { name, run, backend });
        }
    }
    lines
}

/// The place of the line of a backend.
pub(super) fn line_of(lines: &[Line], run: usize, backend: u32) -> Option<usize> {
    lines.iter().position(|line| line.run == run && line.backend == backend)
}

/// What runs are called beside each other: by when they started, if that tells them apart, else by
/// their folders.
pub(super) fn run_labels(runs: &[PageRun<'_>]) -> Vec<String> {
    let started = |result: &RunResult| {
        result
            .started_at
            .chars()
            .take("2026-11-22T13:07:50".len())
            .collect::<String>()
            .replace('T', " ")
    };
    let names: BTreeSet<_> = runs.iter().map(|run| &run.result.name).collect();
    let labels: Vec<_> = runs.iter().map(|run| started(run.result)).collect();
    if names.len() == 1 && labels.iter().collect::<BTreeSet<_>>().len() == runs.len() {
        return labels;
    }
    runs.iter().map(|run| run.result.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::{line_of, lines};
    use crate::report::html::PageRun;
    use crate::result::sample;

    #[test]
    fn a_line_is_called_by_its_backend_and_beside_other_runs_by_its_time_too() {
        let (first, mut second) = (sample::result(1), sample::result(1));
        second.started_at = "2026-11-23T08:00:00.250Z".to_owned();
        let run = |result| PageRun { result, rows: None };
        let alone = lines(&[run(&first)]);
        assert_eq!(alone[1].name, "星河推理");
        let both = lines(&[run(&first), run(&second)]);
        assert_eq!(both[2].name, "ollama, 2026-11-23 08:00:00");
        assert_eq!((line_of(&both, 1, 1), line_of(&both, 2, 0)), (Some(3), None));
        let mut other = first.clone();
        other.name = "else".to_owned();
        let named = lines(&[run(&first), run(&other)]);
        assert_eq!(named[0].name, "ollama, 20261122T130750Z-两台服务器");
    }
}
