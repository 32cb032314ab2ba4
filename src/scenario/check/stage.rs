//! One stage as it was typed, and the load points it makes.

use crate::scenario::load::{ArrivalProcess, Bound, LoadProfile, Stage};
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::typed::{ArrivalChoice, Field, Given, StageFile};
use crate::units::to_u32;

/// The load points of a stage: one for each concurrency or rate; none where it is wrong, which
/// is then among `problems`.
pub(super) fn check_stage(stage: &Given<StageFile>, problems: &mut Problems) -> Vec<Stage> {
    let Given { value: file, place } = stage;
    let StageFile { concurrency, rate, requests, duration, .. } = file;
    check_bound(*place, file, problems);
    match (concurrency.place(), rate.place()) {
        (Some(first), Some(second)) => problems.report(
            Problem::new(second, "a stage has either `concurrency` or `rate`")
                .hint("make two stages of it; to bound an open loop use `max_in_flight`")
                .also(first, "the other one"),
        ),
        (None, None) => problems.report(
            Problem::new(*place, format!("{} has no load", problems.subject()))
                .hint("add `concurrency: 4` for a closed loop or `rate: 20/s` for an open one"),
        ),
        (Some(_), None) => check_closed(file, problems),
        (None, Some(_)) => {}
    }
    let bound = Bound {
        requests: requests.value().map(|requests| requests.0),
        duration: duration.value().map(|span| span.0),
    };
    let closed = concurrency
        .value()
        .into_iter()
        .flat_map(|list| &list.0.0)
        .map(|item| LoadProfile::Closed { concurrency: to_u32(item.value.0) });
    let arrival = check_arrival(file, *place, problems);
    let max_in_flight = file.max_in_flight.value().map(|limit| to_u32(limit.0));
    let open = rate.value().into_iter().flat_map(|list| &list.0.0).map(|item| LoadProfile::Open {
        rate: item.value,
        arrival,
        max_in_flight,
    });
    closed.chain(open).map(|profile| Stage { profile, bound }).collect()
}

fn check_bound(place: Place, file: &StageFile, problems: &mut Problems) {
    if file.requests.is_absent() && file.duration.is_absent() {
        problems.report(
            Problem::new(place, format!("{} never ends", problems.subject()))
                .hint("add `requests: 200`, `duration: 30s`, or both"),
        );
    }
}

/// Keys of an open loop in a closed one.
fn check_closed(file: &StageFile, problems: &mut Problems) {
    let open_only = [
        ("arrival", file.arrival.place()),
        ("burstiness", file.burstiness.place()),
        ("max_in_flight", file.max_in_flight.place()),
    ];
    for (key, place) in open_only {
        if let Some(place) = place {
            problems.report(
                Problem::new(place, format!("`{key}` goes with `rate`, not with `concurrency`"))
                    .hint("leave it out, or use `rate`"),
            );
        }
    }
}

fn check_arrival(file: &StageFile, place: Place, problems: &mut Problems) -> ArrivalProcess {
    let arrival = match &file.arrival {
        Field::Given(arrival) => arrival.value,
        Field::Absent => ArrivalChoice::Poisson,
        Field::Wrong(_) => return ArrivalProcess::Poisson,
    };
    match (arrival, &file.burstiness) {
        (ArrivalChoice::Gamma, Field::Given(burstiness)) => {
            ArrivalProcess::Gamma { burstiness: burstiness.value.0 }
        }
        (ArrivalChoice::Gamma, Field::Absent) => {
            problems.report(
                Problem::new(
                    file.arrival.place().unwrap_or(place),
                    "`arrival: gamma` needs `burstiness`",
                )
                .hint("write `burstiness: 0.5`; 1 is Poisson, less is burstier"),
            );
            ArrivalProcess::Poisson
        }
        (ArrivalChoice::Gamma, Field::Wrong(_)) => ArrivalProcess::Poisson,
        (ArrivalChoice::Constant | ArrivalChoice::Poisson, burstiness) => {
            if let (Some(place), true) = (burstiness.place(), file.concurrency.is_absent()) {
                problems.report(
                    Problem::new(place, "`burstiness` goes with `arrival: gamma`")
                        .hint("add `arrival: gamma`, or leave it out"),
                );
            }
            match arrival {
                ArrivalChoice::Constant => ArrivalProcess::Constant,
                ArrivalChoice::Poisson | ArrivalChoice::Gamma => ArrivalProcess::Poisson,
            }
        }
    }
}
