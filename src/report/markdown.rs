//! `summary.md`: the run for people, with everything that explains its figures.

use super::answer::answer;
use super::blocks::{Block, blocks};
use super::client_error::{NOT_CALIBRATED, client_error};
use super::columns::{Column, UNSUPPORTED, columns_of};
use super::comparison::closing;
use super::contrast::who_was_ahead;
use super::definitions::{list, of_blocks};
use super::findings::gathered;
use super::gates::{gate_rows, tally};
use super::gateway_cost::cost_tables;
use super::numbers::{counted, number};
use super::remarks::{failures, remarks};
use super::search::search_tables;
use super::verdicts::{headline, verdict_table};
use super::wrap::printable;
use crate::compare::Comparison;
use crate::gate::{GateResult, test_gates};
use crate::result::{
    BackendEntry, FindingEntry, LengthsEntry, ResultError, RunResult, SloEntry, WorkloadEntry,
};

/// The summary of `result` as Markdown, with what came of a comparison with a baseline; rounds are
/// merged unless `rounds_apart`.
///
/// # Errors
///
/// [`ResultError`] if the rounds cannot be merged.
pub fn markdown(
    result: &RunResult,
    comparison: Option<&Comparison>,
    rounds_apart: bool,
) -> Result<String, ResultError> {
    let blocks = blocks(result, rounds_apart)?;
    let mut page = head(result, &answer(result, comparison)?);
    page.extend(backends(result));
    for block in &blocks {
        page.extend(section(block));
    }
    page.extend(beside(result));
    page.extend(gates(&test_gates(result)?));
    if let Some(comparison) = comparison {
        page.extend(heading(2, "Against the baseline"));
        page.extend([format!("**{}**", escaped(&headline(comparison))), String::new()]);
        page.extend(verdict_table(comparison));
        page.pop();
    }
    page.extend(findings(result));
    page.extend(foot(result, &blocks));
    Ok(page.join("\n") + "\n")
}

fn head(result: &RunResult, answer: &str) -> Vec<String> {
    let mut page = vec![format!("# {}", escaped(&result.name)), String::new()];
    if let Some(description) = &result.description {
        page.extend([escaped(description), String::new()]);
    }
    if result.partial {
        page.extend([
            "**Partial:** the run was stopped, or still goes on.".to_owned(),
            String::new(),
        ]);
    }
    page.extend([format!("**Answer:** {}", escaped(answer)), String::new()]);
    let facts = facts(result);
    page.extend(facts.map(|(name, fact)| format!("- {name}: {}", escaped(&fact))));
    page
}

/// What was run, when and where: names of facts and the facts.
pub(super) fn facts(result: &RunResult) -> [(&'static str, String); 8] {
    let origin = &result.provenance;
    let host = &origin.host;
    let commit = origin.commit.as_ref().map(|commit| format!(" ({commit})")).unwrap_or_default();
    let memory = host.memory_bytes.map(|bytes| format!("{} MiB", bytes / 1_048_576));
    let cpus = host.cpu_count.map(|cpus| counted(cpus.into(), "CPU"));
    let machine = [host.hostname.clone(), Some(host.os.clone()), host.kernel.clone()];
    let machine = machine.into_iter().chain([host.cpu_model.clone(), cpus, memory]);
    let finished = result.finished_at.as_deref().unwrap_or("not finished");
    let limit = |SloEntry { metric, at_most_ms }: &SloEntry| format!("{metric} {at_most_ms} ms");
    let slo: Vec<_> = result.slo.iter().map(limit).collect();
    [
        ("Run", result.id.clone()),
        ("Time", format!("{} to {finished}", result.started_at)),
        ("Load", format!("{}, seed {}", counted(result.load.rounds.into(), "round"), result.seed)),
        ("SLO", if slo.is_empty() { "none".to_owned() } else { slo.join(", ") }),
        ("Machine", machine.flatten().collect::<Vec<_>>().join(", ")),
        ("pacemark", format!("{}{commit}", origin.pacemark_version)),
        ("Command", origin.command_line.join(" ")),
        ("Scenario", format!("sha256 {}", origin.scenario_sha256)),
    ]
}

fn backends(result: &RunResult) -> Vec<String> {
    let mut page = heading(2, "Backends");
    page.extend(table_head(&["backend", "kind", "version", "address", "models"], 5));
    for backend in &result.backends {
        let BackendEntry { name, kind, url, server_version, .. } = backend;
        let or_dash = |text: &Option<String>| text.as_deref().unwrap_or("-").to_owned();
        let models: Vec<_> = backend.models.iter().map(super::table::model).collect();
        let cells =
            [name.clone(), kind.clone(), or_dash(server_version), or_dash(url), models.join(", ")];
        page.push(table_row(&cells));
    }
    page.push(String::new());
    for note in &result.notes {
        let about = note.backend.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        page.push(format!("- {}", escaped(&format!("{about}{}", note.text))));
    }
    page
}

fn section(block: &Block<'_>) -> Vec<String> {
    let mut page = heading(2, &block.title());
    match block.shares() {
        Some(shares) => {
            page.extend([escaped(&format!("A mix of {shares}:")), String::new()]);
            page.extend(block.members.iter().map(|member| {
                format!("- {}", escaped(&format!("{}: {}", member.name, asked(member))))
            }));
            page.push(String::new());
        }
        None => page.extend([escaped(&asked(block.workload)), String::new()]),
    }
    page.extend(figures(block));
    if let Some(parts) = block.parts() {
        page.extend(figures(&parts));
    }
    for row in &block.rows {
        let lines = failures(row);
        let indented = |(index, line): (usize, &String)| {
            format!("{}- {}", if index == 0 { "" } else { "  " }, escaped(line))
        };
        page.extend(lines.iter().enumerate().map(indented));
    }
    page.extend(remarks(block).iter().map(|line| format!("- {}", escaped(line))));
    if let Some(ahead) = who_was_ahead(block) {
        page.push(format!("- Ahead: {}", escaped(&ahead)));
    }
    page
}

/// The figures of a block: a table, and an empty line.
pub(super) fn figures(block: &Block<'_>) -> Vec<String> {
    let columns = columns_of(block);
    let mut titles = vec![block.of.to_owned()];
    titles.extend(columns.iter().map(Column::title));
    let mut page = table_head(&titles, 1).to_vec();
    for row in &block.rows {
        let mut cells = vec![row.label.clone()];
        cells.extend(columns.iter().map(|column| column.shown(row).text));
        page.push(table_row(&cells));
    }
    page.push(String::new());
    page
}

/// What stands beside the cells: what searches found, what a gateway costs.
fn beside(result: &RunResult) -> Vec<String> {
    let mut page = Vec::new();
    for table in search_tables(result).into_iter().chain(cost_tables(result)) {
        page.extend(heading(2, &table.title));
        let heads = table.heads.iter().map(|(head, unit)| format!("{head} {unit}"));
        let heads: Vec<_> = heads.map(|head| head.trim_end().to_owned()).collect();
        page.extend(table_head(&heads, 1));
        page.extend(table.rows.iter().map(|row| table_row(row)));
        page.push(String::new());
        page.extend(table.remarks.iter().map(|remark| format!("- {}", escaped(remark))));
    }
    page
}

/// Every gate in every cell it is meant for; nothing without gates.
fn gates(results: &[GateResult]) -> Vec<String> {
    let Some(tally) = tally(results) else { return Vec::new() };
    let mut page = heading(2, "Gates");
    page.extend([escaped(&tally), String::new()]);
    page.extend(table_head(&["gate", "backend", "workload", "stage", "figure", "outcome"], 6));
    page.extend(gate_rows(results).iter().map(|row| table_row(row)));
    page
}

/// Every kind of finding, with the places it was found in.
fn findings(result: &RunResult) -> Vec<String> {
    let mut page = heading(2, "Findings");
    page.push(format!("Confidence: **{}**", result.confidence()));
    let kinds = gathered(result);
    if !kinds.is_empty() {
        page.push(String::new());
    }
    for kind in kinds {
        page.push(format!("- {}", escaped(&kind.line(result.cells.len()))));
        let places = kind.places.iter();
        page.extend(places.map(|(place, entry)| {
            format!("  - {}", escaped(&format!("{place}: {}{}", entry.text, against(entry))))
        }));
    }
    page
}

/// ` (0.3, limit 0.1)`; empty where the finding rests on no figure.
pub(super) fn against(entry: &FindingEntry) -> String {
    match (entry.figure, entry.limit) {
        (Some(figure), Some(limit)) => format!(" ({}, limit {})", number(figure), number(limit)),
        (Some(figure), None) => format!(" ({})", number(figure)),
        (None, _) => String::new(),
    }
}

/// What the requests of a workload were: `Model chat, streamed, 2 prompts (inline), …`.
pub(super) fn asked(workload: &WorkloadEntry) -> String {
    let mut parts = vec![format!("Model {}", workload.model)];
    parts.extend(workload.stream.then(|| "streamed".to_owned()));
    let prompts = workload.prompt_count.map(|prompts| counted(prompts, "prompt"));
    parts.push(match prompts {
        Some(prompts) => format!("{prompts} ({})", workload.prompts),
        None => format!("prompts from {}", workload.prompts),
    });
    parts.extend(workload.max_tokens.map(|most| format!("at most {most} output tokens")));
    parts.extend(workload.turns.as_ref().map(|turns| format!("conversations of {turns} turns")));
    parts.extend(workload.think_time.as_ref().map(|time| format!("{time} between turns")));
    let batch = workload.batch;
    parts.extend((batch > 1).then(|| format!("{batch} inputs per request")));
    parts.extend(workload.input_lengths.iter().map(input_lengths));
    parts.join(", ") + "."
}

/// `input lengths corrected by 1.53 (server adds 11 tokens to each prompt)`.
fn input_lengths(lengths: &LengthsEntry) -> String {
    let factor = lengths.factor.map(|factor| format!(" by {factor:.2}")).unwrap_or_default();
    let added = lengths.checks.iter().map(|check| {
        format!(
            "{} adds {:.0} tokens to each prompt",
            check.backend,
            check.template_tokens.max(0.0)
        )
    });
    let added = added.collect::<Vec<_>>().join(", ");
    let added = if added.is_empty() { added } else { format!(" ({added})") };
    format!("input lengths {}{factor}{added}", lengths.method)
}

fn foot(result: &RunResult, blocks: &[Block<'_>]) -> Vec<String> {
    let mut page = heading(2, "How to read this");
    if blocks.iter().any(Block::compares) {
        let rounds = blocks.iter().map(Block::rounds).min().unwrap_or(0);
        page.extend(closing(result, rounds).iter().map(|line| format!("- {}", escaped(line))));
    }
    let error = client_error(result).unwrap_or_else(|| NOT_CALIBRATED.to_owned());
    page.push(format!("- {}", escaped(&error)));
    if let Some(records) = &result.records {
        let rule = escaped(&records.rule);
        page.push(format!("- requests.csv: {rule}; {} of {} rows", records.kept, records.finished));
    }
    page.push(format!(
        "- `{UNSUPPORTED}` marks a percentile that rests on too few values (fewer than \
         10 / min(q, 1 - q)); `-` is a value that does not exist."
    ));
    if blocks.iter().any(|block| block.stage.is_open()) {
        page.push(format!("- {}, all in milliseconds.", super::table::DUE));
    }
    page.push("- Latencies rest on completed requests only.".to_owned());
    page.push(format!(
        "- What the columns mean, by the definitions of version {} in `docs/metrics.md` of pacemark \
         {}:",
        result.provenance.definitions_version, result.provenance.pacemark_version
    ));
    page.extend(list(&of_blocks(blocks)).iter().map(|line| format!("  {line}")));
    page
}

pub(super) fn heading(level: usize, text: &str) -> Vec<String> {
    vec![String::new(), format!("{} {}", "#".repeat(level), escaped(text)), String::new()]
}

/// The head of a table whose columns after the first `texts` are numbers.
pub(super) fn table_head(titles: &[impl AsRef<str>], texts: usize) -> [String; 2] {
    let rule = (0..titles.len()).map(|index| if index < texts { "---" } else { "---:" });
    let rule = rule.collect::<Vec<_>>().join(" | ");
    [table_row(titles), format!("| {rule} |")]
}

pub(super) fn table_row(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| escaped(cell.as_ref())).collect();
    format!("| {} |", cells.join(" | "))
}

/// `text` as Markdown that shows just that: nothing in it is markup, a link or a table.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' => {
                safe.push('\\');
                safe.push(character);
            }
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{escaped, input_lengths, markdown};
    use crate::result::{LengthCheckEntry, LengthsEntry, sample};

    #[test]
    fn how_long_prompts_were_made_is_told_with_what_a_server_adds() {
        let (backend, tokens_per_token) = ("gpu-1".to_owned(), 1.532);
        let check = LengthCheckEntry { backend, tokens_per_token, template_tokens: 11.2 };
        let mut lengths = LengthsEntry::new("corrected", Some(1.532));
        lengths.checks.push(check);
        assert_eq!(
            input_lengths(&lengths),
            "input lengths corrected by 1.53 (gpu-1 adds 11 tokens to each prompt)"
        );
        assert_eq!(input_lengths(&LengthsEntry::new("exact", None)), "input lengths exact");
    }

    #[test]
    fn a_summary_tells_the_whole_run() {
        let mut result = sample::result(3);
        result.cells.retain(|cell| cell.labels.workload_index == 0 && cell.labels.stage_index == 0);
        insta::assert_snapshot!(markdown(&result, None, false).unwrap(), @r"
        # 两台服务器

        A sample \| with a pipe

        **Answer:** ollama answers its first token 33% sooner than 星河推理 (61.5 against 91.3 ms at p50; 95% sure between 31% and 34%); 星河推理 failed 6.0% of its requests; from 3 rounds

        - Run: 20261122T130750Z-两台服务器
        - Time: 2026-11-22T13:07:50Z to 2026-11-22T13:09:50Z
        - Load: 3 rounds, seed 42
        - SLO: ttft 500 ms
        - Machine: bench, linux, 6.8.0, Example CPU, 8 CPUs, 32768 MiB
        - pacemark: 0.1.0 (0123abc)
        - Command: pacemark run two.yaml
        - Scenario: sha256 c87cfdea123e9b455d59df0b5a625b141037b07eabe918160cf099c2edba0f33

        ## Backends

        | backend | kind | version | address | models |
        | --- | --- | --- | --- | --- |
        | ollama | ollama | 0.9.6 | http://localhost:11434/v1 | chat = qwen3:4b (Q4\_K\_M), embed = bge-m3 |
        | 星河推理 | xinference | - | http://localhost:9997/v1 | chat = qwen3:4b, embed = bge-m3 |

        - ollama: \`stream\_options\` was refused; sent without

        ## short-chat (chat), concurrency 4, 30s, 3 rounds merged

        Model chat, streamed, 2 prompts (inline), at most 128 output tokens.

        | backend | ok | failed | req/s | output tok/s | TTFT p50 ms | TTFT p95 ms | TTFT p99 ms | ITL p50 ms | ITL p99 ms | TPOT p50 ms | TPOT p99 ms | E2E p50 ms | E2E p95 ms | E2E p99 ms | late p99 ms | in flight |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
        | ollama | 3000 | 0 | 33.3 | 3333 | 61.5 | 79.9 | 82.7 | 12.3 | 16.5 | 12.3 | 16.5 | 1291 | 1678 | 1737 | 0.083 | 3.50 |
        | 星河推理 | 564 | 36 | 6.27 | 626.7 | 91.3 | 118.8 | \~122.0 | 18.3 | \~24.4 | 18.3 | \~24.4 | 1918 | 2494 | \~2563 | \~0.122 | 3.50 |

        - 星河推理: 36 of 600 requests failed (6.0%)
          - 30 x http\_status(500) (the server answered with an error): CUDA out of memory \| retry
          - 6 x stall\_timeout (the stream fell silent): no text for 30s
        - ollama: 2.00 tokens per chunk
        - 星河推理: output tokens are estimated: one per chunk, as the server told no count
        - output tokens are not counted alike: TPOT and tok/s do not compare between these
        - Ahead: ollama in TTFT p50 (61.5 against 91.3 ms), E2E p50 (1291 against 1918 ms), E2E p95 (1678 against 2494 ms)

        ## Findings

        Confidence: **trusted**

        ## How to read this

        - verdict: 星河推理 against ollama: regressed (3 of 5 deciding metrics regressed, 2 inconclusive); \`pacemark compare\` shows each metric
        - client error not known: this machine is not calibrated (\`pacemark calibrate\`)
        - `~` marks a percentile that rests on too few values (fewer than 10 / min(q, 1 - q)); `-` is a value that does not exist.
        - Latencies rest on completed requests only.
        - What the columns mean, by the definitions of version 1 in `docs/metrics.md` of pacemark 0.1.0:
          - req/s (request throughput): successes finished in the window / window length; of every cell
          - output tok/s (output token throughput): output tokens that arrived in the window / window length; of chat, completions and responses
          - TTFT (time to first token): first\_token\_at - sent\_at; of streams with text
          - ITL (inter-token latency): as icl, but a gap before an event of k tokens counts as k samples of gap / k; of streams with known tokens per event
          - TPOT (time per output token): (last\_token\_at - first\_token\_at) / (O - 1), one value per request; of streams with O of at least 2
          - E2E (end-to-end latency): last\_token\_at - sent\_at for streams with text, else finished\_at - sent\_at; of all successes
          - late (schedule delay): sent\_at - due\_at; of all requests sent
          - in flight (requests in flight): time-weighted mean of requests in flight over the window; of every cell
        ");
    }

    #[test]
    fn nothing_in_a_name_is_markup() {
        assert_eq!(
            escaped("a|b <i>*x*</i>\n# `c`"),
            "a\\|b &lt;i&gt;\\*x\\*&lt;/i&gt; \\# \\`c\\`"
        );
    }

    #[test]
    fn every_row_of_a_table_has_as_many_cells_as_its_head() {
        let mut result = sample::result(2);
        result.backends[0].name = "a | b".to_owned();
        let text = markdown(&result, None, false).unwrap();
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        let mut head = None;
        for line in text.lines() {
            if line.starts_with('|') {
                assert_eq!(cells(line), *head.get_or_insert(cells(line)), "{line}");
            } else {
                head = None;
            }
        }
    }
}
