//! Values of single requests, read back from `requests.csv`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use super::StoreError;
use crate::compare::RequestValues;
use crate::metric::Metric;

/// Most rows that are read; beyond, what is indicative rests on the first of them.
const MOST_ROWS: usize = 5_000_000;

/// The values of the requests of the run at `path` (its folder), in the order in which they
/// ended; `None` where the run kept no rows, or only its `result.json` is at hand.
///
/// # Errors
///
/// [`StoreError`] if the file is there and cannot be read.
pub fn request_values(path: &Path) -> Result<Option<RequestValues>, StoreError> {
    let file = path.join("requests.csv");
    let reader = match File::open(&file) {
        Ok(open) => csv::Reader::from_reader(std::io::BufReader::new(open)),
        Err(error) if is_missing(error.kind()) => return Ok(None),
        Err(source) => return Err(StoreError::Read { path: file, source }),
    };
    read(reader).map(Some).map_err(|error| StoreError::Read { path: file, source: error.into() })
}

/// A path below a file is no folder at all.
const fn is_missing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn read(mut reader: csv::Reader<impl std::io::Read>) -> Result<RequestValues, csv::Error> {
    let columns: BTreeMap<String, usize> =
        (0..).zip(reader.headers()?).map(|(at, name)| (name.to_owned(), at)).collect();
    let column = |name: &str| columns.get(name).copied();
    let metrics: Vec<(Metric, usize)> = RequestValues::METRICS
        .into_iter()
        .filter_map(|metric| Some((metric, column(&format!("{}_ms", metric.key()))?)))
        .collect();
    let [cell, phase, outcome, finished] =
        ["cell", "phase", "outcome", "finished_at_ms"].map(column);
    let mut rows: Vec<(f64, u32, Vec<Option<f64>>)> = Vec::new();
    for record in reader.records().take(MOST_ROWS) {
        let record = record?;
        let field = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        let is_kept = field(phase) == "measure" && matches!(field(outcome), "completed" | "capped");
        let (Ok(finished), Ok(cell), true) =
            (field(finished).parse(), field(cell).parse(), is_kept)
        else {
            continue;
        };
        let value = |(_, at): &(Metric, usize)| field(Some(*at)).parse().ok();
        rows.push((finished, cell, metrics.iter().map(value).collect()));
    }
    rows.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut values = RequestValues::default();
    for (_, cell, row) in rows {
        for ((metric, _), value) in metrics.iter().zip(row) {
            if let Some(value) = value {
                values.push(cell, *metric, value);
            }
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::{read, request_values};
    use crate::metric::Metric;

    #[test]
    fn values_come_in_the_order_in_which_requests_ended() {
        let text = "cell,phase,outcome,finished_at_ms,ttft_ms,e2e_ms\n\
                    0,warmup,completed,1,9,9\n\
                    0,measure,completed,30,3,7\n\
                    1,measure,capped,25,5,\n\
                    0,measure,failed,26,,\n\
                    0,measure,completed,20,2,8\n";
        let values = read(csv::Reader::from_reader(text.as_bytes())).unwrap();
        assert_eq!(values.of(0, Metric::Ttft), [2.0, 3.0]);
        assert_eq!(values.of(0, Metric::E2e), [8.0, 7.0]);
        assert_eq!(values.of(1, Metric::Ttft), [5.0]);
        assert!(values.of(1, Metric::E2e).is_empty());
    }

    #[test]
    fn a_run_without_rows_has_no_values() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(request_values(folder.path()).unwrap(), None);
    }
}
