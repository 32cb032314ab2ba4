//! The whole view.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::figures::figures;
use super::graph::graph;
use super::head::{counts, fitted, load, progress, sending, title};
use super::help::{help, keys};
use super::look::Look;
use crate::live::LiveRun;

/// Lines of the head: title, load, progress, counts, sending.
const HEAD: u16 = 5;
/// Most lines of failures, and of notes.
const TOLD: usize = 3;
/// Lines of the graph, if there is room.
const GRAPH: u16 = 6;
/// Lines of the figures that the graph does not take from them.
const FIGURES: u16 = 5;

/// Draws where the run stands `elapsed` after it began.
pub fn draw(frame: &mut Frame<'_>, run: &LiveRun, elapsed: Duration, look: Look) {
    let area = frame.area();
    let told = told(run, look, area);
    let lines = u16::try_from(told.len()).unwrap_or(u16::MAX);
    let [head, _, middle, told_area, bottom] = Layout::vertical([
        Constraint::Length(HEAD),
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(lines),
        Constraint::Length(1),
    ])
    .areas(area);
    let lines = vec![
        title(run, elapsed, head),
        load(run),
        progress(run, look, head),
        counts(run, look),
        sending(run),
    ];
    frame.render_widget(Paragraph::new(lines), head);
    if look.help {
        frame.render_widget(Paragraph::new(help()).wrap(Wrap { trim: false }), middle);
    } else {
        draw_figures(frame, run, look, middle);
    }
    frame.render_widget(Paragraph::new(told), told_area);
    frame.render_widget(keys(run.is_stopping()), bottom);
}

fn draw_figures(frame: &mut Frame<'_>, run: &LiveRun, look: Look, area: Rect) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let for_table = area.height.saturating_sub(GRAPH + 1).max(FIGURES).min(area.height);
    let (table, height) = figures(run, look, area.width, for_table);
    let [table_area, _, graph_area] =
        Layout::vertical([Constraint::Length(height), Constraint::Length(1), Constraint::Fill(1)])
            .areas(area);
    frame.render_widget(table, table_area);
    let graph_area = Rect { x: 0, width: area.width + 2, ..graph_area };
    graph(frame, run, look, Rect { height: graph_area.height.min(GRAPH + 2), ..graph_area });
}

/// Failures of the load that runs and the newest notes, a line for each.
fn told(run: &LiveRun, look: Look, area: Rect) -> Vec<Line<'static>> {
    let room = usize::from(area.width).saturating_sub(2);
    let mut lines = Vec::new();
    if let Some((series, _)) = run.current() {
        let mut kinds: Vec<_> = series.failures.iter().collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let last = series.last_failure.as_ref();
        lines.extend(kinds.into_iter().take(TOLD).map(|(kind, count)| {
            let message = last.filter(|last| &last.kind == kind).map(|last| &last.message);
            let message = message.map_or_else(String::new, |text| format!(": {}", one_line(text)));
            let text = fitted(&format!(" {count} x {kind}{message}"), room);
            Line::from(Span::styled(text, look.bad()))
        }));
    }
    let notes: Vec<_> = run.notes().rev().take(TOLD).collect();
    let notes = notes.into_iter().rev().map(|note| fitted(&format!(" {}", one_line(note)), room));
    lines.extend(notes.map(|note| Line::from(Span::styled(note, Look::faint()))));
    lines
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::draw;
    use crate::live::samples::{labels, pass, run};
    use crate::live::{CellAim, LiveRun, Look};

    const PLAIN: Look = Look { color: false, blocks: false, help: false };

    /// The screen as lines, without the blanks at their ends.
    fn screen(run: &LiveRun, look: Look, [columns, lines]: [u16; 2]) -> String {
        let mut terminal = Terminal::new(TestBackend::new(columns, lines)).unwrap();
        terminal.draw(|frame| draw(frame, run, Duration::from_secs(83), look)).unwrap();
        let buffer = terminal.backend().buffer();
        let width = usize::from(columns);
        let rows = buffer.content().chunks(width).map(|row| {
            let mut text = String::new();
            let mut skip = 0;
            for cell in row {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                text.push_str(cell.symbol());
                skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
            }
            text.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn everything_has_room_on_a_small_terminal() {
        insta::assert_snapshot!(screen(&run(), PLAIN, [80, 24]), @r"
        pacemark: 两台服务器                                cell 2/4, round 1/2, 01:23
        本地推理 🚀, short-chat, concurrency 4, 30s
        measuring  ################........................  12 of 30 s
        4 in flight, 60 done; 12 failed (20.0%)
        due 5.00/s, sent 5.00/s, ended 5.00/s; sent late by 2.00 ms p50, ~2.00 ms p99

        backend      last    req/s    tok/s TTFT p50 TTFT p99  ITL p50  ITL p99
        short-chat, concurrency 4, 30s
        ollama        all     5.00     8.00     60.0    ~60.0     10.0    ~10.0
        本地推理 🚀  10 s     5.00     8.00     40.0    ~40.0     10.0    ~10.0
                      all     5.00     8.00     40.0    ~40.0     10.0    ~10.0

        output tokens per second, 本地推理 🚀: last 12 s, highest 8.00
                                                                          @@@@@@@@@@@@
                                                                          @@@@@@@@@@@@
                                                                          @@@@@@@@@@@@
                                                                          @@@@@@@@@@@@
                                                                          @@@@@@@@@@@@
                                                                          @@@@@@@@@@@@
                                                                          @@@@@@@@@@@@

        12 x api_error: broken
        ollama: the model was loaded in 3.2 s
        q stop and keep what is measured  Q leave at once  ? help
        ");
    }

    #[test]
    fn a_wide_terminal_shows_more_latencies() {
        let look = Look { blocks: true, ..PLAIN };
        insta::assert_snapshot!(screen(&run(), look, [150, 24]), @r"
        pacemark: 两台服务器                                                                                                      cell 2/4, round 1/2, 01:23
        本地推理 🚀, short-chat, concurrency 4, 30s
        measuring  ████████████████░░░░░░░░░░░░░░░░░░░░░░░░  12 of 30 s
        4 in flight, 60 done; 12 failed (20.0%)
        due 5.00/s, sent 5.00/s, ended 5.00/s; sent late by 2.00 ms p50, ~2.00 ms p99

        backend      last    req/s    tok/s TTFT p50 TTFT p99  ITL p50  ITL p99  E2E p50  E2E p99 late p50 late p99
        short-chat, concurrency 4, 30s
        ollama        all     5.00     8.00     60.0    ~60.0     10.0    ~10.0     70.1    ~70.1     2.00    ~2.00
        本地推理 🚀  10 s     5.00     8.00     40.0    ~40.0     10.0    ~10.0     50.0    ~50.0     2.00    ~2.00
                      all     5.00     8.00     40.0    ~40.0     10.0    ~10.0     50.0    ~50.0     2.00    ~2.00

        output tokens per second, 本地推理 🚀: last 12 s, highest 8.00
                                                                                                                                                ████████████
                                                                                                                                                ████████████
                                                                                                                                                ████████████
                                                                                                                                                ████████████
                                                                                                                                                ████████████
                                                                                                                                                ████████████
                                                                                                                                                ████████████

        12 x api_error: broken
        ollama: the model was loaded in 3.2 s
        q stop and keep what is measured  Q leave at once  ? help
        ");
    }

    #[test]
    fn loads_before_stand_below_newest_first() {
        let mut run = run();
        run.cell_finished();
        let mut wider = labels(2, "ollama", 0);
        wider.stage = "concurrency 8, 30s".to_owned();
        run.cell_started(&wider, CellAim { span: None, requests: Some(100) });
        pass(&mut run, 90, 3);
        let text = screen(&run, PLAIN, [80, 24]);
        let at = |needle: &str| text.find(needle).unwrap_or_else(|| panic!("{needle}: {text}"));
        assert!(at("short-chat, concurrency 8, 30s\n") < at("short-chat, concurrency 4, 30s\n"));
        assert!(text.contains("of 100 requests"), "{text}");
    }

    #[test]
    fn the_help_defines_what_is_shown() {
        let text = screen(&run(), Look { help: true, ..PLAIN }, [100, 30]);
        assert!(text.contains("TTFT   time to first token: first_token_at - sent_at"), "{text}");
        assert!(!text.contains("highest"), "{text}");
    }

    #[test]
    fn no_size_is_too_small() {
        let mut fresh = LiveRun::new("run", "scenario", 4, 1);
        fresh.note("preparing");
        for run in [run(), fresh] {
            for columns in [1, 5, 20, 40] {
                for lines in [1, 2, 5, 10] {
                    screen(&run, PLAIN, [columns, lines]);
                }
            }
        }
    }
}
