//! At which load a figure crosses its limit, by a curve through the probes near it.
//!
//! A share of requests follows a logistic curve over the load there, a mean an exponential one: near
//! the limit both are close to straight lines once they are stretched so. The interval is the
//! one of calibration (Fieller): all loads at which the line, as sure as it is, may meet the limit.
//!
//! # Source
//!
//! E. C. Fieller, "Some problems in interval estimation", J. R. Stat. Soc. B 16 (1954); the fit:
//! `P. McCullagh` and J. A. Nelder, Generalized Linear Models (1989), 4.4 and 4.5.1, the dispersion
//! included.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::judgement::Measure;
use crate::units::{count, float};

/// Two-sided confidence of the interval.
const CONFIDENCE: f64 = 0.95;
/// Probes below which nothing is fitted.
const FEWEST: usize = 4;
/// Steps of the fit; it settles within a few.
const STEPS: usize = 50;

/// What a curve says of where a limit is crossed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Crossed {
    /// There, as sure as this.
    At(Crossing),
    /// There is no curve: everything is on one side at one load and on the other at the next.
    Cliff,
    /// More probes are needed to see one.
    Unclear,
}

/// Where a limit is crossed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Crossing {
    /// The load.
    pub(super) at: f64,
    /// The least load that it may be.
    pub(super) low: f64,
    /// The largest load that it may be.
    pub(super) high: f64,
}

impl Crossing {
    /// How wide the interval is.
    pub(super) fn width(&self) -> f64 {
        self.high - self.low
    }
}

/// A straight line `y = a + b · (x − x̄)` with the covariance of its two numbers.
struct Line {
    center: f64,
    height: f64,
    slope: f64,
    /// Of the height and of the slope.
    variances: [f64; 2],
    freedom: f64,
}

/// Where the points, each a load with what it gave, cross `limit`: a share of requests, or a mean.
pub(super) fn crossing(points: &[(f64, Measure)], limit: f64) -> Crossed {
    if points.len() < FEWEST {
        return Crossed::Unclear;
    }
    let shares: Vec<_> = points
        .iter()
        .filter_map(|(load, measure)| match measure {
            Measure::Share { bad, of, effect } => Some((*load, *bad, *of, *effect)),
            Measure::Mean { .. } | Measure::Figure(_) => None,
        })
        .collect();
    if shares.len() == points.len() {
        // Where shares go from none to all at once there is no curve between the two.
        let is_pure = |(_, bad, of, _): &(f64, f64, f64, f64)| *bad <= 0.0 || bad >= of;
        if shares.iter().all(is_pure) {
            return Crossed::Cliff;
        }
        let line = logistic(&shares);
        return Crossed::of(line, (limit / (1.0 - limit)).ln());
    }
    // As with shares, all probes are held to be as sure as they are on average.
    let errors: Option<Vec<f64>> = points.iter().map(|(_, measure)| measure.relative()).collect();
    let number = float(count(points.len()));
    let error = errors.map(|errors| errors.iter().sum::<f64>() / number);
    let error = error.filter(|error| *error > 0.0);
    let weight = error.map_or(1.0, |error| error.powi(-2));
    let means: Vec<_> = points
        .iter()
        .filter_map(|(load, measure)| match *measure {
            Measure::Mean { mean: value, .. } | Measure::Figure(value) if value > 0.0 => {
                Some((*load, value.ln(), weight))
            }
            Measure::Mean { .. } | Measure::Figure(_) | Measure::Share { .. } => None,
        })
        .collect();
    Crossed::of(Line::through(&means, error.is_some()), limit.ln())
}

impl Crossed {
    fn of(line: Option<Line>, level: f64) -> Self {
        line.and_then(|line| line.meets(level)).map_or(Self::Unclear, Self::At)
    }
}

/// The line of the log odds of shares, by iteratively reweighted least squares. All probes are held
/// to be as bunched as they are on average: one with a burst has a large share and looks more
/// bunched than it is, and would count for too little.
fn logistic(shares: &[(f64, f64, f64, f64)]) -> Option<Line> {
    let requests: f64 = shares.iter().map(|(_, _, of, _)| of).sum();
    let effect = shares.iter().map(|(_, _, of, effect)| of * effect).sum::<f64>() / requests;
    let mut odds: Vec<f64> =
        shares.iter().map(|(_, bad, of, _)| ((bad + 0.5) / (of - bad + 0.5)).ln()).collect();
    let mut line = None;
    for _ in 0..STEPS {
        let working: Vec<_> = shares
            .iter()
            .zip(&odds)
            .map(|((load, bad, of, _), odds)| {
                let share = 1.0 / (1.0 + (-odds).exp());
                let weight = (share * (1.0 - share)).max(1e-9);
                (*load, odds + (bad / of - share) / weight, of / effect * weight)
            })
            .collect();
        let fitted = Line::through(&working, true)?;
        let next: Vec<f64> = shares.iter().map(|(load, ..)| fitted.at(*load)).collect();
        let moved = odds.iter().zip(&next).map(|(old, new)| (old - new).abs()).fold(0.0, f64::max);
        odds = next.iter().map(|odds| odds.clamp(-30.0, 30.0)).collect();
        line = Some(fitted);
        if moved < 1e-9 {
            break;
        }
    }
    line
}

impl Line {
    /// Through points with weights that are the inverse of their variances, up to a factor that
    /// comes from how far they lie from the line: at least 1 where the variances are known.
    fn through(points: &[(f64, f64, f64)], is_known: bool) -> Option<Self> {
        if points.len() < FEWEST {
            return None;
        }
        let all: f64 = points.iter().map(|(.., weight)| weight).sum();
        let center = points.iter().map(|(x, _, weight)| x * weight).sum::<f64>() / all;
        let height = points.iter().map(|(_, y, weight)| y * weight).sum::<f64>() / all;
        let spread: f64 = points.iter().map(|(x, _, weight)| weight * (x - center).powi(2)).sum();
        if !(spread > 1e-12 && all.is_finite()) {
            return None;
        }
        let slope =
            points.iter().map(|(x, y, weight)| weight * (x - center) * y).sum::<f64>() / spread;
        let freedom = float(count(points.len())) - 2.0;
        let left: f64 = points
            .iter()
            .map(|(x, y, weight)| weight * (y - height - slope * (x - center)).powi(2))
            .sum();
        let least = if is_known { 1.0 } else { 0.0 };
        let dispersion = (left / freedom).max(least);
        let variances = [dispersion / all, dispersion / spread];
        Some(Self { center, height, slope, variances, freedom })
    }

    fn at(&self, load: f64) -> f64 {
        self.height + self.slope * (load - self.center)
    }

    /// Where it meets `level`; `None` unless it rises or falls beyond doubt.
    fn meets(&self, level: f64) -> Option<Crossing> {
        let reach = StudentsT::new(0.0, 1.0, self.freedom)
            .ok()?
            .inverse_cdf(0.5 + CONFIDENCE / 2.0)
            .powi(2);
        // (height − level + slope · d)² = reach · (v₀ + v₂ d²), solved for d.
        let [own, of_slope] = self.variances;
        let gap = self.height - level;
        let square = self.slope.powi(2) - reach * of_slope;
        if square <= 0.0 {
            return None;
        }
        let half = self.slope * gap;
        let rest = gap.powi(2) - reach * own;
        let root = (half.powi(2) - square * rest).max(0.0).sqrt();
        let ends = [(-half - root) / square, (-half + root) / square];
        let at = self.center - gap / self.slope;
        Some(Crossing { at, low: self.center + ends[0], high: self.center + ends[1] })
    }
}

#[cfg(test)]
mod tests {
    use super::{Crossed, Crossing, crossing};
    use crate::search::Measure;

    fn at(points: &[(f64, Measure)], limit: f64) -> Crossing {
        let Crossed::At(found) = crossing(points, limit) else { panic!("no curve") };
        found
    }

    fn share(load: f64, bad: f64, of: f64) -> (f64, Measure) {
        (load, Measure::Share { bad, of, effect: 1.0 })
    }

    /// As `statsmodels` 0.15 has it: `GLM([[2, 198], [6, 194], [15, 185], [40, 160]],
    /// add_constant([8, 9, 10, 11]), Binomial()).fit().params` are −13.142970 and 1.067816, so the
    /// odds of 5 % are met at 9.550836.
    #[test]
    fn a_logistic_curve_is_that_of_the_library() {
        let points = [
            share(8.0, 2.0, 200.0),
            share(9.0, 6.0, 200.0),
            share(10.0, 15.0, 200.0),
            share(11.0, 40.0, 200.0),
        ];
        let Crossing { at: found, low, high } = at(&points, 0.05);
        assert!((found - 9.550_836).abs() < 1e-5, "{found}");
        assert!(low < found && found < high && high - low < 3.0, "{low} {high}");
    }

    #[test]
    fn means_follow_an_exponential_curve() {
        let point = |load: f64| {
            let mean = 50.0 * (0.3 * load).exp();
            (load, Measure::Mean { mean, error: mean * 0.01 })
        };
        let points = [1.0, 2.0, 3.0, 4.0, 5.0].map(point);
        let found = at(&points, 50.0 * (0.3_f64 * 3.5).exp());
        assert!((found.at - 3.5).abs() < 1e-9);
        assert!(found.low < 3.5 && 3.5 < found.high && found.high - found.low < 0.3, "{found:?}");
    }

    #[test]
    fn nothing_is_said_where_no_curve_shows() {
        let points = [
            share(8.0, 0.0, 99.0),
            share(9.0, 0.0, 99.0),
            share(9.1, 99.0, 99.0),
            share(9.2, 99.0, 99.0),
        ];
        assert_eq!(crossing(&points, 0.05), Crossed::Cliff);
        let flat = [8.0, 9.0, 10.0, 11.0].map(|load| share(load, 5.0, 99.0));
        assert_eq!(crossing(&flat, 0.05), Crossed::Unclear);
        assert_eq!(crossing(&flat[..3], 0.05), Crossed::Unclear);
        let same = [
            share(8.0, 3.0, 99.0),
            share(8.0, 4.0, 99.0),
            share(8.0, 5.0, 99.0),
            share(8.0, 6.0, 99.0),
        ];
        assert_eq!(crossing(&same, 0.05), Crossed::Unclear);
    }
}
