//! Which backend was ahead in what. A description, never a verdict.

use std::fmt;

use super::blocks::{Block, Row};
use super::columns::UNSUPPORTED;
use super::numbers::number;
use crate::metric::{Direction, Metric, Statistic};

/// Fewest rounds that could tell a difference from chance.
const ROUNDS_FOR_VERDICT: usize = 3;

/// Differences below 1 % are not named: histograms keep three digits.
pub(super) const LEVEL: f64 = 0.01;

pub(super) const P50: Option<Statistic> = Some(Statistic::Percentile(50.0));
const P95: Option<Statistic> = Some(Statistic::Percentile(95.0));

/// What backends are held against each other in, as far as a block has values for it.
const MEASURES: [(&str, Metric, Option<Statistic>); 7] = [
    ("TTFT p50", Metric::Ttft, P50),
    ("TPOT p50", Metric::Tpot, P50),
    ("E2E p50", Metric::E2e, P50),
    ("E2E p95", Metric::E2e, P95),
    ("output tokens", Metric::OutputTokenThroughput, None),
    ("embedded items", Metric::EmbeddingThroughput, None),
    ("ranked documents", Metric::DocumentThroughput, None),
];

/// `ollama in TTFT p50 (60.5 against 90.5 ms), …; xinference in …`; `None` where nothing is
/// to be told: a single backend, or none more than 1 % ahead of the next.
pub(super) fn who_was_ahead(block: &Block<'_>) -> Option<String> {
    if !block.compares() {
        return None;
    }
    let mut leads: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, metric, statistic) in MEASURES {
        if counts_output(metric) && !tokens_compare(block) {
            continue;
        }
        let Some((ahead, next)) = lead(block, metric, statistic) else { continue };
        let words = format!("{name} ({ahead} against {next} {})", metric.unit().label());
        match leads.iter_mut().find(|(label, _)| *label == ahead.label) {
            Some((_, all)) => all.push(words),
            None => leads.push((ahead.label, vec![words])),
        }
    }
    let parts: Vec<_> =
        leads.iter().map(|(label, all)| format!("{label} in {}", all.join(", "))).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Whether the output tokens of all rows were counted alike.
pub(super) fn tokens_compare(block: &Block<'_>) -> bool {
    let mut sources = block.rows.iter().filter_map(|row| row.cell.measured.token_sources.label());
    let first = sources.next();
    sources.all(|source| Some(source) == first)
}

/// Whether `metric` rests on a count of output tokens.
pub(super) const fn counts_output(metric: Metric) -> bool {
    matches!(metric, Metric::Tpot | Metric::OutputTokenThroughput)
}

/// Why being ahead proves nothing yet, by the rounds it rests on.
pub(super) fn modesty(rounds: usize) -> String {
    if rounds < ROUNDS_FOR_VERDICT {
        let rounds = super::numbers::counted(crate::units::count(rounds), "round");
        format!(
            "no verdict: indicative only, from {rounds}; at least {ROUNDS_FOR_VERDICT} are \
             needed to tell a difference from chance"
        )
    } else {
        "no verdict: differences are shown here, not tested against chance".to_owned()
    }
}

/// The value of one backend.
#[derive(Clone, Copy)]
pub(super) struct Contender<'a> {
    /// The name of the backend.
    pub(super) label: &'a str,
    /// Its value, in the shown unit.
    pub(super) value: f64,
    supported: bool,
}

/// Its value, marked as in tables.
impl fmt::Display for Contender<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.supported { "" } else { UNSUPPORTED };
        write!(f, "{mark}{}", number(self.value))
    }
}

/// The best and the next best; `None` unless they are told apart.
pub(super) fn lead<'a>(
    block: &'a Block<'_>,
    metric: Metric,
    statistic: Option<Statistic>,
) -> Option<(Contender<'a>, Contender<'a>)> {
    let mut all: Vec<_> =
        block.rows.iter().filter_map(|row| contender(row, metric, statistic)).collect();
    all.sort_by(|left, right| left.value.total_cmp(&right.value));
    match metric.info().direction {
        Direction::Lower => {}
        Direction::Higher => all.reverse(),
        Direction::Neither => return None,
    }
    let [best, next, ..] = all.as_slice() else { return None };
    let apart = (best.value - next.value).abs() / best.value.abs().max(next.value.abs());
    (apart >= LEVEL).then_some((*best, *next))
}

/// The value of a row; `None` where it has none.
pub(super) fn contender(
    row: &Row,
    metric: Metric,
    statistic: Option<Statistic>,
) -> Option<Contender<'_>> {
    let measured = &row.cell.measured;
    let (value, supported) = match statistic {
        Some(statistic) => {
            let figures = measured.distribution(metric)?;
            (figures.get(statistic)?, figures.supports(statistic))
        }
        None => (measured.window(metric)?, true),
    };
    Some(Contender { label: &row.label, value, supported })
}

#[cfg(test)]
mod tests {
    use super::{modesty, who_was_ahead};
    use crate::report::blocks::blocks;
    use crate::result::{RunResult, sample};

    fn ahead(change: impl Fn(&mut RunResult)) -> Option<String> {
        let mut result = sample::result(1);
        result.cells.truncate(2);
        result.cells[1].measured.token_sources = result.cells[0].measured.token_sources;
        for cell in &mut result.cells {
            let kept = ["ttft", "tpot"];
            cell.measured.distributions.retain(|key, _| kept.contains(&key.as_str()));
        }
        change(&mut result);
        who_was_ahead(&blocks(&result, false).unwrap()[0])
    }

    #[test]
    fn less_is_ahead_in_time_and_more_in_tokens() {
        assert_eq!(
            ahead(|result| {
                let windows = &mut result.cells[1].measured.windows;
                windows.insert("output_token_throughput".to_owned(), 5_000.0);
            })
            .unwrap(),
            "ollama in TTFT p50 (60.0 against 89.7 ms), TPOT p50 (12.0 against 17.9 ms); 星河推理 \
             in output tokens (5000 against 3333 tok/s)"
        );
    }

    #[test]
    fn a_difference_below_one_percent_is_none() {
        let level = ahead(|result| {
            result.cells[1].measured = result.cells[0].measured.clone();
            let tpot = result.cells[1].measured.distributions.get_mut("tpot").unwrap();
            tpot.percentiles.insert("p50".to_owned(), 12.05);
        });
        assert_eq!(level, None);
    }

    #[test]
    fn tokens_counted_in_two_ways_are_not_held_against_each_other() {
        let words = ahead(|result| {
            let sources = &mut result.cells[1].measured.token_sources;
            (sources.usage, sources.chunks) = (0, 188);
        });
        assert_eq!(words.unwrap(), "ollama in TTFT p50 (60.0 against 89.7 ms)");
    }

    #[test]
    fn a_percentile_of_few_values_is_marked_here_too() {
        let words = ahead(|result| {
            let cell = &mut result.cells[1].measured;
            cell.distributions.remove("tpot");
            cell.windows.clear();
            cell.distributions.get_mut("ttft").unwrap().unsupported.push("p50".to_owned());
        });
        assert_eq!(words.unwrap(), "ollama in TTFT p50 (60.0 against ~89.7 ms)");
    }

    #[test]
    fn a_backend_alone_is_ahead_of_nobody() {
        assert_eq!(ahead(|result| result.cells.truncate(1)), None);
    }

    #[test]
    fn fewer_than_three_rounds_are_only_indicative() {
        assert!(modesty(1).contains("indicative only, from 1 round;"));
        assert!(!modesty(3).contains("indicative"));
    }
}
