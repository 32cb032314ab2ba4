//! Before a cell: its models are loaded, or unloaded, where the backend's `cold_start` says so.

use std::collections::BTreeSet;

use tokio::runtime;

use super::error::RunError;
use super::interrupt::Interrupt;
use super::preflight::unless_asked;
use super::targets::OpenTarget;
use crate::clock::Clock;
use crate::plan::{Cell, RunPlan};
use crate::probe::{Probe, ProbeError};
use crate::result::ModelStartEntry;
use crate::scenario::ColdStart;
use crate::units::millis;

/// What models are settled for.
pub(super) struct Models<'a> {
    pub(super) plan: &'a RunPlan,
    pub(super) target: &'a OpenTarget,
    pub(super) clock: &'a Clock,
    pub(super) interrupt: &'a Interrupt,
}

impl Models<'_> {
    /// Loads or unloads the models of `cell`, one after the other; empty where nothing is to be
    /// done. What cannot be done stands in the entries: the cell is measured all the same.
    ///
    /// # Errors
    ///
    /// [`RunError`] if no runtime can be started, or nothing can be asked at all.
    pub(super) fn settle(&self, cell: &Cell) -> Result<Vec<ModelStartEntry>, RunError> {
        let backend = self.plan.backend(cell);
        let Some(cold_start) = backend.cold_start else { return Ok(Vec::new()) };
        let probe = Probe::new(backend, &self.target.base)
            .map_err(|source| RunError::Probe { backend: backend.name.clone(), source })?;
        let members = self.plan.members(cell).into_iter();
        let models: BTreeSet<_> =
            members.map(|member| backend.model_name(&member.workload.model)).collect();
        let runtime =
            runtime::Builder::new_current_thread().enable_all().build().map_err(RunError::Start)?;
        let settled = async {
            let mut entries = Vec::new();
            for model in models {
                entries.push(self.settle_one(&probe, model, cold_start).await);
            }
            entries
        };
        Ok(runtime.block_on(unless_asked(self.interrupt, settled)).unwrap_or_default())
    }

    async fn settle_one(
        &self,
        probe: &Probe,
        model: &str,
        cold_start: ColdStart,
    ) -> ModelStartEntry {
        let was_loaded = probe.residence(model).await.ok().map(|held| held.is_some());
        let began_at = self.clock.now();
        let (action, done): (_, Result<(), ProbeError>) = match cold_start {
            ColdStart::Exclude => ("loaded", probe.load_model(model).await),
            ColdStart::Measure => ("unloaded", probe.unload_model(model).await),
        };
        ModelStartEntry {
            model: model.to_owned(),
            action: action.to_owned(),
            was_loaded,
            took_ms: millis(self.clock.now().since(began_at)),
            error: done.err().map(|error| error.to_string()),
        }
    }
}

/// What is worth knowing of an entry; `None` where all is as before.
pub(super) fn told(entry: &ModelStartEntry) -> Option<String> {
    let ModelStartEntry { model, action, was_loaded, took_ms, error } = entry;
    match error {
        Some(error) => Some(format!("`{model}` could not be {action} before the cell: {error}")),
        None if action == "loaded" && *was_loaded == Some(false) => {
            Some(format!("`{model}` was loaded before the cell, in {:.2} s", took_ms / 1e3))
        }
        None => None,
    }
}
