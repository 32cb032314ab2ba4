//! Gates whose percentile the requests planned cannot support.

use std::fmt;
use std::time::Duration;

use super::cell::RunPlan;
use crate::metric::{Gate, Metric, Statistic, Unsupported};
use crate::scenario::{CellWorkload, LoadProfile, Member, Stage};
use crate::units::{float, whole};

/// A gate that will fail as unsupported, since too few requests are planned for its percentile.
#[derive(Clone, Debug, PartialEq)]
pub struct ThinGate {
    /// The gate, as it is written.
    pub gate: String,
    /// Name of the workload.
    pub workload: String,
    /// Label of the stage.
    pub stage: String,
    /// Requests of a backend planned there, all rounds together.
    pub planned: u64,
    /// Rounds planned.
    pub rounds: u32,
    /// Values the percentile needs.
    pub needed: f64,
}

impl RunPlan {
    /// The gates that cannot be supported by what is planned. Where nobody knows how many
    /// requests there will be, as in a closed loop that time ends, none is named.
    pub fn thin_gates(&self) -> Vec<ThinGate> {
        let scenario = self.scenario();
        let rounds = scenario.load.rounds;
        let mut thin = Vec::new();
        for gate in scenario.gates.iter().filter(|gate| gate.unsupported == Unsupported::Fail) {
            let figure = gate.threshold.figure;
            let Some(percentile) = figure.percentile() else { continue };
            if has_many_values_a_request(figure.metric()) {
                continue;
            }
            let needed = Statistic::support(percentile);
            for (number, workload, stage) in self.places() {
                let label = stage.to_string();
                let backends = workload.backends();
                let means = |name| self.means(gate, backends, name, &label);
                let mut members = scenario.members(number);
                let planned = most_requests(stage, &members);
                if !means(workload.name()) {
                    members.retain(|member| means(&member.workload.name));
                }
                let has_metric =
                    |it: &&Member<'_>| it.workload.stream || !figure.metric().needs_stream();
                let share: f64 = members.iter().filter(has_metric).map(|it| it.share).sum();
                let Some(planned) = planned.filter(|_| share > 0.0) else {
                    continue;
                };
                let planned = whole(float(planned.saturating_mul(rounds.into())) * share);
                if float(planned) < needed {
                    let (gate, workload) = (gate.to_string(), workload.name().to_owned());
                    thin.push(ThinGate { gate, workload, stage: label, planned, rounds, needed });
                }
            }
        }
        thin
    }

    /// Whether a gate means what goes by `name` on one of these backends.
    fn means(&self, gate: &Gate, backends: &[usize], name: &str, stage: &str) -> bool {
        let known = &self.scenario().backends;
        backends.iter().any(|&backend| gate.scope.means(&known[backend].name, name, stage))
    }

    /// Everything that cells send, by its number, with every stage.
    fn places(&self) -> impl Iterator<Item = (usize, CellWorkload<'_>, &Stage)> {
        let scenario = self.scenario();
        let stages = &scenario.load.stages;
        scenario
            .cell_workloads()
            .flat_map(move |(number, it)| stages.iter().map(move |stage| (number, it, stage)))
    }
}

/// Whether one request gives more than one value.
const fn has_many_values_a_request(metric: Metric) -> bool {
    matches!(metric, Metric::Itl | Metric::Icl)
}

/// The most requests of a stage; `None` where only the server's speed decides, or the length
/// of conversations.
fn most_requests(stage: &Stage, members: &[Member<'_>]) -> Option<u64> {
    let talks = members.iter().any(|member| member.workload.conversation.is_some());
    let by_time = |span: Duration| match &stage.profile {
        LoadProfile::Closed { .. } | LoadProfile::Replay { .. } => None,
        LoadProfile::Open { .. } if talks => None,
        LoadProfile::Open { rate, .. } => Some(whole(rate.expected(span))),
    };
    let by_time = stage.bound.duration.and_then(by_time);
    match (stage.bound.requests, by_time) {
        (Some(requests), Some(by_time)) => Some(requests.min(by_time)),
        (requests, by_time) => requests.or(by_time),
    }
}

/// In the words of a warning.
impl fmt::Display for ThinGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gate, workload, stage, planned, rounds, needed } = self;
        let rounds = match rounds {
            1 => "1 round".to_owned(),
            rounds => format!("{rounds} rounds together"),
        };
        write!(
            f,
            "the gate `{gate}` cannot hold in {workload}, {stage}: {planned} requests are planned \
             ({rounds}), and its percentile needs {needed:.0}; send more, ask for a lower \
             percentile, or allow it: `unsupported: allow`"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::ThinGate;
    use crate::plan::RunPlan;
    use crate::scenario::{Environment, Origin, Overrides, Scenario};

    fn thin(gate: &str, stage: &str) -> Vec<ThinGate> {
        thin_with("", gate, stage)
    }

    /// As [`thin`], with `more` among the workloads.
    fn thin_with(more: &str, gate: &str, stage: &str) -> Vec<ThinGate> {
        let text = format!(
            "pacemark: 1\nbackends: {{b: {{kind: mock}}, c: {{kind: mock}}}}\nworkloads:\n  \
             w: {{endpoint: chat, model: m, prompts: [hi]}}\n  \
             e: {{endpoint: embeddings, model: m, prompts: [hi], backends: [b]}}\n  {more}\n\
             load: {{rounds: 2, stages: [{stage}]}}\ngates: [{gate}]\n"
        );
        let origin = Origin { name: "x.yaml".to_owned(), folder: "/".into() };
        let read = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
        let environment = Environment { var: &|_| None, read: &read };
        let scenario = Scenario::parse(&text, &origin, &environment, &Overrides::default());
        RunPlan::new(Arc::new(scenario.unwrap())).thin_gates()
    }

    #[test]
    fn too_few_requests_for_a_percentile_are_told_beforehand() {
        let found = thin("ttft.p99 < 1s", "{concurrency: 2, requests: 499}");
        assert_eq!(found.len(), 1, "embeddings have no first token: {found:?}");
        assert_eq!((found[0].planned, found[0].needed), (998, 1_000.0));
        assert_eq!(thin("ttft.p99 < 1s", "{concurrency: 2, requests: 500}"), []);
        assert_eq!(thin("e2e.p99 < 1s", "{rate: 10/s, duration: 49s}").len(), 2);
        assert_eq!(thin("e2e.p99 < 1s", "{rate: 10/s, duration: 50s}"), []);
    }

    #[test]
    fn of_a_mix_only_the_requests_that_have_the_metric_count() {
        let mix = "s: {mix: {w: 30, e: 70}}";
        let found = thin_with(mix, "ttft.p99 < 1s", "{concurrency: 2, requests: 1000}");
        assert_eq!((found.len(), found[0].planned, &*found[0].workload), (1, 600, "s"));
        assert_eq!(thin_with(mix, "e2e.p99 < 1s", "{concurrency: 2, requests: 500}"), []);
    }

    #[test]
    fn what_cannot_be_known_or_is_allowed_is_no_warning() {
        for (gate, stage) in [
            ("e2e.p99 < 1s", "{concurrency: 2, duration: 1s}"),
            ("e2e.mean < 1s", "{concurrency: 2, requests: 1}"),
            ("error_rate < 1%", "{concurrency: 2, requests: 1}"),
            ("icl.p99 < 1s", "{concurrency: 2, requests: 1}"),
            ("{gate: e2e.p99 < 1s, unsupported: allow}", "{concurrency: 2, requests: 1}"),
            ("e2e.p99 < 1s where backend=c and workload=w", "{concurrency: 2, requests: 500}"),
        ] {
            assert_eq!(thin(gate, stage), [], "{gate}");
        }
    }
}
