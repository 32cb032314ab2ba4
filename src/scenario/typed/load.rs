//! How much load, and when.

use std::time::Duration;

use serde_json::Value as Json;

use super::choice::{Choice, choices};
use super::decode::{Decode, not_yet};
use super::list::{List, OneOrMany};
use super::mapping::mapping;
use super::quantity::{Positive, PositiveSpan, Whole};
use crate::scenario::problem::Problems;
use crate::scenario::tree::Node;
use crate::units::{Rate, Share};

/// Load points; more take days.
pub(in crate::scenario) const MOST_STAGES: usize = 1_000;
/// A client machine has about as many ports towards one server.
const MOST_IN_FLIGHT: u64 = 65_535;
/// More requests than this in a stage take weeks.
const MOST_REQUESTS: u64 = 1_000_000_000;
/// More rounds than this take weeks.
const MOST_ROUNDS: u64 = 10_000;

mapping! {
    /// How much is sent, and when.
    LoadFile {
        /// What is sent before each measured window, with the stage's own profile.
        optional warmup: WarmupFile,
        /// The load points, in order.
        required stages: List<StageFile, MOST_STAGES>,
        /// How often everything is repeated.
        optional rounds: Whole<1, MOST_ROUNDS> = "1",
        /// Pause between two cells.
        optional cooldown: Duration = "0s",
        /// When a cell is given up early.
        optional stop: StopFile,
        /// How long answers in flight may still finish once a stage has closed.
        optional drain: Duration = "30s",
        /// Commands around each cell.
        optional hooks: HooksFile,
    }
    later {}
}

mapping! {
    /// What is sent before each measured window: either of the two.
    WarmupFile {
        /// So many requests, all finished before the window opens.
        optional requests: Whole<1, MOST_REQUESTS>,
        /// For so long; the load flows on into the window without a break.
        optional duration: PositiveSpan,
    }
    later {}
}

mapping! {
    /// One load point, or several: a list of concurrencies or rates makes one each.
    StageFile {
        /// Closed loop: so many requests in flight; an answer's end starts the next request.
        optional concurrency: OrRamp<Whole<1, MOST_IN_FLIGHT>>,
        /// Open loop: so many requests start per time, whatever the server does.
        optional rate: OrRamp<Rate>,
        /// How the arrivals of an open loop are spread.
        optional arrival: ArrivalChoice = "poisson",
        /// Shape of `arrival: gamma`; 1 is Poisson, less is burstier.
        optional burstiness: Positive,
        /// Most requests in flight in an open loop; further ones wait, none is dropped.
        optional max_in_flight: Whole<1, MOST_IN_FLIGHT> = "no bound",
        /// Ends the stage after so many requests.
        optional requests: Whole<1, MOST_REQUESTS>,
        /// Ends the stage after so long.
        optional duration: PositiveSpan,
    }
    later {
        "think_time": "pausing between requests",
    }
    instead {
        "replay": "replaying a trace",
        "sweep": "sweeping a range of loads",
        "search": "searching for the highest load that holds",
    }
}

mapping! {
    /// When a cell is given up early.
    StopFile {
        /// Share of failures from which on the cell is given up.
        required error_rate: Share,
        /// Finished requests before the rule applies.
        optional after: Whole<1, MOST_REQUESTS> = "20",
    }
    later {}
}

mapping! {
    /// Shell commands around each cell, with `PACEMARK_BACKEND` in their environment.
    HooksFile {
        /// Run before a cell; its failure stops the run.
        optional before_cell: String,
        /// Run after a cell, whatever became of it.
        optional after_cell: String,
    }
    later {}
}

/// One load, or a list of them; ramps come later.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct OrRamp<T>(pub(in crate::scenario) OneOrMany<T, MOST_STAGES>);

impl<T: Decode> Decode for OrRamp<T> {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        if node.get("from").is_some() || node.get("to").is_some() {
            not_yet(node.place, "a ramp", problems);
            return None;
        }
        OneOrMany::decode(node, problems).map(Self)
    }

    fn schema() -> Json {
        OneOrMany::<T, MOST_STAGES>::schema()
    }
}

/// How arrivals are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum ArrivalChoice {
    /// Evenly.
    Constant,
    /// As independent users.
    Poisson,
    /// By a gamma distribution.
    Gamma,
}

choices!(ArrivalChoice);

impl Choice for ArrivalChoice {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("constant", Self::Constant), ("poisson", Self::Poisson), ("gamma", Self::Gamma)]
    }

    fn later() -> &'static [(&'static str, &'static str)] {
        &[("trace", "replaying a trace")]
    }
}
