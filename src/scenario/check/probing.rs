//! Sweeps and searches: the loads they make, or how these are chosen.

use std::time::Duration;

use super::stage::check_stage;
use crate::metric::{FigureKey, Metric, Threshold};
use crate::scenario::Scenario;
use crate::scenario::course::Course;
use crate::scenario::load::{Bound, LoadProfile, Stage};
use crate::scenario::place::Place;
use crate::scenario::probing::{LoadRange, Probing, ProbingPurpose, SearchRules};
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::typed::{
    Field, Given, LimitFile, OneOrMany, OrRamp, PositiveSpan, Scale, SearchFile, StageFile,
    SweepFile, Whole,
};
use crate::units::{Rate, float, to_u32, whole};

/// Loads of a sweep where nothing is said.
const DEFAULT_STEPS: u64 = 8;
/// How long a probe takes where nothing is said.
const DEFAULT_PROBE: Duration = Duration::from_secs(30);
/// Confirmations where nothing is said.
const DEFAULT_CONFIRM: u32 = 3;
/// Closeness of the answer where nothing is said.
const DEFAULT_PRECISION: f64 = 0.05;
/// Probes where nothing is said.
const DEFAULT_PROBES: u32 = 60;
/// Closer than this takes days.
const CLOSEST: f64 = 0.005;
/// Wider than this is no answer.
const WIDEST: f64 = 0.5;
/// What holds for failures where the limits say nothing of them.
const USUAL_ERRORS: &str = "error_rate < 1%";

/// What a sweep comes to.
pub(super) enum Swept {
    /// Load points that are known beforehand.
    Stages(Vec<Stage>),
    /// Loads that are chosen while the run goes on.
    Chosen(Probing),
}

/// Refuses what stands beside the one key of a stage that says all.
pub(super) fn stands_alone(key: &str, file: &StageFile, problems: &mut Problems) {
    let others = [
        ("concurrency", file.concurrency.place()),
        ("rate", file.rate.place()),
        ("replay", file.replay.place()),
        ("profile", file.profile.place()),
        ("think_time", file.think_time.place()),
        ("arrival", file.arrival.place()),
        ("burstiness", file.burstiness.place()),
        ("max_in_flight", file.max_in_flight.place()),
        ("requests", file.requests.place()),
        ("duration", file.duration.place()),
        ("search", file.search.place().filter(|_| key != "search")),
    ];
    for (other, place) in others {
        if let Some(place) = place {
            problems.report(
                Problem::new(place, format!("`{other}` does not stand beside `{key}`"))
                    .hint(format!("write it inside of `{key}`, or make another stage of it")),
            );
        }
    }
}

/// Checks a sweep; `None` where it is wrong.
pub(super) fn check_sweep(
    Given { value: file, place }: &Given<SweepFile>,
    problems: &mut Problems,
) -> Option<Swept> {
    one_range(file.concurrency.place(), file.rate.place(), *place, problems)?;
    let mut points = None;
    let mut stage = empty_stage(file);
    if let Some(given) = file.concurrency.given() {
        let range = &given.value;
        let (scale, steps) = spread(&range.scale, range.steps.value().map(|steps| steps.0));
        points = (scale == Scale::Adaptive).then_some(steps);
        let ends = (float(range.from.value()?.0), float(range.to.value()?.0));
        rising(ends, given.place, problems)?;
        let mut levels: Vec<_> = levels(ends, steps, scale).map(|it| whole(it.round())).collect();
        levels.dedup();
        let level = |level| Given { value: OrRamp::Level(Whole(level)), place: given.place };
        stage.concurrency = Field::Given(Given {
            value: OneOrMany(levels.into_iter().map(level).collect()),
            place: given.place,
        });
    }
    if let Some(given) = file.rate.given() {
        let range = &given.value;
        let (scale, steps) = spread(&range.scale, range.steps.value().map(|steps| steps.0));
        points = (scale == Scale::Adaptive).then_some(steps);
        let ends = (*range.from.value()?, *range.to.value()?);
        rising((ends.0.as_per_second(), ends.1.as_per_second()), given.place, problems)?;
        let level = |rate| Given { value: OrRamp::Level(rate), place: given.place };
        let rates = rates(ends, steps, scale).into_iter().map(level).collect();
        stage.rate = Field::Given(Given { value: OneOrMany(rates), place: given.place });
    }
    let stages = check_stage(&Given { value: stage, place: *place }, problems);
    let Some(points) = points else { return Some(Swept::Stages(stages)) };
    let purpose = ProbingPurpose::Curve { points: to_u32(points) };
    let (range, bound) = range_of(&stages)?;
    Some(Swept::Chosen(Probing { range, bound, purpose }))
}

/// How the loads of a sweep are spread, and how many they are.
fn spread(scale: &Field<Scale>, steps: Option<u64>) -> (Scale, u64) {
    (scale.value().copied().unwrap_or(Scale::Log), steps.unwrap_or(DEFAULT_STEPS))
}

/// Checks a search; `None` where it is wrong.
pub(super) fn check_search(
    Given { value: file, place }: &Given<SearchFile>,
    problems: &mut Problems,
) -> Option<Probing> {
    one_range(file.concurrency.place(), file.rate.place(), *place, problems)?;
    let probe = file.probe.value().map_or(DEFAULT_PROBE, |span| span.0);
    let sweep = as_sweep(file);
    let mut stage = empty_stage(&sweep);
    stage.duration = Field::Given(Given { value: PositiveSpan(probe), place: *place });
    if let Some(given) = file.concurrency.given() {
        let (from, to) = (given.value.from.value()?, given.value.to.value()?);
        rising((float(from.0), float(to.0)), given.place, problems)?;
        let level = |level| Given { value: OrRamp::Level(level), place: given.place };
        let value = OneOrMany(vec![level(*from), level(*to)]);
        stage.concurrency = Field::Given(Given { value, place: given.place });
    }
    if let Some(given) = file.rate.given() {
        let (from, to) = (*given.value.from.value()?, *given.value.to.value()?);
        rising((from.as_per_second(), to.as_per_second()), given.place, problems)?;
        let level = |level| Given { value: OrRamp::Level(level), place: given.place };
        let value = OneOrMany(vec![level(from), level(to)]);
        stage.rate = Field::Given(Given { value, place: given.place });
    }
    let stages = check_stage(&Given { value: stage, place: *place }, problems);
    let limits = check_limits(&file.limits.value()?.0, problems);
    let precision = check_precision(file, problems);
    let budget = file.budget.value();
    let rules = SearchRules {
        limits,
        confirm: file.confirm.value().map_or(DEFAULT_CONFIRM, |confirm| to_u32(confirm.0)),
        precision,
        probes: budget
            .and_then(|budget| budget.probes.value())
            .map_or(DEFAULT_PROBES, |probes| to_u32(probes.0)),
        time: budget.and_then(|budget| budget.time.value()).map(|time| time.0),
    };
    let (range, bound) = range_of(&stages)?;
    Some(Probing { range, bound, purpose: ProbingPurpose::Search(rules) })
}

fn check_precision(file: &SearchFile, problems: &mut Problems) -> f64 {
    let Some(given) = file.precision.given() else { return DEFAULT_PRECISION };
    let precision = given.value.get();
    if !(CLOSEST..=WIDEST).contains(&precision) {
        let message = format!("`precision` is {}; it goes from 0.5% to 50%", given.value);
        problems.report(
            Problem::new(given.place, message).hint("5% is usual; closer takes many more probes"),
        );
    }
    precision
}

/// The limits, with one on the error rate if there is none.
fn check_limits(given: &[Given<LimitFile>], problems: &mut Problems) -> Vec<Threshold> {
    for Given { value: LimitFile(limit), place } in given {
        let grows = match limit.figure {
            FigureKey::Window(Metric::ErrorRate | Metric::SloAttainment) => false,
            FigureKey::Window(_) => true,
            FigureKey::Statistic(..) => limit.figure.is_count(),
        };
        if grows {
            let message = format!("`{}` is no limit that more load breaks", limit.figure);
            problems.report(
                Problem::new(*place, message).hint(
                    "limit a latency, as `ttft.p99 < 500ms`, `error_rate`, or `slo_attainment`",
                ),
            );
        }
    }
    let mut limits: Vec<_> = given.iter().map(|limit| limit.value.0).collect();
    let says_errors = limits.iter().any(|it| it.figure == FigureKey::Window(Metric::ErrorRate));
    if let (false, Ok(usual)) = (says_errors, USUAL_ERRORS.parse()) {
        limits.push(usual);
    }
    limits
}

fn one_range(
    concurrency: Option<Place>,
    rate: Option<Place>,
    place: Place,
    problems: &mut Problems,
) -> Option<()> {
    let subject = problems.subject();
    match (concurrency, rate) {
        (Some(_), None) | (None, Some(_)) => return Some(()),
        (Some(first), Some(second)) => problems.report(
            Problem::new(second, format!("{subject} has either `concurrency` or `rate`"))
                .hint("make two stages of it")
                .also(first, "the other one"),
        ),
        (None, None) => problems.report(
            Problem::new(place, format!("{subject} has no loads"))
                .hint("add `concurrency: {from: 1, to: 64}`, or `rate: {from: 1/s, to: 50/s}`"),
        ),
    }
    None
}

fn rising((from, to): (f64, f64), place: Place, problems: &mut Problems) -> Option<()> {
    if from < to {
        return Some(());
    }
    problems
        .report(Problem::new(place, "`to` is not above `from`").hint("begin with the least load"));
    None
}

/// The loads of a sweep; those of an adaptive one are its ends.
fn levels((from, to): (f64, f64), steps: u64, scale: Scale) -> impl Iterator<Item = f64> {
    let steps = if scale == Scale::Adaptive { 2 } else { steps };
    (0..steps).map(move |step| {
        let share = float(step) / float(steps - 1);
        match scale {
            Scale::Linear => from + (to - from) * share,
            Scale::Log | Scale::Adaptive => from * (to / from).powf(share),
        }
    })
}

/// The rates of a sweep: its ends as they were typed, and between them rates of three digits.
fn rates((from, to): (Rate, Rate), steps: u64, scale: Scale) -> Vec<Rate> {
    let ends = (from.as_per_second(), to.as_per_second());
    let between: Vec<_> = levels(ends, steps, scale).collect();
    let inner = between.iter().skip(1).take(between.len().saturating_sub(2));
    let rounded = |rate: &f64| {
        let scale = 10.0_f64.powf(2.0 - rate.log10().floor()).min(1e3);
        Rate::per_second((rate * scale).round() / scale)
    };
    let mut rates = vec![from];
    rates.extend(inner.filter_map(rounded));
    rates.push(to);
    rates.dedup();
    rates
}

/// The range between two load points.
fn range_of(stages: &[Stage]) -> Option<(LoadRange, Bound)> {
    let ends = (&stages.first()?.profile, &stages.last()?.profile);
    let range = match ends {
        (
            LoadProfile::Closed { concurrency: Course::Steady(from), think_time },
            LoadProfile::Closed { concurrency: Course::Steady(to), .. },
        ) => LoadRange::Closed { from: *from, to: *to, think_time: *think_time },
        (
            LoadProfile::Open { rate: Course::Steady(from), arrival, max_in_flight },
            LoadProfile::Open { rate: Course::Steady(to), .. },
        ) => LoadRange::Open {
            from: *from,
            to: *to,
            arrival: *arrival,
            max_in_flight: *max_in_flight,
        },
        _ => return None,
    };
    Some((range, stages.first()?.bound))
}

/// A stage with what a sweep says of its loads.
fn empty_stage(file: &SweepFile) -> StageFile {
    StageFile {
        concurrency: Field::Absent,
        rate: Field::Absent,
        replay: Field::Absent,
        profile: Field::Absent,
        sweep: Field::Absent,
        search: Field::Absent,
        think_time: file.think_time.clone(),
        arrival: file.arrival.clone(),
        burstiness: file.burstiness.clone(),
        max_in_flight: file.max_in_flight.clone(),
        requests: file.requests.clone(),
        duration: file.duration.clone(),
    }
}

/// What a search has in common with a sweep.
fn as_sweep(file: &SearchFile) -> SweepFile {
    SweepFile {
        concurrency: Field::Absent,
        rate: Field::Absent,
        think_time: file.think_time.clone(),
        arrival: file.arrival.clone(),
        burstiness: file.burstiness.clone(),
        max_in_flight: file.max_in_flight.clone(),
        requests: Field::Absent,
        duration: Field::Absent,
    }
}

/// Limits on what no request will have: of an SLO that is not there, or of streams that are none.
pub(super) fn check_limits_of(scenario: &Scenario, place: Place, problems: &mut Problems) {
    let limits = scenario.load.probings.iter().flat_map(|probing| match &probing.purpose {
        ProbingPurpose::Search(rules) => rules.limits.as_slice(),
        ProbingPurpose::Curve { .. } => &[],
    });
    for limit in limits {
        let metric = limit.figure.metric();
        if metric == Metric::SloAttainment && scenario.slo.limits.is_empty() {
            problems.report(
                Problem::new(place, format!("the limit `{limit}` needs an `slo`"))
                    .hint("add `slo: {ttft: 500ms, tpot: 50ms}` at the top of the file"),
            );
        }
        let mut silent = scenario.cell_workloads().map(|(number, _)| number).filter(|number| {
            scenario.members(*number).iter().all(|member| !member.workload.stream)
        });
        if let Some(number) = silent.next().filter(|_| metric.needs_stream()) {
            let name = scenario.cell_workload(number).name().to_owned();
            let message =
                format!("the limit `{limit}` needs a stream, but `{name}` does not stream");
            problems.report(
                Problem::new(place, message)
                    .hint("limit `e2e`, or set `stream: true` in the workload"),
            );
        }
    }
}
