//! Watches a cell that tries a load: it may be over before its time.

use std::sync::Arc;
use std::time::Duration;

use super::cell::CellState;
use crate::audit::CellEnd;
use crate::measure::RequestRow;
use crate::metric::{FigureKey, Metric, Threshold};
use crate::record::Phase;
use crate::scenario::Slo;
use crate::search::{Evidence, Judgement, Overload, Sample};
use crate::units::{Moment, float, seconds};

/// How often it is looked whether the cell has shown enough.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often requests in flight are counted.
const COUNT_EVERY: Duration = Duration::from_millis(50);
/// Share of the planned window before which nothing is concluded.
const FIRST_LOOK: f64 = 0.25;

/// What a cell is watched for.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    /// The limits that a search holds it to; none for a sweep.
    pub(super) limits: Arc<[Threshold]>,
    /// What every single request should keep to.
    pub(super) slo: Slo,
    /// Whether more may come in than goes out: whether its loop is open.
    pub(super) is_open: bool,
    /// Whether it ends as soon as it is clear whether the limits hold.
    pub(super) ends_early: bool,
}

/// Watches one cell.
pub(super) struct ProbeWatch {
    watched: Watched,
    evidence: Evidence,
    in_flight: Vec<f64>,
    counted_at: Moment,
    looked_at: Moment,
    overload: Option<Overload>,
}

impl ProbeWatch {
    pub(super) fn new(watched: Watched) -> Self {
        Self {
            watched,
            evidence: Evidence::default(),
            in_flight: Vec::new(),
            counted_at: Moment::ZERO,
            looked_at: Moment::ZERO,
            overload: None,
        }
    }

    /// Takes in requests that have ended.
    pub(super) fn add(&mut self, rows: &[RequestRow]) {
        let counts = |row: &&RequestRow| row.phase() == Phase::Measure && !row.is_cancelled();
        for row in rows.iter().filter(counts) {
            let values = self.watched.limits.iter().map(|limit| match limit.figure {
                FigureKey::Statistic(metric, _) => row.value(metric),
                FigureKey::Window(_) => None,
            });
            self.evidence.add(Sample {
                index: row.index(),
                failed: !row.is_completed(),
                good: row.meets(&self.watched.slo),
                latency: row.value(Metric::Ttft).or_else(|| row.value(Metric::E2e)),
                values: values.collect(),
            });
        }
    }

    /// Counts what is in flight and, every now and then, closes the window if nothing more is to be
    /// learned; to be called often.
    pub(super) fn look(&mut self, state: &CellState, now: Moment) {
        let window = state.window();
        if !window.contains(now) {
            return;
        }
        if now.since(self.counted_at) >= COUNT_EVERY {
            self.counted_at = now;
            self.in_flight.push(float(state.in_flight()));
        }
        let is_early = state.order().stage.bound.duration.is_some_and(|planned| {
            seconds(now.since(window.opened_at)) < FIRST_LOOK * seconds(planned)
        });
        if is_early || now.since(self.looked_at) < LOOK_EVERY {
            return;
        }
        self.looked_at = now;
        self.look_for_overload(state);
        let is_clear = self.watched.ends_early
            && Judgement::early(&self.evidence, &self.watched.limits).is_some();
        if is_clear || self.overload.is_some() {
            state.close_window(now);
        }
    }

    /// Looks once more when all requests have ended.
    pub(super) fn close(&mut self, state: &CellState) {
        if self.overload.is_none() {
            self.look_for_overload(state);
        }
    }

    fn look_for_overload(&mut self, state: &CellState) {
        if self.watched.is_open {
            let (latencies, arrivals) = (self.evidence.latencies(), state.handed_out());
            self.overload = Overload::of(&self.in_flight, &latencies, arrivals);
        }
    }

    /// How the cell ended, where more came in than went out.
    pub(super) fn end(&self) -> Option<CellEnd> {
        self.overload.map(|Overload { first, last }| CellEnd::Overloaded { first, last })
    }

    /// What the cell says of the limits; `figure` tells the figures of the whole cell.
    pub(super) fn judgement(&self, figure: &dyn Fn(FigureKey) -> Option<f64>) -> Judgement {
        Judgement::of(&self.evidence, &self.watched.limits, self.overload, figure)
    }
}
