//! Whether the limits held in a probe, and how clearly.
//!
//! A limit on a percentile is one on a share of requests, and how sure a share is follows from the
//! binomial distribution: this is the bound of `MLPerf`'s early stopping. It takes requests to be
//! independent of each other, which those of a queue are not, so their number is first
//! divided by how much more the shares of ten parts of the probe differ than independent ones
//! would.
//!
//! # Source
//!
//! C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the
//! case of the binomial", Biometrika 26 (1934); `MLPerf` Inference Rules, "Early stopping"; the
//! design effect: L. Kish, Survey Sampling (1965). Batch means: A. M. Law, Simulation Modeling
//! and Analysis (2015), 9.5.3.

use statrs::distribution::{Beta, ContinuousCDF as _, StudentsT};

use super::evidence::{Evidence, Sample};
use super::overload::Overload;
use super::yardstick::Yardstick;
use crate::audit::steady_from;
use crate::metric::{FigureKey, Metric, Statistic, Threshold};
use crate::units::{count, float, index, whole};

/// One-sided confidence at which a probe may end before its time. It is looked at many times, and
/// what ends early because of a burst, or before the first one, pulls the estimate away.
const EARLY: f64 = 0.999;
/// One-sided confidence at which the verdict of a whole probe is clear.
const AT_END: f64 = 0.95;
/// Requests below which a probe does not end before its time.
const FEWEST: usize = 30;
/// Parts of a probe by which it is told how much requests resemble their neighbours.
const PARTS: usize = 10;

/// What a probe says of its limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Whether all limits held.
    pub held: bool,
    /// Whether that is sure enough.
    pub clear: bool,
    /// Whether a steady state was reached.
    pub steady: bool,
    /// Measured requests that were left out at the beginning, before the steady state.
    pub cut: u64,
    /// Requests that count.
    pub requests: u64,
    /// What piled up, where there was no steady state for too much load.
    pub overload: Option<Overload>,
    /// Each limit by itself.
    pub limits: Vec<LimitJudgement>,
}

/// What a probe says of one limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitJudgement {
    /// Whether it held.
    pub held: bool,
    /// Whether that is sure enough.
    pub clear: bool,
    /// Its figure, in the unit it is shown in.
    pub value: Option<f64>,
    /// What it rests on, for a curve through several probes.
    pub measure: Option<Measure>,
}

/// A figure with how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// A share of requests.
    Share {
        /// Requests on the wrong side.
        bad: f64,
        /// All.
        of: f64,
        /// How many of them tell as much as one that is independent of the others.
        effect: f64,
    },
    /// A mean with its standard error.
    Mean {
        /// The mean.
        mean: f64,
        /// Its standard error.
        error: f64,
    },
    /// A figure of which nobody knows how sure it is.
    Figure(f64),
}

impl Measure {
    /// The standard error of a mean as a share of it; `None` where that is not known.
    pub(super) fn relative(self) -> Option<f64> {
        match self {
            Self::Mean { mean, error } if mean > 0.0 => Some(error / mean),
            Self::Mean { .. } | Self::Share { .. } | Self::Figure(_) => None,
        }
    }
}

impl Judgement {
    /// Whether the limits hold, where the requests until now tell it clearly enough to end the
    /// probe.
    pub fn early(evidence: &Evidence, limits: &[Threshold]) -> Option<bool> {
        if evidence.whole() < FEWEST {
            return None;
        }
        let samples = evidence.so_far();
        let (cut, steady) = steady(&samples);
        if !steady {
            return None;
        }
        let judged = judged(&samples[cut..], limits, EARLY, &|_| None);
        let breaks = judged.iter().any(|it| it.clear && !it.held);
        let holds = judged.iter().all(|it| it.clear && it.held);
        (breaks || holds).then_some(holds)
    }

    /// The judgement of a probe that is over; `figure` tells the figures of the whole probe.
    pub fn of(
        evidence: &Evidence,
        limits: &[Threshold],
        overload: Option<Overload>,
        figure: &dyn Fn(FigureKey) -> Option<f64>,
    ) -> Self {
        let samples = evidence.all();
        let (cut, steady) = steady(&samples);
        let limits = judged(&samples[cut..], limits, AT_END, figure);
        let broken = limits.iter().any(|it| !it.held);
        let held = !broken && overload.is_none();
        let clear = if held {
            steady && limits.iter().all(|it| it.clear)
        } else {
            overload.is_some() || (steady && limits.iter().any(|it| it.clear && !it.held))
        };
        let requests = count(samples.len() - cut);
        Self { held, clear, steady, cut: count(cut), requests, overload, limits }
    }

    /// The limit that is broken, by its place: of several the one that is furthest from holding.
    pub fn broken(&self, limits: &[Threshold]) -> Option<usize> {
        let excess = |place: &usize| {
            let value = self.limits[*place].value.unwrap_or(f64::INFINITY);
            let ratio = value / limits[*place].limit;
            if ratio < 1.0 { 1.0 / ratio } else { ratio }
        };
        let broken = (0..self.limits.len()).filter(|place| !self.limits[*place].held);
        broken.max_by(|one, other| excess(one).total_cmp(&excess(other)))
    }
}

/// How many samples come before the steady state, and whether there is one: nothing that needs more
/// than a third of a probe to settle has settled.
fn steady(samples: &[&Sample]) -> (usize, bool) {
    let (places, latencies): (Vec<_>, Vec<_>) = samples
        .iter()
        .enumerate()
        .filter_map(|(place, sample)| Some((place, sample.latency?)))
        .unzip();
    if latencies.len() < FEWEST {
        return (0, true);
    }
    match steady_from(&latencies) {
        Some(cut) if cut <= latencies.len() / 3 => (places[cut], true),
        Some(_) | None => (0, false),
    }
}

fn judged(
    samples: &[&Sample],
    limits: &[Threshold],
    confidence: f64,
    figure: &dyn Fn(FigureKey) -> Option<f64>,
) -> Vec<LimitJudgement> {
    let one = |(place, limit): (usize, &Threshold)| match Yardstick::of(limit) {
        Yardstick::Share { allowed } => share(samples, (place, limit), allowed, confidence),
        Yardstick::Mean => mean(samples, (place, limit), confidence),
        Yardstick::Figure => {
            let value = figure(limit.figure);
            let held = value.is_some_and(|value| limit.holds(value));
            let measure = value.map(Measure::Figure);
            // How sure it is nobody knows: it ends no probe, and counts as it is.
            LimitJudgement { held, clear: value.is_some(), value, measure }
        }
    };
    limits.iter().enumerate().map(one).collect()
}

/// A limit that nothing is known of does not hold.
const UNKNOWN: LimitJudgement =
    LimitJudgement { held: false, clear: false, value: None, measure: None };

fn share(
    samples: &[&Sample],
    (place, limit): (usize, &Threshold),
    allowed: f64,
    confidence: f64,
) -> LimitJudgement {
    let breaks: Vec<_> = samples
        .iter()
        .filter_map(|sample| sample.breaks(place, limit))
        .map(|breaks| if breaks { 1.0 } else { 0.0 })
        .collect();
    if breaks.is_empty() {
        return UNKNOWN;
    }
    let (all, bad) = (float(count(breaks.len())), breaks.iter().sum::<f64>());
    let effect = design_effect(&breaks);
    let (of, bad_of) = (all / effect, bad / effect);
    let value = match limit.figure {
        FigureKey::Statistic(_, statistic) => percentile(samples, place, statistic),
        FigureKey::Window(Metric::SloAttainment) => Some(1.0 - bad / all),
        FigureKey::Window(_) => Some(bad / all),
    };
    let held = match limit.figure {
        FigureKey::Statistic(..) => value.is_some_and(|value| limit.holds(value)),
        FigureKey::Window(_) => bad / all <= allowed,
    };
    let clear = if held {
        upper_bound(bad_of, of, confidence) <= allowed
    } else {
        lower_bound(bad_of, of, confidence) > allowed
    };
    let measure = Some(Measure::Share { bad, of: all, effect });
    LimitJudgement { held, clear, value, measure }
}

/// The largest share that `bad` of `of` requests leave open.
fn upper_bound(bad: f64, of: f64, confidence: f64) -> f64 {
    Beta::new(bad + 1.0, (of - bad).max(f64::MIN_POSITIVE))
        .map_or(1.0, |beta| beta.inverse_cdf(confidence))
}

/// The smallest share that `bad` of `of` requests leave open.
fn lower_bound(bad: f64, of: f64, confidence: f64) -> f64 {
    if bad <= 0.0 {
        return 0.0;
    }
    Beta::new(bad, of - bad + 1.0).map_or(0.0, |beta| beta.inverse_cdf(1.0 - confidence))
}

/// How many times as much the shares of ten parts differ as those of independent requests: at
/// least 1.
fn design_effect(breaks: &[f64]) -> f64 {
    let all = float(count(breaks.len()));
    let share = breaks.iter().sum::<f64>() / all;
    let parts = parts(breaks);
    let (expected, number) = (share * (1.0 - share), float(count(parts.len())));
    if parts.len() < PARTS || expected <= 0.0 {
        return 1.0;
    }
    let spread: f64 = parts.iter().map(|part| (part - share).powi(2)).sum::<f64>();
    let variance = spread / (number - 1.0);
    (variance * (all / number) / expected).max(1.0)
}

fn mean(
    samples: &[&Sample],
    (place, limit): (usize, &Threshold),
    confidence: f64,
) -> LimitJudgement {
    let values: Vec<_> = samples.iter().filter_map(|sample| sample.values[place]).collect();
    if values.is_empty() {
        return UNKNOWN;
    }
    let parts = parts(&values);
    let number = float(count(parts.len()));
    let mean = values.iter().sum::<f64>() / float(count(values.len()));
    let held = limit.holds(mean);
    if parts.len() < PARTS {
        let measure = Some(Measure::Figure(mean));
        return LimitJudgement { held, clear: false, value: Some(mean), measure };
    }
    let spread: f64 = parts.iter().map(|part| (part - mean).powi(2)).sum::<f64>();
    let error = (spread / (number - 1.0) / number).sqrt();
    let reach = StudentsT::new(0.0, 1.0, number - 1.0)
        .map_or(f64::INFINITY, |student| student.inverse_cdf(confidence));
    let clear = (mean - limit.limit).abs() > reach * error;
    let measure = Some(Measure::Mean { mean, error });
    LimitJudgement { held, clear, value: Some(mean), measure }
}

/// The means of ten parts of about the same length; none where there are fewer values than for
/// five in each.
fn parts(values: &[f64]) -> Vec<f64> {
    if values.len() < PARTS * 5 {
        return Vec::new();
    }
    let bound = |part: usize| part * values.len() / PARTS;
    let mean = |part: usize| {
        let values = &values[bound(part)..bound(part + 1)];
        values.iter().sum::<f64>() / float(count(values.len()))
    };
    (0..PARTS).map(mean).collect()
}

/// A percentile of the values themselves: the least that so many are not above.
fn percentile(samples: &[&Sample], place: usize, statistic: Statistic) -> Option<f64> {
    let Statistic::Percentile(percentile) = statistic else { return None };
    let mut values: Vec<_> = samples.iter().filter_map(|sample| sample.values[place]).collect();
    values.sort_by(f64::total_cmp);
    let rank = (percentile / 100.0 * float(count(values.len())) - 1e-9).ceil();
    values.get(index(whole(rank.max(1.0)) - 1)).copied()
}

#[cfg(test)]
mod tests {
    use super::{Judgement, Measure, lower_bound, upper_bound};
    use crate::metric::Threshold;
    use crate::search::{Evidence, Sample};
    use crate::units::count;

    fn limits(texts: &[&str]) -> Vec<Threshold> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// Requests with these latencies; a negative one failed.
    fn evidence(latencies: &[f64], limits: usize) -> Evidence {
        let mut evidence = Evidence::default();
        for (place, latency) in latencies.iter().enumerate() {
            let latency = Some(*latency).filter(|latency| *latency >= 0.0);
            let values = vec![latency; limits].into();
            let failed = latency.is_none();
            let good = latency.is_some_and(|latency| latency < 100.0);
            evidence.add(Sample { index: count(place), failed, good, latency, values });
        }
        evidence
    }

    fn judged(latencies: &[f64], texts: &[&str]) -> Judgement {
        let limits = limits(texts);
        Judgement::of(&evidence(latencies, limits.len()), &limits, None, &|_| None)
    }

    /// The same as `scipy.stats.beta.ppf(0.99, t + 1, n - t)`, and the numbers of requests that
    /// `MLPerf`'s rules list for the 99th percentile at 99 %: 459, 662, 838 with 0, 1, 2 over it.
    #[test]
    fn the_bounds_are_those_of_mlperf() {
        for (bad, enough) in [(0.0, 459.0), (1.0, 662.0), (2.0, 838.0)] {
            assert!(upper_bound(bad, enough, 0.99) <= 0.01);
            assert!(upper_bound(bad, enough - 1.0, 0.99) > 0.01);
        }
        assert!((upper_bound(3.0, 50.0, 0.95) - 0.147_837_2).abs() < 1e-6);
        assert!((lower_bound(3.0, 50.0, 0.95) - 0.016_551_9).abs() < 1e-6);
    }

    #[test]
    fn a_probe_ends_once_enough_requests_say_the_same() {
        let limits = limits(&["ttft.p99 < 100ms"]);
        let early = |latencies: &[f64]| Judgement::early(&evidence(latencies, 1), &limits);
        assert_eq!(early(&[50.0; 600]), None);
        assert_eq!(early(&[50.0; 700]), Some(true));
        let mixed: Vec<_> = (0..100).map(|at| if at % 4 == 0 { 150.0 } else { 50.0 }).collect();
        assert_eq!(early(&mixed), Some(false));
        assert_eq!(early(&mixed[..20]), None);
    }

    #[test]
    fn the_beginning_that_was_not_steady_is_left_out() {
        let mut latencies: Vec<_> = (0..20).map(|at| 900.0 - 40.0 * f64::from(at)).collect();
        latencies.extend((0..280).map(|at| 50.0 + f64::from(at % 7)));
        let judgement = judged(&latencies, &["ttft.p99 < 100ms"]);
        assert!(judgement.steady && judgement.held, "{judgement:?}");
        assert_eq!((judgement.cut, judgement.requests), (25, 275));
        let rising: Vec<_> = (0..300).map(|at| 10.0 + f64::from(at)).collect();
        assert!(!judged(&rising, &["ttft.p99 < 1s"]).steady);
    }

    #[test]
    fn requests_that_resemble_their_neighbours_count_for_fewer() {
        let alone: Vec<_> = (0..1_000).map(|at| if at % 10 == 0 { 150.0 } else { 50.0 }).collect();
        let mut bunched = vec![50.0; 1_000];
        bunched[440..540].fill(150.0);
        let of = |latencies: &[f64]| {
            let judgement = judged(latencies, &["ttft.p95 < 100ms"]);
            assert!(!judgement.held);
            let Some(Measure::Share { of, effect, .. }) = judgement.limits[0].measure else {
                panic!()
            };
            (of / effect, judgement.clear)
        };
        assert_eq!(of(&alone), (1_000.0, true));
        let (fewer, clear) = of(&bunched);
        assert!(fewer < 50.0 && !clear, "{fewer}");
    }

    #[test]
    fn failures_break_the_limit_on_them_and_the_worst_limit_is_named() {
        let mut latencies = vec![50.0; 200];
        latencies[100..110].fill(-1.0);
        let texts = ["ttft.p95 < 100ms", "error_rate < 1%", "slo_attainment >= 90%"];
        let judgement = judged(&latencies, &texts);
        let held: Vec<_> = judgement.limits.iter().map(|it| it.held).collect();
        assert_eq!(held, [true, false, true]);
        let values: Vec<_> = judgement.limits.iter().map(|it| it.value.unwrap()).collect();
        assert_eq!(values, [50.0, 0.05, 0.95]);
        assert_eq!(judgement.broken(&limits(&texts)), Some(1));
        let all_failed = judged(&[-1.0; 50], &texts);
        assert!(!all_failed.held && all_failed.clear);
    }

    #[test]
    fn a_mean_is_as_sure_as_its_parts_agree() {
        let latencies: Vec<_> = (0..200).map(|at| 50.0 + f64::from(at % 5)).collect();
        let judgement = judged(&latencies, &["ttft.mean < 60ms"]);
        assert!(judgement.held && judgement.clear, "{judgement:?}");
        let judgement = judged(&latencies, &["ttft.mean < 52ms"]);
        assert!(!judgement.held && !judgement.clear, "{judgement:?}");
        let few = judged(&latencies[..40], &["ttft.mean < 60ms"]);
        assert!(few.held && !few.clear, "{few:?}");
    }
}
