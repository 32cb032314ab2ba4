//! How much load, and when.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::choice::{Choice, choices};
use super::decode::Decode;
use super::distribution::{DistributionFile, Seconds};
use super::field::Field;
use super::list::{List, OneOrMany};
use super::mapping::{KeySchema, Keys, mapping, schema_of};
use super::probing::{SearchFile, SweepFile};
use super::quantity::{Positive, PositiveSpan, Whole};
use crate::scenario::problem::Problems;
use crate::scenario::tree::Node;
use crate::units::{Rate, Share};

/// Load points; more take days.
pub(in crate::scenario) const MOST_STAGES: usize = 1_000;
/// Steps of one profile; more than a day of minutes.
const MOST_STEPS: usize = 2_000;
/// A client machine has about as many ports towards one server.
pub(super) const MOST_IN_FLIGHT: u64 = 65_535;
/// More requests than this in a stage take weeks.
pub(super) const MOST_REQUESTS: u64 = 1_000_000_000;
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
        /// `{from: …, to: …}` goes evenly from one to the other over the `duration`.
        optional concurrency: OneOrMany<OrRamp<Slots>, MOST_STAGES>,
        /// Open loop: so many requests start per time, whatever the server does.
        /// `{from: …, to: …}` goes evenly from one to the other over the `duration`.
        optional rate: OneOrMany<OrRamp<Rate>, MOST_STAGES>,
        /// Open loop: requests start as they were recorded in the trace of the workload.
        optional replay: ReplayFile,
        /// Loads from one to another, each a load point of its own.
        optional sweep: SweepFile,
        /// The largest load that keeps to limits.
        optional search: SearchFile,
        /// Several steps one after the other, measured as one load point.
        optional profile: List<StepFile, MOST_STEPS>,
        /// Closed loop: pause between an answer and the next request of its slot.
        optional think_time: DistributionFile<Seconds>,
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
    later {}
}

mapping! {
    /// How a recording is played.
    ReplayFile {
        /// How many times as fast as recorded, 0.001 to 1000.
        optional speed: Positive = "1",
        /// What of the recording is skipped at its beginning.
        optional start: Duration = "0s",
        /// How much of the recording is played, in its own time.
        optional limit: PositiveSpan = "all that is left",
        /// Whether it begins anew at its end, until the stage ends.
        optional r#loop: bool = "false",
    }
    later {}
}

mapping! {
    /// A step of a profile: a concurrency or a rate for a time, or a pause.
    StepFile {
        /// So many requests in flight, or a ramp.
        optional concurrency: OrRamp<Slots>,
        /// So many requests start per time, or a ramp.
        optional rate: OrRamp<Rate>,
        /// How long the step takes.
        optional duration: PositiveSpan,
        /// Nothing starts for so long.
        optional pause: PositiveSpan,
    }
    later {}
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

/// Slots of a closed loop.
pub(in crate::scenario) type Slots = Whole<1, MOST_IN_FLIGHT>;

/// A level of load, or a ramp from one to another.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) enum OrRamp<T> {
    /// The same all the time.
    Level(T),
    /// Evenly from one to the other.
    Ramp(T, T),
}

const RAMP: Keys = Keys { known: &["from", "to"], later: &[], instead: &[] };

/// A level of load.
pub(in crate::scenario) trait Level: Decode {
    /// The name of its ramp among the definitions of the schema.
    const RAMP: &str;
}

impl Level for Slots {
    const RAMP: &str = "concurrency_ramp";
}

impl Level for Rate {
    const RAMP: &str = "rate_ramp";
}

impl<T: Level> Decode for OrRamp<T> {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        if node.entries().is_none() {
            return T::decode(node, problems).map(Self::Level);
        }
        let entries = RAMP.open(node, problems)?;
        let from: Field<T> = entries.required("from", problems);
        let to: Field<T> = entries.required("to", problems);
        Some(Self::Ramp(from.into_value()?, to.into_value()?))
    }

    fn schema() -> Json {
        json!({"anyOf": [T::schema(), {"$ref": format!("#/$defs/{}", T::RAMP)}]})
    }
}

impl<T: Level> OrRamp<T> {
    /// The name of the ramp among the definitions of the schema, and what stands there.
    pub(in crate::scenario) fn definition() -> (&'static str, Json) {
        let key =
            |key, doc| KeySchema { key, doc, required: true, default: None, schema: T::schema() };
        let ramp = schema_of(
            &["A ramp: evenly from one level to another."],
            [key("from", &["The level at the beginning."]), key("to", &["The level at the end."])],
        );
        (T::RAMP, ramp)
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
}
