//! How much load, and when.

use std::time::Duration;

use super::stage::check_stage;
use crate::scenario::load::{Hooks, Load, Stage, StopRule, Warmup};
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::typed::{Given, HooksFile, LoadFile, MOST_STAGES, StopFile, WarmupFile};
use crate::units::to_u32;

/// Finished requests before a stop rule applies, where nothing is said.
const DEFAULT_STOP_AFTER: u64 = 20;

/// Checks the load; `None` where something is wrong, which is then among `problems`.
pub(super) fn check_load(file: LoadFile, problems: &mut Problems) -> Option<Load> {
    let usual = Load::default();
    let warmup = file.warmup.given().map(|warmup| check_warmup(warmup, problems));
    let stages_place = file.stages.place();
    let stages: Option<Vec<Vec<Stage>>> = file.stages.into_value().map(|list| {
        let mut stages = Vec::new();
        for (index, stage) in list.0.iter().enumerate() {
            stages.push(problems.within("stages", |problems| {
                problems.within(index, |problems| check_stage(stage, problems))
            }));
        }
        stages
    });
    let stages: Vec<Stage> = stages?.into_iter().flatten().collect();
    if let (Some(place), true) = (stages_place, stages.len() > MOST_STAGES) {
        let message = format!("these are {} load points; at most {MOST_STAGES}", stages.len());
        problems.report(Problem::new(place, message));
    }
    Some(Load {
        warmup: warmup.flatten(),
        stages,
        rounds: file.rounds.into_value().map_or(usual.rounds, |rounds| to_u32(rounds.0)),
        cooldown: file.cooldown.into_value().unwrap_or(Duration::ZERO),
        stop: file.stop.into_value().and_then(stop_rule),
        drain: file.drain.into_value().unwrap_or(usual.drain),
        hooks: file.hooks.into_value().map(hooks).unwrap_or_default(),
    })
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
