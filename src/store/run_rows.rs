//! The rows of a run, read back for pictures: `timeseries.csv` and `requests.csv`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use super::StoreError;
use super::server_metrics::SERVER_METRICS_FILE;
use crate::measure::CellPhase;
use crate::metric::ServerMeter;
use crate::report::{InputPoint, InputSample, RowPlace, RunRows, SecondRow};

/// Bytes read at a time: rows of a long run are many.
const BUFFER: usize = 1 << 18;

/// The rows of the run at `path` (its folder), as far as it has them; `None` where only a
/// `result.json` is at hand.
///
/// # Errors
///
/// [`StoreError::Read`] if a file is there and cannot be read.
pub fn run_rows(path: &Path) -> Result<Option<RunRows>, StoreError> {
    if !path.is_dir() {
        return Ok(None);
    }
    let mut seconds = read(path, "timeseries.csv", seconds)?.unwrap_or_default();
    if let Some(readings) = read(path, SERVER_METRICS_FILE, readings)? {
        add_readings(&mut seconds, &readings);
    }
    let inputs = read(path, "requests.csv", inputs)?.unwrap_or_default();
    Ok(Some(RunRows { seconds, inputs }))
}

/// What `parse` makes of a file; `None` where it is missing.
fn read<T>(
    folder: &Path,
    name: &str,
    parse: impl Fn(BufReader<File>) -> Result<T, csv::Error>,
) -> Result<Option<T>, StoreError> {
    let path = folder.join(name);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::Read { path, source }),
    };
    let parsed = parse(BufReader::with_capacity(BUFFER, file));
    parsed.map(Some).map_err(|error| StoreError::Read { path, source: error.into() })
}

/// Where the columns of a file stand.
struct Columns(BTreeMap<String, usize>);

impl Columns {
    fn of(reader: &mut csv::Reader<impl Read>) -> Result<Self, csv::Error> {
        let names = (0..).zip(reader.headers()?).map(|(at, name)| (name.to_owned(), at));
        Ok(Self(names.collect()))
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }
}

/// A file that is still written may end in the midst of a row.
fn reader(file: impl Read) -> csv::Reader<impl Read> {
    csv::ReaderBuilder::new().flexible(true).from_reader(file)
}

/// The seconds of a file, in its order.
pub(super) fn seconds(file: impl Read) -> Result<Vec<SecondRow>, csv::Error> {
    let mut reader = reader(file);
    let columns = Columns::of(&mut reader)?;
    let latencies = SecondRow::LATENCIES
        .map(|(metric, percentile)| columns.place(&format!("{}_p{percentile}_ms", metric.key())));
    let mut rows: Vec<SecondRow> = Vec::new();
    for record in reader.records() {
        let record = record?;
        let field =
            |place: Option<usize>| place.and_then(|place| record.get(place)).unwrap_or_default();
        let text = |name: &str| field(columns.place(name));
        let number = |name: &str| text(name).parse::<f64>().ok();
        let required = (
            text("cell").parse().ok(),
            number("start_at_ms"),
            number("length_ms"),
            CellPhase::from_key(text("phase")),
        );
        // The last row of a file that is still written may lack its end.
        let (Some(cell), Some(start_ms), Some(length_ms), Some(phase)) = required else { continue };
        // All rows of a cell share its names.
        let place = match rows.last() {
            Some(last) if last.cell == cell => Arc::clone(&last.place),
            _ => Arc::new(RowPlace {
                backend: text("backend").to_owned(),
                workload: text("workload").to_owned(),
                stage: text("stage").to_owned(),
                round: text("round").parse().unwrap_or_default(),
            }),
        };
        let amount = |name: &str| number(name).unwrap_or_default();
        rows.push(SecondRow {
            cell,
            place,
            start_s: start_ms / 1e3,
            length_s: length_ms / 1e3,
            phase,
            due: amount("due"),
            sent: amount("sent"),
            finished: amount("finished"),
            failed: amount("failed"),
            in_flight: amount("in_flight"),
            output_tokens: amount("output_tokens"),
            latencies: latencies.map(|place| field(place).parse().ok()),
            server: BTreeMap::new(),
        });
    }
    Ok(rows)
}

/// Readings of servers' own metrics by cell, each with its moment in seconds.
type Readings = BTreeMap<u32, Vec<(f64, BTreeMap<ServerMeter, f64>)>>;

fn readings(file: impl Read) -> Result<Readings, csv::Error> {
    let mut reader = reader(file);
    let columns = Columns::of(&mut reader)?;
    let meters = ServerMeter::ALL.iter().map(|meter| (*meter, columns.place(meter.key())));
    let meters: Vec<_> = meters.collect();
    let (cell, at) = (columns.place("cell"), columns.place("at_ms"));
    let mut readings = Readings::new();
    for record in reader.records() {
        let record = record?;
        let number = |place: Option<usize>| record.get(place?)?.parse::<f64>().ok();
        let cell = cell.and_then(|place| record.get(place)?.parse().ok());
        let (Some(cell), Some(at_ms)) = (cell, number(at)) else { continue };
        let values = meters.iter().filter_map(|(meter, place)| Some((*meter, number(*place)?)));
        readings.entry(cell).or_default().push((at_ms / 1e3, values.collect()));
    }
    Ok(readings)
}

/// Gives each second the first reading that was made in it.
fn add_readings(seconds: &mut [SecondRow], readings: &Readings) {
    for second in seconds {
        let of_cell = readings.get(&second.cell).map_or(&[][..], Vec::as_slice);
        let begins = of_cell.partition_point(|(at, _)| *at < second.start_s);
        let end = second.start_s + second.length_s;
        if let Some((_, values)) = of_cell.get(begins).filter(|(at, _)| *at < end) {
            second.server.clone_from(values);
        }
    }
}

/// The measured answers whose input was counted, sampled as they come.
fn inputs(file: impl Read) -> Result<InputSample, csv::Error> {
    let mut reader = reader(file);
    let columns = Columns::of(&mut reader)?;
    let names = ["cell", "phase", "outcome", "input_tokens", "ttft_ms"];
    let [cell, phase, outcome, input, ttft] = names.map(|name| columns.place(name));
    let mut sample = InputSample::default();
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        let bytes =
            |place: Option<usize>| place.and_then(|place| record.get(place)).unwrap_or_default();
        let is_answer = matches!(bytes(outcome), b"completed" | b"capped");
        if bytes(phase) != b"measure" || !is_answer {
            continue;
        }
        let number = |place| std::str::from_utf8(bytes(place)).ok()?.parse::<f64>().ok();
        let of_cell = std::str::from_utf8(bytes(cell)).ok().and_then(|text| text.parse().ok());
        if let (Some(cell), Some(input_tokens), Some(ttft_ms)) =
            (of_cell, number(input), number(ttft))
        {
            sample.push(cell, InputPoint { input_tokens, ttft_ms });
        }
    }
    Ok(sample)
}

#[cfg(test)]
mod tests {
    use super::{add_readings, inputs, readings, run_rows, seconds};
    use crate::measure::CellPhase;
    use crate::metric::ServerMeter;

    #[test]
    fn seconds_come_back_and_an_unfinished_row_is_left_out() {
        let text = "cell,backend,start_at_ms,length_ms,phase,due,sent,finished,failed,in_flight,\
                    output_tokens,ttft_p50_ms,ttft_p99_ms\n\
                    0,服务器,1000,1000,warmup,3,3,1,0,2,40,12.5,\n\
                    0,服务器,2000,500,measure,4,4,4,1,0,80,11,14\n\
                    0,服务器,25";
        let rows = seconds(text.as_bytes()).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].phase, rows[0].place.backend.as_str()), (CellPhase::Warmup, "服务器"));
        assert_eq!((rows[0].latencies[0], rows[0].latencies[1]), (Some(12.5), None));
        assert!((rows[1].start_s - 2.0).abs() < 1e-9 && (rows[1].failed - 1.0).abs() < 1e-9);
    }

    #[test]
    fn only_measured_answers_with_a_counted_input_are_points() {
        let text = "cell,phase,outcome,input_tokens,ttft_ms\n\
                    0,warmup,completed,5,9\n\
                    0,measure,failed,5,9\n\
                    0,measure,completed,,9\n\
                    0,measure,completed,17,9.5\n\
                    1,measure,capped,3,2\n";
        let sample = inputs(text.as_bytes()).unwrap();
        assert_eq!((sample.of(0).len(), sample.seen(1)), (1, 1));
        assert!((sample.of(0)[0].input_tokens - 17.0).abs() < 1e-9);
    }

    #[test]
    fn a_reading_belongs_to_the_second_of_its_cell_that_it_was_made_in() {
        let text = "cell,start_at_ms,length_ms,phase\n0,1000,1000,measure\n0,2000,1000,measure\n\
                    1,2000,1000,measure\n";
        let mut rows = seconds(text.as_bytes()).unwrap();
        let text =
            "cell,at_ms,requests_running,gpu_power_w\n0,1500,4,\n0,1900,5,\n1,2100,7,250.5\n";
        add_readings(&mut rows, &readings(text.as_bytes()).unwrap());
        let of = |row: usize, meter| rows[row].server.get(&meter).copied();
        assert_eq!(of(0, ServerMeter::RequestsRunning), Some(4.0));
        assert_eq!(of(1, ServerMeter::RequestsRunning), None);
        assert_eq!(of(2, ServerMeter::GpuPower), Some(250.5));
        assert_eq!(of(0, ServerMeter::GpuPower), None);
    }

    #[test]
    fn a_folder_without_files_has_no_rows_and_a_file_has_none_at_all() {
        let folder = tempfile::tempdir().unwrap();
        assert!(run_rows(folder.path()).unwrap().unwrap().seconds.is_empty());
        assert!(run_rows(&folder.path().join("result.json")).unwrap().is_none());
    }
}
