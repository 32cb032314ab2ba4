//! Before any load: how many tokens does each server count for a text of a known length?
//!
//! Two texts are sent, one short, one longer. What a server counts grows with the text by its
//! own tokens for each one asked for; what remains at length zero is what the chat template and
//! the marks of begin and end add. Where lengths are only estimated, the first server (in the
//! order of the scenario) that tells its count corrects them, for all servers alike: they get
//! the same texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::runtime;
use tokio::task::LocalSet;

use super::error::RunError;
use super::interrupt::Interrupt;
use super::preflight::unless_asked;
use super::targets::OpenTarget;
use crate::client::HttpClient;
use crate::clock::Clock;
use crate::plan::RunPlan;
use crate::record::{Phase, RequestRecord};
use crate::result::{LengthCheckEntry, LengthsEntry};
use crate::workload::{LengthMethod, PromptRows, PromptStart, RequestFactory};

/// The lengths that are sent: short enough for every model, and far enough apart that a token
/// more or less matters little.
const PROBES: [u32; 2] = [64, 320];
/// Output tokens asked for; none are needed.
const PROBE_OUTPUT: u32 = 8;
/// Counts further from the estimate than this are of something else (one server counts
/// characters), and correct nothing.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 0.25..=4.0;
/// A tokenizer that is the model's own gives the server's count, to a token or two in the
/// distance between the probes.
const SAME_TOKENIZER: f64 = 0.01;

/// What is checked.
pub(super) struct Lengths<'a> {
    pub(super) plan: &'a RunPlan,
    pub(super) clock: &'a Clock,
    pub(super) targets: &'a BTreeMap<usize, OpenTarget>,
}

impl Lengths<'_> {
    /// Checks the lengths of workload number `workload` with each of its servers, and corrects
    /// `prompts` where they are estimated; `None` where no lengths are asked for. What is worth
    /// knowing goes to `notes`, by the backend's name.
    ///
    /// # Errors
    ///
    /// [`RunError`] if a text cannot be made, or no runtime started.
    pub(super) fn check(
        &self,
        workload: usize,
        prompts: &mut Arc<dyn PromptRows>,
        interrupt: &Interrupt,
        notes: &mut Vec<(String, String)>,
    ) -> Result<Option<LengthsEntry>, RunError> {
        let Some(method) = prompts.length_method() else { return Ok(None) };
        let runtime =
            runtime::Builder::new_current_thread().enable_all().build().map_err(RunError::Start)?;
        let scenario = self.plan.scenario();
        let mut checks = Vec::new();
        for backend in &scenario.workloads[workload].backends {
            if !self.targets.contains_key(backend) || !self.plan.sends(workload, *backend) {
                continue;
            }
            let probe = unless_asked(interrupt, self.probe(workload, *backend, prompts));
            let Some(counts) = LocalSet::new().block_on(&runtime, probe) else { break };
            let name = scenario.backends[*backend].name.clone();
            if let Some(check) = counts?.and_then(|counts| check_of(name, counts)) {
                checks.push(check);
            }
        }
        let method = self.settle(method, workload, prompts, (&checks, notes));
        Ok(Some(LengthsEntry { checks, ..LengthsEntry::new(method.key(), method.factor()) }))
    }

    /// Corrects what is estimated, and notes what does not fit.
    fn settle(
        &self,
        method: LengthMethod,
        workload: usize,
        prompts: &mut Arc<dyn PromptRows>,
        (checks, notes): (&[LengthCheckEntry], &mut Vec<(String, String)>),
    ) -> LengthMethod {
        let workload = &self.plan.scenario().workloads[workload].name;
        if method == LengthMethod::Exact {
            for check in checks {
                if (check.tokens_per_token - 1.0).abs() > SAME_TOKENIZER {
                    let text = format!(
                        "counts {:.3} tokens of `{workload}` for each one of its `tokenizer`: that \
                         is not the model's own, so input lengths are not what was asked for",
                        check.tokens_per_token
                    );
                    notes.push((check.backend.clone(), text));
                }
            }
            return method;
        }
        let Some(first) = checks.first() else { return method };
        let factor = first.tokens_per_token;
        if !PLAUSIBLE.contains(&factor) {
            let text = format!(
                "counts {factor:.3} tokens of `{workload}` for each one expected, which is no \
                 count of tokens; input lengths stay estimated"
            );
            notes.push((first.backend.clone(), text));
            return method;
        }
        let Some(rows) = prompts.corrected(factor) else { return method };
        *prompts = rows;
        let text = format!(
            "counts {factor:.3} tokens of `{workload}` for each one estimated; the prompts of all \
             servers are corrected by that"
        );
        notes.push((first.backend.clone(), text));
        LengthMethod::Corrected(factor)
    }

    /// The server's counts of the two texts, where it tells them.
    async fn probe(
        &self,
        workload: usize,
        backend: usize,
        prompts: &Arc<dyn PromptRows>,
    ) -> Result<Option<[u32; 2]>, RunError> {
        let scenario = self.plan.scenario();
        let (target, spec) = (&self.targets[&backend], &scenario.workloads[workload]);
        let mut once = spec.clone();
        // The count stands in every whole answer; in a stream it may be missing.
        once.stream = false;
        once.output_tokens = None;
        once.max_tokens = spec.endpoint.generates().then_some(PROBE_OUTPUT);
        let start = PromptStart { seed: scenario.seed, place: 0, places: 1 };
        let rows = Arc::clone(prompts);
        let from = &scenario.backends[backend];
        let factory = RequestFactory::new(&once, from, rows, start, false);
        let client = HttpClient::new(target.parts.clone(), self.clock.clone());
        let mut counts = [0; 2];
        for (count, tokens) in counts.iter_mut().zip(PROBES) {
            let request = factory.probe(tokens);
            let request =
                request.map_err(|source| RunError::Row { workload: spec.name.clone(), source })?;
            let Some(request) = request else { return Ok(None) };
            let mut record = RequestRecord::due(0, 0, Phase::Warmup, self.clock.now());
            client.send(&request, &mut record).await;
            let Some(counted) = record.usage.input.filter(|tokens| *tokens > 0) else {
                return Ok(None);
            };
            *count = counted;
        }
        Ok(Some(counts))
    }
}

/// What two counts come to; `None` where the longer text has no more tokens.
fn check_of(backend: String, [short, long]: [u32; 2]) -> Option<LengthCheckEntry> {
    let more = long.checked_sub(short).filter(|more| *more > 0)?;
    let [first, second] = PROBES;
    let tokens_per_token = f64::from(more) / f64::from(second - first);
    let template_tokens = f64::from(short) - f64::from(first) * tokens_per_token;
    Some(LengthCheckEntry { backend, tokens_per_token, template_tokens })
}

#[cfg(test)]
mod tests {
    use super::check_of;

    #[test]
    fn a_template_is_what_remains_at_length_zero() {
        let check = check_of("b".to_owned(), [75, 331]).unwrap();
        assert!((check.tokens_per_token - 1.0).abs() < 1e-9);
        assert!((check.template_tokens - 11.0).abs() < 1e-9);
        let check = check_of("b".to_owned(), [10 + 96, 10 + 480]).unwrap();
        assert!((check.tokens_per_token - 1.5).abs() < 1e-9);
        assert!((check.template_tokens - 10.0).abs() < 1e-9);
        assert_eq!(check_of("b".to_owned(), [5, 5]), None);
    }
}
