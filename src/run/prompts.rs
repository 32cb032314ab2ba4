//! The prompts of the workloads, and what is told of them in the result.

use std::time::Duration;

use super::error::RunError;
use crate::dataset::OpenPrompts;
use crate::result::{LengthsEntry, Note, RunResult};
use crate::scenario::{Replay, Scenario, Workload};
use crate::units::count;
use crate::workload::LeftOut;

/// Opens the prompts of every workload, in order.
///
/// # Errors
///
/// [`RunError::Prompts`] for the first that cannot be had, or that has nothing to replay in a
/// stage.
pub(super) fn open_prompts(scenario: &Scenario) -> Result<Vec<OpenPrompts>, RunError> {
    let replays: Vec<_> = scenario.load.stages.iter().map(|stage| stage.profile.replay()).collect();
    let until = played_until(&replays);
    let open = |(index, workload): (usize, &Workload)| {
        let failed = |source| RunError::Prompts { workload: workload.name.clone(), source };
        let prompts = crate::dataset::open_prompts(workload, (scenario.seed, count(index)), until)
            .map_err(failed)?;
        if let Some(trace) = &prompts.trace {
            for Replay { start, limit, .. } in replays.iter().flatten() {
                trace.part(*start, *limit).map_err(failed)?;
            }
        }
        Ok(prompts)
    };
    scenario.workloads.iter().enumerate().map(open).collect()
}

/// How much of a recording is played by any stage; `None`: all of it.
fn played_until(replays: &[Option<Replay>]) -> Option<Duration> {
    let ends = replays.iter().map(|replay| {
        let Replay { start, limit, .. } = (*replay)?;
        Some(start.saturating_add(limit?))
    });
    ends.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Puts into `result` how many prompts there are, and which rows were left out since the last
/// time; the notes that tell of rows left out for the first time.
pub(super) fn tell_prompts(result: &mut RunResult, prompts: &[OpenPrompts]) -> Vec<Note> {
    let mut notes = Vec::new();
    for (entry, prompts) in result.workloads.iter_mut().zip(prompts) {
        let LeftOut { count: left_out, first } = prompts.rows.left_out();
        let recorded = prompts.trace.as_ref().map(|trace| trace.requests());
        let is_first_time = entry.prompt_count != recorded;
        entry.prompt_count = recorded.or_else(|| prompts.rows.distinct());
        // What was checked before the load says more.
        if entry.input_lengths.is_none() {
            let method = prompts.rows.length_method();
            entry.input_lengths =
                method.map(|method| LengthsEntry::new(method.key(), method.factor()));
        }
        let mut texts = Vec::new();
        if let (0, Some(first)) = (entry.prompts_left_out, first) {
            texts.push(format!("rows that are no prompts are left out; the first one: {first}"));
        }
        if let (Some(trace), true) = (&prompts.trace, is_first_time)
            && let lacking @ 1.. = trace.without_length()
        {
            texts.push(format!(
                "recorded requests without a length, which mostly had failed, are left out: \
                 {lacking}"
            ));
        }
        entry.prompts_left_out = left_out;
        notes.extend(texts.into_iter().map(|text| Note {
            backend: None,
            text: format!("workload `{}`: {text}", entry.name),
        }));
    }
    result.notes.extend(notes.iter().cloned());
    notes
}
