//! One stage as it was typed, and the load points it makes.

use std::time::Duration;

use super::profile::{Profile, check_profile, ends, ends_of_slots};
use crate::scenario::course::{Course, Step, Steps};
use crate::scenario::load::{ArrivalProcess, Bound, LoadProfile, Replay, Stage};
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::typed::{ArrivalChoice, Field, Given, OrRamp, Slots, StageFile};
use crate::units::{Rate, Speed, to_u32};

/// The load points of a stage: one for each concurrency or rate, or one for its profile; none
/// where it is wrong, which is then among `problems`.
pub(super) fn check_stage(stage: &Given<StageFile>, problems: &mut Problems) -> Vec<Stage> {
    let Given { value: file, place } = stage;
    if !file.replay.is_absent() {
        return check_replay(file, problems).into_iter().collect();
    }
    check_load(file, *place, problems);
    check_bound(file, *place, problems);
    let profile = file.profile.given().and_then(|profile| {
        problems.within("profile", |problems| check_profile(profile, problems))
    });
    let is_closed = !file.concurrency.is_absent() || matches!(profile, Some(Profile::Closed(_)));
    let is_open = !file.rate.is_absent() || matches!(profile, Some(Profile::Open(_)));
    match (is_closed, is_open) {
        (true, false) => check_closed(file, problems),
        (false, true) => check_open(file, problems),
        (true, true) | (false, false) => {}
    }
    let arrival = check_arrival(file, (*place, is_closed), problems);
    let duration = file.duration.value().map(|span| span.0);
    let closed = file.concurrency.value().into_iter().flat_map(|list| &list.0);
    let closed = closed.map(|item| slots(file, course_of_slots(item.value, duration)));
    let open = file.rate.value().into_iter().flat_map(|list| &list.0);
    let open = open.map(|item| arrivals(file, arrival, course(item.value, duration)));
    let profile = profile.into_iter().map(|profile| match profile {
        Profile::Closed(steps) => slots(file, Some(Course::Steps(steps))),
        Profile::Open(steps) => arrivals(file, arrival, Some(Course::Steps(steps))),
    });
    closed.chain(open).chain(profile).flatten().collect()
}

/// What says how much is sent: one of the three.
fn check_load(file: &StageFile, place: Place, problems: &mut Problems) {
    let StageFile { concurrency, rate, profile, .. } = file;
    match (concurrency.place(), rate.place(), profile.place()) {
        (Some(first), Some(second), _) => problems.report(
            Problem::new(second, "a stage has either `concurrency` or `rate`")
                .hint("make two stages of it; to bound an open loop use `max_in_flight`")
                .also(first, "the other one"),
        ),
        (Some(other), None, Some(profile)) | (None, Some(other), Some(profile)) => problems.report(
            Problem::new(profile, "`profile` takes the place of `concurrency` and `rate`")
                .hint("make a step of the other one, or two stages of it")
                .also(other, "the other one"),
        ),
        (None, None, None) => problems.report(
            Problem::new(place, format!("{} has no load", problems.subject())).hint(
                "add `concurrency: 4` for a closed loop, `rate: 20/s` for an open one, or \
                     `replay: {}` for that of a trace",
            ),
        ),
        (Some(_), None, None) | (None, Some(_), None) | (None, None, Some(_)) => {}
    }
}

/// When it ends.
fn check_bound(file: &StageFile, place: Place, problems: &mut Problems) {
    if !file.profile.is_absent() {
        if let Some(place) = file.duration.place() {
            problems.report(
                Problem::new(place, "the steps of `profile` say themselves how long they take")
                    .hint("leave `duration` out"),
            );
        }
        return;
    }
    let slots = file.concurrency.value().into_iter().flat_map(|list| &list.0);
    let slots = slots.filter(|item| matches!(item.value, OrRamp::Ramp(..))).map(|item| item.place);
    let rates = file.rate.value().into_iter().flat_map(|list| &list.0);
    let rates = rates.filter(|item| matches!(item.value, OrRamp::Ramp(..))).map(|item| item.place);
    if let (Some(ramp), true) = (slots.chain(rates).next(), file.duration.is_absent()) {
        problems.report(
            Problem::new(ramp, "a ramp needs a `duration`")
                .hint("add `duration: 1m`: the time in which it goes from one to the other"),
        );
    } else if file.requests.is_absent() && file.duration.is_absent() {
        problems.report(
            Problem::new(place, format!("{} never ends", problems.subject()))
                .hint("add `requests: 200`, `duration: 30s`, or both"),
        );
    }
}

/// The load point of a stage that plays a recording, which says itself when it ends; `None`
/// where something is wrong.
fn check_replay(file: &StageFile, problems: &mut Problems) -> Option<Stage> {
    let Given { value: replay, place } = file.replay.given()?;
    let others = [
        ("concurrency", file.concurrency.place()),
        ("rate", file.rate.place()),
        ("profile", file.profile.place()),
        ("think_time", file.think_time.place()),
        ("arrival", file.arrival.place()),
        ("burstiness", file.burstiness.place()),
    ];
    for (key, other) in others {
        if let Some(other) = other {
            problems.report(
                Problem::new(other, format!("`{key}` does not go with `replay`"))
                    .hint("leave one of the two out: a replay starts requests as recorded"),
            );
        }
    }
    let repeats = replay.r#loop.value().copied().unwrap_or(false);
    if repeats && file.requests.is_absent() && file.duration.is_absent() {
        problems.report(
            Problem::new(*place, format!("{} never ends", problems.subject()))
                .hint("add `requests: 200`, `duration: 30m`, or both, or leave `loop` out"),
        );
    }
    let speed = match replay.speed.given() {
        None => Some(Speed::ONE),
        Some(Given { value: factor, place }) => {
            let speed = Speed::new(factor.0);
            if speed.is_none() {
                let message = format!("`speed` is {}; it goes from 0.001 to 1000", factor.0);
                problems.report(Problem::new(*place, message));
            }
            speed
        }
    };
    let replay = Replay {
        speed: speed?,
        start: replay.start.value().copied().unwrap_or_default(),
        limit: replay.limit.value().map(|limit| limit.0),
        repeats,
    };
    let max_in_flight = file.max_in_flight.value().map(|limit| to_u32(limit.0));
    let bound = Bound {
        requests: file.requests.value().map(|requests| requests.0),
        duration: file.duration.value().map(|span| span.0),
    };
    Some(Stage { profile: LoadProfile::Replay { replay, max_in_flight }, bound })
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

/// Keys of a closed loop in an open one.
fn check_open(file: &StageFile, problems: &mut Problems) {
    if let Some(place) = file.think_time.place() {
        problems.report(
            Problem::new(place, "`think_time` goes with `concurrency`, not with `rate`")
                .hint("leave it out: in an open loop the rate says when requests start"),
        );
    }
}

/// A load point of a closed loop; `None` without a course.
fn slots(file: &StageFile, concurrency: Option<Course<u32>>) -> Option<Stage> {
    let concurrency = concurrency?;
    let bound = bound(file, concurrency.length());
    let think_time = file.think_time.value().map(|think_time| think_time.shape);
    let think_time = think_time.filter(|think_time| !think_time.is_zero());
    Some(Stage { profile: LoadProfile::Closed { concurrency, think_time }, bound })
}

/// A load point of an open loop; `None` without a course.
fn arrivals(
    file: &StageFile,
    arrival: ArrivalProcess,
    rate: Option<Course<Rate>>,
) -> Option<Stage> {
    let rate = rate?;
    let bound = bound(file, rate.length());
    let max_in_flight = file.max_in_flight.value().map(|limit| to_u32(limit.0));
    Some(Stage { profile: LoadProfile::Open { rate, arrival, max_in_flight }, bound })
}

fn bound(file: &StageFile, length: Option<Duration>) -> Bound {
    Bound {
        requests: file.requests.value().map(|requests| requests.0),
        duration: length.or(file.duration.value().map(|span| span.0)),
    }
}

/// A level that is held, or a ramp over `duration`; `None` for a ramp without one, which is
/// among the problems.
fn course<T: Copy>(level: OrRamp<T>, duration: Option<Duration>) -> Option<Course<T>> {
    match level {
        OrRamp::Level(level) => Some(Course::Steady(level)),
        OrRamp::Ramp(..) => {
            let ((from, to), span) = (ends(level), duration?);
            Steps::new(vec![Step::Level { from, to, span }]).map(Course::Steps)
        }
    }
}

fn course_of_slots(level: OrRamp<Slots>, duration: Option<Duration>) -> Option<Course<u32>> {
    let (from, to) = ends_of_slots(level);
    course(
        match level {
            OrRamp::Level(_) => OrRamp::Level(from),
            OrRamp::Ramp(..) => OrRamp::Ramp(from, to),
        },
        duration,
    )
}

fn check_arrival(
    file: &StageFile,
    (place, is_closed): (Place, bool),
    problems: &mut Problems,
) -> ArrivalProcess {
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
            if let (Some(place), true) = (burstiness.place(), !is_closed) {
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
