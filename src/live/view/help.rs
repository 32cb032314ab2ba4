//! What the keys do and what the figures mean.

use ratatui::text::{Line, Span};

use super::figures::LATENCIES;
use super::look::Look;
use crate::metric::{Metric, MetricInfo};

/// The keys, always in sight.
pub(super) fn keys(is_stopping: bool) -> Line<'static> {
    let stop = if is_stopping { "stopping" } else { "stop and keep what is measured" };
    let pairs = [("q", stop), ("Q", "leave at once"), ("?", "help")];
    let spans = pairs.iter().flat_map(|(key, does)| {
        [Span::styled(format!(" {key}"), Look::strong()), Span::raw(format!(" {does} "))]
    });
    Line::from(spans.collect::<Vec<_>>())
}

/// The help, which stands in place of the figures.
pub(super) fn help() -> Vec<Line<'static>> {
    let keys = [
        " q       stop: what is in flight is cut off, what was measured is saved and shown",
        " Q       leave at once: the cell that runs is lost, those before it are saved",
        " Ctrl-C  the first time as q, the second as Q",
        " ?       this help, and back",
        "",
        " Times are in ms. `~` before a percentile: it rests on too few values.",
        " The line of the last seconds is of the backend that runs now. Requests and tokens are",
        " counted with the warm-up, latencies without.",
        "",
    ];
    let shown = LATENCIES.iter().map(|(metric, name)| definition(name, *metric));
    keys.into_iter().map(Line::from).chain(shown).collect()
}

/// `TTFT   time to first token: first_token_at - sent_at; of streams with text`
fn definition(shown: &str, metric: Metric) -> Line<'static> {
    let MetricInfo { name, formula, exists_for, .. } = metric.info();
    Line::from(format!(" {shown:<6} {name}: {formula}; of {exists_for}"))
}
