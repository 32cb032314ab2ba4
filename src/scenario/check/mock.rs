//! The simulated server.

use crate::scenario::mock::MockSpec;
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::typed::{MockFile, MockProfile, MockSettings};
use crate::units::to_u32;

/// Checks how the simulated server answers; `seed` is taken where it has none of its own.
pub(super) fn check_mock(file: &MockFile, seed: u64, problems: &mut Problems) -> MockSpec {
    let settings = match file {
        MockFile::Profile(profile) => {
            return MockSpec { seed, ..spec_of(*profile) };
        }
        MockFile::Settings(settings) => settings,
    };
    let base = settings.profile.value().copied().map_or_else(MockSpec::default, spec_of);
    let spec = filled_in(settings, &base, seed);
    check_fit(settings, &spec, problems);
    spec
}

fn spec_of(profile: MockProfile) -> MockSpec {
    match profile {
        MockProfile::Ollama => MockSpec::ollama(),
        MockProfile::Batching => MockSpec::batching(),
    }
}

fn filled_in(settings: &MockSettings, base: &MockSpec, seed: u64) -> MockSpec {
    let MockSettings {
        profile: _,
        ttft,
        gap,
        output_tokens,
        slots,
        queue,
        prefill_rate,
        decode_rate,
        batch_slowdown,
        context,
        load,
        keep_alive,
        errors,
        stalls,
        stall,
        tokens_per_event,
        seed: own_seed,
    } = settings;
    MockSpec {
        ttft: ttft.value().map_or(base.ttft, |ttft| ttft.shape),
        gap: gap.value().map_or(base.gap, |gap| gap.shape),
        output_tokens: output_tokens.value().map_or(base.output_tokens, |tokens| tokens.shape),
        slots: slots.value().map(|slots| to_u32(slots.0)).or(base.slots),
        queue: queue.value().map(|queue| to_u32(queue.0)).or(base.queue),
        prefill_rate: prefill_rate.value().map(|rate| rate.0).or(base.prefill_rate),
        decode_rate: decode_rate.value().map(|rate| rate.0).or(base.decode_rate),
        batch_slowdown: batch_slowdown.value().map_or(base.batch_slowdown, |share| share.0),
        context: context.value().map(|tokens| to_u32(tokens.0)).or(base.context),
        load: load.value().map(|span| span.0).or(base.load),
        keep_alive: keep_alive.value().map_or(base.keep_alive, |span| span.0),
        errors: errors.value().copied().unwrap_or(base.errors),
        stalls: stalls.value().copied().unwrap_or(base.stalls),
        stall: stall.value().map_or(base.stall, |stall| stall.shape),
        tokens_per_event: tokens_per_event
            .value()
            .map_or(base.tokens_per_event, |tokens| to_u32(tokens.0)),
        seed: own_seed.value().map_or(seed, |seed| seed.0),
        ..base.clone()
    }
}

/// Settings that would have no effect are mistakes.
fn check_fit(settings: &MockSettings, spec: &MockSpec, problems: &mut Problems) {
    let mut useless = |place: Option<Place>, message: &str, hint: &str| {
        if let Some(place) = place {
            problems.report(Problem::new(place, message).hint(hint));
        }
    };
    let MockSettings { gap, queue, prefill_rate, decode_rate, batch_slowdown, .. } = settings;
    let has_slots = spec.slots.is_some() || !settings.slots.is_absent();
    let engine = [
        ("queue", queue.given().map(|given| given.place)),
        ("prefill_rate", prefill_rate.given().map(|given| given.place)),
        ("decode_rate", decode_rate.given().map(|given| given.place)),
        ("batch_slowdown", batch_slowdown.given().map(|given| given.place)),
    ];
    for (key, place) in engine.into_iter().filter(|_| !has_slots) {
        let message = format!("`mock.{key}` has no effect without `slots`");
        useless(place, &message, "add `slots`, or leave it out");
    }
    if spec.decode_rate.is_some() {
        useless(
            gap.given().map(|given| given.place),
            "`mock.gap` has no effect where `decode_rate` is set",
            "leave out one of the two; the profiles set `decode_rate`",
        );
    } else if has_slots && decode_rate.is_absent() {
        useless(
            batch_slowdown.given().map(|given| given.place),
            "`mock.batch_slowdown` has no effect without `decode_rate`",
            "add `decode_rate`, or leave it out",
        );
    }
    if spec.load.is_none() {
        useless(
            settings.keep_alive.given().map(|given| given.place),
            "`mock.keep_alive` has no effect without `load`",
            "say how long a model takes to load: `load: 2s`",
        );
    }
    if settings.stalls.is_absent() {
        useless(
            settings.stall.given().map(|given| given.place),
            "`mock.stall` has no effect without `stalls`",
            "say how many streams pause: `stalls: 5%`",
        );
    }
}
