//! Where a run stands.

use std::collections::VecDeque;
use std::time::Duration;

use super::series::{Labels, Series};
use crate::measure::{CellPhase, Interval};
use crate::result::CellLabels;

/// Notes kept: more than any screen has room for.
const NOTES: usize = 50;

/// When a cell will be over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellAim {
    /// From its begin until it hands out no more requests, warm-up included; `None` where that
    /// is not known beforehand.
    pub span: Option<Duration>,
    /// Measured requests after which it hands out no more; `None` for no such limit.
    pub requests: Option<u64>,
}

/// The cell that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellNow {
    /// Its number in run order, from 0.
    pub number: u32,
    /// Its round, from 0.
    pub round: u32,
    /// What it does.
    pub phase: CellPhase,
    /// Since it began.
    pub elapsed: Duration,
    /// Requests in flight.
    pub in_flight: u64,
    /// Requests that ended, warm-up included.
    pub finished: u64,
    /// When it will be over.
    pub aim: CellAim,
}

/// A run while it goes on; told what happens, in the order in which it does.
#[derive(Clone, Debug, Default)]
pub struct LiveRun {
    run: String,
    scenario: String,
    cells: u32,
    cells_finished: u32,
    rounds: u32,
    series: Vec<Series>,
    now: Option<(usize, CellNow)>,
    notes: VecDeque<String>,
    is_stopping: bool,
}

impl LiveRun {
    /// A run of so many cells in so many rounds that has not begun.
    pub fn new(run: &str, scenario: &str, cells: u32, rounds: u32) -> Self {
        Self {
            run: run.to_owned(),
            scenario: scenario.to_owned(),
            cells,
            cells_finished: 0,
            rounds,
            series: Vec::new(),
            now: None,
            notes: VecDeque::new(),
            is_stopping: false,
        }
    }

    /// The run has so many cells now.
    pub const fn plan_grew(&mut self, cells: u32) {
        self.cells = cells;
    }

    /// So many cells are over from before the run was broken off.
    pub const fn resumed(&mut self, cells_kept: u32) {
        self.cells_finished = cells_kept;
    }

    /// A cell begins.
    pub fn cell_started(&mut self, cell: &CellLabels, aim: CellAim) {
        let labels = Labels::of(cell);
        let known = self.series.iter().position(|series| series.labels == labels);
        let place = known.unwrap_or(self.series.len());
        if known.is_none() {
            self.series.push(Series::new(labels));
        }
        self.series[place].begin_round();
        let now = CellNow {
            number: cell.id,
            round: cell.round,
            phase: CellPhase::Warmup,
            elapsed: Duration::ZERO,
            in_flight: 0,
            finished: 0,
            aim,
        };
        self.now = Some((place, now));
    }

    /// The cell goes on; nothing where none runs.
    pub fn progress(&mut self, elapsed: Duration, is_measuring: bool, in_flight: u64) {
        if let Some((_, now)) = &mut self.now {
            (now.elapsed, now.in_flight) = (elapsed, in_flight);
            if is_measuring && now.phase == CellPhase::Warmup {
                now.phase = CellPhase::Measure;
            }
        }
    }

    /// A second of the cell is over; nothing where none runs.
    pub fn second(&mut self, interval: &Interval) {
        if let Some((place, now)) = &mut self.now {
            self.series[*place].add(interval);
            now.finished += interval.activity.finished;
            if interval.phase == CellPhase::Drain {
                now.phase = CellPhase::Drain;
            }
        }
    }

    /// The cell is over.
    pub fn cell_finished(&mut self) {
        self.cells_finished += 1;
        self.now = None;
    }

    /// Something worth knowing; the oldest is forgotten where there are too many.
    pub fn note(&mut self, text: &str) {
        if self.notes.len() == NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back(text.to_owned());
    }

    /// The run was asked to stop.
    pub const fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// The run is stored in a folder of this name; another run had the name it was to have.
    pub fn stored_as(&mut self, run: &str) {
        run.clone_into(&mut self.run);
    }

    /// Whether a cell has begun; until then servers are tried, and there is no folder.
    pub const fn has_begun(&self) -> bool {
        !self.series.is_empty()
    }

    /// Name of the folder of the run; what it is to be called before the first cell.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Name of the scenario.
    pub fn scenario(&self) -> &str {
        &self.scenario
    }

    /// Cells of the plan.
    pub const fn cells(&self) -> u32 {
        self.cells
    }

    /// Cells that are over.
    pub const fn cells_finished(&self) -> u32 {
        self.cells_finished
    }

    /// Rounds of the plan.
    pub const fn rounds(&self) -> u32 {
        self.rounds
    }

    /// What was measured so far, in the order in which it began.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// The cell that runs, with what it belongs to; `None` before the first, between two, and
    /// after the last.
    pub fn current(&self) -> Option<(&Series, &CellNow)> {
        self.now.as_ref().map(|(place, now)| (&self.series[*place], now))
    }

    /// What is worth knowing, oldest first.
    pub fn notes(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.notes.iter().map(String::as_str)
    }

    /// Whether the run was asked to stop.
    pub const fn is_stopping(&self) -> bool {
        self.is_stopping
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::live::samples::{labels, pass, run};
    use crate::live::{CellAim, LiveRun};
    use crate::measure::CellPhase;
    use crate::metric::Metric;

    #[test]
    fn rounds_of_one_load_on_one_backend_are_one_series() {
        let mut run = run();
        assert_eq!(run.series().len(), 2);
        run.cell_finished();
        run.cell_started(&labels(2, "ollama", 1), CellAim::default());
        pass(&mut run, 80, 5);
        assert_eq!(run.series().len(), 2);
        let (ollama, now) = run.current().unwrap();
        assert_eq!((ollama.labels.backend.as_str(), ollama.rounds), ("ollama", 2));
        assert_eq!((now.number, now.round, now.finished), (2, 1, 25));
        assert_eq!(ollama.whole.activity.finished, 35 * 5);
        assert_eq!(ollama.whole.distribution(Metric::Ttft).unwrap().len(), 35 * 4);
    }

    #[test]
    fn recent_are_ten_seconds_of_this_round() {
        let mut run = run();
        let recent = run.current().unwrap().0.recent(&[Metric::Ttft]);
        assert_eq!((recent.length, recent.due), (Duration::from_secs(10), 50));
        run.cell_started(&labels(2, "ollama", 1), CellAim::default());
        assert_eq!(run.current().unwrap().0.recent(&[Metric::Ttft]).length, Duration::ZERO);
        pass(&mut run, 80, 1);
        let recent = run.current().unwrap().0.recent(&[Metric::Ttft]);
        assert_eq!((recent.length, recent.output_tokens), (Duration::from_secs(1), 8));
        let ttft = recent.distribution(Metric::Ttft).unwrap();
        assert!((79_900_000..80_100_000).contains(&ttft.max()), "{}", ttft.max());
    }

    #[test]
    fn failures_are_counted_by_kind_with_a_message() {
        let run = run();
        let (series, _) = run.current().unwrap();
        assert_eq!(series.failures.iter().next().unwrap(), (&"api_error".to_owned(), &12));
        assert_eq!(series.last_failure.as_ref().unwrap().message, "broken");
    }

    #[test]
    fn what_is_told_between_cells_belongs_to_none() {
        let mut run = LiveRun::new("run", "scenario", 1, 1);
        run.progress(Duration::from_secs(1), true, 4);
        pass(&mut run, 40, 1);
        assert!(run.current().is_none() && run.series().is_empty());
    }

    #[test]
    fn phases_follow_the_window() {
        let mut run = LiveRun::new("run", "scenario", 1, 1);
        run.cell_started(&labels(0, "ollama", 0), CellAim::default());
        assert_eq!(run.current().unwrap().1.phase, CellPhase::Warmup);
        run.progress(Duration::from_secs(1), true, 4);
        assert_eq!(run.current().unwrap().1.phase, CellPhase::Measure);
    }

    #[test]
    fn a_run_has_the_name_it_was_stored_under() {
        let mut run = LiveRun::new("run", "scenario", 1, 1);
        assert!(!run.has_begun());
        run.stored_as("run-2");
        run.cell_started(&labels(0, "ollama", 0), CellAim::default());
        assert_eq!((run.has_begun(), run.run()), (true, "run-2"));
    }

    #[test]
    fn notes_are_few_and_the_newest() {
        let mut run = LiveRun::new("run", "scenario", 1, 1);
        for number in 0..200 {
            run.note(&number.to_string());
        }
        let notes: Vec<_> = run.notes().collect();
        assert_eq!((notes.len(), notes[0], notes[49]), (50, "150", "199"));
    }
}
