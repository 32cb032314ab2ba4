//! Searches for the largest load that keeps to limits, as a document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::metric::Threshold;
use crate::search::{
    Aim, Answer, Goal, Judgement, LimitJudgement, Measure, Overload, Probe, Tally,
};
use crate::units::{count, to_u32};

/// A search of one backend under one workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchEntry {
    /// Its place among the sweeps and searches of the scenario whose loads are chosen.
    pub number: u32,
    /// Index of the backend.
    pub backend: u32,
    /// Index of the workload.
    pub workload: u32,
    /// What loads are counted in: `concurrency`, or `rate` in requests per second.
    pub axis: String,
    /// The least load.
    pub from: f64,
    /// The largest load.
    pub to: f64,
    /// What must hold.
    pub limits: Vec<String>,
    /// How often the largest load was to be tried again.
    pub confirm: u32,
    /// How close the answer was to be, as a share of the load.
    pub precision: f64,
    /// The probes, in order.
    pub probes: Vec<ProbeEntry>,
    /// What it found; `null` while it goes on, and where it broke off.
    pub answer: Option<AnswerEntry>,
}

/// One load that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeEntry {
    /// Number of its cell.
    pub cell: u32,
    /// The load.
    pub load: f64,
    /// Why it was tried: `widen`, `bisect`, `confirm` or `refine`.
    pub aim: String,
    /// Whether all limits held.
    pub held: bool,
    /// Whether that is sure enough.
    pub clear: bool,
    /// Whether a steady state was reached.
    pub steady: bool,
    /// Measured requests before the steady state, which do not count here.
    pub left_out: u64,
    /// Requests that count here.
    pub requests: u64,
    /// Requests in flight on average at first and in the end, where more came in than went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub piled_up: Option<[f64; 2]>,
    /// The finding that says that the client itself could not keep up, so that the probe says little
    /// of the server; left out where it could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// The most frequent failure, where requests failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Each limit by itself, in their order.
    pub limits: Vec<ProbeLimitEntry>,
}

/// One limit in one probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeLimitEntry {
    /// Whether it held.
    pub held: bool,
    /// Whether that is sure enough.
    pub clear: bool,
    /// Its figure after the steady state was reached, in the unit of the limit (shares from 0 to 1).
    pub value: Option<f64>,
    /// Requests on the wrong side, all, and how many of them tell as much as one that is
    /// independent; of limits on percentiles and shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<[f64; 3]>,
    /// The mean with its standard error; of limits on means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<[f64; 2]>,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerEntry {
    /// `found`; `all_held`: even the largest load; `none_held`: not even the least; `budget`: it
    /// ended before it was as close as asked for.
    pub end: String,
    /// The largest load that holds, as well as is known.
    pub load: Option<f64>,
    /// Lower end of the interval: with 95 % confidence for a curve.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// `curve`: through the probes near the limit; `bracket`: between a load that held and one that
    /// did not.
    pub method: String,
    /// The largest load of the bracket that held, and in how many of how many probes.
    pub held: Option<HeldEntry>,
    /// The least load that did not.
    pub broke: Option<f64>,
    /// The limit that breaks first.
    pub broken: Option<String>,
    /// The first probe that counts, by its place, where the server changed during the search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<u32>,
}

/// How often a load held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeldEntry {
    /// The load.
    pub load: f64,
    /// Probes in which it held.
    pub held: u32,
    /// All probes of it.
    pub of: u32,
}

impl SearchEntry {
    /// A search that has just begun: number `number`, for a backend and a workload.
    pub fn new(number: usize, (backend, workload): (usize, usize), goal: &Goal) -> Self {
        Self {
            number: to_u32(count(number)),
            backend: to_u32(count(backend)),
            workload: to_u32(count(workload)),
            axis: if goal.span.whole { "concurrency" } else { "rate" }.to_owned(),
            from: goal.span.from,
            to: goal.span.to,
            limits: goal.limits.iter().map(ToString::to_string).collect(),
            confirm: goal.confirm,
            precision: goal.precision,
            probes: Vec::new(),
            answer: None,
        }
    }

    /// The limits, those that can be read.
    pub fn thresholds(&self) -> Vec<Threshold> {
        self.limits.iter().filter_map(|limit| limit.parse().ok()).collect()
    }
}

impl ProbeEntry {
    /// The entry of a probe in cell number `cell`.
    pub fn new(cell: u32, probe: &Probe) -> Self {
        let Judgement { held, clear, steady, cut, requests, overload, ref limits } =
            probe.judgement;
        Self {
            cell,
            load: probe.load,
            aim: probe.aim.key().to_owned(),
            held,
            clear,
            steady,
            left_out: cut,
            requests,
            piled_up: overload.map(|Overload { first, last }| [first, last]),
            doubt: None,
            failure: None,
            limits: limits.iter().map(ProbeLimitEntry::new).collect(),
        }
    }

    /// The probe, to go on with a search; `None` where its aim is of a later version.
    pub fn probe(&self) -> Option<Probe> {
        let overload = self.piled_up.map(|[first, last]| Overload { first, last });
        let judgement = Judgement {
            held: self.held,
            clear: self.clear,
            steady: self.steady,
            cut: self.left_out,
            requests: self.requests,
            overload,
            limits: self.limits.iter().map(ProbeLimitEntry::judgement).collect(),
        };
        Some(Probe { load: self.load, aim: Aim::from_key(&self.aim)?, judgement })
    }
}

impl ProbeLimitEntry {
    fn new(judged: &LimitJudgement) -> Self {
        let LimitJudgement { held, clear, value, measure } = *judged;
        let (mut share, mut mean) = (None, None);
        match measure {
            Some(Measure::Share { bad, of, effect }) => share = Some([bad, of, effect]),
            Some(Measure::Mean { mean: value, error }) => mean = Some([value, error]),
            Some(Measure::Figure(_)) | None => {}
        }
        Self { held, clear, value, share, mean }
    }

    fn judgement(&self) -> LimitJudgement {
        let share = self.share.map(|[bad, of, effect]| Measure::Share { bad, of, effect });
        let mean = self.mean.map(|[mean, error]| Measure::Mean { mean, error });
        let measure = share.or(mean).or(self.value.map(Measure::Figure));
        LimitJudgement { held: self.held, clear: self.clear, value: self.value, measure }
    }
}

impl AnswerEntry {
    /// The entry of an answer to a search for `limits`.
    pub fn new(answer: &Answer, limits: &[Threshold]) -> Self {
        Self {
            end: answer.end.key().to_owned(),
            load: answer.load,
            low: answer.interval.map(|(low, _)| low),
            high: answer.interval.map(|(_, high)| high),
            method: answer.method.key().to_owned(),
            held: answer.held.map(|Tally { load, held, of }| HeldEntry { load, held, of }),
            broke: answer.broke,
            broken: answer.broken.and_then(|place| limits.get(place)).map(ToString::to_string),
            changed_at: answer.changed_at.map(|at| to_u32(count(at))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ProbeEntry;
    use crate::search::{Aim, Judgement, LimitJudgement, Measure, Overload, Probe};

    #[test]
    fn a_probe_comes_back_as_it_was_stored() {
        let limit =
            |measure| LimitJudgement { held: true, clear: false, value: Some(5.0), measure };
        let probe = Probe {
            load: 12.5,
            aim: Aim::Bisect,
            judgement: Judgement {
                held: false,
                clear: true,
                steady: true,
                cut: 25,
                requests: 300,
                overload: Some(Overload { first: 2.0, last: 90.0 }),
                limits: vec![
                    limit(Some(Measure::Share { bad: 3.0, of: 300.0, effect: 1.5 })),
                    limit(Some(Measure::Mean { mean: 5.0, error: 0.5 })),
                    limit(Some(Measure::Figure(5.0))),
                ],
            },
        };
        let text = serde_json::to_string(&ProbeEntry::new(7, &probe)).unwrap();
        let read: ProbeEntry = serde_json::from_str(&text).unwrap();
        assert_eq!((read.cell, read.probe()), (7, Some(probe)));
    }
}
