//! Which cells are held against each other, and what they hold.

use std::collections::BTreeSet;

use hdrhistogram::Histogram;

use super::bootstrap::SeriesPair;
use super::comparison::{Caveat, ComparedCell};
use super::draft::{Draft, Pair, of_pairs, of_runs, whole_value, within_runs};
use super::fairness;
use super::measure::Measure;
use super::quantile::quantile_ranks;
use super::rows::RequestValues;
use super::rules::Rules;
use super::student::Interval;
use crate::metric::{Metric, Statistic};
use crate::result::{CellResult, RunResult};
use crate::units::{float, index};

/// A result, with the values of its requests where they are needed and known.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The result.
    pub result: &'a RunResult,
    /// Values of its requests, for what is only indicative; `None` where they are not kept.
    pub values: Option<&'a RequestValues>,
}

/// Why results cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// A run of a single backend stands alone.
    #[error("`{run}` has one backend, `{backend}`: name a second run to compare it with")]
    OneBackend {
        /// Name of the run.
        run: String,
        /// Its backend.
        backend: String,
    },
    /// The run has no such backend.
    #[error("`{run}` has no backend `{found}`; there are {known}")]
    UnknownBackend {
        /// Name of the run.
        run: String,
        /// The name found.
        found: String,
        /// The names there are.
        known: String,
    },
    /// There is nothing to compare with.
    #[error("there is no run to compare `{run}` with")]
    NoBase {
        /// Name of the run.
        run: String,
    },
}

/// A backend under one workload at one stage, in a result: indices into its lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) workload: u32,
    pub(super) stage: u32,
    pub(super) backend: u32,
}

impl<'a> Subject<'a> {
    /// The places that were measured, by workload, stage and backend.
    pub(super) fn places(&self) -> BTreeSet<Place> {
        self.result
            .cells
            .iter()
            .map(|CellResult { labels, .. }| Place {
                workload: labels.workload_index,
                stage: labels.stage_index,
                backend: labels.backend_index,
            })
            .collect()
    }

    /// The rounds of a place.
    pub(super) fn rounds(&self, place: Place) -> Rounds<'a> {
        let mut cells: Vec<_> =
            self.result.cells.iter().filter(|cell| is_at(cell, place)).collect();
        cells.sort_by_key(|cell| cell.labels.round);
        Rounds { cells, values: self.values, seed: self.result.seed }
    }

    /// Name of the backend at `place`.
    pub(super) fn backend(&self, place: Place) -> &'a str {
        &self.result.backends[index(place.backend.into())].name
    }
}

fn is_at(cell: &CellResult, place: Place) -> bool {
    let labels = &cell.labels;
    (labels.workload_index, labels.stage_index, labels.backend_index)
        == (place.workload, place.stage, place.backend)
}

/// The rounds of one backend, workload and stage.
#[derive(Clone, Debug)]
pub(super) struct Rounds<'a> {
    pub(super) cells: Vec<&'a CellResult>,
    values: Option<&'a RequestValues>,
    seed: u64,
}

impl Rounds<'_> {
    /// Leaves rounds out.
    pub(super) fn leave_out(&mut self, rounds: impl Fn(u32) -> bool) {
        self.cells.retain(|cell| !rounds(cell.labels.round));
    }

    /// The value of `measure` in a round; `None` where it has none, or the cell was cut short.
    fn value(&self, round: u32, measure: Measure) -> Option<f64> {
        let cell = self.cells.iter().find(|cell| cell.labels.round == round)?;
        value(cell, measure)
    }

    /// All rounds as one value.
    fn whole(&self, measure: Measure) -> Option<f64> {
        whole_value(measure, self.cells.iter().map(|cell| value(cell, measure)))
    }

    /// Where a percentile of all requests lies, if they were independent.
    fn within(&self, measure: Measure, confidence: f64) -> Option<Interval> {
        let Some(Statistic::Percentile(percentile)) = measure.statistic() else { return None };
        let mut all: Option<Histogram<u64>> = None;
        for cell in &self.cells {
            let Some(part) = cell.measured.histogram(measure.metric()) else { continue };
            match &mut all {
                Some(sum) => sum.add(part).ok()?,
                None => all = Some(part),
            }
        }
        let all = all?;
        let (low, high) = quantile_ranks(all.len(), percentile / 100.0, confidence);
        // Half a rank below, so that rounding cannot lead to the next one.
        let quantile = |rank: u64| (float(rank) - 0.5) / float(all.len());
        let unit = measure.metric().unit().recorded_per_shown();
        let at = |rank: u64| float(all.value_at_quantile(quantile(rank))) / unit;
        Some(Interval { low: at(low?), high: at(high?) })
    }

    fn has(&self, metric: Metric) -> bool {
        self.cells.iter().any(|cell| {
            cell.measured.distribution(metric).is_some() || cell.measured.window(metric).is_some()
        })
    }

    fn supports(&self, measure: Measure) -> bool {
        self.cells.iter().all(|cell| measure.is_supported(&cell.measured))
    }

    fn series(&self, round: u32, metric: Metric) -> &[f64] {
        let cell = self.cells.iter().find(|cell| cell.labels.round == round);
        cell.zip(self.values).map_or(&[], |(cell, values)| values.of(cell.labels.id, metric))
    }
}

/// A value of a cell. One that was given up tells of its failures only; one whose window never
/// closed tells nothing.
fn value(cell: &CellResult, measure: Measure) -> Option<f64> {
    cell.window.length_s?;
    if cell.ended_early.is_some() && measure.metric() != Metric::ErrorRate {
        return None;
    }
    measure.value(&cell.measured).filter(|value| value.is_finite())
}

/// Both sides of one compared cell. The base has several runs where these are the replicates.
#[derive(Clone, Debug)]
pub(super) struct Counterparts<'a> {
    pub(super) base: Vec<Rounds<'a>>,
    pub(super) new: Rounds<'a>,
    /// Whether the base's runs are the replicates, and not its rounds.
    pub(super) by_runs: bool,
    /// Whether requests may be drawn from, as nothing better is at hand.
    pub(super) draws: bool,
}

impl Counterparts<'_> {
    /// Everything that one side or both have, drafted.
    fn drafts(&self, rules: &Rules, is_open: bool) -> Vec<Draft> {
        let has = |metric| self.new.has(metric) || self.base.iter().any(|run| run.has(metric));
        let both = |metric| self.new.has(metric) && self.base.iter().all(|run| run.has(metric));
        let generates = has(Metric::OutputTokenThroughput);
        let gaps = if both(Metric::Itl) { Metric::Itl } else { Metric::Icl };
        let mut measures = Measure::all();
        let chosen = rules.deciding.iter().flatten();
        let more: Vec<_> = chosen.filter(|one| !measures.contains(one)).copied().collect();
        measures.extend(more);
        measures
            .into_iter()
            .filter(|measure| {
                let decides = rules.decides(*measure, generates);
                has(measure.metric())
                    && match measure.metric() {
                        Metric::Itl | Metric::Icl => decides || measure.metric() == gaps,
                        Metric::Response => decides || is_open,
                        _ => true,
                    }
            })
            .map(|measure| self.draft(measure, rules, rules.decides(measure, generates)))
            .collect()
    }

    fn draft(&self, measure: Measure, rules: &Rules, decides: bool) -> Draft {
        let mut evidence = if self.by_runs {
            let base: Vec<_> = self.base.iter().map(|run| run.whole(measure)).collect();
            of_runs(measure, &base, self.new.whole(measure))
        } else {
            of_pairs(measure, &self.pairs(measure))
        };
        if measure.counts_output() && !fairness::tokens_compare(&self.base, &self.new) {
            evidence = evidence.and(Err(super::NoEffect::CountedDifferently));
        }
        if self.draws
            && let Ok(evidence) = &mut evidence
        {
            let series = self.series(&evidence.replicates, measure.metric());
            evidence.within = within_runs(measure, &series, rules.confidence, self.new.seed);
        }
        let (base, new) = self.shown(measure);
        let supported =
            self.new.supports(measure) && self.base.iter().all(|run| run.supports(measure));
        let alone = self.base.first().filter(|_| !self.by_runs);
        let within = [alone, Some(&self.new)]
            .map(|side| side.and_then(|side| side.within(measure, rules.confidence)));
        Draft { measure, decides, base, new, within, supported, evidence }
    }

    /// The two values of each round.
    fn pairs(&self, measure: Measure) -> Vec<Pair> {
        let all = self.base.iter().chain([&self.new]).flat_map(|side| &side.cells);
        let rounds: BTreeSet<_> = all.map(|cell| cell.labels.round).collect();
        let base = |round| self.base.first().and_then(|side| side.value(round, measure));
        let pair = |round| Pair { round, base: base(round), new: self.new.value(round, measure) };
        rounds.into_iter().map(pair).collect()
    }

    /// The values to show: those of the rounds that both sides have, where there are any.
    fn shown(&self, measure: Measure) -> (Option<f64>, Option<f64>) {
        if self.by_runs {
            let base = whole_value(measure, self.base.iter().map(|run| run.whole(measure)));
            return (base, self.new.whole(measure));
        }
        let pairs = self.pairs(measure);
        let both: Vec<_> =
            pairs.iter().filter(|pair| pair.base.is_some() && pair.new.is_some()).collect();
        let shown = if both.is_empty() { pairs.iter().collect() } else { both };
        (
            whole_value(measure, shown.iter().map(|pair| pair.base)),
            whole_value(measure, shown.iter().map(|pair| pair.new)),
        )
    }

    fn series(&self, rounds: &[u32], metric: Metric) -> Vec<SeriesPair<'_>> {
        let Some(base) = self.base.first().filter(|_| !self.by_runs) else { return Vec::new() };
        let pair = |&round| SeriesPair {
            base: base.series(round, metric),
            new: self.new.series(round, metric),
        };
        rounds.iter().map(pair).collect()
    }
}

/// A place on both sides, ready to be drafted and judged.
pub(super) struct Matched<'a> {
    /// The base, or the first of several, and its place.
    pub(super) base: (&'a Subject<'a>, Place),
    /// The new side and its place.
    pub(super) new: (&'a Subject<'a>, Place),
    /// What was measured there.
    pub(super) counterparts: Counterparts<'a>,
    /// What the sides are called in caveats.
    pub(super) names: [&'a str; 2],
    /// What was left out before.
    pub(super) left_out: Option<Caveat>,
}

impl Matched<'_> {
    /// The cell of the comparison, without estimates yet.
    pub(super) fn cell(&self) -> ComparedCell {
        let (subject, place) = self.new;
        let (base, base_place) = self.base;
        let workload = &subject.result.workloads[index(place.workload.into())];
        ComparedCell {
            workload: workload.name.clone(),
            endpoint: workload.endpoint.clone(),
            stage: subject.result.stages[index(place.stage.into())].label.clone(),
            base_backend: base.backend(base_place).to_owned(),
            new_backend: subject.backend(place).to_owned(),
            estimates: Vec::new(),
            caveats: {
                let found = fairness::of_cell(&self.counterparts, self.names);
                self.left_out.iter().cloned().chain(found).collect()
            },
        }
    }

    /// Everything that one side or both have, drafted.
    pub(super) fn drafts(&self, rules: &Rules) -> Vec<Draft> {
        let (subject, place) = self.new;
        let is_open = subject.result.stages[index(place.stage.into())].is_open();
        self.counterparts.drafts(rules, is_open)
    }
}
