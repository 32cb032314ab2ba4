//! Everything that shows a run while it goes on.

use std::io;
use std::sync::Arc;

use super::following::{Following, Shared};
use super::output::say;
use super::progress::ProgressLines;
use super::screen::{self, Screen};
use crate::measure::Interval;
use crate::plan::{Cell, RunPlan};
use crate::result::RunResult;
use crate::run::{Interrupt, Observer as _, Progress};

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Only what is worth a warning.
    Quiet,
    /// Lines on stderr, or one that moves.
    Lines,
    /// The full-screen view.
    Screen,
}

impl Manner {
    /// What is asked for and possible; says why where that differs.
    pub(super) fn new(quiet: bool, is_asked: bool, is_in_scenario: bool) -> Self {
        match (quiet, is_asked || is_in_scenario) {
            (true, _) => Self::Quiet,
            (false, false) => Self::Lines,
            (false, true) if screen::is_possible() => Self::Screen,
            (false, true) => {
                if is_asked {
                    say("--live needs a terminal on stderr; there are lines instead");
                }
                Self::Lines
            }
        }
    }
}

/// What shows a run.
#[derive(Debug)]
pub(super) struct Display {
    lines: ProgressLines,
    /// `None` where nothing shows more than the lines do.
    following: Option<Following>,
    screen: Option<Screen>,
    /// Notes that the view has no room for in the end; they are told after it.
    notes: Vec<String>,
}

impl Display {
    /// Shows a run of `plan` that will be stored in the folder `run`; `is_told` says whether
    /// others than the view look at `shared`.
    pub(super) fn new(
        plan: &Arc<RunPlan>,
        run: &str,
        (manner, is_told): (Manner, bool),
        (shared, interrupt): (&Shared, &Interrupt),
    ) -> Self {
        let following =
            (is_told || manner == Manner::Screen).then(|| Following::new(plan, run, shared));
        let mut is_quiet = manner == Manner::Quiet;
        let screen = (manner == Manner::Screen)
            .then(|| Screen::open(Arc::clone(shared), interrupt.clone()))
            .transpose()
            .unwrap_or_else(|error| {
                say(&format!("no full-screen view: {error}; there are lines instead"));
                None
            });
        is_quiet |= screen.is_some();
        let lines = ProgressLines::new(Arc::clone(plan), is_quiet);
        Self { lines, following, screen, notes: Vec::new() }
    }

    /// The run is stored in the folder `run`.
    pub(super) fn stored_as(&self, run: &str) {
        if let Some(following) = &self.following {
            following.stored_as(run);
        }
    }

    /// The run goes on after so many cells.
    pub(super) fn resumed(&mut self, run: &str, cells_kept: u32) {
        if let Some(following) = &self.following {
            following.resumed(cells_kept);
        }
        let cells = match cells_kept {
            1 => "1 cell is kept".to_owned(),
            cells => format!("{cells} cells are kept"),
        };
        self.note(&format!("resuming `{run}`: {cells}"));
    }

    pub(super) fn plan_grew(&mut self, plan: &Arc<RunPlan>) {
        self.lines.plan_grew(plan);
        if let Some(following) = &mut self.following {
            following.plan_grew(plan);
        }
    }

    pub(super) fn cell_started(&mut self, cell: &Cell) -> io::Result<()> {
        self.lines.cell_started(cell);
        self.following.as_mut().map_or(Ok(()), |following| following.cell_started(cell))
    }

    pub(super) fn progress(&mut self, progress: &Progress<'_>) {
        self.lines.progress(progress);
        if let Some(following) = &mut self.following {
            following.progress(progress);
        }
    }

    pub(super) fn interval(&mut self, cell: &Cell, interval: &Interval) -> io::Result<()> {
        self.following.as_mut().map_or(Ok(()), |following| following.interval(cell, interval))
    }

    pub(super) fn cell_finished(&mut self, cell: &Cell, result: &RunResult) -> io::Result<()> {
        self.lines.cell_finished(cell);
        self.following.as_mut().map_or(Ok(()), |following| following.cell_finished(cell, result))
    }

    pub(super) fn note(&mut self, text: &str) {
        if let Some(following) = &mut self.following {
            following.note(text);
        }
        if self.screen.is_some() {
            self.notes.push(text.to_owned());
        } else {
            self.lines.note(text);
        }
    }

    /// Ends what is shown; tells what was noted meanwhile.
    pub(super) fn finish(&mut self) {
        self.lines.finish();
        if self.screen.take().is_some() {
            self.notes.drain(..).for_each(|note| say(&note));
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.finish();
    }
}
