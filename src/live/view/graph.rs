//! The throughput of the backend that runs, second by second.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{RenderDirection, Sparkline};

use super::look::Look;
use crate::live::{HistoryPoint, LiveRun};
use crate::report::number;
use crate::units::{float, seconds, whole};

/// Draws it: output tokens per second where there are tokens, else requests.
pub(super) fn graph(frame: &mut Frame<'_>, run: &LiveRun, look: Look, area: Rect) {
    let series = run.current().map(|(series, _)| series).or_else(|| run.series().last());
    let Some(series) = series.filter(|_| area.height > 1) else { return };
    let (what, of): (_, fn(&HistoryPoint) -> u64) = if series.whole.output_tokens > 0 {
        ("output tokens per second", |point| point.output_tokens)
    } else {
        ("requests ended per second", |point| point.finished)
    };
    let columns = usize::from(area.width.saturating_sub(2));
    let rates: Vec<_> = series
        .history()
        .rev()
        .take(columns)
        .map(|point| float(of(point)) / seconds(point.length).max(1e-3))
        .collect();
    let highest = rates.iter().copied().fold(0.0, f64::max);
    // A sparkline takes whole numbers; tenths keep the shape of slow backends.
    let data: Vec<_> = rates.iter().map(|rate| whole(rate * 10.0)).collect();
    let [title, bars] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(area);
    let text = format!(
        " {what}, {}: last {} s, highest {}",
        series.labels.backend,
        rates.len(),
        number(highest)
    );
    frame.render_widget(Line::from(Span::styled(text, Look::faint())), title);
    let lines = Sparkline::default()
        .data(data)
        .max(whole(highest * 10.0).max(1))
        .bar_set(look.bars())
        .direction(RenderDirection::RightToLeft)
        .style(look.good());
    let inner = Rect { x: bars.x + 1, width: bars.width.saturating_sub(2), ..bars };
    frame.render_widget(lines, inner);
}
