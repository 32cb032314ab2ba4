//! The seconds of a run, added up, are the run.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use pacemark::measure::{figure, histogram_from_v2};
use pacemark::metric::{Metric, Statistic};
use pacemark::result::{CellResult, OutcomeEntry};
use serde_json::{Value, json};

use crate::accounting::assert_adds_up;
use crate::program::{Ended, Row, Sandbox, rows};

/// Two loads on a server that fails now and then: a closed one after a warm-up, and an open one
/// that is held back.
fn scenario() -> Value {
    json!({
        "pacemark": 1,
        "name": "seconds",
        "backends": {"mock": {"mock": {
            "ttft": "40ms", "gap": "5ms", "output_tokens": 20, "errors": "10%",
        }}},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {
            "warmup": {"duration": "600ms"},
            "stages": [
                {"concurrency": 4, "duration": "1600ms"},
                {"rate": "40/s", "arrival": "constant", "duration": "1500ms", "max_in_flight": 3},
            ],
        },
    })
}

fn sum(rows: &[&Row], column: &str) -> u64 {
    rows.iter().map(|row| row[column].parse::<u64>().unwrap()).sum()
}

/// Over measured requests and those of the warm-up.
fn both(cell: &CellResult, count: impl Fn(&OutcomeEntry) -> u64) -> u64 {
    count(&cell.measured.outcomes) + count(&cell.measured.warmup)
}

fn of_cell<'a>(rows: &'a [Row], cell: &CellResult) -> Vec<&'a Row> {
    let id = cell.labels.id.to_string();
    rows.iter().filter(|row| row["cell"] == id).collect()
}

#[track_caller]
pub(crate) fn assert_seconds_add_up(ended: &Ended, cell: &CellResult) {
    let (seconds, requests) = (rows(&ended.file("timeseries.csv")), ended.requests());
    let seconds = of_cell(&seconds, cell);
    let numbers: Vec<_> = seconds.iter().map(|row| row["second"].clone()).collect();
    let expected: Vec<_> = (0..seconds.len()).map(|second| second.to_string()).collect();
    assert_eq!(numbers, expected);

    let arrivals = both(cell, |outcomes| outcomes.arrivals);
    let sent = arrivals - both(cell, |outcomes| outcomes.unsent);
    assert_eq!(sum(&seconds, "due"), arrivals);
    assert_eq!(sum(&seconds, "sent"), sent);
    assert_eq!(sum(&seconds, "finished"), sent);
    assert_eq!(sum(&seconds, "failed"), both(cell, OutcomeEntry::failures));
    assert_eq!(seconds.last().unwrap()["in_flight"], "0");

    let requests = of_cell(&requests, cell);
    for column in ["output_tokens", "input_tokens"] {
        let tokens: u64 = requests.iter().filter_map(|row| row[column].parse::<u64>().ok()).sum();
        assert_eq!(sum(&seconds, column), tokens, "{column}");
    }
}

/// What the log holds under each tag, all seconds together.
pub(crate) fn logged(log: &str) -> BTreeMap<String, Histogram<u64>> {
    let mut sums: BTreeMap<String, Histogram<u64>> = BTreeMap::new();
    for entry in IntervalLogIterator::new(log.as_bytes()) {
        let LogEntry::Interval(interval) = entry.unwrap() else { continue };
        let bytes = STANDARD.decode(interval.encoded_histogram()).unwrap();
        let histogram = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
        let tag = interval.tag().unwrap().as_str().to_owned();
        let sum = sums.entry(tag).or_insert_with(|| Histogram::new(3).unwrap());
        sum.add(histogram).unwrap();
    }
    sums
}

#[track_caller]
pub(crate) fn assert_log_has_the_figures(
    sums: &BTreeMap<String, Histogram<u64>>,
    cell: &CellResult,
) {
    let prefix = format!("c{:03}.", cell.labels.id);
    let of_cell = sums.iter().filter_map(|(tag, sum)| Some((tag.strip_prefix(&prefix)?, sum)));
    let mut metrics = Vec::new();
    for (key, sum) in of_cell {
        metrics.push(key);
        let metric = Metric::from_key(key).unwrap();
        let stored = STANDARD.decode(&cell.measured.histograms[key]).unwrap();
        assert_eq!(*sum, histogram_from_v2(&stored).unwrap(), "{key}");
        for statistic in Statistic::PERCENTILES.map(Statistic::Percentile) {
            let logged = figure(sum, metric.unit(), statistic);
            assert_eq!(logged, cell.measured.figure(metric, statistic), "{key} {statistic}");
        }
    }
    metrics.sort_unstable();
    let stored: Vec<_> = cell.measured.distributions.keys().collect();
    assert_eq!(metrics, stored);
}

#[test]
fn seconds_add_up_to_the_cell_and_to_its_percentiles() {
    let ended = Sandbox::new().run(&scenario(), &[]);
    let result = assert_adds_up(&ended);
    assert_eq!(result.cells.len(), 2);
    let sums = logged(&ended.file("histograms.hlog"));
    for cell in &result.cells {
        assert!(cell.measured.outcomes.completed > 10, "{:?}", cell.measured.outcomes);
        assert!(cell.measured.outcomes.failures() > 0, "{:?}", cell.measured.outcomes);
        assert_seconds_add_up(&ended, cell);
        assert_log_has_the_figures(&sums, cell);
    }
}

#[test]
fn requests_are_due_in_their_second_although_they_are_held_back() {
    let ended = Sandbox::new().run(&scenario(), &[]);
    let result = ended.result();
    let seconds = rows(&ended.file("timeseries.csv"));
    let open = of_cell(&seconds, &result.cells[1]);
    let requests = ended.requests();
    let requests = of_cell(&requests, &result.cells[1]);
    assert!(result.cells[1].measured.outcomes.unsent > 0);
    let millis = |row: &Row, column: &str| row[column].parse::<f64>().unwrap();
    for second in &open {
        let begin = millis(second, "start_at_ms");
        let end = begin + millis(second, "length_ms");
        let due = requests.iter().map(|row| millis(row, "due_at_ms"));
        let due = due.filter(|at| (begin..end).contains(at)).count();
        assert_eq!(second["due"], due.to_string(), "second {}", second["second"]);
    }
    let phases: Vec<_> = open.iter().map(|row| row["phase"].as_str()).collect();
    assert_eq!(phases[..2], ["warmup", "measure"]);
}
