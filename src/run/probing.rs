//! Cells whose loads are chosen while the run goes on: searches, and sweeps that look where the
//! curve bends. All backends and workloads take turns, so that what drifts meets all of them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::coordinator::{CellEnd, Crew};
use super::error::RunError;
use super::event::Observer;
use super::execute::Run;
use super::probe_watch::Watched;
use crate::audit::{CellEnd as AuditEnd, Severity};
use crate::metric::{Metric, Statistic};
use crate::plan::Cell;
use crate::result::{AnswerEntry, CellResult, ProbeEntry, RunResult, SearchEntry, StageEntry};
use crate::scenario::{LoadProfile, LoadRange, Probing, ProbingPurpose, SearchRules};
use crate::search::{Aim, BendPoint, Goal, Probe, Span, Step, next_point, next_step};
use crate::units::{Moment, count, index, to_u32};

/// One backend under one workload, whose loads are being chosen.
pub(super) struct Chooser {
    /// Its place among what the scenario lets choose.
    number: usize,
    pub(super) probing: Probing,
    pub(super) backend: usize,
    pub(super) workload: usize,
    began_at: Moment,
    state: Choice,
}

enum Choice {
    /// A search, with its probes.
    Search(Goal, Vec<Probe>),
    /// A sweep, with its loads.
    Curve(Span, usize, Vec<BendPoint>),
}

/// A load to be tried.
struct Next {
    load: f64,
    /// Of a search.
    aim: Option<Aim>,
}

impl Chooser {
    fn new(number: usize, probing: &Probing, (backend, workload): (usize, usize)) -> Self {
        let (from, to) = probing.range.ends();
        let span = Span { from, to, whole: probing.range.is_closed() };
        let state = match &probing.purpose {
            ProbingPurpose::Curve { points } => {
                Choice::Curve(span, index((*points).into()), Vec::new())
            }
            ProbingPurpose::Search(rules) => Choice::Search(goal(span, rules), Vec::new()),
        };
        let began_at = Moment::ZERO;
        Self { number, probing: probing.clone(), backend, workload, began_at, state }
    }

    /// How requests start at most, with the backend.
    pub(super) fn largest(self) -> (usize, LoadProfile) {
        (self.backend, self.probing.range.largest())
    }

    /// The entry of its search; `None` for a sweep.
    fn entry(&self) -> Option<SearchEntry> {
        let Choice::Search(goal, _) = &self.state else { return None };
        Some(SearchEntry::new(self.number, (self.backend, self.workload), goal))
    }

    /// Whether `entry` is that of its search.
    pub(super) fn owns(&self, entry: &SearchEntry) -> bool {
        let of = |number: usize| to_u32(count(number));
        (entry.number, entry.backend, entry.workload)
            == (of(self.number), of(self.backend), of(self.workload))
    }

    /// What its cells are watched for.
    fn watched(&self, aim: Option<Aim>, run: &Run<'_>) -> Watched {
        let limits = match &self.state {
            Choice::Search(goal, _) => goal.limits.as_slice().into(),
            Choice::Curve(..) => Arc::from([]),
        };
        Watched {
            limits,
            slo: run.plan.scenario().slo.clone(),
            is_open: matches!(self.probing.range, LoadRange::Open { .. }),
            ends_early: aim.is_some_and(|aim| !aim.is_fresh()),
        }
    }

    fn is_late(&self, now: Moment) -> bool {
        let ProbingPurpose::Search(SearchRules { time: Some(time), .. }) = &self.probing.purpose
        else {
            return false;
        };
        self.began_at > Moment::ZERO && now.since(self.began_at) >= *time
    }

    /// Goes on with a search after these probes.
    pub(super) fn remember(&mut self, known: Vec<Probe>) {
        if let Choice::Search(_, probes) = &mut self.state {
            *probes = known;
        }
    }

    /// Takes in a load of a sweep.
    pub(super) fn measured(&mut self, load: f64, overloaded: bool, cell: &CellResult) {
        let Choice::Curve(_, _, points) = &mut self.state else { return };
        let response = cell.measured.figure(Metric::Response, Statistic::Mean);
        points.push(BendPoint {
            load,
            throughput_rps: cell.measured.window(Metric::RequestThroughput).unwrap_or(0.0),
            response_s: response.map(|response_ms| response_ms / 1e3),
            overloaded,
        });
    }

    /// Takes in a cell that is over.
    fn take_in(&mut self, next: &Next, end: &CellEnd, cell: &CellResult) -> Option<ProbeEntry> {
        match &mut self.state {
            Choice::Curve(..) => {
                let overloaded = matches!(end.how, AuditEnd::Overloaded { .. });
                self.measured(next.load, overloaded, cell);
                None
            }
            Choice::Search(_, probes) => {
                let figure = |figure| cell.measured.value(figure).ok().flatten();
                let judgement = end.probe.as_ref()?.judgement(&figure);
                let probe = Probe { load: next.load, aim: next.aim?, judgement };
                let mut entry = ProbeEntry::new(cell.labels.id, &probe);
                let mut findings = cell.findings.iter();
                let doubt = findings.find(|finding| finding.grade() == Severity::Untrusted);
                entry.doubt = doubt.map(|finding| finding.key.clone());
                let failed = cell.measured.outcomes.failed.iter();
                entry.failure =
                    failed.max_by_key(|(_, times)| **times).map(|(kind, _)| kind.clone());
                probes.push(probe);
                Some(entry)
            }
        }
    }
}

fn goal(span: Span, rules: &SearchRules) -> Goal {
    Goal {
        span,
        limits: rules.limits.clone(),
        confirm: rules.confirm,
        precision: rules.precision,
        probes: rules.probes,
    }
}

impl Run<'_> {
    /// Everything whose loads are chosen, each with a backend that is used, in order.
    pub(super) fn choosers(&self) -> VecDeque<Chooser> {
        let scenario = self.plan.scenario();
        let pairs: Vec<_> = scenario
            .cell_workloads()
            .flat_map(|(workload, of_cells)| {
                of_cells.backends().iter().map(move |backend| (*backend, workload))
            })
            .filter(|(backend, _)| self.targets.contains_key(backend))
            .collect();
        let probings = scenario.load.probings.iter().enumerate();
        probings
            .flat_map(|(number, probing)| {
                pairs.iter().map(move |pair| Chooser::new(number, probing, *pair))
            })
            .collect()
    }

    /// Runs the cells whose loads are chosen.
    pub(super) fn choose_loads(
        &mut self,
        crew: &Crew,
        result: &mut RunResult,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        let all = self.choosers();
        let is_new = |entry: &SearchEntry| {
            !result.searches.iter().any(|known| {
                (known.number, known.backend, known.workload)
                    == (entry.number, entry.backend, entry.workload)
            })
        };
        let new: Vec<_> = all.iter().filter_map(Chooser::entry).filter(is_new).collect();
        result.searches.extend(new);
        let mut waiting = self.waiting(result);
        self.choosing = waiting.len();
        while let Some(first) = waiting.front() {
            let number = first.number;
            let rest = waiting.iter().take_while(|chooser| chooser.number == number).count();
            let later = waiting.split_off(rest);
            while let Some(mut chooser) = waiting.pop_front() {
                if self.interrupt.is_asked() {
                    return Ok(());
                }
                if self.choose_one(&mut chooser, crew, result, observer)? {
                    waiting.push_back(chooser);
                } else {
                    self.choosing -= 1;
                }
            }
            waiting = later;
        }
        Ok(())
    }

    /// Tries one more load; `false` where there is none.
    fn choose_one(
        &mut self,
        chooser: &mut Chooser,
        crew: &Crew,
        result: &mut RunResult,
        observer: &mut dyn Observer,
    ) -> Result<bool, RunError> {
        let now = self.clock.now();
        let is_late = chooser.is_late(now);
        if chooser.began_at == Moment::ZERO {
            chooser.began_at = now;
        }
        let next = match &chooser.state {
            Choice::Curve(span, most, points) => match next_point(span, *most, points) {
                Some(load) => Next { load, aim: None },
                None => return Ok(false),
            },
            Choice::Search(goal, probes) => match next_step(goal, probes, is_late) {
                Step::Probe { load, aim } => Next { load, aim: Some(aim) },
                Step::Over(answer) => {
                    let answer = AnswerEntry::new(&answer, &goal.limits);
                    let entries = &mut result.searches;
                    if let Some(entry) = entries.iter_mut().find(|entry| chooser.owns(entry)) {
                        entry.answer = Some(answer);
                    }
                    return Ok(false);
                }
            },
        };
        // Every load of a range is one.
        let Some(stage) = chooser.probing.stage(next.load) else { return Ok(false) };
        let known = self.plan.scenario().load.stages.len();
        let (plan, cell) = self.plan.with_cell((chooser.backend, chooser.workload), stage);
        let added = &plan.scenario().load.stages[known..];
        result.stages.extend(added.iter().map(StageEntry::new));
        self.plan = Arc::new(plan);
        observer.plan_grew(&self.plan);
        let watched = chooser.watched(next.aim, self);
        let Some(end) = self.measure(crew, (&cell, Some(watched)), result, observer)? else {
            return Ok(true);
        };
        if let Some(measured) = result.cells.last()
            && !matches!(end.how, AuditEnd::Interrupted)
            && let Some(probe) = chooser.take_in(&next, &end, measured)
            && let Some(entry) = result.searches.iter_mut().find(|entry| chooser.owns(entry))
        {
            observer.note(&told(&next, &probe, entry));
            entry.probes.push(probe);
        }
        observer.cell_finished(&cell, result).map_err(RunError::Store)?;
        Ok(true)
    }

    /// What a cell of a sweep that was known beforehand is watched for.
    pub(super) fn watched(&self, cell: &Cell) -> Option<Watched> {
        let load = &self.plan.scenario().load;
        let is_open = matches!(self.plan.stage(cell).profile, LoadProfile::Open { .. });
        let in_sweep = load.sweeps.iter().any(|sweep| sweep.contains(&cell.stage));
        (is_open && in_sweep).then(|| Watched { is_open, ..Watched::default() })
    }

    /// Whether `cell` is of a sweep in which its server already got more than it can do.
    pub(super) fn is_beyond(&self, cell: &Cell) -> bool {
        let sweeps = &self.plan.scenario().load.sweeps;
        let Some(sweep) = sweeps.iter().find(|sweep| sweep.contains(&cell.stage)) else {
            return false;
        };
        self.overloaded.iter().any(|other| {
            (other.backend, other.workload, other.round)
                == (cell.backend, cell.workload, cell.round)
                && sweep.contains(&other.stage)
                && other.stage < cell.stage
        })
    }
}

/// A probe in the words of a note: `12.5/s holds (bisect): ttft.p99 340ms`.
fn told(next: &Next, probe: &ProbeEntry, search: &SearchEntry) -> String {
    let figures: Vec<_> = search
        .thresholds()
        .iter()
        .zip(&probe.limits)
        .map(|(limit, judged)| {
            let value = judged.value.map_or_else(|| "missing".to_owned(), |it| limit.shown(it));
            let mark = if judged.held { "" } else { " !" };
            format!("{} {value}{mark}", limit.figure)
        })
        .collect();
    let unit = if search.axis == "rate" { "/s" } else { " at a time" };
    let verdict = match (probe.held, probe.piled_up) {
        (_, Some([first, last])) => {
            format!("is too much ({first:.0} requests in flight at first, {last:.0} in the end)")
        }
        (true, None) => "holds".to_owned(),
        (false, None) => "does not hold".to_owned(),
    };
    let clear = if probe.clear { "" } else { ", not clearly" };
    format!("{}{unit} {verdict}{clear} ({}): {}", next.load, probe.aim, figures.join(", "))
}
