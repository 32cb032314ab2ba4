//! The steps of a profile as they were typed, and the load that goes through them.

use crate::scenario::course::{Step, Steps};
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::typed::{Field, Given, List, OrRamp, Slots, StepFile};
use crate::units::{Rate, to_u32};

/// The steps of a profile: all of a closed loop, or all of an open one.
#[derive(Clone, Debug)]
pub(super) enum Profile {
    /// Concurrencies and pauses.
    Closed(Steps<u32>),
    /// Rates and pauses.
    Open(Steps<Rate>),
}

/// What a step does.
enum Kind {
    Slots(Step<u32>),
    Rate(Step<Rate>),
    Pause(Step<u32>),
}

/// Checks the steps of a profile; `None` where something is wrong, which is then among
/// `problems`.
pub(super) fn check_profile<const MOST: usize>(
    Given { value: list, place }: &Given<List<StepFile, MOST>>,
    problems: &mut Problems,
) -> Option<Profile> {
    let mut steps = Vec::new();
    for (index, step) in list.0.iter().enumerate() {
        steps.push(problems.within(index, |problems| check_step(step, problems)));
    }
    let kinds: Vec<(Kind, Place)> = steps.into_iter().collect::<Option<_>>()?;
    let (mut closed, mut open) = (Vec::new(), Vec::new());
    let (mut slots_at, mut rate_at) = (None, None);
    for (kind, place) in kinds {
        match kind {
            Kind::Slots(step) => {
                slots_at.get_or_insert(place);
                closed.push(step);
            }
            Kind::Rate(step) => {
                rate_at.get_or_insert(place);
                open.push(step);
            }
            Kind::Pause(step) => {
                closed.push(step);
                open.push(Step::Pause { span: step.span() });
            }
        }
    }
    if let (Some(slots_at), Some(rate_at)) = (slots_at, rate_at) {
        problems.report(
            Problem::new(rate_at, "the steps of a profile are all closed or all open")
                .hint("keep to `concurrency` or to `rate`, or make two stages of it")
                .also(slots_at, "this one has a `concurrency`"),
        );
        return None;
    }
    let profile = match rate_at {
        Some(_) => Steps::new(open).map(Profile::Open),
        None => Steps::new(closed).map(Profile::Closed),
    };
    if profile.is_none() {
        problems.report(
            Problem::new(*place, format!("{} has no load", problems.subject()))
                .hint("add a step as `{rate: 5/s, duration: 30s}`"),
        );
    }
    profile
}

/// Checks one step, and tells where it says what it does.
fn check_step(step: &Given<StepFile>, problems: &mut Problems) -> Option<(Kind, Place)> {
    let Given { value: StepFile { concurrency, rate, duration, pause }, place } = step;
    let given = [concurrency.place(), rate.place(), pause.place()];
    let mut given = given.into_iter().flatten();
    let what = match (given.next(), given.next()) {
        (Some(what), None) => what,
        (None, _) => {
            let message = format!("{} does nothing", problems.subject());
            problems.report(Problem::new(*place, message).hint(
                "write `{rate: 5/s, duration: 30s}`, `{concurrency: 4, duration: 30s}` or \
                 `{pause: 10s}`",
            ));
            return None;
        }
        (Some(_), Some(second)) => {
            let message = "a step has one of `concurrency`, `rate` and `pause`";
            problems.report(Problem::new(second, message).hint("make two steps of it"));
            return None;
        }
    };
    if let Field::Given(pause) = pause {
        if let Some(place) = duration.place() {
            let message = "`pause` says itself how long it is";
            problems.report(Problem::new(place, message).hint("leave `duration` out"));
        }
        return Some((Kind::Pause(Step::Pause { span: pause.value.0 }), what));
    }
    if duration.is_absent() {
        problems.report(
            Problem::new(*place, format!("{} never ends", problems.subject()))
                .hint("add `duration: 30s`"),
        );
    }
    let span = duration.value()?.0;
    if let Some(slots) = concurrency.value() {
        let (from, to) = ends_of_slots(*slots);
        return Some((Kind::Slots(Step::Level { from, to, span }), what));
    }
    let (from, to) = ends(*rate.value()?);
    Some((Kind::Rate(Step::Level { from, to, span }), what))
}

/// Where a level begins and ends.
pub(super) const fn ends<T: Copy>(level: OrRamp<T>) -> (T, T) {
    match level {
        OrRamp::Level(level) => (level, level),
        OrRamp::Ramp(from, to) => (from, to),
    }
}

/// Where a number of slots begins and ends.
pub(super) fn ends_of_slots(level: OrRamp<Slots>) -> (u32, u32) {
    let (from, to) = ends(level);
    (to_u32(from.0), to_u32(to.0))
}
