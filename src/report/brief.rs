//! The run in a few lines of Markdown: for a comment on a pull request, or the summary of a job.

use super::answer::answer;
use super::blocks::blocks;
use super::definitions::{list, of_blocks};
use super::gates::{gate_rows, tally};
use super::markdown::{escaped, figures, table_head, table_row};
use super::verdicts::{headline, verdict_table};
use crate::audit::Confidence;
use crate::compare::{Comparison, Failure};
use crate::gate::test_gates;
use crate::result::{ResultError, RunResult};

/// What stands before what failed.
pub(super) const FAILED_MARK: &str = "❌";
/// What stands before what is not to be trusted, or tells nothing.
pub(super) const DOUBTFUL_MARK: &str = "⚠️";
/// What stands before what is fine.
pub(super) const PASSED_MARK: &str = "✅";

/// What came of the run, its gates, and folded away its tables.
///
/// # Errors
///
/// [`ResultError`] if the rounds cannot be merged, or a gate cannot be read.
pub fn brief(result: &RunResult, comparison: Option<&Comparison>) -> Result<String, ResultError> {
    let gates = test_gates(result)?;
    let failed = gates.iter().any(|gate| !gate.holds());
    let failure = comparison.and_then(Comparison::failure);
    let mut page = vec![format!("## pacemark: {}", escaped(&result.name)), String::new()];
    let partial = if result.partial { ", **partial**" } else { "" };
    let mark = match (result.confidence(), failure) {
        (_, Some(Failure::Regressed | Failure::Inconclusive)) => FAILED_MARK,
        _ if failed => FAILED_MARK,
        (Confidence::NotToBeTrusted, _) | (_, Some(Failure::Untrusted)) => DOUBTFUL_MARK,
        (Confidence::Trusted | Confidence::WithReservations, None) => PASSED_MARK,
    };
    let tally = tally(&gates).map(|tally| format!("{}. ", escaped(&tally))).unwrap_or_default();
    let outcome = format!("{mark} {tally}Confidence: **{}**{partial}", result.confidence());
    page.extend([outcome, String::new()]);
    if !gates.is_empty() {
        page.extend(table_head(&["gate", "backend", "workload", "stage", "figure", "outcome"], 6));
        let (broken, held): (Vec<_>, Vec<_>) =
            gate_rows(&gates).into_iter().partition(|row| row[5] == super::gates::FAILED);
        page.extend(broken.iter().chain(&held).map(|row| table_row(row)));
        page.push(String::new());
    }
    if let Some(comparison) = comparison {
        page.extend([format!("**{}**", escaped(&headline(comparison))), String::new()]);
        page.extend(verdict_table(comparison));
    } else {
        page.extend([format!("**Answer:** {}", escaped(&answer(result, None)?)), String::new()]);
    }
    page.extend(["<details><summary>Figures</summary>".to_owned(), String::new()]);
    let blocks = blocks(result, false)?;
    for block in &blocks {
        page.extend([format!("**{}**", escaped(&block.title())), String::new()]);
        page.extend(figures(block));
    }
    page.extend(list(&of_blocks(&blocks)));
    page.extend([String::new(), "</details>".to_owned(), String::new()]);
    let origin = &result.provenance;
    let about = format!(
        "{}, seed {}, pacemark {}",
        escaped(&result.id),
        result.seed,
        escaped(&origin.pacemark_version)
    );
    page.push(format!("<sub>{about}</sub>"));
    Ok(page.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::brief;
    use crate::metric::Gate;
    use crate::result::{GateEntry, sample};

    #[test]
    fn what_failed_stands_first() {
        let mut result = sample::result(1);
        result.cells.retain(|cell| cell.labels.workload_index == 0 && cell.labels.stage_index == 0);
        result.gates = ["error_rate < 1%", "e2e.p50 < 1.5s"]
            .map(|text| GateEntry::from(&text.parse::<Gate>().unwrap()))
            .to_vec();
        insta::assert_snapshot!(brief(&result, None).unwrap(), @r"
        ## pacemark: 两台服务器

        ❌ gates: 2 of 2 FAILED. Confidence: **trusted**

        | gate | backend | workload | stage | figure | outcome |
        | --- | --- | --- | --- | --- | --- |
        | error\_rate &lt; 1% | 星河推理 | short-chat | concurrency 4, 30s | 6% | FAILED |
        | e2e.p50 &lt; 1.5s | 星河推理 | short-chat | concurrency 4, 30s | 1884.3ms | FAILED |
        | error\_rate &lt; 1% | ollama | short-chat | concurrency 4, 30s | 0% | held |
        | e2e.p50 &lt; 1.5s | ollama | short-chat | concurrency 4, 30s | 1259.3ms | held |

        **Answer:** ollama answers its first token 33% sooner than 星河推理 (60.0 against 89.7 ms at p50); 星河推理 failed 6.0% of its requests; indicative only, from 1 round: a verdict takes 3

        <details><summary>Figures</summary>

        **short-chat (chat), concurrency 4, 30s**

        | backend | ok | failed | req/s | output tok/s | TTFT p50 ms | TTFT p95 ms | TTFT p99 ms | ITL p50 ms | ITL p99 ms | TPOT p50 ms | TPOT p99 ms | E2E p50 ms | E2E p95 ms | E2E p99 ms | late p99 ms | in flight |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
        | ollama | 1000 | 0 | 33.3 | 3333 | 60.0 | 78.0 | 79.6 | 12.0 | 15.9 | 12.0 | 15.9 | 1259 | 1638 | 1671 | 0.080 | 3.50 |
        | 星河推理 | 188 | 12 | 6.27 | 626.7 | 89.7 | \~116.9 | \~119.4 | 17.9 | \~23.9 | 17.9 | \~23.9 | 1884 | \~2454 | \~2508 | \~0.119 | 3.50 |

        - req/s (request throughput): successes finished in the window / window length; of every cell
        - output tok/s (output token throughput): output tokens that arrived in the window / window length; of chat, completions and responses
        - TTFT (time to first token): first\_token\_at - sent\_at; of streams with text
        - ITL (inter-token latency): as icl, but a gap before an event of k tokens counts as k samples of gap / k; of streams with known tokens per event
        - TPOT (time per output token): (last\_token\_at - first\_token\_at) / (O - 1), one value per request; of streams with O of at least 2
        - E2E (end-to-end latency): last\_token\_at - sent\_at for streams with text, else finished\_at - sent\_at; of all successes
        - late (schedule delay): sent\_at - due\_at; of all requests sent
        - in flight (requests in flight): time-weighted mean of requests in flight over the window; of every cell

        </details>

        <sub>20261122T130750Z-两台服务器, seed 42, pacemark 0.1.0</sub>
        ");
    }
}
