//! A recording in memory.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::azure::Azure;
use super::burstgpt::BurstGpt;
use super::mooncake;
use super::pacemark::{Measured, Pacemark};
use super::scan::each_row;
use crate::dataset::error::DatasetError;
use crate::dataset::file_rows::Faults;
use crate::dataset::found::Fault;
use crate::dataset::parser::text_of;
use crate::dataset::split::Framing;
use crate::load::Recording;
use crate::scenario::{TraceFile, TraceFormat};
use crate::units::{count, index, nanos};
use crate::workload::LeftOut;

/// Most requests of a recording that are kept: 192 MB.
const MOST_ARRIVALS: usize = 8_000_000;
/// Most blocks of prompts that are kept: 256 MB.
const MOST_BLOCKS: usize = 32_000_000;

/// A request that was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recorded {
    /// When it came, in nanoseconds of whatever clock the file has.
    pub(super) at: i128,
    /// Tokens of its prompt; at least 1.
    pub(super) input: u32,
    /// Tokens of its answer, at least 1; `None` where they are not known.
    pub(super) output: Option<u32>,
}

impl Recorded {
    /// A request with both lengths; `None` where one of them is missing or 0.
    pub(super) fn new(at: i128, input: Option<u32>, output: Option<u32>) -> Option<Self> {
        let (input, output) = (input.filter(|n| *n > 0)?, output.filter(|n| *n > 0)?);
        Some(Self { at, input, output: Some(output) })
    }
}

/// A recording: when requests came, and how long they and their answers were.
#[derive(Debug)]
pub struct Trace {
    path: PathBuf,
    /// When each came, in nanoseconds from the first; sorted.
    due: Arc<[u64]>,
    /// What each was, in the same order.
    requests: Vec<Request>,
    /// The blocks of all prompts, one request's after another's.
    blocks: Vec<u64>,
    left_out: LeftOut,
    without_length: u64,
}

/// What one request of a recording was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Tokens of its prompt; at least 1.
    pub(super) input: u32,
    /// Tokens of its answer, at least 1; `None` where they are not known.
    pub(super) output: Option<u32>,
    first_block: u32,
    block_count: u32,
}

impl Trace {
    /// Reads the recording in `file`. Of its requests only those are kept that came less than
    /// `until` after the first.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if it cannot be read, holds no request or too many, or, unless it is to
    /// skip them, for the first row that is none.
    pub fn open(file: &TraceFile, until: Option<Duration>) -> Result<Self, DatasetError> {
        let mut reading = Reading::new(file, until);
        let framing = match file.format {
            TraceFormat::Mooncake => Framing::Lines,
            TraceFormat::BurstGpt | TraceFormat::Azure | TraceFormat::Pacemark => Framing::Csv,
        };
        each_row(&file.path, framing, &mut |line, bytes| reading.take(line, bytes))?;
        reading.finish()
    }

    /// The part that begins at `start` and is `limit` long.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Empty`] if no request falls into it.
    pub fn part(
        &self,
        start: Duration,
        limit: Option<Duration>,
    ) -> Result<Recording, DatasetError> {
        let what = "request between `start` and `limit` of the replay";
        Recording::part(&self.due, start, limit)
            .ok_or_else(|| DatasetError::Empty { path: self.path.clone(), what })
    }

    /// All of it.
    #[cfg(test)]
    fn whole(&self) -> Result<Recording, DatasetError> {
        self.part(Duration::ZERO, None)
    }

    /// Rows that are no requests and were left out.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Requests that were left out because the recording tells no length of theirs: mostly they
    /// had failed.
    pub const fn without_length(&self) -> u64 {
        self.without_length
    }

    /// How many requests there are.
    pub fn requests(&self) -> u64 {
        count(self.requests.len())
    }

    /// Request number `at`.
    pub(super) fn request(&self, at: usize) -> Option<&Request> {
        self.requests.get(at)
    }

    /// The blocks that the prompt of `request` begins with.
    pub(super) fn blocks(&self, request: &Request) -> &[u64] {
        let first = index(request.first_block.into());
        self.blocks.get(first..first + index(request.block_count.into())).unwrap_or_default()
    }
}

/// How the rows of a file are read, once its header is known.
#[derive(Clone, Debug)]
enum Rows {
    Mooncake,
    BurstGpt(BurstGpt),
    Azure(Azure),
    Pacemark(Pacemark),
}

/// A file that is being read.
struct Reading<'a> {
    file: &'a TraceFile,
    until: Option<i128>,
    rows: Option<Rows>,
    /// The moment of the first request.
    began_at: Option<i128>,
    kept: Vec<(i128, Request)>,
    blocks: Vec<u64>,
    rows_seen: u64,
    /// The cell that is replayed, and others that are in the file.
    cell: Option<u32>,
    other_cell: Option<u32>,
    /// Whether a request behind the part that is replayed was seen.
    is_past_end: bool,
    faults: Faults,
    without_length: u64,
}

impl<'a> Reading<'a> {
    fn new(file: &'a TraceFile, until: Option<Duration>) -> Self {
        Self {
            file,
            until: until.map(|until| i128::from(nanos(until))),
            rows: (file.format == TraceFormat::Mooncake).then_some(Rows::Mooncake),
            began_at: None,
            kept: Vec::new(),
            blocks: Vec::new(),
            rows_seen: 0,
            cell: file.cell,
            other_cell: None,
            is_past_end: false,
            faults: Faults::default(),
            without_length: 0,
        }
    }

    /// Takes a row, the header of a CSV file included.
    fn take(&mut self, line: u64, bytes: &[u8]) -> Result<(), DatasetError> {
        let path = &self.file.path;
        let header_error = |fault| DatasetError::row(path, line, fault);
        let Some(rows) = self.rows.clone() else {
            let header = text_of(bytes).map_err(header_error)?;
            self.rows = Some(rows_of(self.file.format, header).map_err(header_error)?);
            return Ok(());
        };
        self.rows_seen += 1;
        match text_of(bytes).and_then(|text| self.row(&rows, text)) {
            Ok(Some((recorded, blocks))) => self.keep(recorded, &blocks),
            Ok(None) => Ok(()),
            Err(fault) => {
                let error = DatasetError::row(&self.file.path, line, fault);
                if !self.file.skip_invalid {
                    return Err(error);
                }
                self.faults.note(&self.file.path, self.rows_seen, &error)
            }
        }
    }

    /// The request in a row; `None` where there is none to replay.
    fn row(&mut self, rows: &Rows, text: &str) -> Result<Option<(Recorded, Vec<u64>)>, Fault> {
        let found = match rows {
            Rows::Mooncake => mooncake::parse(text)?,
            Rows::BurstGpt(columns) => columns.parse(text)?.map(|recorded| (recorded, Vec::new())),
            Rows::Azure(columns) => columns.parse(text)?.map(|recorded| (recorded, Vec::new())),
            Rows::Pacemark(columns) => match columns.parse(text)? {
                None => return Ok(None),
                Some(Measured { cell, .. }) if *self.cell.get_or_insert(cell) != cell => {
                    self.other_cell.get_or_insert(cell);
                    return Ok(None);
                }
                Some(Measured { recorded, .. }) => recorded.map(|recorded| (recorded, Vec::new())),
            },
        };
        self.without_length += u64::from(found.is_none());
        Ok(found)
    }

    fn keep(&mut self, recorded: Recorded, blocks: &[u64]) -> Result<(), DatasetError> {
        let since = recorded.at - *self.began_at.get_or_insert(recorded.at);
        // What pacemark writes stands in the order in which it ended.
        let is_in_order = self.file.format != TraceFormat::Pacemark;
        if is_in_order && self.until.is_some_and(|until| since >= until) {
            // The first one tells that the recording goes on behind the part.
            if std::mem::replace(&mut self.is_past_end, true) {
                return Ok(());
            }
        }
        if self.kept.len() >= MOST_ARRIVALS || self.blocks.len() + blocks.len() > MOST_BLOCKS {
            return Err(DatasetError::TooManyArrivals {
                path: self.file.path.clone(),
                most: self.kept.len(),
            });
        }
        let first_block = crate::units::to_u32(count(self.blocks.len()));
        let block_count = crate::units::to_u32(count(blocks.len()));
        self.blocks.extend_from_slice(blocks);
        let Recorded { at, input, output } = recorded;
        self.kept.push((at, Request { input, output, first_block, block_count }));
        Ok(())
    }

    fn finish(mut self) -> Result<Trace, DatasetError> {
        let path = self.file.path.clone();
        if let (None, Some(first), Some(other)) = (self.file.cell, self.cell, self.other_cell) {
            return Err(DatasetError::SeveralCells { path, first, other });
        }
        // Stable: what came at the same moment stays in the order of the file.
        self.kept.sort_by_key(|(at, _)| *at);
        let Some(&(first, _)) = self.kept.first() else {
            return Err(DatasetError::Empty { path, what: what_is_missing(self.file) });
        };
        let since = |at: i128| u64::try_from(at - first).unwrap_or(u64::MAX);
        Ok(Trace {
            path,
            due: self.kept.iter().map(|(at, _)| since(*at)).collect(),
            requests: self.kept.iter().map(|(_, request)| *request).collect(),
            blocks: self.blocks,
            left_out: self.faults.left_out(),
            without_length: self.without_length,
        })
    }
}

fn rows_of(format: TraceFormat, header: &str) -> Result<Rows, Fault> {
    Ok(match format {
        TraceFormat::Mooncake => Rows::Mooncake,
        TraceFormat::BurstGpt => Rows::BurstGpt(BurstGpt::of(header)?),
        TraceFormat::Azure => Rows::Azure(Azure::of(header)?),
        TraceFormat::Pacemark => Rows::Pacemark(Pacemark::of(header)?),
    })
}

const fn what_is_missing(file: &TraceFile) -> &'static str {
    match file.cell {
        Some(_) => "measured request of that `cell`, or none whose length is known",
        None => "request with a known length",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;
    use std::time::Duration;

    use tempfile::NamedTempFile;

    use super::{Trace, TraceFile, TraceFormat};
    use crate::dataset::error::DatasetError;
    use crate::units::Speed;

    fn file(path: &Path, format: TraceFormat) -> TraceFile {
        TraceFile { path: path.to_owned(), format, cell: None, skip_invalid: false }
    }

    fn open(text: &str, format: TraceFormat) -> Result<Trace, DatasetError> {
        let mut written = NamedTempFile::new().unwrap();
        written.write_all(text.as_bytes()).unwrap();
        Trace::open(&file(written.path(), format), None)
    }

    fn lengths(trace: &Trace) -> Vec<(u32, Option<u32>)> {
        trace.requests.iter().map(|request| (request.input, request.output)).collect()
    }

    fn millis(trace: &Trace) -> Vec<u128> {
        let part = trace.whole().unwrap();
        (0..trace.requests()).map(|at| part.due(at, Speed::ONE).as_millis()).collect()
    }

    #[test]
    fn a_mooncake_trace_has_moments_lengths_and_blocks() {
        let trace = open(
            "{\"timestamp\": 1000, \"input_length\": 700, \"output_length\": 5, \"hash_ids\": [1, 2]}\n\
             {\"timestamp\": 1250, \"input_length\": 512, \"output_length\": 9, \"hash_ids\": [1]}\n",
            TraceFormat::Mooncake,
        )
        .unwrap();
        assert_eq!(millis(&trace), [0, 250]);
        assert_eq!(lengths(&trace), [(700, Some(5)), (512, Some(9))]);
        let blocks = |at| trace.blocks(trace.request(at).unwrap());
        assert_eq!((blocks(0), blocks(1)), (&[1, 2][..], &[1][..]));
    }

    #[test]
    fn failed_requests_of_a_recording_are_left_out_and_counted() {
        let trace = open(
            "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n\
             5,ChatGPT,472,18,490,Conversation log\n\
             6,ChatGPT,30,0,30,Conversation log\n\
             45,GPT-4,1087,230,1317,API log\n",
            TraceFormat::BurstGpt,
        )
        .unwrap();
        assert_eq!((millis(&trace), trace.without_length()), (vec![0, 40_000], 1));
    }

    #[test]
    fn an_azure_trace_is_read_by_its_dates() {
        let trace = open(
            "TIMESTAMP,ContextTokens,GeneratedTokens\r\n\
             2023-11-16 23:59:59.9000000,4808,10\r\n\
             2023-11-17 00:00:00.1500000,3180,8\r\n",
            TraceFormat::Azure,
        )
        .unwrap();
        assert_eq!(
            (millis(&trace), lengths(&trace)),
            (vec![0, 250], vec![(4_808, Some(10)), (3_180, Some(8)),])
        );
    }

    const REQUESTS: &str = "cell,phase,due_at_ms,input_tokens,output_tokens\n\
        0,warmup,1,7,7\n\
        0,measure,30.5,8,80\n\
        0,measure,10.5,9,90\n\
        1,measure,500,1,1\n\
        0,measure,20.5,,\n";

    #[test]
    fn what_was_measured_is_sorted_by_when_it_was_due() {
        let mut written = NamedTempFile::new().unwrap();
        written.write_all(REQUESTS.as_bytes()).unwrap();
        let of_cell = TraceFile { cell: Some(0), ..file(written.path(), TraceFormat::Pacemark) };
        let trace = Trace::open(&of_cell, None).unwrap();
        assert_eq!(lengths(&trace), [(9, Some(90)), (8, Some(80))]);
        assert_eq!((millis(&trace), trace.without_length()), (vec![0, 20], 1));
    }

    #[test]
    fn of_several_cells_one_must_be_named() {
        let error = open(REQUESTS, TraceFormat::Pacemark).unwrap_err().to_string();
        let (_, said) = error.split_once(": ").unwrap();
        insta::assert_snapshot!(said, @"holds cell 0 and cell 1; say which one to replay, as `cell: 0`");
    }

    #[test]
    fn a_broken_row_is_named_or_counted() {
        let text = "{\"timestamp\": 1, \"input_length\": 5, \"output_length\": 5}\nbroken\n";
        let error = open(text, TraceFormat::Mooncake).unwrap_err().to_string();
        assert!(error.contains(":2: found "), "{error}");
        let mut written = NamedTempFile::new().unwrap();
        written.write_all(text.as_bytes()).unwrap();
        let lenient =
            TraceFile { skip_invalid: true, ..file(written.path(), TraceFormat::Mooncake) };
        let trace = Trace::open(&lenient, None).unwrap();
        assert_eq!((trace.requests(), trace.left_out().count), (1, 1));
    }

    #[test]
    fn what_comes_after_the_part_that_is_replayed_is_not_kept() {
        let mut written = NamedTempFile::new().unwrap();
        for second in 0..100 {
            let at = second * 1_000;
            writeln!(written, "{{\"timestamp\": {at}, \"input_length\": 1, \"output_length\": 1}}")
                .unwrap();
        }
        let file = file(written.path(), TraceFormat::Mooncake);
        let trace = Trace::open(&file, Some(Duration::from_secs(10))).unwrap();
        // One more, which tells that the part is not the end of the recording.
        assert_eq!(trace.requests(), 11);
        let part = trace.part(Duration::ZERO, Some(Duration::from_secs(10))).unwrap();
        assert_eq!((part.requests(), part.length(Speed::ONE)), (10, Duration::from_secs(10)));
    }

    #[test]
    fn a_part_without_requests_is_an_error() {
        let text = "{\"timestamp\": 1, \"input_length\": 5, \"output_length\": 5}\n";
        let trace = open(text, TraceFormat::Mooncake).unwrap();
        assert!(trace.part(Duration::from_secs(1), None).is_err());
        assert!(open("", TraceFormat::Mooncake).is_err());
    }
}
