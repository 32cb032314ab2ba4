//! A measure before the verdict: the paired values and what Student's t makes of them.
//!
//! All tests of a comparison must be known before one can be corrected for their number, so
//! cells are drafted first and judged together.

use super::bootstrap::{SeriesPair, bootstrap};
use super::comparison::{IntervalSource, NoEffect};
use super::measure::{Measure, Scale};
use super::student::{Interval, Student};
use crate::metric::Statistic;
use crate::units::{count, float};

/// The spread of a log-ratio that the rounding of stored values alone gives: histograms keep
/// three digits, so a value is uniform within 0.1 %, and a ratio has two of them.
const RESOLUTION: f64 = 0.000_4;

/// The two values of one round, or those of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    /// Round, from 0.
    pub(super) round: u32,
    /// The base's value; `None` where it has none.
    pub(super) base: Option<f64>,
    /// The new side's value.
    pub(super) new: Option<f64>,
}

/// A measure, drafted.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) measure: Measure,
    pub(super) decides: bool,
    pub(super) base: Option<f64>,
    pub(super) new: Option<f64>,
    pub(super) within: [Option<Interval>; 2],
    pub(super) supported: bool,
    pub(super) evidence: Result<Evidence, NoEffect>,
}

/// What a difference rests on, all on the scale where differences add.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// Rounds, or numbers of base runs, from 0.
    pub(super) replicates: Vec<u32>,
    /// Differences of the rounds; empty where runs are the replicates.
    pub(super) differences: Vec<f64>,
    /// The mean difference.
    pub(super) center: f64,
    /// `None` for fewer than two replicates.
    pub(super) student: Option<Student>,
    /// What the replicates are.
    pub(super) source: IntervalSource,
    /// The interval within runs, where there is no verdict.
    pub(super) within: Option<Interval>,
}

/// The evidence of paired rounds.
pub(super) fn of_pairs(measure: Measure, pairs: &[Pair]) -> Result<Evidence, NoEffect> {
    let both = complete(pairs)?;
    let rounds: Vec<_> = both.iter().map(|(round, ..)| *round).collect();
    let scale = measure.scale();
    let zeros = zeros(scale, &both);
    if !zeros.is_empty() {
        return Err(NoEffect::Zero(zeros));
    }
    let differences: Vec<_> =
        both.iter().map(|(_, base, new)| on_scale(scale, *new) - on_scale(scale, *base)).collect();
    let student = Student::of_pairs(&differences, resolution(scale));
    let center = differences.iter().sum::<f64>() / float(count(differences.len()));
    let source = IntervalSource::Rounds;
    Ok(Evidence { replicates: rounds, differences, center, student, source, within: None })
}

/// The evidence of one new run against stored ones; each run comes as its value for the whole
/// run.
pub(super) fn of_runs(
    measure: Measure,
    base: &[Option<f64>],
    new: Option<f64>,
) -> Result<Evidence, NoEffect> {
    let scale = measure.scale();
    let base: Vec<_> = (0..).zip(base).filter_map(|(run, value)| Some((run, (*value)?))).collect();
    let new = new.ok_or(NoEffect::MissingInNew)?;
    if base.is_empty() {
        return Err(NoEffect::MissingInBase);
    }
    let both: Vec<_> = base.iter().map(|(run, base)| (*run, *base, new)).collect();
    let zeros = zeros(scale, &both);
    if !zeros.is_empty() {
        return Err(NoEffect::Zero(zeros));
    }
    let values: Vec<_> = base.iter().map(|(_, value)| on_scale(scale, *value)).collect();
    let new = on_scale(scale, new);
    let center = new - values.iter().sum::<f64>() / float(count(values.len()));
    let student = Student::of_new_value(&values, new, resolution(scale));
    let replicates = base.iter().map(|(run, _)| *run).collect();
    let source = IntervalSource::Runs;
    Ok(Evidence { replicates, differences: Vec::new(), center, student, source, within: None })
}

/// The values of rounds as one: on the scale where differences add, their mean. `None` without
/// any, or where one is 0 and a ratio is needed.
pub(super) fn whole_value(
    measure: Measure,
    values: impl Iterator<Item = Option<f64>>,
) -> Option<f64> {
    let scale = measure.scale();
    let values: Vec<f64> = values.flatten().collect();
    if values.is_empty() {
        return None;
    }
    if scale == Scale::Ratio && values.iter().any(|value| *value <= 0.0) {
        // No geometric mean, but still a value to be shown.
        return Some(values.iter().sum::<f64>() / float(count(values.len())));
    }
    let mean = values.iter().map(|value| on_scale(scale, *value)).sum::<f64>()
        / float(count(values.len()));
    Some(off_scale(scale, mean))
}

/// The interval of `measure` from single requests, where it is a percentile that they have.
pub(super) fn within_runs(
    measure: Measure,
    series: &[SeriesPair<'_>],
    confidence: f64,
    seed: u64,
) -> Option<Interval> {
    match measure.statistic() {
        Some(Statistic::Percentile(percentile)) => bootstrap(series, percentile, confidence, seed),
        _ => None,
    }
}

/// From a value to the scale where differences add.
fn on_scale(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Ratio => value.ln(),
        Scale::Difference => value,
    }
}

/// Back from the scale where differences add.
pub(super) fn off_scale(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Ratio => value.exp(),
        Scale::Difference => value,
    }
}

const fn resolution(scale: Scale) -> f64 {
    match scale {
        Scale::Ratio => RESOLUTION,
        Scale::Difference => 0.0,
    }
}

/// The rounds in which both sides have a value.
fn complete(pairs: &[Pair]) -> Result<Vec<(u32, f64, f64)>, NoEffect> {
    let both: Vec<_> =
        pairs.iter().filter_map(|pair| Some((pair.round, pair.base?, pair.new?))).collect();
    if !both.is_empty() {
        return Ok(both);
    }
    let has = |side: fn(&Pair) -> Option<f64>| pairs.iter().any(|pair| side(pair).is_some());
    Err(match (has(|pair| pair.base), has(|pair| pair.new)) {
        (false, _) => NoEffect::MissingInBase,
        (_, false) => NoEffect::MissingInNew,
        (true, true) => NoEffect::NoPair,
    })
}

fn zeros(scale: Scale, both: &[(u32, f64, f64)]) -> Vec<u32> {
    let is_zero = |(_, base, new): &&(u32, f64, f64)| *base <= 0.0 || *new <= 0.0;
    let zeros = both.iter().filter(is_zero).map(|(round, ..)| *round);
    match scale {
        Scale::Ratio => zeros.collect(),
        Scale::Difference => Vec::new(),
    }
}
