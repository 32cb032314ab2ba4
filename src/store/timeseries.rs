//! `timeseries.csv`: a row for each second of each cell.

use std::fs::TryLockError;
use std::path::Path;

use super::StoreError;
use super::rows::RowWriter;
use crate::measure::{Field, Interval};
use crate::metric::{Metric, Unit};
use crate::result::CellLabels;
use crate::units::nanos;

/// The file.
pub(super) const TIMESERIES_FILE: &str = "timeseries.csv";

/// Appends the seconds of a run to `timeseries.csv`.
#[derive(Debug)]
pub(super) struct Timeseries(RowWriter);

impl Timeseries {
    /// Opens a new file in `folder` and writes its header.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the file is there already or cannot be written.
    pub(super) fn create(folder: &Path) -> Result<Self, StoreError> {
        RowWriter::create(folder.join(TIMESERIES_FILE), column_names()).map(Self)
    }

    /// Opens the file in `folder`, to add to it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if it cannot be opened.
    pub(super) fn append_to(folder: &Path) -> Result<Self, StoreError> {
        RowWriter::append_to(folder.join(TIMESERIES_FILE)).map(Self)
    }

    /// Whether nobody else writes to the folder; from now on it is this process that does, until
    /// it ends. Where files cannot be locked it is taken for granted, and on Windows, where nobody
    /// could read a locked file.
    pub(super) fn lock(&self) -> bool {
        cfg!(windows) || !matches!(self.0.file().try_lock(), Err(TryLockError::WouldBlock))
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
        let second = Second { labels, interval };
        self.0.append(COLUMNS.iter().map(|(_, field)| field(&second)))?;
        self.0.flush()
    }

    /// Brings what was appended to the disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Write`] if the disk refuses.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.0.sync()
    }
}

/// What stands in one row.
struct Second<'a> {
    labels: &'a CellLabels,
    interval: &'a Interval,
}

/// A column: its name, and what a row holds in it.
type Column = (&'static str, for<'a> fn(&Second<'a>) -> Field<'a>);

const COLUMNS: &[Column] = &[
    ("cell", |row| Field::Count(row.labels.id.into())),
    ("backend", |row| Field::Text(&row.labels.backend)),
    ("workload", |row| Field::Text(&row.labels.workload)),
    ("stage", |row| Field::Text(&row.labels.stage)),
    ("round", |row| Field::Count(row.labels.round.into())),
    ("second", |row| Field::Count(row.interval.second)),
    ("start_at_ms", |row| Field::Nanos(row.interval.start_at.as_nanos())),
    ("length_ms", |row| Field::Nanos(nanos(row.interval.length))),
    ("phase", |row| Field::Text(row.interval.phase.key())),
    ("due", |row| Field::Count(row.interval.due)),
    ("sent", |row| Field::Count(row.interval.activity.sent)),
    ("finished", |row| Field::Count(row.interval.activity.finished)),
    ("failed", |row| Field::Count(row.interval.activity.failed)),
    ("in_flight", |row| Field::Count(row.interval.in_flight)),
    ("output_tokens", |row| Field::Count(row.interval.output_tokens)),
    ("input_tokens", |row| Field::Count(row.interval.activity.input_tokens)),
    ("ttft_p50_ms", |row| row.time(Metric::Ttft, 50.0)),
    ("ttft_p99_ms", |row| row.time(Metric::Ttft, 99.0)),
    ("itl_p50_ms", |row| row.time(Metric::Itl, 50.0)),
    ("itl_p99_ms", |row| row.time(Metric::Itl, 99.0)),
    ("icl_p50_ms", |row| row.time(Metric::Icl, 50.0)),
    ("icl_p99_ms", |row| row.time(Metric::Icl, 99.0)),
    ("e2e_p50_ms", |row| row.time(Metric::E2e, 50.0)),
    ("e2e_p99_ms", |row| row.time(Metric::E2e, 99.0)),
    ("schedule_delay_p99_ms", |row| row.time(Metric::ScheduleDelay, 99.0)),
];

/// The names of all columns, in order.
pub(super) fn column_names() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|(name, _)| *name)
}

impl Second<'_> {
    /// A percentile of a metric that is a time.
    fn time<'a>(&self, metric: Metric, percentile: f64) -> Field<'a> {
        debug_assert_eq!(metric.unit(), Unit::Milliseconds, "recorded in nanoseconds");
        self.interval.percentile(metric, percentile).map_or(Field::Absent, Field::Nanos)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::COLUMNS;

    #[test]
    fn the_page_on_results_explains_every_column() {
        let page = include_str!("../../docs/results.md");
        let part = page.split("## timeseries.csv").nth(1).unwrap().split("\n## ").next().unwrap();
        for (name, _) in COLUMNS {
            assert!(part.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn no_column_is_there_twice() {
        let names: BTreeSet<_> = COLUMNS.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), COLUMNS.len());
    }
}
