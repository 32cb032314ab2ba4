//! A comparison for the terminal.

use std::collections::BTreeMap;

use comfy_table::{Cell, Color, Table};

use super::layout::{Layout, NARROW};
use super::rows::{fields, metric_name};
use super::verdict::verdict_line;
use super::words::sentences;
use crate::compare::{
    Basis, ComparedCell, Comparison, Estimate, IntervalSource, NoEffect, Outlook, SHARE_TOLERANCE,
    Verdict,
};
use crate::report::TableOptions;
use crate::report::columns::UNSUPPORTED;
use crate::report::definitions::{footnotes, of_comparison};
use crate::report::numbers::counted;
use crate::report::page::{FAINT, Page, grid};
use crate::report::wrap::shortened;
use crate::units::count;

/// `comparisons` as tables, ending with a line break.
pub(super) fn table(comparisons: &[Comparison], options: TableOptions) -> String {
    let mut page = Page::new(options);
    for (at, comparison) in comparisons.iter().enumerate() {
        if at > 0 {
            page.line("");
        }
        whole(&mut page, comparison);
    }
    page.text
}

fn whole(page: &mut Page, comparison: &Comparison) {
    page.heading(&head(comparison));
    let mut narrowed = false;
    for one in &comparison.cells {
        page.line("");
        narrowed |= !cell(page, comparison, one).interval;
    }
    page.line("");
    for caveat in &comparison.caveats {
        page.say(&format!("! {}", caveat.text), 2);
    }
    for line in foot(comparison) {
        page.say(&line, 2);
    }
    if narrowed {
        page.say(NARROW, 2);
    }
    for line in footnotes(&of_comparison(comparison), page.options.wide) {
        page.styled(&line, FAINT);
    }
    let style = match comparison.verdict {
        Some(Verdict::Regressed) => "1;31",
        Some(Verdict::Improved) => "1;32",
        Some(Verdict::Unchanged | Verdict::Inconclusive) | None => "1",
    };
    page.styled(&format!("verdict: {}", verdict_line(comparison)), style);
}

/// Adds a cell in the widest layout that the page has room for, which is given back.
fn cell(page: &mut Page, comparison: &Comparison, cell: &ComparedCell) -> Layout {
    page.heading(&title(cell));
    let (layout, grid) = Layout::fitting(page.options, |layout| draw(cell, layout, page.options));
    let lines: Vec<_> = grid.lines().map(|line| line.trim_end().to_owned()).collect();
    page.text.push_str(&(lines.join("\n") + "\n"));
    for caveat in &cell.caveats {
        page.say(&format!("! {}", caveat.text), 2);
    }
    if !layout.reasons {
        for (reason, metrics) in reasons(cell) {
            page.say(&format!("- not compared: {} ({reason})", metrics.join(", ")), 2);
        }
    }
    for sentence in sentences(comparison, cell) {
        page.say(&format!("- {sentence}"), 2);
    }
    layout
}

/// Why metrics have no ratio, with their names, as far as no caveat tells it.
fn reasons(cell: &ComparedCell) -> BTreeMap<String, Vec<String>> {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for estimate in &cell.estimates {
        let Err(reason) = &estimate.effect else { continue };
        // A caveat has said so.
        if *reason == NoEffect::CountedDifferently {
            continue;
        }
        let metrics = reasons.entry(reason.to_string()).or_default();
        let name = metric_name(estimate.measure.metric());
        if !metrics.contains(&name) {
            metrics.push(name);
        }
    }
    reasons
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
pub(in crate::report) fn share(share: f64) -> String {
    format!("{}%", (share * 1e6).round() / 1e4)
}

fn draw(cell: &ComparedCell, layout: Layout, options: TableOptions) -> Table {
    let [base, new] = match sides(cell).map(|name| shortened(name, layout.names)) {
        // The title says which is which.
        [base, new] if base == new => ["base", "new"].map(str::to_owned),
        told => told,
    };
    let heads = ["", &base, &new, "ratio", "interval", "verdict"].map(str::to_owned);
    let heads = heads.into_iter().enumerate();
    let heads = heads.filter(|(column, _)| layout.shows(*column)).map(|(_, head)| head);
    let rows = cell.estimates.iter().map(|estimate| row(estimate, layout));
    grid(heads, rows, true, options.color)
}

fn row(estimate: &Estimate, layout: Layout) -> Vec<Cell> {
    let [name, base, new, size, interval, verdict] = fields(estimate);
    let mark = if estimate.decides { ">" } else { " " };
    let verdict = match (&estimate.effect, more_rounds(estimate)) {
        (Err(_), _) if !layout.reasons => "not compared".to_owned(),
        (Ok(_), Some(rounds)) if estimate.decides && layout.rounds => {
            format!("{verdict} ({rounds})")
        }
        _ => verdict,
    };
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
    let all = plain.into_iter().chain(tail).enumerate();
    all.filter(|(column, _)| layout.shows(*column)).map(|(_, cell)| cell).collect()
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
    use crate::compare::{
        Caveat, CaveatKind, Comparison, Outlook, Rules, Subject, Verdict, compare_backends,
    };
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
                        ollama  星河推理    ratio         interval  verdict
        ------------------------------------------------------------------------
        > TTFT p50 ms     62.2      91.9    1.478   1.454 to 1.503  regressed
          TTFT p95 ms    ~80.9    ~119.7    1.480   1.457 to 1.504  (regressed)
          TTFT p99 ms    ~82.5    ~122.4    1.482   1.458 to 1.507  (regressed)
          ITL p50 ms      12.4      18.4        -                -  not compared
          ITL p95 ms     ~16.2     ~23.9        -                -  not compared
          ITL p99 ms     ~16.5     ~24.5        -                -  not compared
        > TPOT p50 ms     12.4      18.4        -                -  not compared
          TPOT p95 ms    ~16.2     ~23.9        -                -  not compared
          TPOT p99 ms    ~16.5     ~24.5        -                -  not compared
          E2E p50 ms      1306      1930    1.478   1.454 to 1.502  (regressed)
        > E2E p95 ms     ~1699     ~2515    1.481   1.457 to 1.504  regressed
          E2E p99 ms     ~1733     ~2570    1.483   1.459 to 1.507  (regressed)
          requests/s      33.3      6.27    0.188   0.188 to 0.188  (regressed)
        > output tok/s    3333     626.7        -                -  not compared
        > error rate        0%      6.0%  +6.0 pp  +6.0 to +6.0 pp  regressed
        ! output tokens are counted differently (ollama: usage, 星河推理: chunks): TPOT,
          ITL and tok/s do not compare
        - 星河推理 answers its first token 48% (45% to 50%) later
        - 星河推理 finishes its answer 48% (46% to 50%) later, at p95
        - 星河推理 fails 6.0 percentage points (6.0 to 6.0) more often

        > decides: significant at 5% after Holm, and the estimate beyond 5% (shares: 1%)
        ( ) does not decide
        ~ rests on too few values in a round
        what they mean: TTFT: first_token_at - sent_at; ITL: as icl, but a gap before an
          event of k tokens counts as k samples of gap / k; TPOT: (last_token_at -
          first_token_at) / (O - 1), one value per request; E2E: last_token_at - sent_at
          for streams with text, else finished_at - sent_at; requests/s: successes
          finished in the window / window length; output tok/s: output tokens that
          arrived in the window / window length; error rate: failures / all requests of
          the window
        verdict: 星河推理 against ollama: regressed (3 of 5 deciding metrics regressed,
          2 inconclusive)
        ");
    }

    #[test]
    fn a_wide_terminal_has_reasons_and_rounds_in_the_table() {
        let mut comparisons = comparisons(4);
        open(&mut comparisons);
        let text = table(&comparisons, TableOptions { width: 100, ..TableOptions::default() });
        insta::assert_snapshot!(text, @"
        星河推理 against ollama: 4 paired rounds

        short-chat (chat), concurrency 4, 30s
                        ollama  星河推理    ratio         interval  verdict
        ----------------------------------------------------------------------------------------
        > TTFT p50 ms     62.2      91.9    1.478   1.454 to 1.503  inconclusive (+12 rounds)
          TTFT p95 ms    ~80.9    ~119.7    1.480   1.457 to 1.504  (inconclusive)
          TTFT p99 ms    ~82.5    ~122.4    1.482   1.458 to 1.507  (inconclusive)
          ITL p50 ms      12.4      18.4        -                -  tokens are not counted alike
          ITL p95 ms     ~16.2     ~23.9        -                -  tokens are not counted alike
          ITL p99 ms     ~16.5     ~24.5        -                -  tokens are not counted alike
        > TPOT p50 ms     12.4      18.4        -                -  tokens are not counted alike
          TPOT p95 ms    ~16.2     ~23.9        -                -  tokens are not counted alike
          TPOT p99 ms    ~16.5     ~24.5        -                -  tokens are not counted alike
          E2E p50 ms      1306      1930    1.478   1.454 to 1.502  (inconclusive)
        > E2E p95 ms     ~1699     ~2515    1.481   1.457 to 1.504  inconclusive (+12 rounds)
          E2E p99 ms     ~1733     ~2570    1.483   1.459 to 1.507  (inconclusive)
          requests/s      33.3      6.27    0.188   0.188 to 0.188  (inconclusive)
        > output tok/s    3333     626.7        -                -  tokens are not counted alike
        > error rate        0%      6.0%  +6.0 pp  +6.0 to +6.0 pp  inconclusive (+12 rounds)
        ! output tokens are counted differently (ollama: usage, 星河推理: chunks): TPOT, ITL and tok/s do
          not compare
        - open: 星河推理 answers its first token 48% (45% to 50%) later; about 12 more rounds would settle
          it
        - open: 星河推理 finishes its answer 48% (46% to 50%) later, at p95; about 12 more rounds would
          settle it
        - open: 星河推理 fails 6.0 percentage points (6.0 to 6.0) more often; about 12 more rounds would
          settle it

        > decides: significant at 5% after Holm, and the estimate beyond 5% (shares: 1%)
        ( ) does not decide
        ~ rests on too few values in a round
        what they mean: TTFT: first_token_at - sent_at; ITL: as icl, but a gap before an event of k tokens
          counts as k samples of gap / k; TPOT: (last_token_at - first_token_at) / (O - 1), one value per
          request; E2E: last_token_at - sent_at for streams with text, else finished_at - sent_at;
          requests/s: successes finished in the window / window length; output tok/s: output tokens that
          arrived in the window / window length; error rate: failures / all requests of the window
        verdict: 星河推理 against ollama: inconclusive (5 of 5 deciding metrics inconclusive)
        ");
    }

    #[test]
    fn eighty_columns_hold_open_verdicts_and_long_names() {
        for name in ["a-backend-with-a-long-name", "星河推理服务器集群", "🚀 rocket 🚀 server 🚀"]
        {
            let mut comparisons = comparisons(4);
            open(&mut comparisons);
            for cell in comparisons.iter_mut().flat_map(|comparison| &mut comparison.cells) {
                cell.base_backend = name.to_owned();
                cell.new_backend = format!("{name}-2");
            }
            let text = table(&comparisons, TableOptions::default());
            assert!(text.lines().all(|line| line.width() <= 80), "{text}");
            assert!(text.contains("1.454 to 1.503"), "{text}");
            // Cut, both names would look the same.
            assert!(text.contains("base") && !text.contains(".."), "{text}");
        }
    }

    #[test]
    fn a_narrow_terminal_has_no_intervals_and_says_so() {
        let text = table(&comparisons(4), TableOptions { width: 60, ..TableOptions::default() });
        assert!(text.lines().all(|line| line.width() <= 60), "{text}");
        assert!(text.contains("no room for intervals: a wider terminal shows them"), "{text}");
        let wide = TableOptions { width: 60, wide: true, ..TableOptions::default() };
        assert!(table(&comparisons(4), wide).contains("interval  verdict"));
    }

    #[test]
    fn nothing_is_told_of_figures_that_are_not_to_be_trusted() {
        let mut comparisons = comparisons(4);
        let text = "ollama is not to be trusted: suspended".to_owned();
        comparisons[0].caveats.push(Caveat { kind: CaveatKind::Untrusted, text });
        let text = table(&comparisons, TableOptions { width: 120, ..TableOptions::default() });
        assert!(!text.lines().any(|line| line.starts_with("- ")), "{text}");
        assert!(text.contains("withheld, ollama is not to be trusted: suspended\n"), "{text}");
    }

    /// Leaves the verdict of everything compared open, as noisy rounds do.
    fn open(comparisons: &mut [Comparison]) {
        for comparison in comparisons.iter_mut() {
            comparison.verdict = Some(Verdict::Inconclusive);
        }
        let cells = comparisons.iter_mut().flat_map(|comparison| &mut comparison.cells);
        for estimate in cells.flat_map(|cell| &mut cell.estimates) {
            let Ok(effect) = &mut estimate.effect else { continue };
            effect.outlook = Some(Outlook::MoreRounds(12));
            estimate.verdict = Some(Verdict::Inconclusive);
        }
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
        assert!(text.lines().all(|line| line.width() <= 60), "{text}");
        let colored = table(&comparisons, TableOptions { color: true, ..TableOptions::default() });
        assert!(colored.contains("\u{1b}[1;31mverdict: "), "{colored}");
    }
}
