//! How far the client itself may be off, in a line.

use super::numbers::{counted, number};
use crate::metric::Metric;
use crate::result::{CellResult, QuantileErrors, RunResult};
use crate::units::count;

/// What is said where no cell knows its error.
pub(super) const NOT_CALIBRATED: &str =
    "client error not known: this machine is not calibrated (`pacemark calibrate`)";

/// The client's error at the loads of `result`, the largest over its cells; `None` if the
/// machine was not calibrated.
pub(super) fn client_error(result: &RunResult) -> Option<String> {
    let entries: Vec<_> =
        result.cells.iter().filter_map(|cell| cell.error_bound.as_ref()).collect();
    let calibrated_at = &entries.first()?.calibrated_at;
    let day = calibrated_at.split('T').next().unwrap_or(calibrated_at);
    let bounds: Vec<_> = entries.iter().filter_map(|entry| entry.bound.as_ref()).collect();
    let beyond = entries.len() - bounds.len();
    if bounds.is_empty() {
        return Some(format!(
            "client error not known: the load is beyond all that was calibrated (on {day})"
        ));
    }
    let streams = result.cells.iter().any(is_streamed);
    let worst = |errors: Vec<QuantileErrors>| {
        errors.into_iter().reduce(QuantileErrors::max).unwrap_or_default()
    };
    let parts = [
        ("TTFT", streams, worst(bounds.iter().map(|bound| bound.ttft).collect())),
        ("gap", streams, worst(bounds.iter().map(|bound| bound.gap).collect())),
        ("E2E", true, worst(bounds.iter().map(|bound| bound.e2e).collect())),
    ];
    let parts = parts.into_iter().filter(|(_, exists, _)| *exists).map(|(name, _, error)| {
        format!("{name} within {} ms p50, {} ms p99", number(error.p50_ms), number(error.p99_ms))
    });
    let parts = parts.collect::<Vec<_>>().join("; ");
    let loads = if result.cells.len() == 1 { "this load" } else { "these loads" };
    let beyond = match count(beyond) {
        0 => String::new(),
        beyond => {
            format!("; not known for {}, beyond all that was calibrated", counted(beyond, "cell"))
        }
    };
    Some(format!("client error at {loads}: {parts}{beyond} (calibrated {day})"))
}

fn is_streamed(cell: &CellResult) -> bool {
    cell.measured.distribution(Metric::Ttft).is_some()
}

#[cfg(test)]
mod tests {
    use super::client_error;
    use crate::result::{ErrorBound, ErrorBoundEntry, QuantileErrors, RunResult, sample};

    fn errors(p50_ms: f64, p99_ms: f64) -> QuantileErrors {
        QuantileErrors { p50_ms, p99_ms }
    }

    fn entry(ttft: Option<QuantileErrors>) -> ErrorBoundEntry {
        let bound = ttft.map(|ttft| ErrorBound {
            concurrency: 64,
            chunks_per_s: 5_842.0,
            requests_per_s: 117.0,
            requests: 384,
            ttft,
            gap: errors(0.0082, 0.41),
            e2e: errors(0.5243, 1.0486),
        });
        ErrorBoundEntry { calibrated_at: "2026-11-22T13:07:50Z".to_owned(), bound }
    }

    fn result(entries: &[Option<ErrorBoundEntry>]) -> RunResult {
        let mut result = sample::result(1);
        result.cells.truncate(entries.len());
        for (cell, entry) in result.cells.iter_mut().zip(entries) {
            cell.error_bound.clone_from(entry);
        }
        result
    }

    #[test]
    fn one_cell_has_its_own_error() {
        assert_eq!(
            client_error(&result(&[Some(entry(Some(errors(0.3, 2.1))))])).unwrap(),
            "client error at this load: TTFT within 0.300 ms p50, 2.10 ms p99; gap within 0.008 ms \
             p50, 0.410 ms p99; E2E within 0.524 ms p50, 1.05 ms p99 (calibrated 2026-11-22)"
        );
    }

    #[test]
    fn of_several_cells_the_largest_counts_and_those_beyond_are_told() {
        let ttft = [Some(errors(0.3, 1.0)), Some(errors(0.2, 2.0)), None];
        let cells = ttft.map(|ttft| Some(entry(ttft)));
        let line = client_error(&result(&cells)).unwrap();
        assert!(line.starts_with("client error at these loads: TTFT within 0.300 ms p50, 2.00 ms"));
        assert!(line.contains("not known for 1 cell, beyond all that was calibrated"), "{line}");
    }

    #[test]
    fn beyond_every_load_and_without_a_calibration_nothing_is_claimed() {
        assert_eq!(
            client_error(&result(&[Some(entry(None))])).unwrap(),
            "client error not known: the load is beyond all that was calibrated (on 2026-11-22)"
        );
        assert_eq!(client_error(&result(&[None])), None);
    }
}
