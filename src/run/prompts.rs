//! The prompts of the workloads, and what is told of them in the result.

use std::sync::Arc;

use super::error::RunError;
use crate::result::{LengthsEntry, Note, RunResult};
use crate::scenario::{Scenario, Workload};
use crate::units::count;
use crate::workload::{LeftOut, PromptRows};

/// Opens the prompts of every workload, in order.
///
/// # Errors
///
/// [`RunError::Prompts`] for the first that cannot be had.
pub(super) fn open_prompts(scenario: &Scenario) -> Result<Vec<Arc<dyn PromptRows>>, RunError> {
    let workloads = scenario.workloads.iter().enumerate();
    let open = |(index, workload): (usize, &Workload)| {
        crate::dataset::open_prompts(workload, (scenario.seed, count(index)))
            .map_err(|source| RunError::Prompts { workload: workload.name.clone(), source })
    };
    workloads.map(open).collect()
}

/// Puts into `result` how many prompts there are, and which rows were left out since the last
/// time; the notes that tell of rows left out for the first time.
pub(super) fn tell_prompts(result: &mut RunResult, prompts: &[Arc<dyn PromptRows>]) -> Vec<Note> {
    let mut notes = Vec::new();
    for (entry, prompts) in result.workloads.iter_mut().zip(prompts) {
        let LeftOut { count: left_out, first } = prompts.left_out();
        entry.prompt_count = prompts.distinct();
        // What was checked before the load says more.
        if entry.input_lengths.is_none() {
            let method = prompts.length_method();
            entry.input_lengths =
                method.map(|method| LengthsEntry::new(method.key(), method.factor()));
        }
        if let (0, Some(first)) = (entry.prompts_left_out, first) {
            let text = format!(
                "workload `{}`: rows that are no prompts are left out; the first one: {first}",
                entry.name
            );
            notes.push(Note { backend: None, text });
        }
        entry.prompts_left_out = left_out;
    }
    result.notes.extend(notes.iter().cloned());
    notes
}
