//! What one backend did under one workload at one stage so far, all rounds together.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::measure::{Activity, FailureSample, Interval};
use crate::metric::Metric;
use crate::result::CellLabels;

/// Seconds that count as recent: long enough for a p50 that stands still, short enough to see a
/// change while it happens.
const RECENT: usize = 10;
/// Seconds of history kept, for graphs.
const HISTORY: usize = 600;

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Name of the backend.
    pub backend: String,
    /// Name of the workload.
    pub workload: String,
    /// Label of the stage.
    pub stage: String,
}

impl Labels {
    /// Those of a cell, whatever its round.
    pub(super) fn of(cell: &CellLabels) -> Self {
        let CellLabels { backend, workload, stage, .. } = cell;
        Self { backend: backend.clone(), workload: workload.clone(), stage: stage.clone() }
    }

    /// Whether both are the same load, on whichever backend.
    pub fn same_load(&self, other: &Self) -> bool {
        self.workload == other.workload && self.stage == other.stage
    }
}

/// What went on in a second, or in several.
#[derive(Clone, Debug, Default)]
pub struct Second {
    /// How long it took.
    pub length: Duration,
    /// Requests that were due.
    pub due: u64,
    /// Requests sent, ended and failed, warm-up included.
    pub activity: Activity,
    /// Output tokens that arrived.
    pub output_tokens: u64,
    distributions: BTreeMap<Metric, Histogram<u64>>,
}

impl Second {
    fn of(interval: &Interval) -> Self {
        let values = |metric| Some((metric, interval.distribution(metric)?.clone()));
        Self {
            length: interval.length,
            due: interval.due,
            activity: interval.activity,
            output_tokens: interval.output_tokens,
            distributions: Metric::distributions().filter_map(values).collect(),
        }
    }

    /// The measured values of `metric`, in recorded units; `None` where there are none.
    pub fn distribution(&self, metric: Metric) -> Option<&Histogram<u64>> {
        self.distributions.get(&metric)
    }

    fn merge(&mut self, other: &Self) {
        self.count(other);
        for (metric, theirs) in &other.distributions {
            self.add(*metric, theirs);
        }
    }

    /// Adds everything but distributions.
    fn count(&mut self, other: &Self) {
        self.length += other.length;
        self.due += other.due;
        self.activity.merge(&other.activity);
        self.output_tokens += other.output_tokens;
    }

    fn add(&mut self, metric: Metric, theirs: &Histogram<u64>) {
        match self.distributions.get_mut(&metric) {
            // Histograms of one recorder have the same precision and grow as they must.
            Some(ours) => ours.add(theirs).unwrap_or_default(),
            None => drop(self.distributions.insert(metric, theirs.clone())),
        }
    }
}

/// What one backend did under one workload at one stage so far, all rounds together.
#[derive(Clone, Debug)]
pub struct Series {
    /// What is measured.
    pub labels: Labels,
    /// Rounds that began.
    pub rounds: u32,
    /// Everything so far; distributions are of measured requests.
    pub whole: Second,
    /// Failures so far by kind as printed, warm-up included.
    pub failures: BTreeMap<String, u64>,
    /// The message of a failure of the last second that had one.
    pub last_failure: Option<FailureSample>,
    recent: VecDeque<Second>,
    history: VecDeque<HistoryPoint>,
}

/// A second of the past, without its distributions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistoryPoint {
    /// How long it took.
    pub length: Duration,
    /// Output tokens that arrived.
    pub output_tokens: u64,
    /// Requests that ended.
    pub finished: u64,
}

impl Series {
    pub(super) fn new(labels: Labels) -> Self {
        Self {
            labels,
            rounds: 0,
            whole: Second::default(),
            failures: BTreeMap::new(),
            last_failure: None,
            recent: VecDeque::new(),
            history: VecDeque::new(),
        }
    }

    /// Another round begins: what came before it is not recent.
    pub(super) fn begin_round(&mut self) {
        self.rounds += 1;
        self.recent.clear();
    }

    /// Adds a second that is over.
    pub(super) fn add(&mut self, interval: &Interval) {
        let second = Second::of(interval);
        self.whole.merge(&second);
        let (counts, mut samples) = interval.recorder().failures();
        for (kind, count) in counts {
            *self.failures.entry(kind).or_default() += count;
        }
        if let Some(sample) = samples.pop() {
            self.last_failure = Some(sample);
        }
        let point = HistoryPoint {
            length: second.length,
            output_tokens: second.output_tokens,
            finished: second.activity.finished,
        };
        keep(&mut self.history, point, HISTORY);
        keep(&mut self.recent, second, RECENT);
    }

    /// The last seconds of the round that runs, or ran last, at most ten of them, with the
    /// distributions of these metrics alone.
    pub fn recent(&self, metrics: &[Metric]) -> Second {
        let mut all = Second::default();
        for second in &self.recent {
            all.count(second);
            for metric in metrics {
                if let Some(values) = second.distribution(*metric) {
                    all.add(*metric, values);
                }
            }
        }
        all
    }

    /// The seconds of the past, oldest first.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &HistoryPoint> {
        self.history.iter()
    }
}

fn keep<T>(queue: &mut VecDeque<T>, item: T, most: usize) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(item);
}
