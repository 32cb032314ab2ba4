//! Backends within one run: interleaved rounds, paired.

use super::cells::{CompareError, Counterparts, Matched, Place, Subject};
use super::comparison::{Basis, Comparison, Indication, Side};
use super::fairness::{leave_out_doubtful, of_run};
use super::judge::Judge;
use super::rules::Rules;
use crate::units::{count, index, to_u32};

/// Each other backend of `run` held against `base`, or against the first one.
///
/// # Errors
///
/// [`CompareError`] if there is no such backend, or no other.
pub fn compare_backends(
    run: Subject<'_>,
    base: Option<&str>,
    rules: &Rules,
) -> Result<Vec<Comparison>, CompareError> {
    let names: Vec<_> = run.result.backends.iter().map(|backend| backend.name.as_str()).collect();
    let base = match base {
        None => 0,
        Some(name) => names.iter().position(|known| *known == name).ok_or_else(|| {
            CompareError::UnknownBackend {
                run: run.result.id.clone(),
                found: name.to_owned(),
                known: names.join(", "),
            }
        })?,
    };
    if names.len() < 2 {
        return Err(CompareError::OneBackend {
            run: run.result.id.clone(),
            backend: names.first().copied().unwrap_or_default().to_owned(),
        });
    }
    let others = (0..names.len()).filter(|other| *other != base);
    Ok(others.map(|new| pair(run, [base, new].map(|at| to_u32(count(at))), rules)).collect())
}

/// Two backends, by their indices.
fn pair(run: Subject<'_>, [base, new]: [u32; 2], rules: &Rules) -> Comparison {
    let places = run.places();
    let shared: Vec<_> = places
        .iter()
        .filter(|place| place.backend == new)
        .map(|place| (Place { backend: base, ..*place }, *place))
        .filter(|(counterpart, _)| places.contains(counterpart))
        .collect();
    let names = |base: Place, new: Place| [run.backend(base), run.backend(new)];
    let shared: Vec<_> = shared
        .into_iter()
        .map(|(base, new)| {
            let mut rounds = [base, new].map(|place| run.rounds(place));
            let left_out = leave_out_doubtful(&mut rounds, names(base, new));
            (base, new, rounds, left_out)
        })
        .collect();
    let fewest =
        shared.iter().flat_map(|(.., rounds, _)| rounds).map(|side| side.cells.len()).min();
    let basis = match fewest {
        None => Basis::Indicative(Indication::NothingInCommon),
        Some(rounds) if rounds < super::FEWEST_ROUNDS => {
            Basis::Indicative(Indication::FewRounds(rounds))
        }
        Some(rounds) => Basis::Rounds(rounds),
    };
    let draws = matches!(basis, Basis::Indicative(_));
    let matched = shared.into_iter().map(|(base, new, [of_base, of_new], left_out)| Matched {
        base: (&run, base),
        new: (&run, new),
        counterparts: Counterparts { base: vec![of_base], new: of_new, by_runs: false, draws },
        names: names(base, new),
        left_out,
    });
    let caveats = of_run(run.result);
    let (cells, verdict) = Judge { rules, basis: &basis }.cells(matched, &caveats);
    let side = |at: u32| Side {
        label: run.result.backends[index(at.into())].name.clone(),
        runs: vec![run.result.id.clone()],
    };
    Comparison {
        scenario: run.result.name.clone(),
        base: side(base),
        new: side(new),
        basis,
        rules: rules.clone(),
        cells,
        caveats,
        verdict,
    }
}
