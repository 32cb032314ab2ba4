//! Before any load: is each backend there, does it take the key, does it serve the models?
//!
//! Every problem is found and told at once, with its remedy. What counts is whether a short
//! request to each endpoint and model is answered; the list of models only makes the words
//! better, since servers differ in what they list and accept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use tokio::task::LocalSet;

use super::error::RunError;
use super::interrupt::Interrupt;
use super::targets::OpenTarget;
use super::trial::{Trial, TrialEnd};
use crate::clock::Clock;
use crate::dataset::OpenPrompts;
use crate::openai::Endpoint;
use crate::plan::RunPlan;
use crate::probe::{Probe, ServerFacts};
use crate::result::BackendEntry;
use crate::scenario::{Backend, BackendKind, Redactor, Workload};
use crate::units::float;

/// How often a check that takes long looks whether the run is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Backends that cannot be used, all of them with all that is wrong.
#[derive(Debug, thiserror::Error)]
pub struct Unusable {
    /// What is wrong, in the order of the backends.
    pub problems: Vec<Problem>,
    /// Whether other backends can be used.
    pub others: bool,
}

/// One reason why a backend cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Index of the backend.
    pub backend: usize,
    /// Its name.
    pub name: String,
    /// What is wrong, and what to do.
    pub text: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: BTreeSet<_> = self.problems.iter().map(|problem| &problem.name).collect();
        let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
        write!(f, "{} cannot be used; no load was sent", names.join(" and "))?;
        for problem in &self.problems {
            write!(f, "\n  {}: {}", problem.name, problem.text)?;
        }
        let skip = if self.others { "--skip-unusable runs the others, " } else { "" };
        write!(f, "\n  hint: {skip}--no-preflight sends the load regardless")
    }
}

/// What the preflight found out about a backend.
#[derive(Clone, Debug, Default)]
pub(super) struct Checked {
    /// What the server told of itself and its models.
    facts: ServerFacts,
    /// Models that were in memory before anything was asked of them, or were not, by the server's
    /// own names; empty where it does not tell.
    was_loaded: BTreeMap<String, bool>,
    /// Endpoints whose streams are asked for without token counts, since the server refused.
    without_usage: BTreeSet<Endpoint>,
    /// Whether the kind is known to refuse them everywhere.
    preset_usage: bool,
    /// Worth knowing, but no reason to stop.
    pub(super) notes: Vec<String>,
}

impl Checked {
    /// Whether streams of `endpoint` may be asked for token counts.
    pub(super) fn takes_usage(&self, endpoint: Endpoint) -> bool {
        self.preset_usage && !self.without_usage.contains(&endpoint)
    }

    /// Notes how models are held in memory, where the server tells.
    fn tell_models(&mut self) {
        for (name, was_loaded) in &self.was_loaded {
            let before = if *was_loaded { "was loaded before" } else { "was loaded by the check" };
            let facts = self.facts.models.get(name);
            let held = facts.and_then(|facts| facts.residence);
            let size = held.and_then(|held| Some((held.size?, held.size_vram)));
            let size = size.map_or_else(String::new, |(size, vram)| {
                let [all, fast] = [size, vram].map(|bytes| float(bytes) / 1e9);
                format!(", takes {all:.2} GB of memory, {fast:.2} GB of it on graphics processors")
            });
            let context = facts.and_then(|facts| facts.context_length);
            let context = context
                .map_or_else(String::new, |tokens| format!(", with a context of {tokens} tokens"));
            self.notes.push(format!("`{name}` {before}{size}{context}"));
        }
    }

    /// Notes how many copies of a model run, where there are several.
    fn tell_replicas(&mut self) {
        let several = self.facts.models.iter().filter_map(|(name, facts)| {
            let replicas = facts.replicas.filter(|replicas| *replicas > 1)?;
            Some(format!("`{name}` runs {replicas} times: its requests are spread over all"))
        });
        self.notes.extend(several);
    }

    /// Fills in what the server told.
    pub(super) fn describe(&self, entry: &mut BackendEntry) {
        entry.server_version.clone_from(&self.facts.version);
        for model in &mut entry.models {
            let Some(facts) = self.facts.models.get(&model.name) else { continue };
            model.digest.clone_from(&facts.digest);
            model.quantization.clone_from(&facts.quantization);
            model.format.clone_from(&facts.format);
            model.parameters.clone_from(&facts.parameter_size);
            model.context_length = facts.context_length;
            model.replicas = facts.replicas;
            model.was_loaded = self.was_loaded.get(&model.name).copied();
            model.size_bytes = facts.residence.and_then(|held| held.size);
            model.size_vram_bytes = facts.residence.map(|held| held.size_vram);
        }
    }
}

/// The outcome of the preflight.
#[derive(Debug)]
pub(super) struct PreflightOutcome {
    pub(super) checked: BTreeMap<usize, Checked>,
    pub(super) unusable: Option<Unusable>,
}

/// What is tried.
pub(super) struct Preflight<'a> {
    pub(super) plan: &'a RunPlan,
    pub(super) clock: &'a Clock,
    pub(super) redactor: &'a Arc<Redactor>,
    pub(super) prompts: &'a [OpenPrompts],
}

impl Preflight<'_> {
    /// Tries every target, one after the other; stops early on an interrupt.
    ///
    /// # Errors
    ///
    /// [`RunError`] if no runtime can be started, or requests cannot be made at all.
    pub(super) fn check(
        &self,
        targets: &BTreeMap<usize, OpenTarget>,
        interrupt: &Interrupt,
    ) -> Result<PreflightOutcome, RunError> {
        let runtime =
            runtime::Builder::new_current_thread().enable_all().build().map_err(RunError::Start)?;
        let mut outcome = PreflightOutcome { checked: BTreeMap::new(), unusable: None };
        let mut problems = Vec::new();
        for target in targets.values() {
            if interrupt.is_asked() {
                break;
            }
            let mut texts = Vec::new();
            let check = unless_asked(interrupt, self.check_backend(target, &mut texts));
            let Some(checked) = LocalSet::new().block_on(&runtime, check) else { break };
            let checked = checked?;
            outcome.checked.insert(target.backend, checked);
            let name = &self.plan.scenario().backends[target.backend].name;
            problems.extend(texts.into_iter().map(|text| Problem {
                backend: target.backend,
                name: name.clone(),
                text: self.redactor.redact(&text).into_owned(),
            }));
        }
        if !problems.is_empty() {
            let unusable: BTreeSet<_> = problems.iter().map(|problem| problem.backend).collect();
            let others = unusable.len() < outcome.checked.len();
            outcome.unusable = Some(Unusable { problems, others });
        }
        Ok(outcome)
    }

    async fn check_backend(
        &self,
        target: &OpenTarget,
        problems: &mut Vec<String>,
    ) -> Result<Checked, RunError> {
        let backend = &self.plan.scenario().backends[target.backend];
        let mut checked =
            Checked { preset_usage: backend.kind.preset().include_usage, ..Checked::default() };
        let workloads = self.workloads(target.backend);
        let wanted: BTreeSet<String> = workloads
            .iter()
            .map(|(_, workload)| backend.model_name(&workload.model).to_owned())
            .collect();
        let wanted: Vec<String> = wanted.into_iter().collect();
        let probe = Probe::new(backend, &target.base)
            .map_err(|source| RunError::Probe { backend: backend.name.clone(), source })?;
        let listing = probe.check_models(&wanted).await;
        if let Some(reason) = listing.unreachable {
            problems.push(reason);
            return Ok(checked);
        }
        if backend.kind == BackendKind::Ollama {
            for model in &wanted {
                if let Ok(held) = probe.residence(model).await {
                    checked.was_loaded.insert(model.clone(), held.is_some());
                }
            }
        }
        let mut any_answer = false;
        for (index, workload) in workloads {
            let trial = Trial {
                backend,
                target,
                workload,
                prompts: &self.prompts[index].rows,
                clock: self.clock,
            };
            let end = trial.run(checked.takes_usage(workload.endpoint)).await;
            match end.map_err(|source| RunError::Row { workload: workload.name.clone(), source })? {
                TrialEnd::Answered { without_usage, note } => {
                    any_answer = true;
                    if without_usage {
                        checked.without_usage.insert(workload.endpoint);
                        checked.notes.push(format!(
                            "refuses `stream_options`; {} streams are asked for without token \
                             counts",
                            workload.endpoint
                        ));
                    }
                    checked.notes.extend(note);
                }
                TrialEnd::Refused { what, remedy } => {
                    // The list of models knows better than the failure alone.
                    let missing = listing.missing.get(backend.model_name(&workload.model));
                    problems.push(format!("{what}; {}", missing.unwrap_or(&remedy)));
                }
            }
        }
        if any_answer {
            checked.notes.extend(listing.notes);
            checked.facts = probe.server_facts(&wanted).await;
            checked.tell_models();
            checked.tell_replicas();
        }
        Ok(checked)
    }

    /// The workloads the plan sends to a backend, one for each endpoint, model and way of
    /// answering.
    fn workloads(&self, backend: usize) -> Vec<(usize, &Workload)> {
        let scenario = self.plan.scenario();
        let mut seen = BTreeSet::new();
        let names: &Backend = &scenario.backends[backend];
        scenario
            .workloads
            .iter()
            .enumerate()
            .filter(|(index, _)| self.plan.sends(*index, backend))
            .filter(|(_, workload)| {
                let model = names.model_name(&workload.model);
                seen.insert((workload.endpoint, model.to_owned(), workload.stream))
            })
            .collect()
    }
}

/// What `check` comes to; `None` if the run is to stop before.
pub(super) async fn unless_asked<T>(
    interrupt: &Interrupt,
    check: impl Future<Output = T>,
) -> Option<T> {
    let asked = async {
        while !interrupt.is_asked() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        checked = check => Some(checked),
        () = asked => None,
    }
}
