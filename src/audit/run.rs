//! The audit of a whole run.

use super::catalogue::FindingKind;
use super::finding::{Finding, Severity};
use super::plateau::{LoadPoint, held_back};
use crate::units::{count, float};

/// Rounds below which no difference between backends can be told from chance: runs differ from
/// each other by more than chance inside a run explains.
pub(super) const ROUNDS: u32 = 3;

/// Output lengths further apart than this make E2E and request rates differ by more than most
/// servers do.
pub(super) const LENGTHS: f64 = 0.05;

/// What became of a run as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunFacts {
    /// Cells of the plan.
    pub cells_planned: u64,
    /// Cells that were measured to their end.
    pub cells_measured: u64,
    /// Backends of the plan.
    pub backends: u64,
    /// Rounds of the plan.
    pub rounds: u32,
    /// How often a worker could not hand over what it had, since writing was behind.
    pub channel_full: u64,
    /// Backends whose certificate nobody checked.
    pub unverified: Vec<String>,
    /// What the backends answered.
    pub lengths: Vec<AnswerLength>,
    /// How the backends did under each load in closed loops.
    pub points: Vec<LoadPoint>,
}

/// How long the answers of a backend were, on average.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerLength {
    /// Name of its backend.
    pub backend: String,
    /// Name of its workload.
    pub workload: String,
    /// Label of its stage.
    pub stage: String,
    /// Output tokens of an answer, as far as they were counted.
    pub tokens: f64,
}

/// Reasons to read a whole run with care, besides those of its cells; empty where there are
/// none.
pub fn audit_run(facts: &RunFacts) -> Vec<Finding> {
    let lengths = lengths_differ(&facts.lengths);
    let of_the_whole =
        [unverified(facts), partial(facts), few_rounds(facts), lengths, held_up(facts)];
    of_the_whole.into_iter().flatten().chain(held_back(&facts.points)).collect()
}

fn partial(facts: &RunFacts) -> Option<Finding> {
    (facts.cells_measured < facts.cells_planned).then(|| {
        let (measured, planned) = (facts.cells_measured, facts.cells_planned);
        let text = format!("the run is partial: {measured} of {planned} cells were measured");
        Finding::new(FindingKind::PartialRun, Severity::Reservation, text)
            .measured(float(measured), float(planned))
    })
}

fn unverified(facts: &RunFacts) -> Option<Finding> {
    (!facts.unverified.is_empty()).then(|| {
        let text = format!(
            "the certificate of {} was not checked (`verify: false`): who answered, and who read the \
             keys and prompts that were sent, is not known",
            facts.unverified.join(", ")
        );
        let backends = float(count(facts.unverified.len()));
        Finding::new(FindingKind::Unverified, Severity::Reservation, text).measured(backends, 0.0)
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
        Finding::new(FindingKind::FewRounds, Severity::Note, text)
            .measured(facts.rounds.into(), ROUNDS.into())
    })
}

/// The pair of backends that are furthest apart under the same load.
fn lengths_differ(lengths: &[AnswerLength]) -> Option<Finding> {
    let pairs = lengths.iter().flat_map(|long| lengths.iter().map(move |short| (long, short)));
    let alike = pairs.filter(|(long, short)| {
        (&long.workload, &long.stage) == (&short.workload, &short.stage) && short.tokens > 0.0
    });
    let apart = alike.map(|(long, short)| (long.tokens / short.tokens - 1.0, long, short));
    let (share, long, short) = apart
        .filter(|(share, ..)| *share > LENGTHS)
        .reduce(|most, next| if next.0 > most.0 { next } else { most })?;
    let text = format!(
        "answers are not equally long: {:.0} tokens on average from {}, {:.0} from {} ({}, {})",
        long.tokens, long.backend, short.tokens, short.backend, long.workload, long.stage
    );
    let finding = Finding::new(FindingKind::OutputLengthsDiffer, Severity::Reservation, text);
    Some(finding.measured(share, LENGTHS))
}

fn held_up(facts: &RunFacts) -> Option<Finding> {
    (facts.channel_full > 0).then(|| {
        let text = format!(
            "writing results was behind {} times: rows waited in memory, and the disk took time \
             from the measurement",
            facts.channel_full
        );
        Finding::new(FindingKind::ChannelFull, Severity::Reservation, text)
            .measured(float(facts.channel_full), 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::{AnswerLength, RunFacts, audit_run};

    fn whole() -> RunFacts {
        RunFacts {
            cells_planned: 6,
            cells_measured: 6,
            backends: 2,
            rounds: 3,
            channel_full: 0,
            unverified: Vec::new(),
            lengths: vec![length("a", "chat", 100.0), length("b", "chat", 104.0)],
            points: Vec::new(),
        }
    }

    fn length(backend: &str, workload: &str, tokens: f64) -> AnswerLength {
        let [backend, workload, stage] = [backend, workload, "20/s, 30s"].map(str::to_owned);
        AnswerLength { backend, workload, stage, tokens }
    }

    fn texts(facts: &RunFacts) -> Vec<String> {
        audit_run(facts).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn a_whole_run_of_three_rounds_is_beyond_reproach() {
        assert_eq!(audit_run(&whole()), []);
        assert_eq!(audit_run(&RunFacts { backends: 1, rounds: 1, ..whole() }), []);
    }

    #[test]
    fn every_finding_says_what_was_seen() {
        let unverified = vec!["a".to_owned()];
        let facts =
            RunFacts { cells_measured: 4, rounds: 1, channel_full: 2, unverified, ..whole() };
        insta::assert_snapshot!(texts(&facts).join("\n"), @r"
        the certificate of a was not checked (`verify: false`): who answered, and who read the keys and prompts that were sent, is not known
        the run is partial: 4 of 6 cells were measured
        1 round of 2 backends: differences between them may be chance
        writing results was behind 2 times: rows waited in memory, and the disk took time from the measurement
        ");
    }

    #[test]
    fn backends_whose_answers_differ_in_length_are_named() {
        let mut facts = whole();
        facts.lengths.push(length("c", "chat", 110.0));
        facts.lengths.push(length("a", "essay", 900.0));
        insta::assert_snapshot!(texts(&facts).join("\n"), @"
        answers are not equally long: 110 tokens on average from c, 100 from a (chat, 20/s, 30s)
        ");
    }
}
