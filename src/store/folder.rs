//! The folder of one run, while it is written.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::gateway_pairs::GatewayPairRows;
use super::histogram_log::HistogramLog;
use super::records::RecordsPolicy;
use super::replace::replace;
use super::rows::RowWriter;
use super::run_rows::run_rows;
use super::server_metrics::ServerMetrics;
use super::timeseries::Timeseries;
use crate::clock::WallTime;
use crate::compare::Comparison;
use crate::measure::{Interval, RequestPair, RequestRow, ServerSample};
use crate::report::{ReportError, ReportFormat, ReportOptions};
use crate::result::{CellLabels, RecordsEntry, RunResult};

/// The file that everything else can be made from.
pub(super) const RESULT_FILE: &str = "result.json";
/// The file of all requests.
pub(super) const REQUESTS_FILE: &str = "requests.csv";
/// The file that people read first.
const SUMMARY_FILE: &str = "summary.md";
/// The file that people look at.
pub(super) const PAGE_FILE: &str = "report.html";
/// Runs of one name and second that are told apart by a number; more mean something is wrong.
const MOST_NAMESAKES: u32 = 1_000;
/// Longest slug of a name: file systems take 255 bytes, and a Chinese character takes three.
const SLUG_CHARS: usize = 60;

/// The folder of one run, while it is written.
#[derive(Debug)]
pub struct RunFolder {
    pub(super) path: PathBuf,
    pub(super) id: String,
    pub(super) records: RecordsPolicy,
    pub(super) rows: Option<RowWriter>,
    pub(super) timeseries: Timeseries,
    pub(super) histograms: HistogramLog,
    pub(super) server_metrics: Option<ServerMetrics>,
    pub(super) gateway_pairs: Option<GatewayPairRows>,
    pub(super) finished: u64,
    pub(super) kept: u64,
    /// Rows of `requests.csv` that were taken away when the run was resumed.
    pub(super) dropped: u64,
}

impl RunFolder {
    /// Makes a new folder in `results_dir`, which is made if need be. A name that is taken
    /// gets `-2`, `-3` and so on. The files that grow begin here: `timeseries.csv`,
    /// `histograms.hlog` and, unless `records` keeps none, `requests.csv`. The run's moments
    /// count from `started_at`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the folder cannot be made.
    pub fn create(
        results_dir: &Path,
        folder_name: &str,
        records: RecordsPolicy,
        started_at: WallTime,
    ) -> Result<Self, StoreError> {
        fs::create_dir_all(results_dir).map_err(StoreError::write(results_dir))?;
        let (path, id) = make_folder(results_dir, folder_name)?;
        let rows = match records {
            RecordsPolicy::All | RecordsPolicy::Sample => {
                let columns = RequestRow::COLUMNS.iter().map(|column| column.name);
                Some(RowWriter::create(path.join(REQUESTS_FILE), columns)?)
            }
            RecordsPolicy::None => None,
        };
        let timeseries = Timeseries::create(&path)?;
        // A new folder is nobody else's.
        timeseries.lock();
        let histograms = HistogramLog::create(&path, started_at)?;
        Ok(Self {
            path,
            id,
            records,
            rows,
            timeseries,
            histograms,
            server_metrics: None,
            gateway_pairs: None,
            finished: 0,
            kept: 0,
            dropped: 0,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name, which is the name of the run.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Stores the resolved scenario, which holds no secrets, as `scenario.yaml`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file cannot be written.
    pub fn write_scenario(&self, text: &str) -> Result<(), StoreError> {
        replace(&self.path, "scenario.yaml", text)
    }

    /// Appends finished requests to `requests.csv`, as far as the policy keeps them, and hands
    /// them to the system: a crash of pacemark loses none of them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file cannot be written.
    pub fn append_rows<'a>(
        &mut self,
        rows: impl IntoIterator<Item = &'a RequestRow>,
    ) -> Result<(), StoreError> {
        let Some(writer) = &mut self.rows else {
            self.finished += crate::units::count(rows.into_iter().count());
            return Ok(());
        };
        for row in rows {
            self.finished += 1;
            if self.records.keeps(row.index()) {
                writer.append(RequestRow::COLUMNS.iter().map(|column| (column.field)(row)))?;
                self.kept += 1;
            }
        }
        writer.flush()
    }

    /// Appends a second of the cell `labels` to `timeseries.csv` and `histograms.hlog`, and
    /// hands it to the system: a crash of pacemark loses none of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if a file cannot be written.
    pub fn append_interval(
        &mut self,
        labels: &CellLabels,
        interval: &Interval,
    ) -> Result<(), StoreError> {
        self.timeseries.append(labels, interval)?;
        self.histograms.append(labels, interval)
    }

    /// Appends a reading of a server's own metrics to `server_metrics.csv`, which begins with the
    /// first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file cannot be written.
    pub fn append_server_sample(
        &mut self,
        labels: &CellLabels,
        sample: &ServerSample,
    ) -> Result<(), StoreError> {
        let file = match &mut self.server_metrics {
            Some(file) => file,
            none => none.insert(ServerMetrics::create(&self.path)?),
        };
        file.append(labels, sample)
    }

    /// Appends pairs of a workload to `gateway_pairs.csv`, which begins with the first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file cannot be written.
    pub fn append_gateway_pairs(
        &mut self,
        workload: &str,
        pairs: &[RequestPair],
    ) -> Result<(), StoreError> {
        let file = match &mut self.gateway_pairs {
            Some(file) => file,
            none => none.insert(GatewayPairRows::create(&self.path)?),
        };
        file.append(workload, pairs)
    }

    /// Brings everything appended to the disk: a pulled plug loses nothing of it. Called once a
    /// second, as a disk takes its time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the disk refuses.
    pub fn sync(&self) -> Result<(), StoreError> {
        if let Some(rows) = &self.rows {
            rows.sync()?;
        }
        self.timeseries.sync()?;
        if let Some(server_metrics) = &self.server_metrics {
            server_metrics.sync()?;
        }
        self.histograms.sync()
    }

    /// Rows of `requests.csv` that were taken away when the run was resumed, since their cells had
    /// not come to an end; 0 in a new run.
    pub const fn requests_dropped(&self) -> u64 {
        self.dropped
    }

    /// Which requests have a row so far; for [`RunResult::records`].
    pub fn records(&self) -> RecordsEntry {
        self.records.entry(self.kept, self.finished)
    }

    /// Stores `result` as `result.json`, and its summaries as `summary.csv` and `summary.md`.
    /// Each file is replaced as a whole; `result.json` comes first and needs no other.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a file cannot be made or written.
    pub fn save(&self, result: &RunResult) -> Result<(), StoreError> {
        self.sync()?;
        save_reports(&self.path, result)
    }

    /// Writes `report.html`: the run as a page, with what came of a comparison with a baseline.
    /// Called once, when the run is over: it reads all rows.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the rows cannot be read, or the page not be made or written.
    pub fn save_page(
        &self,
        result: &RunResult,
        comparison: Option<&Comparison>,
    ) -> Result<(), StoreError> {
        save_page(&self.path, result, comparison)
    }

    /// Writes `summary.md` again, with what came of a comparison with a baseline.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be made or written.
    pub fn save_compared(
        &self,
        result: &RunResult,
        comparison: &Comparison,
    ) -> Result<(), StoreError> {
        save_report(&self.path, SUMMARY_FILE, |options| {
            ReportFormat::Markdown.render_compared(result, Some(comparison), options)
        })
    }
}

/// Writes the page of the run in `folder`, from `result` and the rows that lie there.
///
/// # Errors
///
/// [`StoreError`] if the rows cannot be read, or the page not be made or written.
pub(super) fn save_page(
    folder: &Path,
    result: &RunResult,
    comparison: Option<&Comparison>,
) -> Result<(), StoreError> {
    let rows = run_rows(folder)?;
    save_report(folder, PAGE_FILE, |options| {
        let options = ReportOptions { rows: rows.as_ref(), ..*options };
        ReportFormat::Html.render_compared(result, comparison, &options)
    })
}

/// Writes what is made from `result` alone into `folder`, `result.json` first.
///
/// # Errors
///
/// [`StoreError`] if a file cannot be made or written.
pub(super) fn save_reports(folder: &Path, result: &RunResult) -> Result<(), StoreError> {
    for (name, format) in [
        (RESULT_FILE, ReportFormat::Json),
        ("summary.csv", ReportFormat::Csv),
        (SUMMARY_FILE, ReportFormat::Markdown),
    ] {
        save_report(folder, name, |options| format.render(result, options))?;
    }
    Ok(())
}

fn save_report(
    folder: &Path,
    name: &str,
    render: impl Fn(&ReportOptions<'_>) -> Result<String, ReportError>,
) -> Result<(), StoreError> {
    let text = render(&ReportOptions::default())
        .map_err(|source| StoreError::Report { path: folder.join(name), source })?;
    replace(folder, name, &text)
}

/// Makes `name`, or the first of `name-2`, `name-3` … that is not taken. Making a folder is
/// atomic, so two runs never share one.
pub(super) fn make_folder(results_dir: &Path, name: &str) -> Result<(PathBuf, String), StoreError> {
    let mut number = 1;
    loop {
        let id = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
        let path = results_dir.join(&id);
        match fs::create_dir(&path) {
            Ok(()) => return Ok((path, id)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < MOST_NAMESAKES => {
                number += 1;
            }
            Err(error) => return Err(StoreError::write(&path)(error)),
        }
    }
}

/// The folder's name of a run: `20261122T130750Z-ollama-vs-xinference`.
///
/// Letters and digits of every script stay; all else becomes `-`, so the name suits every file
/// system and shell.
pub fn folder_name(started_at: WallTime, scenario: &str) -> String {
    let mut slug = String::new();
    for character in scenario.chars() {
        let stays = character.is_alphanumeric() || "._-".contains(character);
        let next = if stays { character } else { '-' };
        if next != '-' || !slug.ends_with('-') {
            slug.push(next);
        }
    }
    let slug: String = slug.trim_matches(['-', '.']).chars().take(SLUG_CHARS).collect();
    let slug = slug.trim_end_matches(['-', '.']);
    format!("{}-{}", started_at.folder_name(), if slug.is_empty() { "run" } else { slug })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these tests look at files")]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::{RunFolder, folder_name};
    use crate::clock::WallTime;
    use crate::measure::RequestRow;
    use crate::record::{Failure, FailureKind, Outcome, Phase, RequestRecord};
    use crate::result::sample;
    use crate::store::{RecordsPolicy, load};
    use crate::units::Moment;

    fn row(index: u64, message: &str) -> RequestRow {
        let mut record = RequestRecord::due(0, index, Phase::Measure, Moment::from_nanos(5));
        let failure = Failure { kind: FailureKind::HttpStatus(500), message: message.to_owned() };
        record.outcome = Outcome::Failed(Box::new(failure));
        RequestRow::new(&record, None)
    }

    fn create(results: &Path, name: &str, records: RecordsPolicy) -> RunFolder {
        RunFolder::create(results, name, records, WallTime::from_unix_millis(0)).unwrap()
    }

    fn names(folder: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn records(folder: &RunFolder) -> Vec<csv::StringRecord> {
        let file = folder.path().join("requests.csv");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(file).unwrap();
        reader.records().map(Result::unwrap).collect()
    }

    #[test]
    fn names_suit_every_file_system() {
        let time = WallTime::from_unix_millis(1_795_352_870_250);
        let name = |scenario| folder_name(time, scenario);
        assert_eq!(name("ollama vs. xinference"), "20261122T130750Z-ollama-vs.-xinference");
        assert_eq!(name("两台服务器：对比"), "20261122T130750Z-两台服务器-对比");
        assert_eq!(name("../../etc/passwd"), "20261122T130750Z-etc-passwd");
        assert_eq!(name("🙂"), "20261122T130750Z-run");
        assert!(name(&"务".repeat(500)).len() < 255);
    }

    #[test]
    fn a_second_run_within_the_second_gets_a_number() {
        let results = tempfile::tempdir().unwrap();
        let deep = results.path().join("a/b");
        let ids = [(); 3].map(|()| create(&deep, "run", RecordsPolicy::None).id().to_owned());
        assert_eq!(ids, ["run", "run-2", "run-3"]);
    }

    #[test]
    fn a_run_leaves_its_files_and_no_others() {
        let results = tempfile::tempdir().unwrap();
        let folder = create(results.path(), "run", RecordsPolicy::All);
        folder.write_scenario("pacemark: 1\n").unwrap();
        let result = sample::result(2);
        folder.save(&sample::result(1)).unwrap();
        folder.save(&result).unwrap();
        let expected = [
            "histograms.hlog",
            "requests.csv",
            "result.json",
            "scenario.yaml",
            "summary.csv",
            "summary.md",
            "timeseries.csv",
        ];
        assert_eq!(names(folder.path()), BTreeSet::from(expected.map(str::to_owned)));
        assert_eq!(load(folder.path()).unwrap(), result);
        assert_eq!(load(&folder.path().join("result.json")).unwrap(), result);
    }

    #[test]
    fn rows_are_in_the_file_as_soon_as_they_are_appended() {
        let results = tempfile::tempdir().unwrap();
        let mut folder = create(results.path(), "run", RecordsPolicy::All);
        assert_eq!(records(&folder).len(), 1);
        folder.append_rows(&[row(0, "a, \"b\"\nc"), row(1, "=1+1")]).unwrap();
        folder.append_rows(&[row(2, "没有内存")]).unwrap();
        let read = records(&folder);
        assert_eq!(read.len(), 4);
        let header: Vec<_> = RequestRow::COLUMNS.iter().map(|column| column.name).collect();
        assert_eq!(read[0], header);
        assert!(read.iter().all(|record| record.len() == header.len()));
        let place = header.iter().position(|name| *name == "message").unwrap();
        let messages: Vec<_> = read[1..].iter().map(|record| &record[place]).collect();
        assert_eq!(messages, ["a, \"b\" c", "'=1+1", "没有内存"]);
        let lines = fs::read_to_string(folder.path().join("requests.csv")).unwrap();
        assert_eq!(lines.lines().count(), 4);
    }

    #[test]
    fn a_sample_says_what_it_kept() {
        let results = tempfile::tempdir().unwrap();
        let mut folder = create(results.path(), "run", RecordsPolicy::Sample);
        folder.append_rows(&[row(9_999, ""), row(10_001, ""), row(10_100, "")]).unwrap();
        let entry = folder.records();
        assert_eq!((entry.policy.as_str(), entry.kept, entry.finished), ("sample", 2, 3));
        assert_eq!(records(&folder).len(), 3);
    }

    #[test]
    fn without_records_there_is_no_file_of_them() {
        let results = tempfile::tempdir().unwrap();
        let mut folder = create(results.path(), "run", RecordsPolicy::None);
        folder.append_rows(&[row(0, "")]).unwrap();
        assert!(!names(folder.path()).contains("requests.csv"));
        assert_eq!((folder.records().kept, folder.records().finished), (0, 1));
    }
}
