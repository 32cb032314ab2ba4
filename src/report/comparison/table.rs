//! A comparison for the terminal.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ContentArrangement, ContentLineStyle, LineStyle, Table,
    TableStyle,
};

use super::rows::fields;
use super::verdict::verdict_line;
use super::words::sentence;
use crate::compare::{
    Basis, ComparedCell, Comparison, Estimate, IntervalSource, Outlook, SHARE_TOLERANCE, Verdict,
};
use crate::report::TableOptions;
use crate::report::columns::UNSUPPORTED;
use crate::report::numbers::counted;
use crate::report::wrap::{shortened, wrapped};
use crate::units::count;

/// The most columns a side's name takes in the head of the table.
const NAME_WIDTH: usize = 20;

/// `comparisons` as tables, ending with a line break.
pub(super) fn table(comparisons: &[Comparison], options: TableOptions) -> String {
    let mut page = Page { options, text: String::new() };
    for (at, comparison) in comparisons.iter().enumerate() {
        if at > 0 {
            page.line("");
        }
        page.comparison(comparison);
    }
    page.text
}

/// The text as it grows.
struct Page {
    options: TableOptions,
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn say(&mut self, text: &str, indent: usize) {
        for line in wrapped(text, self.options.width, indent) {
            self.line(&line);
        }
    }

    fn styled(&mut self, text: &str, style: &str) {
        for line in wrapped(text, self.options.width, 2) {
            let line =
                if self.options.color { format!("\x1b[{style}m{line}\x1b[0m") } else { line };
            self.line(&line);
        }
    }

    fn comparison(&mut self, comparison: &Comparison) {
        self.styled(&head(comparison), "1");
        for cell in &comparison.cells {
            self.line("");
            self.cell(cell);
        }
        self.line("");
        for caveat in &comparison.caveats {
            self.say(&format!("! {}", caveat.text), 2);
        }
        for line in foot(comparison) {
            self.say(&line, 2);
        }
        let style = match comparison.verdict {
            Some(Verdict::Regressed) => "1;31",
            Some(Verdict::Improved) => "1;32",
            Some(Verdict::Unchanged | Verdict::Inconclusive) | None => "1",
        };
        self.styled(&format!("verdict: {}", verdict_line(comparison)), style);
    }

    fn cell(&mut self, cell: &ComparedCell) {
        self.styled(&title(cell), "1");
        let grid = draw(cell, self.options);
        self.text.push_str(&grid);
        for caveat in &cell.caveats {
            self.say(&format!("! {}", caveat.text), 2);
        }
        for estimate in cell.estimates.iter().filter(|estimate| estimate.decides) {
            if let Some(sentence) = sentence(cell, estimate) {
                self.say(&format!("- {sentence}"), 2);
            }
        }
    }
}

/// `xinference against ollama: 6 paired rounds`
pub(super) fn head(comparison: &Comparison) -> String {
    let basis = match &comparison.basis {
        Basis::Rounds(rounds) => counted(count(*rounds), "paired round"),
        Basis::Baseline(runs) => format!("the spread of {}", counted(count(*runs), "stored run")),
        Basis::Indicative(_) => "indicative only".to_owned(),
    };
    format!("{} against {}: {basis}", comparison.new.label, comparison.base.label)
}

/// `short-chat (chat), concurrency 4, 30s`, with the backend where both sides have the same.
pub(super) fn title(cell: &ComparedCell) -> String {
    let endpoint = if cell.workload == cell.endpoint {
        String::new()
    } else {
        format!(" ({})", cell.endpoint)
    };
    let backend = if cell.base_backend == cell.new_backend {
        format!("{}, ", cell.new_backend)
    } else {
        String::new()
    };
    format!("{backend}{}{endpoint}, {}", cell.workload, cell.stage)
}

/// What the two columns of values are called.
pub(super) fn sides(cell: &ComparedCell) -> [&str; 2] {
    if cell.base_backend == cell.new_backend {
        ["base", "new"]
    } else {
        [&cell.base_backend, &cell.new_backend]
    }
}

/// What must be known to read the table.
pub(super) fn foot(comparison: &Comparison) -> Vec<String> {
    let rules = &comparison.rules;
    let estimates: Vec<_> = comparison.cells.iter().flat_map(|cell| &cell.estimates).collect();
    let any = |is: fn(&Estimate) -> bool| estimates.iter().any(|estimate| is(estimate));
    let mut lines = Vec::new();
    if any(|estimate| estimate.decides) {
        let strict = if rules.strict { "the whole interval" } else { "the estimate" };
        lines.push(format!(
            "> decides: significant at {} after Holm, and {strict} beyond {} (shares: {})",
            share(1.0 - rules.confidence),
            share(rules.tolerance),
            share(SHARE_TOLERANCE),
        ));
        lines.push("( ) does not decide".to_owned());
    }
    if any(|estimate| estimate.base.is_some() && !estimate.supported) {
        lines.push(format!("{UNSUPPORTED} rests on too few values in a round"));
    }
    if any(|estimate| source(estimate) == Some(IntervalSource::Requests)) {
        lines.push("* chance within the runs alone (moving-block bootstrap)".to_owned());
    }
    lines
}

fn source(estimate: &Estimate) -> Option<IntervalSource> {
    estimate.effect.as_ref().ok().map(|effect| effect.source)
}

/// `5%`, `0.1%`
pub(super) fn share(share: f64) -> String {
    format!("{}%", (share * 1e6).round() / 1e4)
}

fn draw(cell: &ComparedCell, options: TableOptions) -> String {
    let mut table = Table::new();
    let lines = ContentLineStyle::none();
    table
        .load_style(
            TableStyle::new()
                .header_lines(lines)
                .header_separator(LineStyle::none().fill('-'))
                .content_lines(lines),
        )
        .set_content_arrangement(ContentArrangement::Disabled)
        .force_no_tty();
    if options.color {
        table.enforce_styling();
    }
    let [base, new] = sides(cell).map(|name| shortened(name, NAME_WIDTH));
    let heads = ["", &base, &new, "ratio", "interval", "verdict"];
    table.set_header(heads.map(|head| Cell::new(head).add_attribute(Attribute::Bold)));
    table.add_rows(cell.estimates.iter().map(row));
    let last = heads.len() - 1;
    for (index, column) in table.column_iter_mut().enumerate() {
        if index == 0 {
            column.set_padding((0, 0));
        } else {
            column.set_padding((2, 0));
            if index < last {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{}\n", lines.join("\n"))
}

fn row(estimate: &Estimate) -> Vec<Cell> {
    let [name, base, new, size, interval, verdict] = fields(estimate);
    let mark = if estimate.decides { ">" } else { " " };
    let mut verdict = verdict;
    if estimate.decides
        && let Some(rounds) = more_rounds(estimate)
    {
        verdict = format!("{verdict} ({rounds})");
    }
    let colored = |text: String| {
        let cell = Cell::new(text);
        match estimate.verdict {
            Some(Verdict::Regressed) => cell.fg(Color::Red),
            Some(Verdict::Improved) => cell.fg(Color::Green),
            Some(Verdict::Unchanged | Verdict::Inconclusive) | None => cell,
        }
    };
    let plain = [format!("{mark} {name}"), base, new].map(Cell::new);
    let tail = [colored(size), Cell::new(interval), colored(verdict)];
    plain.into_iter().chain(tail).collect()
}

/// `+4 rounds`
fn more_rounds(estimate: &Estimate) -> Option<String> {
    match estimate.effect.as_ref().ok()?.outlook? {
        Outlook::MoreRounds(rounds) => Some(format!("+{rounds} rounds")),
        Outlook::NotByRounds => None,
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::table;
    use crate::compare::{Comparison, Rules, Subject, compare_backends};
    use crate::report::TableOptions;
    use crate::result::sample;

    /// The closed chat cell of the sample, whose second backend answers as often as the first.
    fn comparisons(rounds: u32) -> Vec<Comparison> {
        let mut result = sample::result(rounds);
        result.cells.retain(|cell| cell.labels.workload_index == 0 && cell.labels.stage_index == 0);
        let rules = Rules::default();
        compare_backends(Subject { result: &result, values: None }, None, &rules).unwrap()
    }

    #[test]
    fn a_comparison_tells_values_ratios_and_verdicts() {
        let text = table(&comparisons(4), TableOptions::default());
        insta::assert_snapshot!(text, @"
        星河推理 against ollama: 4 paired rounds

        short-chat (chat), concurrency 4, 30s
                        ollama  星河推理    ratio            interval  verdict
        -------------------------------------------------------------------------------------------
        > TTFT p50 ms     62.2      91.9    1.478      1.454 to 1.503  regressed
          TTFT p95 ms    ~80.9    ~119.7    1.480      1.457 to 1.504  (regressed)
          TTFT p99 ms    ~82.5    ~122.4    1.482      1.458 to 1.507  (regressed)
          ITL p50 ms      12.4      18.4        -                   -  tokens are not counted alike
          ITL p95 ms     ~16.2     ~23.9        -                   -  tokens are not counted alike
          ITL p99 ms     ~16.5     ~24.5        -                   -  tokens are not counted alike
        > TPOT p50 ms     12.4      18.4        -                   -  tokens are not counted alike
          TPOT p95 ms    ~16.2     ~23.9        -                   -  tokens are not counted alike
          TPOT p99 ms    ~16.5     ~24.5        -                   -  tokens are not counted alike
          E2E p50 ms      1306      1930    1.478      1.454 to 1.502  (regressed)
        > E2E p95 ms     ~1699     ~2515    1.481      1.457 to 1.504  regressed
          E2E p99 ms     ~1733     ~2570    1.483      1.459 to 1.507  (regressed)
          requests/s      33.3      6.27    0.188      0.188 to 0.188  (regressed)
        > output tok/s    3333     626.7        -                   -  tokens are not counted alike
        > error rate        0%      6.0%  +6.0 pp  +6.0 pp to +6.0 pp  regressed
        ! output tokens are counted differently (ollama: usage, 星河推理: chunks): TPOT,
          ITL and tok/s do not compare
        - 星河推理 answers its first token 48% (45% to 50%) later
        - 星河推理 finishes its answer 48% (46% to 50%) later, at p95
        - 星河推理 fails 6.0 percentage points (6.0 to 6.0) more often

        > decides: significant at 5% after Holm, and the estimate beyond 5% (shares: 1%)
        ( ) does not decide
        ~ rests on too few values in a round
        verdict: 星河推理 against ollama: regressed (3 of 5 deciding metrics regressed,
          2 inconclusive)
        ");
    }

    #[test]
    fn one_round_is_shown_and_not_judged() {
        let text = table(&comparisons(1), TableOptions { width: 120, ..TableOptions::default() });
        assert!(text.contains("indicative: 星河推理 answers its first token "), "{text}");
        assert!(text.ends_with("no verdict: 1 round; a verdict needs at least 3, better 6\n"));
    }

    #[test]
    fn prose_fits_the_terminal_and_colour_stands_only_where_it_is_allowed() {
        let comparisons = comparisons(3);
        let text = table(&comparisons, TableOptions { width: 60, ..TableOptions::default() });
        assert!(!text.contains('\u{1b}'), "{text}");
        let prose: Vec<_> =
            text.lines().filter(|line| line.starts_with(['-', '!', 'v'])).skip(1).collect();
        assert!(prose.len() > 4 && prose.iter().all(|line| line.width() <= 60), "{text}");
        let colored = table(&comparisons, TableOptions { color: true, ..TableOptions::default() });
        assert!(colored.contains("\u{1b}[1;31mverdict: "), "{colored}");
    }
}
