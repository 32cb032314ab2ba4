//! Paired requests through a gateway.

use crate::scenario::Scenario;
use crate::scenario::gateway_pairs::GatewayPairs;
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems, suggestion};
use crate::scenario::typed::{CompareFile, Field, Name};
use crate::units::to_u32;

/// Pairs where none are given: a mean of a hundred values.
const DEFAULT_PAIRS: u32 = 200;

/// Checks what is to be compared; `None` where something is wrong, which is then among `problems`.
pub(super) fn check_gateway_pairs(
    file: &CompareFile,
    place: Place,
    scenario: &Scenario,
    problems: &mut Problems,
) -> Option<GatewayPairs> {
    let names: Vec<_> = scenario.backends.iter().map(|backend| backend.name.as_str()).collect();
    let mut found = |field: &Field<Name>| {
        let given = field.given()?;
        let position = names.iter().position(|name| *name == given.value.0);
        if position.is_none() {
            problems.report(
                Problem::new(given.place, format!("there is no backend `{}`", given.value.0))
                    .hint(suggestion(&given.value.0, &names)),
            );
        }
        position
    };
    let (gateway, direct) = (found(&file.gateway)?, found(&file.direct)?);
    let pairs = GatewayPairs {
        gateway,
        direct,
        pairs: file
            .pairs
            .value()
            .map_or(DEFAULT_PAIRS, |pairs| to_u32(pairs.0).next_multiple_of(2)),
        concurrency: file.concurrency.value().map_or(1, |slots| to_u32(slots.0)),
    };
    if gateway == direct {
        problems.report(
            Problem::new(place, "a gateway is compared with itself")
                .hint("name under `direct` the backend of the server behind it"),
        );
        return None;
    }
    if scenario.paired_workloads(&pairs).next().is_none() {
        problems.report(
            Problem::new(
                place,
                format!(
                    "there is no workload that `{}` and `{}` both run, and that has no turns",
                    names[gateway], names[direct]
                ),
            )
            .hint("add one, or leave out its `backends`"),
        );
        return None;
    }
    Some(pairs)
}
