//! What is told of a block: where it stands, what is waited for in it, and what failed.

use crate::metric::Metric;
use crate::report::blocks::Block;
use crate::report::numbers::percent;

/// Failures are told from this share on.
const FAILING: f64 = 0.01;

/// What is waited for first, and at all: counted from the due moment where the load is open, so
/// that a queue cannot hide.
pub(super) fn waits(block: &Block<'_>) -> [Metric; 2] {
    if block.stage.is_open() {
        [Metric::TtftDue, Metric::Response]
    } else {
        [Metric::Ttft, Metric::E2e]
    }
}

/// ` in chat at concurrency 16`, as far as there are several; the bound of the stage is left out.
pub(super) fn place(block: &Block<'_>, blocks: &[Block<'_>]) -> String {
    let mut place = String::new();
    if blocks.iter().any(|other| other.workload.name != block.workload.name) {
        place.extend([format!(" in {}", block.workload.name)]);
    }
    if blocks.iter().any(|other| other.stage.label != block.stage.label) {
        let label = block.stage.label.split(", ").next().unwrap_or(&block.stage.label);
        place.extend([format!(" at {label}")]);
    }
    place
}

/// `; ollama failed 6.0% of its requests`, for each backend of the block that did.
pub(super) fn failing(block: &Block<'_>) -> String {
    let words = block.rows.iter().filter_map(|row| {
        let rate = row.cell.measured.window(Metric::ErrorRate)?;
        let told = format!("; {} failed {} of its requests", row.label, percent(rate));
        (rate >= FAILING).then_some(told)
    });
    words.collect()
}
