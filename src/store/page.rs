//! Stored runs as one page.

use std::path::PathBuf;

use super::StoreError;
use super::load::{load, runs_at};
use super::requests::request_values;
use super::run_rows::run_rows;
use crate::compare::{Comparison, Rules, Subject, compare_runs};
use crate::report::{PageRun, RunRows, html, within};
use crate::result::RunResult;

/// The page of the runs at `paths`: each is one, or a folder that holds several. A single run is
/// shown with the comparison of its backends, several with that of the last run against the
/// others, in the order in which they started.
///
/// # Errors
///
/// [`StoreError`] if a run cannot be read, or the page not be made.
pub fn page_of(paths: &[PathBuf]) -> Result<String, StoreError> {
    let mut runs = Vec::new();
    for path in runs_at(paths)? {
        runs.push((load(&path)?, run_rows(&path)?, path));
    }
    runs.sort_by(|left, right| left.0.started_at.cmp(&right.0.started_at));
    let comparisons = match runs.as_slice() {
        [(only, ..)] => within(only),
        _ => against_the_last(&runs)?,
    };
    let shown: Vec<_> =
        runs.iter().map(|(result, rows, _)| PageRun { result, rows: rows.as_ref() }).collect();
    html(&shown, &comparisons)
        .map_err(|source| StoreError::Report { path: "report.html".into(), source })
}

/// The last of the runs against those before it; none where they have nothing in common.
fn against_the_last(
    runs: &[(RunResult, Option<RunRows>, PathBuf)],
) -> Result<Vec<Comparison>, StoreError> {
    let [before @ .., (last, _, path)] = runs else { return Ok(Vec::new()) };
    // Two single runs are told apart by their requests, as far as that goes.
    let values = match before {
        [(_, _, base)] => Some((request_values(base)?, request_values(path)?)),
        _ => None,
    };
    let of = |place: usize| {
        values
            .as_ref()
            .and_then(|(base, new)| if place == 0 { base.as_ref() } else { new.as_ref() })
    };
    let base: Vec<_> =
        before.iter().map(|(result, ..)| Subject { result, values: of(0) }).collect();
    let comparison =
        compare_runs(&base, Subject { result: last, values: of(1) }, &Rules::default());
    Ok(comparison.into_iter().filter(|comparison| !comparison.cells.is_empty()).collect())
}
