//! From drafted measures to estimates with verdicts: significant after Holm, and material.

use super::cells::Matched;
use super::comparison::{
    Basis, Caveat, CaveatKind, ComparedCell, Effect, Estimate, IntervalSource, Outlook, Verdict,
};
use super::draft::{Draft, Evidence, off_scale};
use super::fairness::out_of_line;
use super::holm::holm;
use super::measure::{Measure, Scale};
use super::power::{Bar, more_rounds};
use super::robust::Check;
use super::rules::Rules;
use super::student::{Interval, Student};
use crate::units::{count, float};

/// One-sided p-values of a measure, corrected.
#[derive(Clone, Copy, Debug, Default)]
struct Corrected {
    regressed: Option<f64>,
    improved: Option<f64>,
}

/// How the drafts of one comparison are judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge<'a> {
    pub(super) rules: &'a Rules,
    pub(super) basis: &'a Basis,
}

impl Judge<'_> {
    /// The cells of a comparison with their estimates, and its verdict: the worst of what decides.
    /// `None` where the basis allows none; withheld where a cell, or the comparison as a whole by
    /// its `caveats`, rests on what is not to be trusted.
    pub(super) fn cells<'a>(
        self,
        matched: impl Iterator<Item = Matched<'a>>,
        caveats: &[Caveat],
    ) -> (Vec<ComparedCell>, Option<Verdict>) {
        let matched: Vec<_> = matched.collect();
        let drafts = matched.iter().map(|matched| matched.drafts(self.rules)).collect();
        let mut cells: Vec<_> = matched.iter().map(Matched::cell).collect();
        for (cell, estimates) in cells.iter_mut().zip(self.judge(drafts)) {
            cell.caveats.extend(out_of_line(&estimates));
            cell.estimates = estimates;
        }
        let all = caveats.iter().chain(cells.iter().flat_map(|cell| &cell.caveats));
        if all.map(|caveat| caveat.kind).any(CaveatKind::withholds_verdict) {
            cells.iter_mut().flat_map(|cell| &mut cell.estimates).for_each(withhold);
        }
        let verdict = match self.basis {
            Basis::Indicative(_) => None,
            Basis::Rounds(_) | Basis::Baseline(_) => {
                Some(overall(cells.iter().flat_map(|cell| &cell.estimates)))
            }
        };
        (cells, verdict)
    }

    /// The estimates of all cells; each cell of `drafts` is one of the comparison.
    fn judge(self, drafts: Vec<Vec<Draft>>) -> Vec<Vec<Estimate>> {
        let corrected = self.corrected(&drafts);
        let deciding = drafts.iter().flatten().filter(|draft| draft.decides).count();
        let level = self.rules.level() / float(count(deciding.max(1)));
        let mut corrected = corrected.into_iter();
        let mut estimate =
            |draft| self.estimate(draft, corrected.next().unwrap_or_default(), level);
        drafts.into_iter().map(|cell| cell.into_iter().map(&mut estimate).collect()).collect()
    }

    /// For each draft in order its p-values: what decides is corrected for all that decides,
    /// everything else for all that is shown.
    fn corrected(self, drafts: &[Vec<Draft>]) -> Vec<Corrected> {
        let all: Vec<_> = drafts.iter().flatten().collect();
        let tested: Vec<_> = (0..all.len()).filter(|&at| self.student(all[at]).is_some()).collect();
        let deciding: Vec<_> = tested.iter().copied().filter(|&at| all[at].decides).collect();
        let mut corrected = vec![Corrected::default(); all.len()];
        for family in [&tested, &deciding] {
            let p = |worse: bool| -> Vec<f64> {
                let of = |&at: &usize| p_value(all[at].measure, self.student(all[at]), worse);
                holm(&family.iter().map(of).collect::<Vec<_>>())
            };
            for ((at, regressed), improved) in family.iter().zip(p(true)).zip(p(false)) {
                corrected[*at] = Corrected { regressed: Some(regressed), improved: Some(improved) };
            }
        }
        corrected
    }

    /// The Student's t of a draft that may be judged.
    fn student(self, draft: &Draft) -> Option<Student> {
        if matches!(self.basis, Basis::Indicative(_)) {
            return None;
        }
        let evidence = draft.evidence.as_ref().ok()?;
        // A verdict rests on three replicates at least, also where a measure lacks some rounds.
        evidence.student.filter(|_| evidence.replicates.len() >= super::FEWEST_ROUNDS)
    }

    fn estimate(self, draft: Draft, p: Corrected, level: f64) -> Estimate {
        let student = self.student(&draft);
        let judged = student.map(|student| self.verdict(draft.measure, &student, p));
        let verdict = match self.basis {
            Basis::Indicative(_) => None,
            Basis::Rounds(_) | Basis::Baseline(_) => Some(judged.unwrap_or(Verdict::Inconclusive)),
        };
        let effect = draft.evidence.map(|evidence| {
            let effect = self.effect(draft.measure, evidence, p);
            let unsettled = verdict == Some(Verdict::Inconclusive);
            let outlook = student
                .filter(|_| unsettled)
                .and_then(|student| self.outlook(draft.measure.scale(), &student, level));
            Effect { outlook, ..effect }
        });
        let Draft { measure, decides, base, new, within, supported, .. } = draft;
        let [base_within, new_within] = within;
        Estimate {
            measure,
            decides,
            base,
            new,
            base_within,
            new_within,
            supported,
            effect,
            verdict,
        }
    }

    /// Significant and material; "the whole interval" where the rules are strict.
    fn verdict(self, measure: Measure, student: &Student, p: Corrected) -> Verdict {
        let bar = self.rules.bar(measure.scale());
        let Interval { low, high } = worse_up(measure, student.interval(self.rules.confidence));
        let center = if measure.lower_is_better() { student.mean } else { -student.mean };
        let significant = |p: Option<f64>| p.is_some_and(|p| p <= self.rules.level());
        let (worst, best) = if self.rules.strict { (low, high) } else { (center, center) };
        if significant(p.regressed) && worst > bar {
            Verdict::Regressed
        } else if significant(p.improved) && best < -bar {
            Verdict::Improved
        } else if low >= -bar && high <= bar {
            Verdict::Unchanged
        } else {
            Verdict::Inconclusive
        }
    }

    fn effect(self, measure: Measure, evidence: Evidence, p: Corrected) -> Effect {
        let scale = measure.scale();
        let Evidence { replicates, differences, center, student, source, within } = evidence;
        let enough = student.filter(|_| replicates.len() >= super::FEWEST_ROUNDS);
        let between = enough.map(|student| student.interval(self.rules.confidence));
        let (interval, source) = match (within, between) {
            (Some(within), _) => (Some(within), IntervalSource::Requests),
            (None, Some(between)) => (Some(between), source),
            (None, None) => (None, IntervalSource::None),
        };
        let off = |value| off_scale(scale, value);
        let check = enough.and_then(|student| {
            let check = Check::of(&differences, &student, self.rules.confidence)?;
            Some(Check { hodges_lehmann: off(check.hodges_lehmann), ..check })
        });
        Effect {
            scale,
            size: off(center),
            interval: interval
                .map(|Interval { low, high }| Interval { low: off(low), high: off(high) }),
            source,
            by_replicate: differences.into_iter().map(off).collect(),
            replicates,
            p_regressed: p.regressed,
            p_improved: p.improved,
            check,
            outlook: None,
        }
    }

    /// What would settle it; only rounds are told, not runs.
    fn outlook(self, scale: Scale, student: &Student, level: f64) -> Option<Outlook> {
        if !matches!(self.basis, Basis::Rounds(_)) {
            return None;
        }
        let tolerance = self.rules.bar(scale);
        let bar = Bar { tolerance, level, confidence: self.rules.confidence };
        Some(more_rounds(student, bar).map_or(Outlook::NotByRounds, Outlook::MoreRounds))
    }
}

/// One-sided p of being worse, or better; 1 where nothing tells.
fn p_value(measure: Measure, student: Option<Student>, worse: bool) -> f64 {
    let above = measure.lower_is_better() == worse;
    let p = student.map(|student| if above { student.p_above() } else { student.p_below() });
    p.filter(|p| p.is_finite()).unwrap_or(1.0)
}

/// `interval` turned so that up is worse.
fn worse_up(measure: Measure, interval: Interval) -> Interval {
    if measure.lower_is_better() {
        interval
    } else {
        Interval { low: -interval.high, high: -interval.low }
    }
}

/// Takes a verdict back. More rounds of the same kind would settle nothing.
fn withhold(estimate: &mut Estimate) {
    estimate.verdict = estimate.verdict.map(|_| Verdict::Inconclusive);
    if let Ok(effect) = &mut estimate.effect {
        effect.outlook = None;
    }
}

/// The worst verdict of what decides. `Improved` where something improved and nothing is worse
/// or open; inconclusive where nothing decides.
fn overall<'a>(estimates: impl Iterator<Item = &'a Estimate>) -> Verdict {
    let deciding = estimates.filter(|estimate| estimate.decides);
    deciding.filter_map(|estimate| estimate.verdict).max().unwrap_or(Verdict::Inconclusive)
}
