//! A run against other runs: a single one, or enough stored ones to know how runs differ.

use super::cells::{CompareError, Counterparts, Matched, Place, Subject};
use super::comparison::{Basis, Caveat, CaveatKind, Comparison, Indication, Side};
use super::fairness::{self, between_runs, of_run};
use super::judge::Judge;
use super::rules::Rules;
use crate::result::RunResult;
use crate::units::{count, index};

/// `new` held against `base`: one run, or several stored ones.
///
/// Of several, those count that are to be trusted and share an environment with each other: that
/// of `new` if there are any, else the one with the most runs.
///
/// # Errors
///
/// [`CompareError`] if there is no run to compare with.
pub fn compare_runs(
    base: &[Subject<'_>],
    new: Subject<'_>,
    rules: &Rules,
) -> Result<Comparison, CompareError> {
    let sound = sound(base);
    let alike = alike(&sound, new.result);
    let Some(first) = alike.first() else {
        return Err(CompareError::NoBase { run: new.result.id.clone() });
    };
    let doubtful = base.len() - sound.len();
    let mut caveats = left_out(doubtful, base.len(), "not to be trusted");
    caveats.extend(left_out(sound.len() - alike.len(), base.len(), "of another environment"));
    caveats.extend(between_runs(&alike, new.result));
    let shared = shared(&alike, &new);
    caveats.extend(one_sided(&new, &shared));
    caveats.extend(alike.iter().flat_map(|run| of_run(run.result)));
    caveats.extend(of_run(new.result));
    let by_runs = alike.len() > 1;
    let basis = if shared.is_empty() {
        Basis::Indicative(Indication::NothingInCommon)
    } else if caveats.iter().any(|caveat| caveat.kind.forbids_verdict()) {
        Basis::Indicative(Indication::Unlike)
    } else if !by_runs {
        Basis::Indicative(Indication::SingleRun)
    } else if alike.len() < super::FEWEST_RUNS {
        Basis::Indicative(Indication::FewRuns(alike.len()))
    } else {
        Basis::Baseline(alike.len())
    };
    let matched = shared.iter().map(|(places, place)| {
        let rounds = alike.iter().zip(places).map(|(run, place)| run.rounds(*place));
        Matched {
            base: (first, places[0]),
            new: (&new, *place),
            counterparts: Counterparts {
                base: rounds.collect(),
                new: new.rounds(*place),
                by_runs,
                draws: !by_runs,
            },
            names: ["the base", "the new run"],
            left_out: None,
        }
    });
    let (cells, verdict) = Judge { rules, basis: &basis }.cells(matched, &caveats);
    let label = if by_runs {
        format!("{} stored runs of {}", alike.len(), first.result.name)
    } else {
        first.result.id.clone()
    };
    let runs = alike.iter().map(|run| run.result.id.clone()).collect();
    Ok(Comparison {
        scenario: new.result.name.clone(),
        base: Side { label, runs },
        new: Side { label: new.result.id.clone(), runs: vec![new.result.id.clone()] },
        basis,
        rules: rules.clone(),
        cells,
        caveats,
        verdict,
    })
}

/// A place of the new run and its counterpart in each base run.
type Shared = (Vec<Place>, Place);

/// The runs of `base` that share an environment.
fn alike<'a>(base: &[Subject<'a>], new: &RunResult) -> Vec<Subject<'a>> {
    let wanted = new.fingerprint().digest();
    let digests: Vec<_> = base.iter().map(|run| run.result.fingerprint().digest()).collect();
    let size = |digest: &String| digests.iter().filter(|other| *other == digest).count();
    // The new run's own environment first; of others the most frequent, the first of equals.
    let chosen = digests.iter().rev().max_by_key(|digest| (**digest == wanted, size(digest)));
    let pairs = base.iter().zip(&digests);
    pairs.filter(|(_, digest)| Some(*digest) == chosen).map(|(run, _)| *run).collect()
}

/// The runs of `base` that are to be trusted; all of them where none is.
fn sound<'a>(base: &[Subject<'a>]) -> Vec<Subject<'a>> {
    let is_sound = |run: &&Subject<'_>| !fairness::is_doubtful(run.result);
    let sound: Vec<_> = base.iter().filter(is_sound).copied().collect();
    if sound.is_empty() { base.to_vec() } else { sound }
}

fn left_out(left_out: usize, all: usize, why: &str) -> Vec<Caveat> {
    let are = if left_out == 1 { "is" } else { "are" };
    let text = format!("{left_out} of {all} stored runs {are} left out: {why}");
    let caveat = Caveat { kind: CaveatKind::RunsLeftOut, text };
    (left_out > 0).then_some(caveat).into_iter().collect()
}

/// The places of `new` that every base run has too, by their names. Where each run has one
/// backend only, these are held against each other whatever their names.
fn shared(base: &[Subject<'_>], new: &Subject<'_>) -> Vec<Shared> {
    let places = new.places().into_iter();
    places
        .filter_map(|place| {
            let counterparts: Option<Vec<_>> =
                base.iter().map(|run| counterpart(run, new, place)).collect();
            Some((counterparts?, place))
        })
        .collect()
}

fn counterpart(base: &Subject<'_>, new: &Subject<'_>, place: Place) -> Option<Place> {
    let alone = base.result.backends.len() == 1 && new.result.backends.len() == 1;
    let names = |run: &Subject<'_>, place: Place| {
        let workload = run.result.workloads[index(place.workload.into())].name.clone();
        (workload, run.result.stages[index(place.stage.into())].label.clone())
    };
    let wanted = names(new, place);
    base.places().into_iter().find(|other| {
        names(base, *other) == wanted && (alone || base.backend(*other) == new.backend(place))
    })
}

/// Says how many places of the new run have no counterpart.
fn one_sided(new: &Subject<'_>, shared: &[Shared]) -> Vec<Caveat> {
    let missing: Vec<_> = new
        .places()
        .into_iter()
        .filter(|place| shared.iter().all(|(_, known)| known != place))
        .map(|place| {
            let workload = &new.result.workloads[index(place.workload.into())].name;
            let stage = &new.result.stages[index(place.stage.into())].label;
            format!("{} under {workload} at {stage}", new.backend(place))
        })
        .collect();
    let Some(first) = missing.first() else { return Vec::new() };
    let more = match count(missing.len()) - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let text = format!("the base has no {first}{more}: not compared");
    vec![Caveat { kind: CaveatKind::OneSided, text }]
}
