//! How much load, and when.

use std::ops::Range;
use std::time::Duration;

use super::probing::{Swept, check_search, check_sweep, stands_alone};
use super::stage::check_stage;
use crate::scenario::load::{Hooks, Load, Stage, StopRule, Warmup};
use crate::scenario::probing::Probing;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::typed::{
    Given, HooksFile, LoadFile, MOST_STAGES, StageFile, StopFile, WarmupFile,
};
use crate::units::to_u32;

/// Finished requests before a stop rule applies, where nothing is said.
const DEFAULT_STOP_AFTER: u64 = 20;

/// Checks the load; `None` where something is wrong, which is then among `problems`.
pub(super) fn check_load(file: LoadFile, problems: &mut Problems) -> Option<Load> {
    let usual = Load::default();
    let warmup = file.warmup.given().map(|warmup| check_warmup(warmup, problems));
    let stages_place = file.stages.place();
    let mut loads = Loads::default();
    for (index, stage) in file.stages.into_value()?.0.iter().enumerate() {
        problems.within("stages", |problems| {
            problems.within(index, |problems| loads.add(stage, problems));
        });
    }
    let Loads { stages, sweeps, probings } = loads;
    if let (Some(place), true) = (stages_place, stages.len() > MOST_STAGES) {
        let message = format!("these are {} load points; at most {MOST_STAGES}", stages.len());
        problems.report(Problem::new(place, message));
    }
    Some(Load {
        warmup: warmup.flatten(),
        stages,
        sweeps,
        probings,
        rounds: file.rounds.into_value().map_or(usual.rounds, |rounds| to_u32(rounds.0)),
        cooldown: file.cooldown.into_value().unwrap_or(Duration::ZERO),
        stop: file.stop.into_value().and_then(stop_rule),
        drain: file.drain.into_value().unwrap_or(usual.drain),
        hooks: file.hooks.into_value().map(hooks).unwrap_or_default(),
    })
}

/// What the stages come to.
#[derive(Default)]
struct Loads {
    stages: Vec<Stage>,
    sweeps: Vec<Range<usize>>,
    probings: Vec<Probing>,
}

impl Loads {
    fn add(&mut self, stage: &Given<StageFile>, problems: &mut Problems) {
        let file = &stage.value;
        if let Some(sweep) = file.sweep.given() {
            stands_alone("sweep", file, problems);
            match problems.within("sweep", |problems| check_sweep(sweep, problems)) {
                Some(Swept::Stages(stages)) => {
                    let first = self.stages.len();
                    self.stages.extend(stages);
                    self.sweeps.push(first..self.stages.len());
                }
                Some(Swept::Chosen(probing)) => self.probings.push(probing),
                None => {}
            }
        } else if let Some(search) = file.search.given() {
            stands_alone("search", file, problems);
            self.probings
                .extend(problems.within("search", |problems| check_search(search, problems)));
        } else if file.sweep.is_absent() && file.search.is_absent() {
            self.stages.extend(check_stage(stage, problems));
        }
    }
}

fn check_warmup(
    Given { value: file, place }: &Given<WarmupFile>,
    problems: &mut Problems,
) -> Option<Warmup> {
    let WarmupFile { requests, duration } = file;
    match (requests.place(), duration.place()) {
        (Some(_), Some(_)) => {
            problems.report(
                Problem::new(*place, "`warmup` takes either `requests` or `duration`")
                    .hint("leave one of the two out"),
            );
            None
        }
        (None, None) => {
            problems.report(
                Problem::new(*place, "`warmup` says neither `requests` nor `duration`")
                    .hint("write `{requests: 8}` or `{duration: 10s}`"),
            );
            None
        }
        _ => {
            let requests = requests.value().map(|requests| Warmup::Requests(requests.0));
            requests.or_else(|| duration.value().map(|span| Warmup::Duration(span.0)))
        }
    }
}

fn stop_rule(file: StopFile) -> Option<StopRule> {
    Some(StopRule {
        error_rate: file.error_rate.into_value()?,
        after: file.after.into_value().map_or(DEFAULT_STOP_AFTER, |after| after.0),
    })
}

fn hooks(file: HooksFile) -> Hooks {
    Hooks { before_cell: file.before_cell.into_value(), after_cell: file.after_cell.into_value() }
}
