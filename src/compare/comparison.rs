//! A comparison, as everything that shows or judges one reads it.

use std::collections::BTreeSet;
use std::fmt;

use super::measure::{Measure, Scale};
use super::robust::Check;
use super::rules::{FailOn, Failure, Rules};
use super::student::Interval;

/// Two sides held against each other, with a verdict where there can be one.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Name of the scenario of the new side.
    pub scenario: String,
    /// What is compared with.
    pub base: Side,
    /// What is judged.
    pub new: Side,
    /// What the comparison rests on, and whether that allows a verdict.
    pub basis: Basis,
    /// The rules it was made by.
    pub rules: Rules,
    /// The cells that both sides have, in the order of the new side.
    pub cells: Vec<ComparedCell>,
    /// What makes it unfair, or must be known beside it, as far as it holds for all cells.
    pub caveats: Vec<Caveat>,
    /// The worst verdict of what decides; `None` where the basis allows none.
    pub verdict: Option<Verdict>,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Its name for people: a backend, or a run.
    pub label: String,
    /// The runs it is taken from, by the names of their folders.
    pub runs: Vec<String>,
}

/// What a comparison rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Backends of one run, interleaved in so many rounds: each pair of rounds is a replicate.
    Rounds(usize),
    /// A run against the spread between so many stored runs of the same environment.
    Baseline(usize),
    /// Something that allows no verdict.
    Indicative(Indication),
}

/// Why a comparison is only indicative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Indication {
    /// Fewer than 3 rounds; so many.
    FewRounds(usize),
    /// A single run on the other side: nothing tells how much runs differ by chance.
    SingleRun,
    /// Fewer than 5 stored runs of one environment; so many.
    FewRuns(usize),
    /// The two sides are not alike in what must be alike; the caveats say in what.
    Unlike,
    /// The two sides have no cell in common.
    NothingInCommon,
}

/// One backend's cells under one workload and stage, on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedCell {
    /// Name of the workload.
    pub workload: String,
    /// Its endpoint, as `chat`.
    pub endpoint: String,
    /// Label of the stage.
    pub stage: String,
    /// The backend of the base.
    pub base_backend: String,
    /// The backend of the new side.
    pub new_backend: String,
    /// What was compared, in the order shown; what neither side has is left out.
    pub estimates: Vec<Estimate>,
    /// What makes it unfair here, or must be known beside it.
    pub caveats: Vec<Caveat>,
}

/// One measure, compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// What was compared.
    pub measure: Measure,
    /// Whether it decides.
    pub decides: bool,
    /// The base's value, in the shown unit: the geometric mean of its rounds (of a share, the
    /// mean); `None` where it has none.
    pub base: Option<f64>,
    /// The new side's value, likewise.
    pub new: Option<f64>,
    /// Where the percentile of all the base's requests lies, from order statistics: a description
    /// that takes requests for independent; `None` where it is no percentile, or stands on too
    /// few values, or several runs are the base.
    pub base_within: Option<Interval>,
    /// The same of the new side.
    pub new_within: Option<Interval>,
    /// Whether every round has enough values for the percentile.
    pub supported: bool,
    /// How far apart they are, or why that cannot be said.
    pub effect: Result<Effect, NoEffect>,
    /// The verdict; `None` where the basis allows none. A measure that does not decide has one
    /// too, corrected for all measures shown.
    pub verdict: Option<Verdict>,
}

/// How far the two sides are apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Ratio or difference.
    pub scale: Scale,
    /// NEW / BASE, or NEW − BASE.
    pub size: f64,
    /// Where the truth lies, at the confidence of the rules; `None` where nothing tells.
    pub interval: Option<Interval>,
    /// What the interval knows of.
    pub source: IntervalSource,
    /// The replicates it rests on: rounds (from 0) that both sides have, or base runs.
    pub replicates: Vec<u32>,
    /// The ratio or difference of each round; empty where the replicates are runs.
    pub by_replicate: Vec<f64>,
    /// One-sided p of being worse, corrected for many tests; `None` without a test.
    pub p_regressed: Option<f64>,
    /// One-sided p of being better, likewise.
    pub p_improved: Option<f64>,
    /// Checks that assume less, on the scale of `size`; `None` for fewer than 3 rounds.
    pub check: Option<Check>,
    /// Rounds that would probably settle what is inconclusive.
    pub outlook: Option<Outlook>,
}

/// What would settle an inconclusive verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// About so many more rounds.
    MoreRounds(u32),
    /// No sensible number of rounds: the difference is about as large as the tolerance, or the
    /// noise too large.
    NotByRounds,
}

/// What an interval knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalSource {
    /// The spread between paired rounds (Student's t).
    Rounds,
    /// The spread between stored runs (prediction interval).
    Runs,
    /// Chance within the runs alone (moving-block bootstrap).
    Requests,
    /// There is no interval.
    None,
}

/// Why two sides cannot be held against each other in a measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoEffect {
    /// The base has no value.
    MissingInBase,
    /// The new side has no value.
    MissingInNew,
    /// No round has a value on both sides.
    NoPair,
    /// A value is 0 where a ratio is needed; in these rounds.
    Zero(Vec<u32>),
    /// The two sides counted tokens differently.
    CountedDifferently,
}

/// A verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The interval lies within the tolerance.
    Unchanged,
    /// Significantly better, and by more than the tolerance.
    Improved,
    /// The rounds do not tell.
    Inconclusive,
    /// Significantly worse, and by more than the tolerance.
    Regressed,
}

/// Something that makes a comparison unfair, or must be known beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caveat {
    /// Its name, which never changes meaning.
    pub kind: CaveatKind,
    /// What was found, for people.
    pub text: String,
}

/// The kinds of caveats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaveatKind {
    /// The machine is another; no verdict.
    OtherMachine,
    /// The environment is another: kernel, pacemark, server, model.
    OtherEnvironment,
    /// A simulated server is set otherwise: perhaps just what is compared.
    OtherSettings,
    /// Seed, prompts or requests are others; no verdict.
    OtherRequests,
    /// Metrics are defined differently; no verdict.
    OtherDefinitions,
    /// Warm-up, pauses, stop rule or SLO are others.
    OtherLoad,
    /// Stored runs were left out.
    RunsLeftOut,
    /// Something only one side has.
    OneSided,
    /// Tokens are counted in two ways.
    TokenSource,
    /// Answers are of different length.
    OutputLength,
    /// Different shares of the input came from a cache.
    CacheShare,
    /// A cell was cut short or left out.
    CutShort,
    /// A side is not to be trusted, by its own findings; the verdict is withheld.
    Untrusted,
    /// Rounds in which a side is not to be trusted were left out; the others decide.
    RoundsLeftOut,
    /// Nothing succeeded on a side: its failures are all there is to compare.
    NothingMeasured,
    /// A round contradicts the others.
    OutOfLine,
}

impl CaveatKind {
    /// Its name in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::OtherMachine => "other_machine",
            Self::OtherEnvironment => "other_environment",
            Self::OtherSettings => "other_settings",
            Self::OtherRequests => "other_requests",
            Self::OtherDefinitions => "other_definitions",
            Self::OtherLoad => "other_load",
            Self::RunsLeftOut => "runs_left_out",
            Self::OneSided => "one_sided",
            Self::TokenSource => "token_source",
            Self::OutputLength => "output_length",
            Self::CacheShare => "cache_share",
            Self::CutShort => "cut_short",
            Self::Untrusted => "untrusted",
            Self::RoundsLeftOut => "rounds_left_out",
            Self::NothingMeasured => "nothing_measured",
            Self::OutOfLine => "out_of_line",
        }
    }

    /// Whether no verdict can be given beside it.
    pub const fn forbids_verdict(self) -> bool {
        matches!(self, Self::OtherMachine | Self::OtherRequests | Self::OtherDefinitions)
    }

    /// Whether the verdict beside it is withheld: what was measured is not to be trusted.
    pub const fn withholds_verdict(self) -> bool {
        matches!(self, Self::Untrusted)
    }
}

impl Verdict {
    /// Its name in files and tables.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Improved => "improved",
            Self::Inconclusive => "inconclusive",
            Self::Regressed => "regressed",
        }
    }

    /// The verdict where the two sides change places.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Improved => Self::Regressed,
            Self::Regressed => Self::Improved,
            Self::Unchanged | Self::Inconclusive => self,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl Comparison {
    /// What decides, with the cell of each.
    pub fn deciding(&self) -> impl Iterator<Item = (&ComparedCell, &Estimate)> {
        self.cells.iter().flat_map(|cell| {
            cell.estimates.iter().filter(|one| one.decides).map(move |one| (cell, one))
        })
    }

    /// All caveats, those of cells too.
    pub fn all_caveats(&self) -> impl Iterator<Item = &Caveat> {
        self.caveats.iter().chain(self.cells.iter().flat_map(|cell| &cell.caveats))
    }

    /// Whether both sides are backends of one run.
    pub fn is_within_a_run(&self) -> bool {
        self.base.runs == self.new.runs
    }

    /// Why it counts as a failure by its rules; `None` where it does not.
    pub fn failure(&self) -> Option<Failure> {
        match self.rules.fail_on {
            FailOn::Never => None,
            _ if !self.doubts().is_empty() => Some(Failure::Untrusted),
            fail_on => fail_on.failure(self.verdict),
        }
    }

    /// Why its verdict is withheld: what is not to be trusted in it, each once; empty where all
    /// of it is to be trusted.
    pub fn doubts(&self) -> BTreeSet<&str> {
        let doubts = self.all_caveats().filter(|caveat| caveat.kind.withholds_verdict());
        doubts.map(|caveat| caveat.text.as_str()).collect()
    }
}

/// Why there is no verdict, in plain words.
impl fmt::Display for Indication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewRounds(1) => f.write_str("1 round; a verdict needs at least 3, better 6"),
            Self::FewRounds(n) => write!(f, "{n} rounds; a verdict needs at least 3, better 6"),
            Self::SingleRun => f.write_str(
                "two single runs: nothing tells how much runs differ by chance; interleave both \
                 in one run with `rounds: 6`, or compare with 5 stored runs",
            ),
            Self::FewRuns(n) => {
                write!(f, "{n} stored runs of one environment; a verdict needs at least 5")
            }
            Self::Unlike => f.write_str("the two sides did not get the same"),
            Self::NothingInCommon => {
                f.write_str("the two sides have no backend, workload and stage in common")
            }
        }
    }
}

/// Why there is no ratio, in plain words.
impl fmt::Display for NoEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingInBase => f.write_str("no value in the base"),
            Self::MissingInNew => f.write_str("no value in the new side"),
            Self::NoPair => f.write_str("no round has a value on both sides"),
            Self::Zero(rounds) => {
                let rounds: Vec<_> = rounds.iter().map(|round| (round + 1).to_string()).collect();
                let s = if rounds.len() == 1 { "" } else { "s" };
                write!(f, "0 in round{s} {}: there is no ratio", rounds.join(", "))
            }
            Self::CountedDifferently => f.write_str("tokens are not counted alike"),
        }
    }
}
