//! The sentence as a whole, by what there is to tell.

use super::alone::alone;
use super::contest::Contest;
use crate::audit::{Confidence, Severity};
use crate::compare::Comparison;
use crate::report::blocks::{Block, blocks};
use crate::report::comparison::{sentence, share};
use crate::report::contrast::LEVEL;
use crate::report::findings::gathered;
use crate::report::search::{between_backends, sentence as search_sentence};
use crate::report::verdicts::headline;
use crate::result::{ResultError, RunResult};

/// The answer of `result` in a sentence; with a comparison with a baseline, that of the
/// comparison.
///
/// # Errors
///
/// [`ResultError`] if the rounds cannot be merged.
pub(in crate::report) fn answer(
    result: &RunResult,
    comparison: Option<&Comparison>,
) -> Result<String, ResultError> {
    let blocks = blocks(result, false)?;
    let contests: Vec<_> = blocks.iter().filter_map(Contest::of).collect();
    if let Some(reason) = nothing_to_rely_on(result, &contests) {
        return Ok(reason);
    }
    if let Some(comparison) = comparison {
        return Ok(against_baseline(comparison));
    }
    let widest = contests.iter().max_by(|one, other| one.gap().total_cmp(&other.gap()));
    let told = match widest {
        Some(contest) => contest.told(result, &blocks, &contests),
        None if blocks.is_empty() && !result.searches.is_empty() => searched(result),
        None if blocks.iter().any(Block::compares) => alike(result),
        None => alone(&blocks).unwrap_or_else(|| "nothing was measured".to_owned()),
    };
    let partial = if result.partial { "; the run was stopped before its end" } else { "" };
    let doubt = match result.confidence() {
        Confidence::WithReservations => "; with reservations, see the findings",
        Confidence::Trusted | Confidence::NotToBeTrusted => "",
    };
    Ok(format!("{told}{partial}{doubt}"))
}

/// What the searches of a run found that did nothing else.
fn searched(result: &RunResult) -> String {
    let found = result.searches.iter().map(|search| search_sentence(result, search));
    let found: Vec<_> = found.chain(between_backends(result)).collect();
    found.join(". ")
}

/// Why there is no answer; `None` where there is one.
fn nothing_to_rely_on(result: &RunResult, contests: &[Contest<'_>]) -> Option<String> {
    if result.confidence() != Confidence::NotToBeTrusted {
        return None;
    }
    let gathered = gathered(result);
    let grave: Vec<_> = gathered
        .iter()
        .filter(|kind| kind.gravest.grade() == Severity::Untrusted)
        .map(|kind| kind.gravest.key.as_str())
        .collect();
    // A verdict leaves out the rounds that are not to be trusted, where enough are left.
    let rest = if contests.iter().any(|contest| contest.judged(result).is_some()) {
        "; the verdict above rests on its other rounds"
    } else {
        ""
    };
    Some(format!("none, this run is not to be trusted ({}){rest}", grave.join(", ")))
}

/// `against 6 stored runs of ci-smoke: regressed (1 of 5 …); server now answers its first token …`
fn against_baseline(comparison: &Comparison) -> String {
    let told = comparison.deciding().filter(|(_, estimate)| {
        comparison.verdict.is_some() && estimate.verdict == comparison.verdict
    });
    let trusted = comparison.doubts().is_empty();
    let first = told.filter_map(|(cell, estimate)| sentence(cell, estimate)).find(|_| trusted);
    let first = first.map(|sentence| format!("; {sentence}")).unwrap_or_default();
    format!("{}{first}", headline(comparison))
}

/// No backend was ahead of the next anywhere.
pub(super) fn alike(result: &RunResult) -> String {
    let names: Vec<_> = result.backends.iter().map(|backend| backend.name.as_str()).collect();
    format!("no difference above {} between {}", share(LEVEL), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::answer;
    use crate::compare::{Rules, Subject, compare_runs};
    use crate::result::{FindingEntry, RunResult, sample};

    fn told(rounds: u32, change: impl Fn(&mut RunResult)) -> String {
        let mut result = sample::result(rounds);
        change(&mut result);
        answer(&result, None).unwrap()
    }

    /// The closed chat cells alone.
    fn closed_chat(result: &mut RunResult) {
        result.cells.retain(|cell| cell.labels.workload_index == 0 && cell.labels.stage_index == 0);
    }

    #[test]
    fn few_rounds_are_indicative_and_three_have_an_interval() {
        insta::assert_snapshot!(told(1, closed_chat), @"ollama answers its first token 33% sooner than 星河推理 (60.0 against 89.7 ms at p50); 星河推理 failed 6.0% of its requests; indicative only, from 1 round: a verdict takes 3");
        insta::assert_snapshot!(told(3, closed_chat), @"ollama answers its first token 33% sooner than 星河推理 (61.5 against 91.3 ms at p50; 95% sure between 31% and 34%); 星河推理 failed 6.0% of its requests; from 3 rounds");
    }

    #[test]
    fn of_several_tables_the_widest_gap_is_told_and_where_it_was_turned_round() {
        let text = told(1, |result| {
            result.cells.truncate(4);
            for cell in &mut result.cells {
                cell.measured.token_sources.chunks = 0;
                cell.measured.token_sources.usage = 1;
            }
            let ttft = |result: &mut RunResult, cell: usize, key: &str, value: f64| {
                let cell = &mut result.cells[cell].measured;
                let figures = cell.distributions.get_mut(key).unwrap();
                figures.percentiles.insert("p50".to_owned(), value);
            };
            ttft(result, 1, "ttft", 853.5);
            ttft(result, 2, "ttft_due", 70.0);
            ttft(result, 3, "ttft_due", 50.0);
        });
        insta::assert_snapshot!(text, @"ollama answers its first token 14 times sooner than 星河推理 at concurrency 4 (60.0 against 853.5 ms at p50), writes 5.3 times the tokens and writes each further token 33% faster; the other way round at 20/s poisson max 64; 星河推理 failed 6.0% of its requests; indicative only, from 1 round: a verdict takes 3");
    }

    #[test]
    fn what_is_alike_is_no_difference() {
        let same = |result: &mut RunResult| {
            closed_chat(result);
            for pair in result.cells.chunks_mut(2) {
                pair[1].measured = pair[0].measured.clone();
            }
        };
        assert_eq!(told(1, same), "no difference above 1% between ollama, 星河推理");
    }

    #[test]
    fn a_backend_alone_is_told_by_what_it_did() {
        let alone = |result: &mut RunResult| {
            result.cells.retain(|cell| cell.labels.backend_index == 1);
        };
        insta::assert_snapshot!(told(1, alone), @"星河推理 answered at most 6.27 requests/s in short-chat at concurrency 4, 626.7 output tokens/s, with TTFT p50 89.7 and p99 ~119.4 ms; 星河推理 failed 6.0% of its requests; 6.27 requests/s in 向量 at concurrency 4, 100.3 embedded inputs/s, with E2E p50 1884 and p99 ~2508 ms; 星河推理 failed 6.0% of its requests");
    }

    #[test]
    fn what_is_not_to_be_trusted_has_no_answer() {
        let starved = || FindingEntry {
            key: "client_starved".to_owned(),
            severity: "untrusted".to_owned(),
            text: "the client had no processor".to_owned(),
            figure: None,
            limit: None,
            remedy: None,
        };
        let in_one_round = |result: &mut RunResult| result.cells[0].findings.push(starved());
        let text = told(2, in_one_round);
        assert_eq!(text, "none, this run is not to be trusted (client_starved)");
        let text = told(5, in_one_round);
        assert!(text.ends_with("; the verdict above rests on its other rounds"), "{text}");
        assert_eq!(told(1, |result| result.cells.clear()), "nothing was measured");
    }

    #[test]
    fn beside_a_baseline_the_answer_is_how_it_compares() {
        let base = sample::result(1);
        let mut new = base.clone();
        new.id.push('2');
        let [of_base, of_new] = [&base, &new].map(|result| Subject { result, values: None });
        let comparison = compare_runs(&[of_base], of_new, &Rules::default()).unwrap();
        insta::assert_snapshot!(answer(&new, Some(&comparison)).unwrap(), @"against 20261122T130750Z-两台服务器: no verdict: two single runs: nothing tells how much runs differ by chance; interleave both in one run with `rounds: 6`, or compare with 5 stored runs");
    }
}
