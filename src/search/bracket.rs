//! Which load is tried next, and what the largest is that holds.
//!
//! From the least load on, the load is doubled until a limit breaks; then the middle between the largest
//! that holds and the least that breaks is tried, until the two are close. The largest that held is
//! confirmed by further probes, most of which must hold. As many are made above it. A curve
//! through these says where the limit is crossed, with an interval; as long as that is wider than asked
//! for, more are made. The probes that led there are not part of it: that they held where they did
//! was partly luck, which chose them.
//!
//! Where a load that held clearly later breaks clearly, or the other way round, the server has
//! changed: then only what came after counts.

use super::crossing::{Crossed, Crossing, crossing};
use super::judgement::{Judgement, Measure};
use super::yardstick::Yardstick;
use crate::metric::Threshold;
use crate::units::{count, float, to_u32};

/// How much the load grows until a limit breaks.
const WIDEN: f64 = 2.0;
/// Probes at the least load before nothing is said to hold.
const TRIES_AT_LEAST: usize = 2;
/// Refinements after which they are made twice as far apart.
const FURTHER: f64 = 8.0;
/// Share of the load within which a line stands for a curve.
const NEAR: f64 = 0.15;
/// How far beyond its probes a line may be drawn.
const BEYOND: f64 = 0.1;
/// How often the probes of a curve are chosen anew, around where it crosses the limit.
const MOVES: usize = 4;
/// Probes that may be made to narrow the interval, beyond those that are always made.
const REFINEMENTS: u64 = 16;

/// The loads among which is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The least.
    pub from: f64,
    /// The largest.
    pub to: f64,
    /// Whether loads are whole numbers.
    pub whole: bool,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Where.
    pub span: Span,
    /// What must hold.
    pub limits: Vec<Threshold>,
    /// How often the largest load must hold again.
    pub confirm: u32,
    /// How close bracket and interval shall be, as a share of the load.
    pub precision: f64,
    /// Most probes.
    pub probes: u32,
}

/// Why a probe is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// To find a load that breaks a limit.
    Widen,
    /// To narrow the bracket.
    Bisect,
    /// To see whether the largest load holds again.
    Confirm,
    /// To narrow the interval.
    Refine,
}

impl Aim {
    const ALL: [Self; 4] = [Self::Widen, Self::Bisect, Self::Confirm, Self::Refine];

    /// Its name in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Widen => "widen",
            Self::Bisect => "bisect",
            Self::Confirm => "confirm",
            Self::Refine => "refine",
        }
    }

    /// Whether nothing that was known before chose its outcome: such probes make the curve, and run to
    /// their end.
    pub const fn is_fresh(self) -> bool {
        match self {
            Self::Confirm | Self::Refine => true,
            Self::Widen | Self::Bisect => false,
        }
    }

    /// The aim of this name.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|aim| aim.key() == key)
    }
}

/// A probe that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Its load.
    pub load: f64,
    /// Why it was made.
    pub aim: Aim,
    /// What it says.
    pub judgement: Judgement,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A probe.
    Probe {
        /// At this load.
        load: f64,
        /// For this.
        aim: Aim,
    },
    /// Nothing: that is the answer.
    Over(Answer),
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The largest load that holds is found and confirmed.
    Found,
    /// Even the largest load holds.
    AllHeld,
    /// Even the least load breaks a limit.
    NoneHeld,
    /// Probes or time were used up before.
    Budget,
}

impl End {
    /// Its name in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::AllHeld => "all_held",
            Self::NoneHeld => "none_held",
            Self::Budget => "budget",
        }
    }
}

/// Where an interval comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A curve through the probes near the limit.
    Curve,
    /// The largest load that held and the least that broke a limit.
    Bracket,
}

impl Method {
    /// Its name in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Curve => "curve",
            Self::Bracket => "bracket",
        }
    }
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// How it ended.
    pub end: End,
    /// The largest load that holds, as well as is known; `None` where none does.
    pub load: Option<f64>,
    /// Between which loads that lies, with 95 % confidence where a curve tells; `None` where nothing
    /// bounds it.
    pub interval: Option<(f64, f64)>,
    /// Where the interval comes from.
    pub method: Method,
    /// The largest load that held, with how often.
    pub held: Option<Tally>,
    /// The least load that broke a limit.
    pub broke: Option<f64>,
    /// The limit that breaks first, by its place.
    pub broken: Option<usize>,
    /// The first probe that counts, where the server changed during the search.
    pub changed_at: Option<usize>,
}

/// How often a load held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tally {
    /// The load.
    pub load: f64,
    /// Probes in which it held.
    pub held: u32,
    /// All probes of it.
    pub of: u32,
}

impl Tally {
    fn of(probes: &[Probe], load: f64) -> Self {
        let here = || probes.iter().filter(|it| is_same(it.load, load));
        let held = here().filter(|it| it.judgement.held).count();
        Self { load, held: to_u32(count(held)), of: to_u32(count(here().count())) }
    }
}

/// The next step after `probes`; `is_late` says that the time is used up.
pub fn next_step(goal: &Goal, probes: &[Probe], is_late: bool) -> Step {
    let since = changed_at(goal, probes);
    let recent = &probes[since..];
    let bracket = Bracket::of(recent);
    let over = |end| Step::Over(answer(goal, recent, &bracket, (end, since)));
    if is_late || count(probes.len()) >= goal.probes.into() {
        let is_done = bracket.is_closed(goal) && bracket.is_confirmed(goal);
        return over(if is_done { End::Found } else { End::Budget });
    }
    let probe = |load: f64, aim| Step::Probe { load: goal.span.rounded(load), aim };
    let Some(high) = bracket.high else {
        return match bracket.low {
            None => probe(goal.span.from, Aim::Widen),
            Some(low) if low < goal.span.to => probe((low * WIDEN).min(goal.span.to), Aim::Widen),
            Some(_) if bracket.is_confirmed(goal) => over(End::AllHeld),
            Some(low) => probe(low, Aim::Confirm),
        };
    };
    let Some(low) = bracket.low else {
        let at_least = recent.iter().filter(|it| it.load <= goal.span.from).count();
        return if at_least >= TRIES_AT_LEAST {
            over(End::NoneHeld)
        } else {
            probe(goal.span.from, Aim::Widen)
        };
    };
    if !bracket.is_closed(goal) {
        return probe(f64::midpoint(low, high), Aim::Bisect);
    }
    if !bracket.is_confirmed(goal) {
        return probe(low, Aim::Confirm);
    }
    let refined = count(recent.iter().filter(|it| it.aim == Aim::Refine).count());
    let (fewest, most) = (goal.confirm.into(), u64::from(goal.confirm) + REFINEMENTS);
    let refine = |at: f64| probe(refinement(goal, recent, at), Aim::Refine);
    match fit(goal, recent, (low, high)) {
        Fit::Curve(_, found) if refined < fewest => refine(found.at),
        Fit::Unclear(center) if refined < most => refine(center),
        Fit::Cliff if refined < fewest => refine(f64::midpoint(low, high)),
        Fit::Curve(_, found) if refined < most && found.width() > goal.narrow(found.at) => {
            refine(found.at)
        }
        Fit::Curve(..) | Fit::Unclear(_) | Fit::Cliff => over(End::Found),
    }
}

/// Where another probe tells most: on the side of the estimate with fewer requests.
fn refinement(goal: &Goal, probes: &[Probe], at: f64) -> f64 {
    let sides = if goal.span.whole {
        [at.floor(), at.floor() + 1.0]
    } else {
        // The further apart, the surer the slope of a curve through requests that are few.
        let refined = probes.iter().filter(|it| it.aim == Aim::Refine).count();
        let apart = goal.precision * (1.0 + float(count(refined)) / FURTHER).min(2.0);
        [at * (1.0 - apart), at * (1.0 + apart)]
    };
    let middle = f64::midpoint(sides[0], sides[1]);
    let requests = |below: bool| -> u64 {
        let near = probes.iter().filter(|it| it.aim.is_fresh() && is_near(it.load, at));
        let side = near.filter(|it| (it.load < middle) == below);
        side.map(|it| it.judgement.requests).sum()
    };
    sides[usize::from(requests(true) > requests(false))]
}

/// Whether two loads are the same, to the last bit: both were rounded alike.
pub(super) fn is_same(one: f64, other: f64) -> bool {
    one.total_cmp(&other).is_eq()
}

fn is_near(load: f64, at: f64) -> bool {
    (load - at).abs() <= (NEAR * at).max(1.0)
}

impl Goal {
    /// How wide an interval around a load may be.
    fn narrow(&self, at: f64) -> f64 {
        let width = 2.0 * self.precision * at;
        if self.span.whole { width.max(1.0) } else { width }
    }
}

impl Span {
    /// The load nearest to `load` that can be tried: within the span, and whole or with four digits.
    pub fn rounded(&self, load: f64) -> f64 {
        let load = if self.whole {
            load.round()
        } else {
            let scale = 10.0_f64.powf(3.0 - load.log10().floor()).min(1e3);
            (load * scale).round() / scale
        };
        load.clamp(self.from, self.to)
    }
}

/// The largest load that holds and the least that does not.
struct Bracket {
    low: Option<f64>,
    high: Option<f64>,
    /// Probes that confirm the largest load that holds.
    confirmed: u32,
}

impl Bracket {
    fn of(probes: &[Probe]) -> Self {
        let counts = |it: &&Probe| it.aim != Aim::Refine;
        let broke = probes.iter().filter(counts).map(|it| it.load).filter(|load| {
            let at = |aim: fn(Aim) -> bool, held| {
                let here = probes.iter().filter(|it| is_same(it.load, *load) && aim(it.aim));
                here.filter(|it| it.judgement.held == held).count()
            };
            let confirmed = [true, false].map(|held| at(|aim| aim == Aim::Confirm, held));
            at(|aim| !aim.is_fresh(), false) > 0 || confirmed[1] > confirmed[0]
        });
        let high = broke.min_by(f64::total_cmp);
        let below = |it: &&Probe| high.is_none_or(|high| it.load < high);
        let held = probes.iter().filter(counts).filter(|it| it.judgement.held);
        let low = held.filter(below).map(|it| it.load).max_by(f64::total_cmp);
        let confirms =
            |it: &&Probe| it.aim == Aim::Confirm && low.is_some_and(|low| is_same(it.load, low));
        let confirmed = to_u32(count(probes.iter().filter(confirms).count()));
        Self { low, high, confirmed }
    }

    /// Whether it is as narrow as asked for.
    fn is_closed(&self, goal: &Goal) -> bool {
        match (self.low, self.high) {
            (Some(low), Some(high)) => {
                let is_next = goal.span.whole && high - low <= 1.0;
                is_next || high - low <= goal.precision * high
            }
            _ => false,
        }
    }

    /// Whether the largest load held again as often as asked for.
    fn is_confirmed(&self, goal: &Goal) -> bool {
        self.low.is_some() && self.confirmed >= goal.confirm
    }
}

/// From which probe on they agree with each other.
fn changed_at(goal: &Goal, probes: &[Probe]) -> usize {
    let mut since = 0;
    for (place, later) in probes.iter().enumerate().filter(|(_, it)| it.judgement.clear) {
        let contradicts = |earlier: &Probe| {
            let (one, other) = (&earlier.judgement, &later.judgement);
            let apart = (1.0 - goal.precision) * earlier.load;
            one.clear
                && match (one.held, other.held) {
                    (true, false) => later.load <= apart,
                    (false, true) => later.load * (1.0 - goal.precision) >= earlier.load,
                    _ => false,
                }
        };
        if probes[since..place].iter().any(contradicts) {
            since = place;
        }
    }
    since
}

/// What a curve through the probes near a bracket says.
enum Fit {
    /// Which limit is crossed first, by its place, and where.
    Curve(usize, Crossing),
    /// Limits break all at once.
    Cliff,
    /// More probes are needed, around this load.
    Unclear(f64),
}

/// The curve through the probes near the bracket, or near where these say that the limit is crossed: the
/// bracket may have been led away by a few probes.
fn fit(goal: &Goal, probes: &[Probe], (low, high): (f64, f64)) -> Fit {
    let mut center = f64::midpoint(low, high);
    for _ in 0..MOVES {
        match fit_near(goal, probes, center) {
            Ok(fit) => return fit,
            Err(beyond) => {
                let within = beyond.clamp(center * (1.0 - NEAR), center * (1.0 + NEAR));
                center = within.clamp(goal.span.from, goal.span.to);
            }
        }
    }
    Fit::Unclear(center)
}

/// The curve through the probes near `center`; where it crosses a limit far from all of them, that load.
fn fit_near(goal: &Goal, probes: &[Probe], center: f64) -> Result<Fit, f64> {
    let near: Vec<_> = probes
        .iter()
        .filter(|it| it.aim.is_fresh() && is_near(it.load, center))
        .filter(|it| it.judgement.overload.is_none())
        .collect();
    let overloaded = probes.iter().filter(|it| it.judgement.overload.is_some());
    let most = overloaded.map(|it| it.load).fold(f64::INFINITY, f64::min);
    let ends = near
        .iter()
        .map(|it| it.load)
        .fold((f64::INFINITY, 0.0_f64), |(least, most), load| (least.min(load), most.max(load)));
    let (mut first, mut is_unclear, mut beyond) = (None, false, None);
    for (place, limit) in goal.limits.iter().enumerate() {
        let level = match Yardstick::of(limit) {
            Yardstick::Share { allowed } => allowed,
            Yardstick::Mean | Yardstick::Figure => limit.limit,
        };
        let points: Vec<(f64, Measure)> = near
            .iter()
            .filter_map(|it| Some((it.load, it.judgement.limits.get(place)?.measure?)))
            .collect();
        match crossing(&points, level) {
            Crossed::Cliff => {}
            Crossed::Unclear => is_unclear = true,
            Crossed::At(found) => {
                let within =
                    ends.0 * (1.0 - BEYOND) <= found.at && found.at <= ends.1 * (1.0 + BEYOND);
                let is_first =
                    first.is_none_or(|(_, known): (usize, Crossing)| found.at < known.at);
                if within && is_first {
                    first = Some((place, found));
                } else if !within {
                    beyond = Some(beyond.map_or(found.at, |at: f64| at.min(found.at)));
                }
            }
        }
    }
    let least = |load: f64| load.min(most);
    match (first, beyond) {
        (Some((place, Crossing { at, low, high })), _) => {
            Ok(Fit::Curve(place, Crossing { at: least(at), low: least(low), high: least(high) }))
        }
        (None, Some(beyond)) => Err(beyond),
        (None, None) if is_unclear => Ok(Fit::Unclear(center)),
        (None, None) => Ok(Fit::Cliff),
    }
}

/// The largest load below `at` that held clearly, and the least above that broke clearly; the ends of
/// the span where there is none.
fn clear_bounds(goal: &Goal, probes: &[Probe], at: f64) -> (f64, f64) {
    let clear = |held: bool| {
        let clear = probes.iter().filter(move |it| it.judgement.clear && it.judgement.held == held);
        clear.map(|it| it.load)
    };
    let low = clear(true).filter(|load| *load <= at).fold(goal.span.from, f64::max);
    let high = clear(false).filter(|load| *load >= at).fold(goal.span.to, f64::min);
    (low, high)
}

fn answer(goal: &Goal, probes: &[Probe], bracket: &Bracket, (end, since): (End, usize)) -> Answer {
    let worst = probes
        .iter()
        .filter(|it| !it.judgement.held && bracket.high.is_some_and(|high| is_same(it.load, high)))
        .find_map(|it| it.judgement.broken(&goal.limits));
    let mut answer = Answer {
        end,
        load: bracket.low,
        interval: None,
        method: Method::Bracket,
        held: bracket.low.map(|low| Tally::of(probes, low)),
        broke: bracket.high,
        broken: worst,
        changed_at: (since > 0).then_some(since),
    };
    let (Some(low), Some(high)) = (bracket.low, bracket.high) else { return answer };
    let floor = |load: f64| if goal.span.whole { load.floor().max(goal.span.from) } else { load };
    match fit(goal, probes, (low, high)) {
        Fit::Curve(place, found) if bracket.is_closed(goal) => {
            let (low, high) = clear_bounds(goal, probes, found.at);
            // A curve says little far beyond its probes; what was clear there says more.
            let is_far = |end: f64| !is_near(end, found.at);
            let low = if is_far(found.low) { low.max(found.low) } else { found.low };
            let high = if is_far(found.high) { high.min(found.high) } else { found.high };
            answer.load = Some(floor(found.at));
            answer.interval = Some((floor(low), floor(high)));
            answer.method = Method::Curve;
            answer.broken = Some(place);
        }
        _ if goal.span.whole => answer.interval = Some((low, (high - 1.0).max(low))),
        Fit::Cliff => {
            answer.load = Some(f64::midpoint(low, high));
            answer.interval = Some((low, high));
        }
        // Nobody knows better than what was clear.
        Fit::Curve(_, Crossing { at, .. }) | Fit::Unclear(at) => {
            answer.load = Some(at);
            answer.interval = Some(clear_bounds(goal, probes, at));
        }
    }
    answer
}

impl Answer {
    /// Half the width of the interval as a share of the load.
    pub fn precision(&self) -> Option<f64> {
        let ((low, high), load) = self.interval.zip(self.load)?;
        (load > 0.0).then(|| (high - low) / 2.0 / load)
    }
}
