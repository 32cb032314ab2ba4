//! Loads that are chosen while a run goes on.

use std::fmt;
use std::time::Duration;

use super::course::Course;
use super::distribution::Distribution;
use super::load::{ArrivalProcess, Bound, LoadProfile, Stage};
use crate::metric::Threshold;
use crate::units::{Rate, format_span, to_u32, whole};

/// A stage whose loads are chosen while the run goes on, one after the other, for each backend and
/// workload by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Probing {
    /// Among which loads.
    pub range: LoadRange,
    /// When each of them ends.
    pub bound: Bound,
    /// What for.
    pub purpose: ProbingPurpose,
}

/// The loads among which is chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadRange {
    /// Closed loops.
    Closed {
        /// Least concurrency; at least 1.
        from: u32,
        /// Largest concurrency; above the least.
        to: u32,
        /// Seconds between the end of an answer and the slot's next request; `None`: none.
        think_time: Option<Distribution>,
    },
    /// Open loops.
    Open {
        /// Least rate.
        from: Rate,
        /// Largest rate; above the least.
        to: Rate,
        /// How arrivals are spread.
        arrival: ArrivalProcess,
        /// Most requests in flight; further arrivals are held back, never dropped.
        max_in_flight: Option<u32>,
    },
}

/// What loads are tried for.
#[derive(Clone, Debug, PartialEq)]
pub enum ProbingPurpose {
    /// To see the curve, with more loads where it bends.
    Curve {
        /// Most loads.
        points: u32,
    },
    /// To find the largest load that keeps to limits.
    Search(SearchRules),
}

/// The rules of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRules {
    /// What must hold; one of them is on the error rate.
    pub limits: Vec<Threshold>,
    /// How often the largest load is tried again; at least 2.
    pub confirm: u32,
    /// How close the answer shall be, as a share of the load.
    pub precision: f64,
    /// Most probes; at least 4.
    pub probes: u32,
    /// The longest time; `None` without one.
    pub time: Option<Duration>,
}

impl LoadRange {
    /// The least and the largest load: requests in flight, or requests per second.
    pub fn ends(&self) -> (f64, f64) {
        match self {
            Self::Closed { from, to, .. } => ((*from).into(), (*to).into()),
            Self::Open { from, to, .. } => (from.as_per_second(), to.as_per_second()),
        }
    }

    /// Whether loads are requests in flight, which are whole.
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }

    /// How requests start at `load`; `None` where that is no load.
    fn profile(&self, load: f64) -> Option<LoadProfile> {
        match self {
            Self::Closed { think_time, .. } => {
                let slots = to_u32(whole(load)).max(1);
                let (concurrency, think_time) = (Course::Steady(slots), *think_time);
                Some(LoadProfile::Closed { concurrency, think_time })
            }
            Self::Open { arrival, max_in_flight, .. } => {
                let rate = Course::Steady(Rate::per_second(load)?);
                let (arrival, max_in_flight) = (*arrival, *max_in_flight);
                Some(LoadProfile::Open { rate, arrival, max_in_flight })
            }
        }
    }

    /// How requests start at the largest load.
    pub fn largest(&self) -> LoadProfile {
        match self {
            Self::Closed { to, think_time, .. } => {
                let (concurrency, think_time) = (Course::Steady(*to), *think_time);
                LoadProfile::Closed { concurrency, think_time }
            }
            Self::Open { to, arrival, max_in_flight, .. } => LoadProfile::Open {
                rate: Course::Steady(*to),
                arrival: *arrival,
                max_in_flight: *max_in_flight,
            },
        }
    }
}

impl Probing {
    /// The load point at `load`; `None` where that is no load.
    pub fn stage(&self, load: f64) -> Option<Stage> {
        Some(Stage { profile: self.range.profile(load)?, bound: self.bound })
    }

    /// How long it takes at most for each backend and workload, with `around` before each load;
    /// `None` where only the server knows.
    pub fn most_time(&self, around: Duration) -> Option<Duration> {
        let each = self.bound.duration?.saturating_add(around);
        let all = each.saturating_mul(self.most_cells());
        Some(match &self.purpose {
            ProbingPurpose::Search(SearchRules { time: Some(time), .. }) => {
                all.min(time.saturating_add(each))
            }
            ProbingPurpose::Search(_) | ProbingPurpose::Curve { .. } => all,
        })
    }

    /// How many cells it makes at most, for each backend and workload.
    pub const fn most_cells(&self) -> u32 {
        match &self.purpose {
            ProbingPurpose::Curve { points } => *points,
            ProbingPurpose::Search(rules) => rules.probes,
        }
    }
}

/// As tables show it: `search 1/s to 200/s poisson for ttft.p99 < 500ms, probes of 30s`.
impl fmt::Display for Probing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loads = match &self.range {
            LoadRange::Closed { from, to, .. } => format!("concurrency {from} to {to}"),
            LoadRange::Open { from, to, arrival, .. } => {
                format!("{from} to {to} {}", arrival.key())
            }
        };
        match &self.purpose {
            ProbingPurpose::Curve { points } => {
                write!(f, "sweep {loads}, {points} loads where it bends, {}", self.bound)
            }
            ProbingPurpose::Search(rules) => {
                let limits: Vec<_> = rules.limits.iter().map(ToString::to_string).collect();
                let probe = self.bound.duration.map(format_span).unwrap_or_default();
                write!(f, "search {loads} for {}, probes of {probe}", limits.join(" and "))
            }
        }
    }
}
