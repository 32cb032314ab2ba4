//! What a run shows while it goes on: a line that moves on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output::say;
use crate::plan::{Cell, RunPlan};
use crate::run::Progress;
use crate::units::{count, float, millis, seconds};

/// How often a line is written where there is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Shows the progress of a run on stderr.
#[derive(Debug)]
pub(super) struct ProgressLines {
    plan: Arc<RunPlan>,
    mode: Mode,
    /// The cell's progress that was last written as a plain line.
    written: Duration,
    /// Tokens and time of the cell's last progress, for the rate in between.
    last: Option<(Duration, u64)>,
}

#[derive(Debug)]
enum Mode {
    Quiet,
    Plain,
    Bar(ProgressBar),
}

impl ProgressLines {
    pub(super) fn new(plan: Arc<RunPlan>, quiet: bool) -> Self {
        let mode = if quiet {
            Mode::Quiet
        } else if io::stderr().is_terminal() {
            let bar = ProgressBar::new(count(plan.cells().len()));
            let style = ProgressStyle::with_template("{spinner} [{pos}/{len}] {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.set_style(style);
            Mode::Bar(bar)
        } else {
            Mode::Plain
        };
        Self { plan, mode, written: Duration::ZERO, last: None }
    }

    pub(super) fn plan_grew(&mut self, plan: &Arc<RunPlan>) {
        self.plan = Arc::clone(plan);
        if let Mode::Bar(bar) = &self.mode {
            bar.set_length(count(plan.cells().len()));
        }
    }

    pub(super) fn cell_started(&mut self, cell: &Cell) {
        self.written = Duration::ZERO;
        self.last = None;
        let line = self.name(cell);
        match &self.mode {
            Mode::Quiet => {}
            Mode::Plain => {
                say(&format!("[{}/{}] {line}", cell.id + 1, self.plan.cells().len()));
            }
            Mode::Bar(bar) => bar.set_message(line),
        }
    }

    pub(super) fn progress(&mut self, progress: &Progress<'_>) {
        let line = self.line(progress);
        match &self.mode {
            Mode::Quiet => {}
            Mode::Plain => {
                if progress.elapsed.saturating_sub(self.written) >= PLAIN_EVERY {
                    self.written = progress.elapsed;
                    say(&format!("  {line}"));
                }
            }
            Mode::Bar(bar) => {
                bar.set_message(format!("{}  {line}", self.name(progress.cell)));
                bar.tick();
            }
        }
    }

    pub(super) fn cell_finished(&self, cell: &Cell) {
        if let Mode::Bar(bar) = &self.mode {
            bar.set_position(u64::from(cell.id) + 1);
        }
    }

    /// Writes a line of its own, above the one that moves.
    pub(super) fn note(&self, text: &str) {
        match &self.mode {
            Mode::Bar(bar) => bar.suspend(|| say(text)),
            Mode::Quiet | Mode::Plain => say(text),
        }
    }

    pub(super) fn finish(&self) {
        if let Mode::Bar(bar) = &self.mode {
            bar.finish_and_clear();
        }
    }

    fn name(&self, cell: &Cell) -> String {
        let backend = &self.plan.backend(cell).name;
        let workload = self.plan.workload(cell).name();
        let profile = &self.plan.stage(cell).profile;
        let rounds = self.plan.scenario().load.rounds;
        let round = match rounds {
            _ if rounds == 1 || self.plan.is_added(cell) => String::new(),
            _ => format!(", round {}/{rounds}", cell.round + 1),
        };
        format!("{backend} / {workload} / {profile}{round}")
    }

    fn line(&mut self, progress: &Progress<'_>) -> String {
        let figures = &progress.figures;
        let tokens = figures.output_tokens;
        let rate = self.last.filter(|(at, _)| progress.elapsed > *at).map(|(at, before)| {
            float(tokens.saturating_sub(before)) / seconds(progress.elapsed.saturating_sub(at))
        });
        if self.last.is_none_or(|(at, before)| {
            // Workers hand over once a second: a shorter look would see nothing, then too much.
            tokens != before && progress.elapsed >= at + Duration::from_millis(900)
        }) {
            self.last = Some((progress.elapsed, tokens));
        }
        let phase = if progress.measuring { "" } else { "warm-up, " };
        let ttft = figures.ttft.map_or_else(String::new, |ttft| {
            format!(", TTFT p50 {:.0} p99 {:.0} ms", millis(ttft.p50), millis(ttft.p99))
        });
        let rate = rate.map_or_else(String::new, |rate| format!(", {rate:.0} tok/s"));
        format!(
            "{phase}{:.0}s, {} done, {} failed, {} in flight{ttft}{rate}",
            seconds(progress.elapsed),
            figures.finished,
            figures.failed,
            progress.in_flight,
        )
    }
}
