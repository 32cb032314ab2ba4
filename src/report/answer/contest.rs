//! Two backends under one workload at one stage: the best and the next best.

use super::place::{failing, place, waits};
use super::sentence::alike;
use super::standing::{Outcome, Standing, estimate};
use crate::compare::{
    ComparedCell, Comparison, FEWEST_ROUNDS, Rules, Subject, Verdict, compare_backends,
};
use crate::metric::{Metric, Statistic};
use crate::report::blocks::{Block, Row};
use crate::report::contrast::{P50, contender, counts_output, lead, tokens_compare};
use crate::report::numbers::counted;
use crate::result::RunResult;
use crate::units::count;

/// What may be told after the first: how much came out, and how fast a stream was.
const BESIDE: [(Metric, Option<Statistic>); 4] = [
    (Metric::OutputTokenThroughput, None),
    (Metric::EmbeddingThroughput, None),
    (Metric::DocumentThroughput, None),
    (Metric::Tpot, P50),
];

/// The best of a block and the next best, by the time until something comes.
pub(super) struct Contest<'a> {
    block: &'a Block<'a>,
    metric: Metric,
    statistic: Option<Statistic>,
    ahead: &'a Row,
    next: &'a Row,
    /// The value of the best over that of the next.
    ratio: f64,
}

impl<'a> Contest<'a> {
    /// The contest of a block; `None` where nobody is ahead.
    pub(super) fn of(block: &'a Block<'a>) -> Option<Self> {
        if !block.compares() {
            return None;
        }
        let [first, whole] = waits(block);
        let candidates = [
            (first, P50),
            (whole, P50),
            (Metric::EmbeddingThroughput, None),
            (Metric::DocumentThroughput, None),
            (Metric::RequestThroughput, None),
        ];
        let (metric, statistic) = candidates.into_iter().find(|(metric, statistic)| {
            let has = |row| contender(row, *metric, *statistic).is_some();
            block.rows.iter().filter(|row| has(row)).count() > 1
        })?;
        let (best, second) = lead(block, metric, statistic)?;
        let row = |label: &str| block.rows.iter().find(|row| row.label == label);
        let (ahead, next) = (row(best.label)?, row(second.label)?);
        let ratio = best.value / second.value;
        Some(Self { block, metric, statistic, ahead, next, ratio })
    }

    /// How far apart they are, whichever way is better.
    pub(super) fn gap(&self) -> f64 {
        self.ratio.ln().abs()
    }

    /// The sentence about it.
    pub(super) fn told(
        &self,
        result: &RunResult,
        blocks: &[Block<'_>],
        contests: &[Self],
    ) -> String {
        let judged = self.judged(result);
        let cell = judged.as_ref().and_then(|judged| cell_of(judged, self.block));
        let others = match self.block.rows.len() {
            0..=2 => String::new(),
            all => format!(", the next of {all}"),
        };
        let place = place(self.block, blocks);
        let against = format!(" than {}{others}{place}", self.next.label);
        let Some(first) = self.standing(cell, self.metric, self.statistic) else {
            return alike(result);
        };
        let mut text = self.opening(&first, &against);
        let (mut better, mut worse) = (Vec::new(), Vec::new());
        for (metric, statistic) in BESIDE.into_iter().filter(|(metric, _)| *metric != self.metric) {
            let Some(standing) = self.standing(cell, metric, statistic) else { continue };
            match standing.outcome {
                Outcome::Better => better.push(standing.words("")),
                Outcome::Worse => worse.push(standing.words("")),
                Outcome::Level | Outcome::Open(_) => {}
            }
        }
        if let Some(last) = better.pop() {
            text.extend(better.iter().map(|words| format!(", {words}")));
            text.extend([format!(" and {last}")]);
        }
        text.extend(worse.iter().map(|words| format!(", but {words}")));
        text.push_str(&self.turned(judged.as_ref(), contests, blocks));
        text.push_str(&failing(self.block));
        let rounds = self.block.rounds();
        let rest = counted(count(rounds), "round");
        text + &match (judged, rounds < FEWEST_ROUNDS) {
            (Some(_), _) => format!("; from {rest}"),
            (None, true) => {
                format!("; indicative only, from {rest}: a verdict takes {FEWEST_ROUNDS}")
            }
            (None, false) => format!("; from {rest}, not tested against chance"),
        }
    }

    /// The first half of the sentence: what is told of the measure that decides who is ahead.
    fn opening(&self, first: &Standing, against: &str) -> String {
        let label = &self.ahead.label;
        let values = first.values();
        match &first.outcome {
            Outcome::Better | Outcome::Worse => {
                format!("{label} {}{values}", first.words(against))
            }
            Outcome::Level => {
                format!("no difference that matters: {label} {}{values}", first.words(against))
            }
            Outcome::Open(settled) => {
                format!("not settled: {label} {}{values}{settled}", first.words(against))
            }
        }
    }

    /// The comparison of just these two, with a verdict; `None` where there is none, or it is
    /// withheld.
    pub(super) fn judged(&self, result: &RunResult) -> Option<Comparison> {
        let subject = Subject { result, values: None };
        let rules = Rules::default();
        let all = compare_backends(subject, Some(&self.next.label), &rules).ok()?;
        let mut all = all.into_iter();
        let pair = all.find(|comparison| comparison.new.label == self.ahead.label)?;
        (pair.verdict.is_some() && pair.doubts().is_empty()).then_some(pair)
    }

    /// How the one ahead stands to the next in a measure; `None` where that cannot be said.
    fn standing(
        &self,
        cell: Option<&ComparedCell>,
        metric: Metric,
        statistic: Option<Statistic>,
    ) -> Option<Standing> {
        if counts_output(metric) && !tokens_compare(self.block) {
            return None;
        }
        let values = [self.ahead, self.next].map(|row| contender(row, metric, statistic));
        let [Some(ahead), Some(next)] = values else { return None };
        let estimate = cell.and_then(|cell| estimate(cell, metric, statistic));
        let standing = Standing {
            metric,
            statistic,
            ratio: ahead.value / next.value,
            values: [ahead.to_string(), next.to_string()],
            within: None,
            outcome: Outcome::Level,
        };
        match estimate.and_then(|estimate| Some((estimate, estimate.effect.as_ref().ok()?))) {
            None => Some(standing.by_values()),
            Some((estimate, effect)) => Some(Standing {
                ratio: effect.size,
                within: effect.interval,
                outcome: Outcome::of(estimate),
                ..standing
            }),
        }
    }

    /// Where it was the other way round; empty where it nowhere was.
    fn turned(
        &self,
        judged: Option<&Comparison>,
        contests: &[Self],
        blocks: &[Block<'_>],
    ) -> String {
        let is_turned = |other: &&Self| {
            let behind = other.ahead.label != self.ahead.label;
            let Some(judged) = judged else { return behind };
            let cell = cell_of(judged, other.block);
            let estimate = cell.and_then(|cell| estimate(cell, other.metric, other.statistic));
            let verdict = estimate.and_then(|estimate| estimate.verdict);
            behind && verdict == Some(Verdict::Regressed)
        };
        let turned: Vec<_> = contests.iter().filter(is_turned).collect();
        match turned.as_slice() {
            [] => String::new(),
            [one] if self.block.rows.len() == 2 => {
                format!("; the other way round{}", place(one.block, blocks))
            }
            [one] => format!("; {} is ahead{}", one.ahead.label, place(one.block, blocks)),
            many => format!("; another is ahead in {} tables", many.len()),
        }
    }
}

/// The cell of a block in a comparison.
fn cell_of<'c>(judged: &'c Comparison, block: &Block<'_>) -> Option<&'c ComparedCell> {
    let of_block = |cell: &&ComparedCell| {
        cell.workload == block.workload.name && cell.stage == block.stage.label
    };
    judged.cells.iter().find(of_block)
}
