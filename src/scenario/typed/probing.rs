//! Stages whose loads are many: sweeps and searches.

use serde_json::{Value as Json, json};

use super::choice::{Choice, choices};
use super::decode::{Decode, unexpected};
use super::distribution::{DistributionFile, Seconds};
use super::gate::problem_of;
use super::list::List;
use super::load::{ArrivalChoice, MOST_IN_FLIGHT, MOST_REQUESTS, Slots};
use super::mapping::mapping;
use super::quantity::{Positive, PositiveSpan, Whole};
use crate::metric::Threshold;
use crate::scenario::problem::Problems;
use crate::scenario::tree::Node;
use crate::units::{Rate, Share};

/// Loads of one sweep; more take days.
const MOST_STEPS: u64 = 200;
/// Limits of one search; more are read by nobody.
const MOST_LIMITS: usize = 16;
/// Probes of one search; more take days.
const MOST_PROBES: u64 = 1_000;
/// More confirmations than this say nothing new.
const MOST_CONFIRMATIONS: u64 = 20;

mapping! {
    /// Loads from one to another, each a load point of its own.
    SweepFile {
        /// Closed loops: from so many requests in flight to so many.
        optional concurrency: SlotRangeFile,
        /// Open loops: from so many requests per time to so many.
        optional rate: RateRangeFile,
        /// Closed loop: pause between an answer and the next request of its slot.
        optional think_time: DistributionFile<Seconds>,
        /// How the arrivals of an open loop are spread.
        optional arrival: ArrivalChoice = "poisson",
        /// Shape of `arrival: gamma`; 1 is Poisson, less is burstier.
        optional burstiness: Positive,
        /// Most requests in flight in an open loop; further ones wait, none is dropped.
        optional max_in_flight: Whole<1, MOST_IN_FLIGHT> = "no bound",
        /// Ends each load after so many requests.
        optional requests: Whole<1, MOST_REQUESTS>,
        /// Ends each load after so long.
        optional duration: PositiveSpan,
    }
    later {}
}

mapping! {
    /// Concurrencies from one to another.
    SlotRangeFile {
        /// The least.
        required from: Slots,
        /// The largest.
        required to: Slots,
        /// How many loads.
        optional steps: Whole<2, MOST_STEPS> = "8",
        /// How they are spread.
        optional scale: Scale = "log",
    }
    later {}
}

mapping! {
    /// Rates from one to another.
    RateRangeFile {
        /// The least.
        required from: Rate,
        /// The largest.
        required to: Rate,
        /// How many loads.
        optional steps: Whole<2, MOST_STEPS> = "8",
        /// How they are spread.
        optional scale: Scale = "log",
    }
    later {}
}

mapping! {
    /// The largest load that keeps to limits, found by trying loads.
    SearchFile {
        /// Closed loops: among so many requests in flight.
        optional concurrency: SlotSpanFile,
        /// Open loops: among so many requests per time.
        optional rate: RateSpanFile,
        /// What must hold.
        required limits: List<LimitFile, MOST_LIMITS>,
        /// How long each load is tried at most; a clear one ends earlier.
        optional probe: PositiveSpan = "30s",
        /// How often the largest load is tried again.
        optional confirm: Whole<2, MOST_CONFIRMATIONS> = "3",
        /// How close the answer shall be, as a share of the load.
        optional precision: Share = "5%",
        /// When it ends although the answer is not that close.
        optional budget: BudgetFile,
        /// Closed loop: pause between an answer and the next request of its slot.
        optional think_time: DistributionFile<Seconds>,
        /// How the arrivals of an open loop are spread.
        optional arrival: ArrivalChoice = "poisson",
        /// Shape of `arrival: gamma`; 1 is Poisson, less is burstier.
        optional burstiness: Positive,
        /// Most requests in flight in an open loop; further ones wait, none is dropped.
        optional max_in_flight: Whole<1, MOST_IN_FLIGHT> = "no bound",
    }
    later {}
}

mapping! {
    /// Concurrencies among which is searched.
    SlotSpanFile {
        /// The least.
        required from: Slots,
        /// The largest.
        required to: Slots,
    }
    later {}
}

mapping! {
    /// Rates among which is searched.
    RateSpanFile {
        /// The least.
        required from: Rate,
        /// The largest.
        required to: Rate,
    }
    later {}
}

mapping! {
    /// When a search ends although its answer is not as close as asked for.
    BudgetFile {
        /// After so many probes.
        optional probes: Whole<4, MOST_PROBES> = "60",
        /// After so long.
        optional time: PositiveSpan,
    }
    later {}
}

/// How the loads of a sweep are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum Scale {
    /// Each is so much more than the one before.
    Linear,
    /// Each is so many times the one before.
    Log,
    /// More of them where the curve bends.
    Adaptive,
}

choices!(Scale);

impl Choice for Scale {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("linear", Self::Linear), ("log", Self::Log), ("adaptive", Self::Adaptive)]
    }
}

/// A limit as it was typed.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct LimitFile(pub(in crate::scenario) Threshold);

impl Decode for LimitFile {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Some(text) = node.as_text().filter(|text| !text.meant.is_empty()) else {
            return unexpected(node, "a limit; write for example `ttft.p99 < 500ms`", problems);
        };
        match text.meant.parse() {
            Ok(limit) => Some(Self(limit)),
            Err(error) => {
                problems.report(problem_of(node, &text.meant, error));
                None
            }
        }
    }

    fn schema() -> Json {
        json!({
            "type": "string",
            "pattern": r"[<>]|\$\{",
            "examples": ["ttft.p99 < 500ms", "tpot.p95 < 50ms", "slo_attainment >= 99%"],
        })
    }
}
