//! How much load, and when.

use std::ops::Range;
use std::time::Duration;

use super::course::Course;
use super::distribution::Distribution;
use super::probing::Probing;
use crate::units::{Rate, Share, Speed, format_span};

/// The load of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// What is sent before each measured window, with the stage's own profile.
    pub warmup: Option<Warmup>,
    /// The load points, in order.
    pub stages: Vec<Stage>,
    /// Which of them are one sweep, from its least load to its largest.
    pub sweeps: Vec<Range<usize>>,
    /// Loads that are chosen while the run goes on, after all others.
    pub probings: Vec<Probing>,
    /// How often the whole matrix is run; at least 1.
    pub rounds: u32,
    /// Pause between two cells.
    pub cooldown: Duration,
    /// When a cell is given up early.
    pub stop: Option<StopRule>,
    /// How long answers in flight may still finish once a stage has closed.
    pub drain: Duration,
    /// Commands around each cell.
    pub hooks: Hooks,
}

/// What is sent before the measured window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warmup {
    /// So many requests, all finished before the window opens.
    Requests(u64),
    /// For so long; the load flows on into the window without a break.
    Duration(Duration),
}

impl Warmup {
    /// How long it takes, as far as that is known beforehand.
    pub const fn span(self) -> Duration {
        match self {
            Self::Requests(_) => Duration::ZERO,
            Self::Duration(span) => span,
        }
    }
}

/// One load point.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// How requests start.
    pub profile: LoadProfile,
    /// When it ends.
    pub bound: Bound,
}

/// How requests start.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadProfile {
    /// Closed loop: so many slots; the end of an answer starts the slot's next request.
    Closed {
        /// Slots, each with at most one request in flight; every level is at least 1.
        concurrency: Course<u32>,
        /// Seconds between the end of an answer and the slot's next request; `None`: none.
        think_time: Option<Distribution>,
    },
    /// Open loop: requests start when they are due, whatever the server does.
    Open {
        /// Mean arrival rate.
        rate: Course<Rate>,
        /// How arrivals are spread.
        arrival: ArrivalProcess,
        /// Most requests in flight; further arrivals are held back, never dropped.
        max_in_flight: Option<u32>,
    },
    /// Open loop: requests start as they were recorded in the trace of the workload.
    Replay {
        /// How it is played.
        replay: Replay,
        /// Most requests in flight; further arrivals are held back, never dropped.
        max_in_flight: Option<u32>,
    },
}

/// How a recording is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// How many times as fast as recorded.
    pub speed: Speed,
    /// What of the recording is skipped at its beginning.
    pub start: Duration,
    /// How much of the recording is played; `None`: all that is left.
    pub limit: Option<Duration>,
    /// Whether it begins anew at its end.
    pub repeats: bool,
}

impl LoadProfile {
    /// How a recording is played; `None` where none is.
    pub const fn replay(&self) -> Option<Replay> {
        match self {
            Self::Replay { replay, .. } => Some(*replay),
            Self::Closed { .. } | Self::Open { .. } => None,
        }
    }
}

impl Replay {
    /// How long it takes at most; `None` where only the recording tells, or nothing ends it.
    pub fn most(&self) -> Option<Duration> {
        let limit = self.limit.filter(|_| !self.repeats)?;
        Some(Duration::from_nanos(self.speed.played(limit.as_nanos())))
    }
}

/// As tables show it: `replay 2x`, `replay 1x from 5m for 10m`.
impl std::fmt::Display for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "replay {}", self.speed)?;
        if !self.start.is_zero() {
            write!(f, " from {}", format_span(self.start))?;
        }
        if let Some(limit) = self.limit {
            write!(f, " for {}", format_span(limit))?;
        }
        if self.repeats {
            f.write_str(" looped")?;
        }
        Ok(())
    }
}

impl LoadProfile {
    /// A closed loop of so many slots all the time, without think time.
    pub const fn closed(concurrency: u32) -> Self {
        Self::Closed { concurrency: Course::Steady(concurrency), think_time: None }
    }

    /// Most requests that can be in flight; `None` without a bound.
    pub fn most_in_flight(&self) -> Option<u32> {
        match self {
            Self::Closed { concurrency, .. } => Some(concurrency.most()),
            Self::Open { max_in_flight, .. } | Self::Replay { max_in_flight, .. } => *max_in_flight,
        }
    }

    /// Whether requests start when they are due, whatever the server does.
    pub const fn is_open(&self) -> bool {
        match self {
            Self::Closed { .. } => false,
            Self::Open { .. } | Self::Replay { .. } => true,
        }
    }

    /// Whether the load is the same all the time, as far as the profile decides it.
    pub const fn is_steady(&self) -> bool {
        match self {
            Self::Closed { concurrency, .. } => concurrency.steady().is_some(),
            Self::Open { rate, .. } => rate.steady().is_some(),
            Self::Replay { .. } => false,
        }
    }
}

/// How the arrivals of an open loop are spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ArrivalProcess {
    /// Evenly.
    Constant,
    /// Exponential gaps: independent users.
    Poisson,
    /// Gamma-distributed gaps with shape `burstiness`: 1 is Poisson, below 1 burstier.
    Gamma {
        /// Shape of the distribution; above 0.
        burstiness: f64,
    },
}

impl ArrivalProcess {
    /// Its name in scenarios and files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Poisson => "poisson",
            Self::Gamma { .. } => "gamma",
        }
    }
}

/// When a stage ends: whatever comes first. At least one of the two is set, except for a replay,
/// which ends with its recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// After so many measured requests were handed out.
    pub requests: Option<u64>,
    /// After so long; where the load goes through steps, when the last of them ends.
    pub duration: Option<Duration>,
}

/// When a cell is given up early.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopRule {
    /// Share of failures from which on the cell is given up.
    pub error_rate: Share,
    /// Finished requests before the rule applies.
    pub after: u64,
}

/// Shell commands around each cell, with `PACEMARK_BACKEND` in their environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Run before a cell; its failure stops the run.
    pub before_cell: Option<String>,
    /// Run after a cell, whatever became of it.
    pub after_cell: Option<String>,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            warmup: None,
            stages: Vec::new(),
            sweeps: Vec::new(),
            probings: Vec::new(),
            rounds: 1,
            cooldown: Duration::ZERO,
            stop: None,
            drain: Duration::from_secs(30),
            hooks: Hooks::default(),
        }
    }
}

/// As tables show it: `concurrency 4, 30s`.
impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.bound {
            Bound { requests: None, duration: None } => self.profile.fmt(f),
            bound => write!(f, "{}, {bound}", self.profile),
        }
    }
}

/// As tables show it: `30s`, `200 requests or 30s`.
impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bounds = [
            self.requests.map(|requests| format!("{requests} requests")),
            self.duration.map(format_span),
        ];
        let bounds: Vec<_> = bounds.into_iter().flatten().collect();
        f.write_str(&bounds.join(" or "))
    }
}

/// As tables show it: `concurrency 4`, `20/s poisson`, `5/s to 50/s constant`.
impl std::fmt::Display for LoadProfile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed { concurrency, think_time: None } => {
                write!(f, "concurrency {concurrency}")
            }
            Self::Closed { concurrency, think_time: Some(think_time) } => {
                write!(f, "concurrency {concurrency} thinking {}", think_time.of_times())
            }
            Self::Open { rate, arrival, max_in_flight: None } => {
                write!(f, "{rate} {}", arrival.key())
            }
            Self::Open { rate, arrival, max_in_flight: Some(limit) } => {
                write!(f, "{rate} {} max {limit}", arrival.key())
            }
            Self::Replay { replay, max_in_flight: None } => write!(f, "{replay}"),
            Self::Replay { replay, max_in_flight: Some(limit) } => {
                write!(f, "{replay} max {limit}")
            }
        }
    }
}
