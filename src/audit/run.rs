//! The audit of a whole run.

use super::finding::{Finding, Severity};
use crate::units::float;

/// Rounds below which no difference between backends can be told from chance: runs differ from
/// each other by more than chance inside a run explains.
const ROUNDS: u32 = 3;

/// What became of a run as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunFacts {
    /// Cells of the plan.
    pub cells_planned: u64,
    /// Cells that were measured to their end.
    pub cells_measured: u64,
    /// Backends of the plan.
    pub backends: u64,
    /// Rounds of the plan.
    pub rounds: u32,
    /// How often a worker found the channel to the store full and had to wait.
    pub channel_full: u64,
}

/// Reasons to read a whole run with care, besides those of its cells; empty where there are
/// none.
pub fn audit_run(facts: &RunFacts) -> Vec<Finding> {
    [partial(facts), few_rounds(facts), held_up(facts)].into_iter().flatten().collect()
}

fn partial(facts: &RunFacts) -> Option<Finding> {
    (facts.cells_measured < facts.cells_planned).then(|| {
        let (measured, planned) = (facts.cells_measured, facts.cells_planned);
        let text = format!("the run is partial: {measured} of {planned} cells were measured");
        Finding::new("partial_run", Severity::Reservation, text)
            .measured(float(measured), float(planned))
            .remedy("run it again to the end before comparing backends")
    })
}

fn few_rounds(facts: &RunFacts) -> Option<Finding> {
    (facts.backends > 1 && facts.rounds < ROUNDS).then(|| {
        let rounds = match facts.rounds {
            1 => "1 round".to_owned(),
            rounds => format!("{rounds} rounds"),
        };
        let text = format!(
            "{rounds} of {} backends: differences between them may be chance",
            facts.backends
        );
        Finding::new("few_rounds", Severity::Note, text)
            .measured(facts.rounds.into(), ROUNDS.into())
            .remedy("set load.rounds to 3 or more, better 6")
    })
}

fn held_up(facts: &RunFacts) -> Option<Finding> {
    (facts.channel_full > 0).then(|| {
        let text = format!(
            "writing results held the workers up {} times; requests may have been sent late",
            facts.channel_full
        );
        Finding::new("channel_full", Severity::Reservation, text)
            .measured(float(facts.channel_full), 0.0)
            .remedy("write fewer records, or to a faster disk")
    })
}

#[cfg(test)]
mod tests {
    use super::{RunFacts, audit_run};

    const WHOLE: RunFacts =
        RunFacts { cells_planned: 6, cells_measured: 6, backends: 2, rounds: 3, channel_full: 0 };

    fn texts(facts: &RunFacts) -> Vec<String> {
        audit_run(facts).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn a_whole_run_of_three_rounds_is_beyond_reproach() {
        assert_eq!(audit_run(&WHOLE), []);
        assert_eq!(audit_run(&RunFacts { backends: 1, rounds: 1, ..WHOLE }), []);
    }

    #[test]
    fn every_finding_says_what_was_seen() {
        let facts = RunFacts { cells_measured: 4, rounds: 1, channel_full: 2, ..WHOLE };
        insta::assert_snapshot!(texts(&facts).join("\n"), @r"
        the run is partial: 4 of 6 cells were measured
        1 round of 2 backends: differences between them may be chance
        writing results held the workers up 2 times; requests may have been sent late
        ");
    }
}
