//! What became of a gate.

use crate::metric::{Gate, Statistic};
use crate::result::GateEntry;

/// A gate, with what became of it in each cell it is meant for.
#[derive(Clone, Debug, PartialEq)]
pub struct GateResult {
    /// The gate as it is stored.
    pub entry: GateEntry,
    /// The gate as it was read.
    pub gate: Gate,
    /// The cells it is meant for, with their rounds merged; it fails where there is none.
    pub tests: Vec<GateTest>,
}

/// What became of a gate in one backend, workload and stage.
#[derive(Clone, Debug, PartialEq)]
pub struct GateTest {
    /// Name of the backend.
    pub backend: String,
    /// Name of the workload.
    pub workload: String,
    /// Label of the stage.
    pub stage: String,
    /// The figure, in the unit it is shown in; `None` where it does not exist.
    pub value: Option<f64>,
    /// How many values it rests on; `None` for numbers of the window.
    pub count: Option<u64>,
    /// What became of the gate.
    pub outcome: Outcome,
}

/// What became of a gate in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The figure keeps to the limit.
    Held,
    /// It does not.
    Broken,
    /// It rests on too few values for anybody to know.
    Unsupported,
    /// The cell should have it, but does not, for this reason.
    Missing(String),
    /// Cells of this kind never have it, for this reason; that is no failure, unless no cell has it.
    DoesNotApply(&'static str),
}

impl Outcome {
    /// The outcome in files: `held`, `broken`, `unsupported`, `missing`, `does_not_apply`.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Broken => "broken",
            Self::Unsupported => "unsupported",
            Self::Missing(_) => "missing",
            Self::DoesNotApply(_) => "does_not_apply",
        }
    }

    /// Whether it makes the gate fail.
    pub const fn fails(&self) -> bool {
        match self {
            Self::Held | Self::DoesNotApply(_) => false,
            Self::Broken | Self::Unsupported | Self::Missing(_) => true,
        }
    }
}

impl GateResult {
    /// Whether every cell that can have the figure keeps to the limit, and at least one does.
    pub fn holds(&self) -> bool {
        let held = self.tests.iter().any(|test| test.outcome == Outcome::Held);
        held && !self.tests.iter().any(|test| test.outcome.fails())
    }

    /// The cells that make it fail: those that break it, and all where no cell has the figure.
    pub fn failures(&self) -> impl Iterator<Item = &GateTest> {
        let held = self.tests.iter().any(|test| test.outcome == Outcome::Held);
        let broken = self.tests.iter().any(|test| test.outcome.fails());
        self.tests.iter().filter(move |test| test.outcome.fails() || !(held || broken))
    }

    /// What is to be said of the gate as a whole, where no cell fails by itself: `None` where it
    /// holds, or where its cells say why not.
    pub fn vacuous(&self) -> Option<&'static str> {
        let fails = self.tests.iter().any(|test| test.outcome.fails());
        match self.tests.as_slice() {
            [] => Some("no cell of the run is meant by it"),
            _ if self.holds() || fails => None,
            _ => Some("no cell of the run has the figure"),
        }
    }

    /// What became of it in a cell, for people: `812.4ms`, `rests on 195 values, needs 1000`.
    pub fn words(&self, test: &GateTest) -> String {
        let shown = test.value.map(|value| self.gate.threshold.shown(value));
        match (&test.outcome, shown) {
            (Outcome::Missing(reason), _) => format!("missing: {reason}"),
            (Outcome::DoesNotApply(reason), _) => format!("does not apply: {reason}"),
            (Outcome::Unsupported, shown) => {
                let shown = shown.map(|shown| format!("{shown}, but ")).unwrap_or_default();
                let count = test.count.unwrap_or(0);
                let needed = self.needed().unwrap_or(0.0).ceil();
                format!("unsupported: {shown}it rests on {count} values and needs {needed}")
            }
            (Outcome::Held | Outcome::Broken, shown) => shown.unwrap_or_default(),
        }
    }

    /// How many values its percentile needs; `None` where it is no percentile.
    pub fn needed(&self) -> Option<f64> {
        self.gate.threshold.figure.percentile().map(Statistic::support)
    }
}

impl GateTest {
    /// `ollama, short-chat, concurrency 4, 30s`
    pub fn place(&self) -> String {
        format!("{}, {}, {}", self.backend, self.workload, self.stage)
    }
}
