//! Comparisons in a few lines of Markdown: for a comment on a pull request, or the summary of a job.

use super::markdown::tables;
use super::verdict::verdict_line;
use crate::compare::{Comparison, Failure, Verdict};
use crate::report::brief::{DOUBTFUL_MARK, FAILED_MARK, PASSED_MARK};
use crate::report::markdown::escaped;
use crate::report::verdicts::verdict_table;

/// What came of `comparisons`, and folded away everything that was compared.
pub(super) fn comment(comparisons: &[Comparison]) -> String {
    let name = comparisons.first().map_or("comparison", |comparison| &comparison.scenario);
    let mut page = vec![format!("## pacemark: {}", escaped(name)), String::new()];
    for comparison in comparisons {
        let line = escaped(&verdict_line(comparison));
        page.extend([format!("{} {line}", mark(comparison)), String::new()]);
        page.extend(verdict_table(comparison));
        page.push("<details><summary>Everything compared</summary>".to_owned());
        page.extend(tables(comparison));
        page.extend([String::new(), "</details>".to_owned(), String::new()]);
    }
    page.push(format!("<sub>pacemark {}</sub>", env!("CARGO_PKG_VERSION")));
    page.join("\n") + "\n"
}

/// Whether it failed, and if not, whether it tells anything.
fn mark(comparison: &Comparison) -> &'static str {
    match (comparison.failure(), comparison.verdict) {
        (Some(Failure::Regressed | Failure::Inconclusive), _) => FAILED_MARK,
        (None, Some(Verdict::Improved | Verdict::Unchanged)) => PASSED_MARK,
        (Some(Failure::Untrusted), _)
        | (None, Some(Verdict::Regressed | Verdict::Inconclusive) | None) => DOUBTFUL_MARK,
    }
}

#[cfg(test)]
mod tests {
    use super::comment;
    use crate::compare::{Comparison, FailOn, Rules, Subject, compare_backends};
    use crate::result::sample;

    fn comparisons(rounds: u32, fail_on: FailOn) -> Vec<Comparison> {
        let mut result = sample::result(rounds);
        result.cells.retain(|cell| cell.labels.workload_index == 0 && cell.labels.stage_index == 0);
        let rules = Rules { fail_on, ..Rules::default() };
        compare_backends(Subject { result: &result, values: None }, None, &rules).unwrap()
    }

    #[test]
    fn the_verdict_stands_first_and_everything_else_is_folded_away() {
        insta::assert_snapshot!(comment(&comparisons(4, FailOn::Regression)), @r"
        ## pacemark: 两台服务器

        ❌ 星河推理 against ollama: regressed (3 of 5 deciding metrics regressed, 2 inconclusive)

        | figure | against ollama | verdict |
        | --- | --- | --- |
        | ttft.p50 of 星河推理, short-chat, concurrency 4, 30s | 91.9 ms against 62.2 ms, 1.478 times (1.454 to 1.503) | regressed |
        | e2e.p95 of 星河推理, short-chat, concurrency 4, 30s | 2515 ms against 1699 ms, 1.481 times (1.457 to 1.504) | regressed |
        | error\_rate of 星河推理, short-chat, concurrency 4, 30s | 6.0% against 0%, +6.00 percentage points (+6.00 to +6.00) | regressed |
        | tpot.p50 of 星河推理, short-chat, concurrency 4, 30s | 18.4 ms against 12.4 ms, tokens are not counted alike | inconclusive |
        | output\_token\_throughput of 星河推理, short-chat, concurrency 4, 30s | 626.7 tok/s against 3333 tok/s, tokens are not counted alike | inconclusive |

        - output tokens are counted differently (ollama: usage, 星河推理: chunks): TPOT, ITL and tok/s do not compare

        <details><summary>Everything compared</summary>

        ### short-chat (chat), concurrency 4, 30s

        |  | metric | verdict | ollama | 星河推理 | ratio | interval |
        | --- | --- | --- | ---: | ---: | ---: | ---: |
        | &gt; | TTFT p50 ms | regressed | 62.2 | 91.9 | 1.478 | 1.454 to 1.503 |
        |  | TTFT p95 ms | (regressed) | \~80.9 | \~119.7 | 1.480 | 1.457 to 1.504 |
        |  | TTFT p99 ms | (regressed) | \~82.5 | \~122.4 | 1.482 | 1.458 to 1.507 |
        |  | ITL p50 ms | tokens are not counted alike | 12.4 | 18.4 | - | - |
        |  | ITL p95 ms | tokens are not counted alike | \~16.2 | \~23.9 | - | - |
        |  | ITL p99 ms | tokens are not counted alike | \~16.5 | \~24.5 | - | - |
        | &gt; | TPOT p50 ms | tokens are not counted alike | 12.4 | 18.4 | - | - |
        |  | TPOT p95 ms | tokens are not counted alike | \~16.2 | \~23.9 | - | - |
        |  | TPOT p99 ms | tokens are not counted alike | \~16.5 | \~24.5 | - | - |
        |  | E2E p50 ms | (regressed) | 1306 | 1930 | 1.478 | 1.454 to 1.502 |
        | &gt; | E2E p95 ms | regressed | \~1699 | \~2515 | 1.481 | 1.457 to 1.504 |
        |  | E2E p99 ms | (regressed) | \~1733 | \~2570 | 1.483 | 1.459 to 1.507 |
        |  | requests/s | (regressed) | 33.3 | 6.27 | 0.188 | 0.188 to 0.188 |
        | &gt; | output tok/s | tokens are not counted alike | 3333 | 626.7 | - | - |
        | &gt; | error rate | regressed | 0% | 6.0% | +6.0 pp | +6.0 to +6.0 pp |

        - output tokens are counted differently (ollama: usage, 星河推理: chunks): TPOT, ITL and tok/s do not compare
        - 星河推理 answers its first token 48% (45% to 50%) later
        - 星河推理 finishes its answer 48% (46% to 50%) later, at p95
        - 星河推理 fails 6.0 percentage points (6.0 to 6.0) more often

        - &gt; decides: significant at 5% after Holm, and the estimate beyond 5% (shares: 1%)
        - ( ) does not decide
        - \~ rests on too few values in a round
        - TTFT (time to first token): first\_token\_at - sent\_at; of streams with text
        - ITL (inter-token latency): as icl, but a gap before an event of k tokens counts as k samples of gap / k; of streams with known tokens per event
        - TPOT (time per output token): (last\_token\_at - first\_token\_at) / (O - 1), one value per request; of streams with O of at least 2
        - E2E (end-to-end latency): last\_token\_at - sent\_at for streams with text, else finished\_at - sent\_at; of all successes
        - requests/s (request throughput): successes finished in the window / window length; of every cell
        - output tok/s (output token throughput): output tokens that arrived in the window / window length; of chat, completions and responses
        - error rate: failures / all requests of the window; of every cell

        </details>

        <sub>pacemark 0.1.0</sub>
        ");
    }

    #[test]
    fn the_mark_is_that_of_the_exit_code() {
        let marks = [FailOn::Regression, FailOn::Inconclusive, FailOn::Never].map(|fail_on| {
            [1, 3].map(|rounds| {
                let text = comment(&comparisons(rounds, fail_on));
                text.lines().nth(2).unwrap().chars().next().unwrap()
            })
        });
        assert_eq!(marks, [['⚠', '❌'], ['❌', '❌'], ['⚠', '⚠']]);
    }
}
