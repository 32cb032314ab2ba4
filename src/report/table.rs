//! The tables of the terminal.
//!
//! A block per workload and stage, a line per backend. Which columns stand depends on the
//! width; no line is wrapped inside a table.

use comfy_table::Cell;

use super::answer::answer;
use super::blocks::{Block, blocks};
use super::client_error::{NOT_CALIBRATED, client_error};
use super::columns::{Column, UNSUPPORTED};
use super::comparison::verdicts;
use super::contrast::who_was_ahead;
use super::definitions::{footnotes, of_columns};
use super::findings::gathered;
use super::gates::gate_lines;
use super::gateway_cost::cost_tables;
use super::grid::grid;
use super::numbers::counted;
use super::page::{self, FAINT, Page};
use super::remarks::{failures, remarks};
use super::search::search_tables;
use super::shape::shapes;
use super::verdicts::verdict_lines;
use crate::compare::Comparison;
use crate::gate::test_gates;
use crate::result::{ModelEntry, ResultError, RunResult};
use crate::units::count;

/// What tables of open loops say under themselves.
pub(super) const DUE: &str =
    "TTFT due and response count from when a request was due, TTFT and E2E from when it was sent";

/// How tables are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableOptions {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether colours may be used (a terminal, and no `NO_COLOR`).
    pub color: bool,
    /// Whether every column is shown, wider than the terminal if need be.
    pub wide: bool,
    /// Whether shapes are drawn with blocks like `▄`, each surely one column wide.
    pub blocks: bool,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self { width: 80, color: false, wide: false, blocks: false }
    }
}

/// The tables of `result`, what came of a comparison with a baseline, and in the last lines the
/// answer, ending with a line break; rounds are merged unless `rounds_apart`.
///
/// # Errors
///
/// [`ResultError`] if the rounds cannot be merged.
pub fn table(
    result: &RunResult,
    comparison: Option<&Comparison>,
    options: TableOptions,
    rounds_apart: bool,
) -> Result<String, ResultError> {
    let page = Page::new(options);
    let mut tables = Tables { page, columns: Vec::new(), hidden: Vec::new(), marked: false };
    let blocks = blocks(result, rounds_apart)?;
    tables.head(result);
    for block in &blocks {
        tables.block(block);
    }
    tables.beside(result);
    tables.foot(result, &blocks);
    let mut page = tables.page;
    let gates = gate_lines(&test_gates(result)?);
    if !gates.is_empty() {
        page.line("");
    }
    for line in &gates {
        page.say(line, 2);
    }
    if let Some(comparison) = comparison {
        page.line("");
        for line in verdict_lines(comparison) {
            page.say(&line, 2);
        }
    }
    page.line("");
    page.heading(&format!("answer: {}", answer(result, comparison)?));
    Ok(page.text)
}

/// The tables of a run as they grow.
struct Tables {
    page: Page,
    /// The columns of all tables.
    columns: Vec<Column>,
    /// Titles of columns that had no room.
    hidden: Vec<String>,
    /// Whether a percentile is marked as unsupported.
    marked: bool,
}

impl Tables {
    fn head(&mut self, result: &RunResult) {
        let rounds = counted(result.load.rounds.into(), "round");
        self.page
            .heading(&format!("{} ({}), seed {}, {rounds}", result.name, result.id, result.seed));
        if result.partial {
            self.page.say("PARTIAL: the run was stopped, or still goes on", 2);
        }
        for backend in &result.backends {
            let version = backend.server_version.as_ref();
            let version = version.map(|version| format!(" {version}")).unwrap_or_default();
            let url = backend.url.as_deref().unwrap_or("simulated inside this process");
            let models: Vec<_> = backend.models.iter().map(model).collect();
            let name = &backend.name;
            let kind = &backend.kind;
            let models = models.join(", ");
            self.page.say(&format!("  {name}: {kind}{version}, {url}; {models}"), 4);
        }
        for note in &result.notes {
            let about = note.backend.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            self.page.say(&format!("  note: {about}{}", note.text), 4);
        }
    }

    fn block(&mut self, block: &Block<'_>) {
        self.page.line("");
        self.page.heading(&block.title());
        if let Some(shares) = block.shares() {
            self.page.say(&format!("  a mix of {shares}"), 4);
        }
        self.grid(block);
        if let Some(parts) = block.parts() {
            self.page.line("");
            self.grid(&parts);
        }
        if let Some(shapes) = shapes(block, self.page.options) {
            self.page.say(&shapes.title, 2);
            shapes.lines.iter().for_each(|line| self.page.line(line));
        }
        for row in &block.rows {
            let lines = failures(row);
            for (index, line) in lines.iter().enumerate() {
                let margin = if index == 0 { "! " } else { "    " };
                self.page.say(&format!("{margin}{line}"), 6);
            }
        }
        for line in remarks(block) {
            self.page.say(&format!("- {line}"), 2);
        }
        if let Some(ahead) = who_was_ahead(block) {
            self.page.say(&format!("ahead: {ahead}"), 2);
        }
    }

    fn grid(&mut self, block: &Block<'_>) {
        let grid = grid(block, self.page.options);
        self.page.text.push_str(&grid.text);
        self.marked |= grid.marked;
        self.columns.extend(grid.columns);
        let new = grid.hidden.into_iter().filter(|title| !self.hidden.contains(title));
        self.hidden.extend(new.collect::<Vec<_>>());
    }

    /// What stands beside the cells: what searches found, what a gateway costs.
    fn beside(&mut self, result: &RunResult) {
        for table in search_tables(result).into_iter().chain(cost_tables(result)) {
            self.page.line("");
            self.page.heading(&table.title);
            let heads = table.heads.iter().map(|(head, unit)| match unit.as_str() {
                "" => format!("\n{head}"),
                unit => format!("{head}\n{unit}"),
            });
            let rows = table.rows.into_iter().map(|row| row.into_iter().map(Cell::new).collect());
            let grid = page::grid(heads, rows, false, self.page.options.color);
            self.page.text.push_str(&grid.to_string());
            self.page.text.push('\n');
            for remark in table.remarks {
                self.page.say(&format!("- {remark}"), 2);
            }
        }
    }

    /// Whether the run is to be believed, and what speaks against it.
    fn findings(&mut self, result: &RunResult) {
        let kinds = gathered(result);
        let (shown, rest): (Vec<_>, Vec<_>) = kinds.iter().partition(|kind| kind.is_for_terminal());
        let rest = match count(rest.len()) {
            0 => String::new(),
            rest => format!(" ({} in summary.md)", counted(rest, "more finding")),
        };
        self.page.say(&format!("confidence: {}{rest}", result.confidence()), 2);
        for kind in shown {
            self.page.say(&format!("- {}", kind.line(result.cells.len())), 2);
        }
    }

    fn foot(&mut self, result: &RunResult, blocks: &[Block<'_>]) {
        self.page.line("");
        self.findings(result);
        match client_error(result) {
            Some(line) => self.page.say(&line, 2),
            // No more than a hint, for those who want to see everything.
            None if self.page.options.wide => self.page.say(NOT_CALIBRATED, 2),
            None => {}
        }
        if self.marked {
            self.page.say(
                &format!("{UNSUPPORTED} rests on too few values: fewer than 10 / min(q, 1 - q)"),
                2,
            );
        }
        if blocks.iter().any(|block| block.stage.is_open()) {
            self.page.say(DUE, 2);
        }
        if !self.hidden.is_empty() {
            let hidden = self.hidden.join(", ");
            self.page.say(&format!("no room for: {hidden} (all are in summary.csv)"), 2);
        }
        for line in footnotes(&of_columns(&self.columns), self.page.options.wide) {
            self.page.styled(&line, FAINT);
        }
        if blocks.iter().any(Block::compares) {
            let rounds = blocks.iter().map(Block::rounds).min().unwrap_or(0);
            for line in verdicts(result, rounds) {
                self.page.say(&line, 2);
            }
        }
    }
}

/// `chat = qwen3:4b (Q4_K_M)`
pub(super) fn model(entry: &ModelEntry) -> String {
    let ModelEntry { alias, name, quantization, .. } = entry;
    let stored = quantization.as_ref().map(|stored| format!(" ({stored})")).unwrap_or_default();
    if alias == name { format!("{name}{stored}") } else { format!("{alias} = {name}{stored}") }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::{TableOptions, table};
    use crate::result::{FindingEntry, RunResult, sample};

    fn drawn(result: &RunResult, width: usize, wide: bool) -> String {
        table(result, None, TableOptions { width, wide, ..TableOptions::default() }, false).unwrap()
    }

    /// The header, rule and rows of each table of `text`.
    fn tables(text: &str) -> Vec<Vec<&str>> {
        let lines: Vec<_> = text.lines().collect();
        let rules = lines.iter().enumerate().filter(|(_, line)| line.starts_with("---"));
        let is_shape =
            |line: &str| ["TTFT", "E2E", "resp"].iter().any(|name| line.starts_with(name));
        let is_row =
            |line: &&&str| !is_shape(line) && !line.is_empty() && !line.starts_with(['!', '-']);
        rules
            .map(|(rule, _)| {
                let rows = lines[rule + 1..].iter().take_while(is_row).count();
                lines[rule - 2..=rule + rows].to_vec()
            })
            .collect()
    }

    #[test]
    fn eighty_columns_show_what_tells_most() {
        let mut result = sample::result(2);
        result.cells.retain(|cell| cell.labels.workload == "short-chat");
        insta::assert_snapshot!(drawn(&result, 80, false), @"
        两台服务器 (20261122T130750Z-两台服务器), seed 42, 2 rounds
          ollama: ollama 0.9.6, http://localhost:11434/v1; chat = qwen3:4b (Q4_K_M),
            embed = bge-m3
          星河推理: xinference, http://localhost:9997/v1; chat = qwen3:4b, embed =
            bge-m3
          note: ollama: `stream_options` was refused; sent without

        short-chat (chat), concurrency 4, 30s, 2 rounds merged
                                       output    TTFT    TTFT    TPOT     E2E     E2E
        backend     ok  failed  req/s   tok/s  p50 ms  p99 ms  p50 ms  p50 ms  p99 ms
        -----------------------------------------------------------------------------
        ollama    2000       0   33.3    3333    60.8    81.2    12.1    1276    1704
        星河推理   376      24   6.27   626.7    90.6  ~120.7    18.1    1901   ~2535
        TTFT from 40.0 to 121.7 ms, log scale:
        ollama    -=++++++++*********#*########@@@@@@@@*=
        星河推理                       .-+==++=+++*++*+*****#**#*#*####@#@#@@+
        ! 星河推理: 24 of 400 requests failed (6.0%)
            20 x http_status(500) (the server answered with an error): CUDA out of
              memory | retry
            4 x stall_timeout (the stream fell silent): no text for 30s
        - ollama: 2.00 tokens per chunk
        - 星河推理: output tokens are estimated: one per chunk, as the server told no
          count
        - output tokens are not counted alike: TPOT and tok/s do not compare between
          these
        ahead: ollama in TTFT p50 (60.8 against 90.6 ms), E2E p50 (1276 against 1901
          ms), E2E p95 (1658 against 2475 ms)

        short-chat (chat), 20/s poisson max 64, 30s, 2 rounds merged
                                       output    TTFT    TTFT     TTFT     E2E  response
        backend     ok  failed  req/s   tok/s  p50 ms  p99 ms  due p99  p99 ms    p99 ms
        --------------------------------------------------------------------------------
        ollama    2000       0   33.3    3333    60.8    81.2     89.3    1704      1786
        星河推理   376      24   6.27   626.7    90.6  ~120.7   ~132.8   ~2535     ~2657
        TTFT due from 44.0 to 133.9 ms, log scale:
        ollama    -=+++++++++++*********########@@@@@@@*-
        星河推理                       .-+==++=++*+*+*+*****#**#*#*####@#@@@@+
        ! 星河推理: 24 of 400 requests failed (6.0%)
            20 x http_status(500) (the server answered with an error): CUDA out of
              memory | retry
            4 x stall_timeout (the stream fell silent): no text for 30s
        - ollama: 2.00 tokens per chunk
        - 星河推理: output tokens are estimated: one per chunk, as the server told no
          count
        - output tokens are not counted alike: TPOT and tok/s do not compare between
          these
        ahead: ollama in TTFT p50 (60.8 against 90.6 ms), E2E p50 (1276 against 1901
          ms), E2E p95 (1658 against 2475 ms)

        confidence: trusted
        ~ rests on too few values: fewer than 10 / min(q, 1 - q)
        TTFT due and response count from when a request was due, TTFT and E2E from when
          it was sent
        no room for: TTFT p95 ms, ITL p50 ms, ITL p99 ms, E2E p95 ms, TPOT p50 ms, E2E
          p50 ms (all are in summary.csv)
        what they mean: TTFT: first_token_at - sent_at; TPOT: (last_token_at -
          first_token_at) / (O - 1), one value per request; E2E: last_token_at - sent_at
          for streams with text, else finished_at - sent_at; TTFT due: first_token_at -
          due_at; response: as e2e, but from due_at; req/s: successes finished in the
          window / window length; output tok/s: output tokens that arrived in the window
          / window length

        answer: ollama answers its first token 33% sooner than 星河推理 at 20/s poisson
          max 64 (66.8 against 99.6 ms at p50 from when due); 星河推理 failed 6.0% of
          its requests; indicative only, from 2 rounds: a verdict takes 3
        ");
    }

    #[test]
    fn embeddings_are_told_by_what_went_in() {
        let text = drawn(&sample::result(2), 80, false);
        insta::assert_snapshot!(tables(&text)[2].join("\n"), @"
                                         input     E2E     E2E     E2E
        backend     ok  failed  req/s  items/s  p50 ms  p95 ms  p99 ms
        --------------------------------------------------------------
        ollama    2000       0   33.3    533.3    1276    1658    1704
        星河推理   376      24   6.27    100.3    1901    2475   ~2535
        ");
    }

    #[test]
    fn a_wide_table_shows_every_column() {
        let text = drawn(&sample::result(3), 80, true);
        insta::assert_snapshot!(tables(&text)[1].join("\n"), @"
                                       output    TTFT    TTFT    TTFT     TTFT     ITL     ITL    TPOT    TPOT     E2E     E2E     E2E  response    late      in
        backend     ok  failed  req/s   tok/s  p50 ms  p95 ms  p99 ms  due p99  p50 ms  p99 ms  p50 ms  p99 ms  p50 ms  p95 ms  p99 ms    p99 ms  p99 ms  flight
        --------------------------------------------------------------------------------------------------------------------------------------------------------
        ollama    3000       0   33.3    3333    61.5    79.9    82.7     91.0    12.3    16.5    12.3    16.5    1291    1678    1737      1820   0.083    3.50
        星河推理   564      36   6.27   626.7    91.3   118.8  ~122.0   ~134.3    18.3   ~24.4    18.3   ~24.4    1918    2494   ~2563     ~2686  ~0.122    3.50
        ");
        assert!(!text.contains("no room"), "{text}");
        assert!(text.contains("\nverdict: 星河推理 against ollama: "), "{text}");
    }

    #[test]
    fn rounds_stand_apart_on_request() {
        let options = TableOptions { width: 60, ..TableOptions::default() };
        let text = table(&sample::result(2), None, options, true).unwrap();
        insta::assert_snapshot!(tables(&text)[0].join("\n"), @"
                                          output    TTFT    TPOT
        backend        ok  failed  req/s   tok/s  p50 ms  p50 ms
        --------------------------------------------------------
        ollama #1    1000       0   33.3    3333    60.0    12.0
        ollama #2    1000       0   33.3    3333    61.5    12.3
        星河推理 #1   188      12   6.27   626.7    89.7    17.9
        星河推理 #2   188      12   6.27   626.7    91.2    18.2
        ");
    }

    #[test]
    fn every_line_of_a_table_is_as_wide_as_the_others() {
        let mut result = sample::result(2);
        result.backends[0].name = "推理服务器🙂, whose name is far too long for a table".to_owned();
        for width in [1, 40, 60, 80, 120, 200] {
            let text = drawn(&result, width, false);
            assert_eq!(tables(&text).len(), 3);
            for table in tables(&text) {
                let widths: Vec<_> = table[1..].iter().map(|line| line.width()).collect();
                assert!(widths.iter().all(|each| *each == widths[0]), "{table:#?}");
                assert!(widths[0] <= width.max(24 + 14 + 2), "{table:#?}");
            }
        }
    }

    #[test]
    fn nothing_is_wider_than_the_terminal() {
        for width in [50, 80, 100] {
            let text = drawn(&sample::result(2), width, false);
            for line in text.lines() {
                assert!(line.width() <= width, "{line}");
            }
        }
    }

    #[test]
    fn colour_stands_only_where_it_is_allowed() {
        let result = sample::result(1);
        assert!(!drawn(&result, 80, false).contains('\x1b'));
        let options = TableOptions { color: true, ..TableOptions::default() };
        let colored = table(&result, None, options, false).unwrap();
        assert!(colored.contains('\x1b'));
        let mut plain = String::new();
        let mut parts = colored.split('\x1b');
        plain.push_str(parts.next().unwrap_or_default());
        parts.for_each(|part| plain.push_str(part.split_once('m').unwrap().1));
        assert_eq!(plain, drawn(&result, 80, false));
    }

    #[test]
    fn gaps_are_per_chunk_where_one_backend_tells_no_tokens_apart() {
        let mut result = sample::result(1);
        assert!(tables(&drawn(&result, 200, false))[0][0].contains("ITL"));
        result.cells[1].measured.distributions.remove("itl");
        let text = drawn(&result, 200, false);
        let head = tables(&text)[0][0];
        assert!(head.contains("ICL") && !head.contains("ITL"), "{head}");
    }

    #[test]
    fn partial_runs_and_findings_are_named() {
        let mut result = sample::result(1);
        result.partial = true;
        let entry = |key: &str, severity: &str| FindingEntry {
            key: key.to_owned(),
            severity: severity.to_owned(),
            text: "requests were sent late".to_owned(),
            figure: Some(20.0),
            limit: Some(10.0),
            remedy: Some("use more threads".to_owned()),
        };
        result.cells[0].findings =
            vec![entry("late_sends", "reservation"), entry("no_warmup", "note")];
        let text = drawn(&result, 120, false);
        assert!(text.contains("PARTIAL: "), "{text}");
        let lines = "confidence: with reservations (1 more finding in summary.md)\n\
                     - reservation late_sends, in 1 of 6 cells: requests were sent late; use more \
                     threads\n";
        assert!(text.contains(lines), "{text}");
    }

    #[test]
    fn a_run_without_cells_still_has_a_head() {
        let mut result = sample::result(1);
        result.cells.clear();
        assert!(drawn(&result, 80, false).starts_with("两台服务器 (2026"));
    }
}
