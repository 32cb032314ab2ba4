//! `histograms.hlog`: every distribution of every second, as HdrHistogram interval log.
//!
//! # Source
//!
//! <https://github.com/HdrHistogram/HdrHistogram>, `HistogramLogWriter`: comments, a start and a
//! base time, then a line for each interval and tag, its histogram in V2, compressed, base64.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriter, IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};

use super::StoreError;
use crate::clock::WallTime;
use crate::measure::Interval;
use crate::metric::Metric;
use crate::result::CellLabels;
use crate::units::Moment;

/// What a reader must know, above everything else.
const PREAMBLE: [&str; 4] = [
    "[Histogram log format version 1.3]",
    "[pacemark: a line for each second, cell and metric with values; tags are cell.metric]",
    "[Times are in nanoseconds, token rates in thousandths of tok/s; Interval_Max too]",
    "[Measured requests count in the second they ended in; start times count from BaseTime]",
];
/// Names of the columns, for programs that take the log for CSV.
const LEGEND: &str =
    "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";

/// The file.
pub(super) const HISTOGRAMS_FILE: &str = "histograms.hlog";

/// Appends the seconds of a run to `histograms.hlog`.
#[derive(Debug)]
pub(super) struct HistogramLog {
    path: PathBuf,
    file: File,
    /// The cell whose lines come now.
    cell: Option<u32>,
}

/// Where the lines of one second are put together, so that they reach the file at once.
type Lines<'a> = IntervalLogWriter<'a, 'a, Vec<u8>, V2DeflateSerializer>;

impl HistogramLog {
    /// Opens a new file in `folder` and writes its header. Moments count from `started_at`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file is there already or cannot be written.
    pub(super) fn create(folder: &Path, started_at: WallTime) -> Result<Self, StoreError> {
        let path = folder.join(HISTOGRAMS_FILE);
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.map_err(StoreError::write(&path))?;
        let mut log = Self { path, file, cell: None };
        let mut header = IntervalLogWriterBuilder::new();
        for line in PREAMBLE {
            header.add_comment(line);
        }
        let millis = u64::try_from(started_at.unix_millis()).unwrap_or(0);
        let started_at = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        header.with_start_time(started_at).with_base_time(started_at);
        let mut text = written(&header, |_| Ok(())).map_err(StoreError::write(&log.path))?;
        text.extend_from_slice(LEGEND.as_bytes());
        log.write(&text)?;
        Ok(log)
    }

    /// Opens the file in `folder`, to add to it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if it cannot be opened.
    pub(super) fn append_to(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(HISTOGRAMS_FILE);
        let file = OpenOptions::new().append(true).open(&path).map_err(StoreError::write(&path))?;
        Ok(Self { path, file, cell: None })
    }

    /// Appends a second of the cell `labels`, and hands it to the system.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file cannot be written.
    pub(super) fn append(
        &mut self,
        labels: &CellLabels,
        interval: &Interval,
    ) -> Result<(), StoreError> {
        let begins = self.cell.replace(labels.id) != Some(labels.id);
        let text = written(&IntervalLogWriterBuilder::new(), |lines| {
            if begins {
                lines.write_comment(&describe(labels))?;
            }
            Metric::distributions().try_for_each(|metric| line(lines, labels.id, interval, metric))
        });
        let text = text.map_err(StoreError::write(&self.path))?;
        self.write(&text)
    }

    /// Brings what was appended to the disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the disk refuses.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(StoreError::write(&self.path))
    }

    fn write(&mut self, text: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(text).map_err(StoreError::write(&self.path))
    }
}

/// The tag of a metric's lines in a cell: `c003.ttft`.
pub(super) fn tag(cell: u32, metric: Metric) -> String {
    format!("c{cell:03}.{}", metric.key())
}

/// The cell of a line; `None` of a line that has none.
pub(super) fn cell_of(line: &str) -> Option<u32> {
    let (cell, _) = line.strip_prefix("Tag=c")?.split_once('.')?;
    cell.parse().ok()
}

/// What `header` and then `fill` write.
fn written(
    header: &IntervalLogWriterBuilder,
    fill: impl FnOnce(&mut Lines<'_>) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let (mut text, mut serializer) = (Vec::new(), V2DeflateSerializer::new());
    fill(&mut header.begin_log_with(&mut text, &mut serializer)?)?;
    Ok(text)
}

/// The line of one metric, if it has values.
fn line(lines: &mut Lines<'_>, cell: u32, interval: &Interval, metric: Metric) -> io::Result<()> {
    let Some(histogram) = interval.distribution(metric) else { return Ok(()) };
    let tag = tag(cell, metric);
    let start = interval.start_at.since(Moment::ZERO);
    let written = lines.write_histogram(histogram, start, interval.length, Tag::new(&tag));
    written.map_err(|error| match error {
        IntervalLogWriterError::IoError(error) => error,
        error @ IntervalLogWriterError::SerializeError(_) => io::Error::other(error),
    })
}

/// The line that stands where a cell begins.
fn describe(labels: &CellLabels) -> String {
    let CellLabels { id, backend, workload, stage, round, .. } = labels;
    let text = format!("[c{id:03}: {backend} / {workload} / {stage} / round {round}]");
    text.replace(char::is_control, " ")
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these tests look at files")]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::{HistogramLog, tag};
    use crate::clock::WallTime;
    use crate::measure::samples::{at, chat_rules, stream};
    use crate::measure::{Interval, Recorder, Timeline, Window};
    use crate::metric::Metric;
    use crate::result::{CellLabels, sample};

    const STARTED_MILLIS: u64 = 1_795_352_870_250;

    fn labels(id: u32) -> CellLabels {
        let labels = sample::result(1).cells.remove(0).labels;
        CellLabels { id, workload: "two\nlines".to_owned(), ..labels }
    }

    /// The next second of a cell, in which two streams ended.
    fn second(timeline: &mut Timeline) -> Interval {
        let window = Window { opened_at: at(0), closed_at: at(9_000) };
        let mut recorder = Recorder::new(chat_rules());
        recorder.record(&stream(&[150, 160]), &window);
        recorder.record(&stream(&[150, 180, 190]), &window);
        timeline.close(recorder, 2, timeline.ends_at(), &window)
    }

    /// The log of two cells, the second of which has two seconds.
    fn write(folder: &Path) -> String {
        let started_at = WallTime::from_unix_millis(STARTED_MILLIS.cast_signed());
        let mut log = HistogramLog::create(folder, started_at).unwrap();
        log.append(&labels(0), &second(&mut Timeline::new(at(250)))).unwrap();
        let mut later = Timeline::new(at(5_000));
        log.append(&labels(1), &second(&mut later)).unwrap();
        log.append(&labels(1), &second(&mut later)).unwrap();
        log.sync().unwrap();
        fs::read_to_string(folder.join("histograms.hlog")).unwrap()
    }

    fn histogram(encoded: &str) -> Histogram<u64> {
        let bytes = STANDARD.decode(encoded).unwrap();
        Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap()
    }

    #[test]
    fn people_find_out_what_the_lines_mean() {
        let folder = tempfile::tempdir().unwrap();
        let text = write(folder.path());
        let comments: Vec<_> = text.lines().filter(|line| line.starts_with('#')).collect();
        insta::assert_snapshot!(comments.join("\n"), @r"
        #[Histogram log format version 1.3]
        #[pacemark: a line for each second, cell and metric with values; tags are cell.metric]
        #[Times are in nanoseconds, token rates in thousandths of tok/s; Interval_Max too]
        #[Measured requests count in the second they ended in; start times count from BaseTime]
        #[StartTime: 1795352870.250 (seconds since epoch)]
        #[BaseTime: 1795352870.250 (seconds since epoch)]
        #[c000: ollama / two lines / concurrency 4, 30s / round 0]
        #[c001: ollama / two lines / concurrency 4, 30s / round 0]
        ");
        assert!(text.lines().nth(6).unwrap().starts_with("\"StartTimestamp\""));
    }

    #[test]
    fn every_metric_with_values_has_a_line_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let text = write(folder.path());
        let mut shown = Vec::new();
        for entry in IntervalLogIterator::new(text.as_bytes()) {
            match entry.unwrap() {
                LogEntry::StartTime(at) | LogEntry::BaseTime(at) => {
                    assert_eq!(at, Duration::from_millis(STARTED_MILLIS));
                }
                LogEntry::Interval(interval) if interval.tag().unwrap().ends_with(".icl") => {
                    let tag = interval.tag().unwrap().as_str().to_owned();
                    let (start, length) = (interval.start_timestamp(), interval.duration());
                    let values = histogram(interval.encoded_histogram()).len();
                    shown.push((tag, start.as_millis(), length.as_millis(), values));
                }
                LogEntry::Interval(interval) => {
                    assert!(!interval.tag().unwrap().ends_with(".itl"), "nothing was counted");
                }
            }
        }
        let (first, second) = (tag(0, Metric::Icl), tag(1, Metric::Icl));
        let expected =
            [(first, 250, 1_000, 3), (second.clone(), 5_000, 1_000, 3), (second, 6_000, 1_000, 3)];
        assert_eq!(shown, expected);
    }
}
