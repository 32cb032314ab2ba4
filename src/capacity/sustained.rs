//! The largest load that keeps to limits.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::curve::CurvePoint;
use crate::metric::{Comparison, Threshold};
use crate::result::SearchEntry;
use crate::units::{count, float};

/// Two-sided confidence of intervals.
const CONFIDENCE: f64 = 0.95;
/// Rounds below which no interval is given.
const FEWEST_ROUNDS: usize = 3;

/// The largest load that keeps to the limits, as far as it was measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Sustained {
    /// There are no limits.
    Unlimited,
    /// The least load breaks one already.
    None {
        /// Which limit, by its place, and its value there.
        broken: Option<(usize, f64)>,
    },
    /// Up to somewhere between two loads that were measured.
    Between(Held),
    /// Up to what a search of the run found.
    Searched(Searched),
    /// Every load that was measured keeps to them.
    All {
        /// The largest.
        load: f64,
    },
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Searched {
    /// The largest load that holds.
    pub load: f64,
    /// Between which loads that lies.
    pub interval: Option<(f64, f64)>,
    /// The largest load of the bracket that held.
    pub held: Option<f64>,
    /// The least load that did not.
    pub broke: Option<f64>,
    /// The limit that breaks first, by its place.
    pub broken: Option<usize>,
}

/// A load up to which the limits hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The largest load that was measured to hold.
    pub low: f64,
    /// The least that was measured to break a limit.
    pub high: f64,
    /// Where the limit is crossed on the line between the two.
    pub load: f64,
    /// The 95 % interval of that over the rounds, by Student's t; `None` for fewer than three.
    pub interval: Option<RoundsInterval>,
    /// Which limit breaks first, by its place.
    pub broken: usize,
    /// Its value at the load that breaks it; `None` where it is missing there.
    pub value: Option<f64>,
}

/// An interval over rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoundsInterval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Rounds it rests on.
    pub rounds: u64,
}

impl Searched {
    /// What the search of `entry` found; `None` where it found no load, or was for other limits.
    pub(super) fn of(entry: &SearchEntry, limits: &[Threshold]) -> Option<Self> {
        let asked: Vec<_> = limits.iter().map(ToString::to_string).collect();
        let answer = entry.answer.as_ref().filter(|_| entry.limits == asked)?;
        let broken = answer.broken.as_ref();
        Some(Self {
            load: answer.load?,
            interval: answer.low.zip(answer.high),
            held: answer.held.as_ref().map(|held| held.load),
            broke: answer.broke,
            broken: broken.and_then(|broken| asked.iter().position(|limit| limit == broken)),
        })
    }
}

impl Sustained {
    /// The largest load that holds, as well as is known; `None` where none does, or nothing was asked.
    pub const fn load(&self) -> Option<f64> {
        match self {
            Self::Between(held) => Some(held.load),
            Self::Searched(found) => Some(found.load),
            Self::All { load } => Some(*load),
            Self::Unlimited | Self::None { .. } => None,
        }
    }

    /// What `points`, the least load first, say of `limits`.
    pub fn of(points: &[CurvePoint], limits: &[Threshold]) -> Self {
        if limits.is_empty() {
            return Self::Unlimited;
        }
        let broken = |point: &CurvePoint| first_broken(&point.figures, limits);
        match points.iter().position(|point| broken(point).is_some()) {
            None => Self::All { load: points.last().map_or(0.0, |point| point.load) },
            Some(0) => Self::None {
                broken: points.first().and_then(broken).and_then(|(at, value)| Some((at, value?))),
            },
            Some(at) => Self::Between(held(points, at, limits)),
        }
    }
}

/// The first limit that a load breaks, with its value; a figure that is missing breaks it too.
fn first_broken(figures: &[Option<f64>], limits: &[Threshold]) -> Option<(usize, Option<f64>)> {
    limits.iter().zip(figures).enumerate().find_map(|(place, (limit, value))| {
        let holds = value.is_some_and(|value| limit.holds(value));
        (!holds).then_some((place, *value))
    })
}

/// Between the point `at`, which is the first to break a limit, and the one before it.
fn held(points: &[CurvePoint], at: usize, limits: &[Threshold]) -> Held {
    let (good, bad) = (&points[at - 1], &points[at]);
    let pooled = crossing((good.load, &good.figures), (bad.load, &bad.figures), limits);
    let (load, broken) = pooled.unwrap_or((good.load, 0));
    let rounds = good.rounds.iter().zip(&bad.rounds);
    let crossings: Vec<f64> = rounds
        .map(|(of_good, of_bad)| {
            let crossed = crossing((good.load, of_good), (bad.load, of_bad), limits);
            // A round that breaks no limit at the higher load holds up to it at least.
            crossed.map_or(bad.load, |(load, _)| load)
        })
        .collect();
    Held {
        low: good.load,
        high: bad.load,
        load,
        interval: interval(&crossings),
        broken,
        value: bad.figures[broken],
    }
}

/// Where the first of the limits is crossed between two loads, and which.
fn crossing(
    (low, good): (f64, &[Option<f64>]),
    (high, bad): (f64, &[Option<f64>]),
    limits: &[Threshold],
) -> Option<(f64, usize)> {
    let of_limit = |place: usize| {
        let limit = &limits[place];
        if bad[place].is_some_and(|value| limit.holds(value)) {
            return None;
        }
        let share = match (good[place], bad[place]) {
            (Some(from), Some(to)) => share_of_way(limit, from, to),
            // Where it is missing the line has no end.
            _ => 0.0,
        };
        Some((low + (high - low) * share, place))
    };
    (0..limits.len()).filter_map(of_limit).min_by(|(one, _), (other, _)| one.total_cmp(other))
}

/// How far on the way from one value to another the limit lies. Times grow by factors, so their
/// logarithms go straight.
fn share_of_way(limit: &Threshold, from: f64, to: f64) -> f64 {
    let grows = matches!(limit.comparison, Comparison::Less | Comparison::AtMost);
    let straight =
        |value: f64| if grows && from > 0.0 && limit.limit > 0.0 { value.ln() } else { value };
    let (from, to, at) = (straight(from), straight(to), straight(limit.limit));
    let share = (at - from) / (to - from);
    if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
}

fn interval(values: &[f64]) -> Option<RoundsInterval> {
    if values.len() < FEWEST_ROUNDS {
        return None;
    }
    let n = float(count(values.len()));
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let student = StudentsT::new(0.0, 1.0, n - 1.0).ok()?;
    let half = student.inverse_cdf(0.5 + CONFIDENCE / 2.0) * (variance / n).sqrt();
    Some(RoundsInterval { low: mean - half, high: mean + half, rounds: count(values.len()) })
}

#[cfg(test)]
mod tests {
    use super::{Held, Sustained};
    use crate::capacity::CurvePoint;
    use crate::metric::Threshold;

    fn point(load: f64, figures: &[f64]) -> CurvePoint {
        let figures: Vec<_> = figures.iter().copied().map(Some).collect();
        CurvePoint {
            stage: format!("concurrency {load}"),
            load,
            throughput_rps: load,
            response_s: 1.0,
            output_tok_s: None,
            rounds: vec![figures.clone(); 3],
            cost_per_million: None,
            figures,
        }
    }

    fn limits() -> Vec<Threshold> {
        ["ttft.p99 < 400ms", "error_rate < 1%"].map(|text| text.parse().unwrap()).to_vec()
    }

    #[test]
    fn the_crossing_lies_between_the_last_that_holds_and_the_first_that_does_not() {
        let points =
            [point(1.0, &[50.0, 0.0]), point(4.0, &[100.0, 0.0]), point(16.0, &[1_600.0, 0.0])];
        let Sustained::Between(held) = Sustained::of(&points, &limits()) else { panic!() };
        // 400 is half the way from 100 to 1600, by factors.
        assert!((held.load - 10.0).abs() < 1e-9, "{held:?}");
        assert_eq!((held.low, held.high, held.broken, held.value), (4.0, 16.0, 0, Some(1_600.0)));
        let interval = held.interval.unwrap();
        assert!((interval.low - 10.0).abs() < 1e-9 && interval.rounds == 3, "{interval:?}");
    }

    #[test]
    fn the_limit_that_breaks_first_is_named() {
        let points = [point(1.0, &[50.0, 0.0]), point(2.0, &[800.0, 0.5])];
        let Sustained::Between(Held { broken, .. }) = Sustained::of(&points, &limits()) else {
            panic!()
        };
        assert_eq!(broken, 1, "the error rate crosses 1% at once");
    }

    #[test]
    fn all_or_none_is_said_so() {
        let good = [point(1.0, &[50.0, 0.0]), point(2.0, &[60.0, 0.0])];
        assert_eq!(Sustained::of(&good, &limits()), Sustained::All { load: 2.0 });
        let bad = [point(1.0, &[500.0, 0.0]), point(2.0, &[600.0, 0.0])];
        assert_eq!(Sustained::of(&bad, &limits()), Sustained::None { broken: Some((0, 500.0)) });
        assert_eq!(Sustained::of(&good, &[]), Sustained::Unlimited);
    }
}
