//! Checks on the t interval that assume less: Hodges–Lehmann and the exact sign-flip test.
//!
//! They decide nothing. Where they contradict the interval, a round is out of line, and it is
//! named.
//!
//! # Source
//!
//! Hodges and Lehmann, "Estimates of location based on rank tests", Ann. Math. Statist. 34
//! (1963); Fisher, "The Design of Experiments" (1935), 21, for the sign flips.

use super::student::{Interval, Student};
use crate::units::{count, float};

/// Most differences for which all 2ⁿ signs are tried: a million sums.
const MOST_FLIPPED: usize = 20;

/// What the checks say of a set of paired differences.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The Hodges–Lehmann estimate, on the scale of the differences.
    pub hodges_lehmann: f64,
    /// Two-sided p of the exact sign-flip test; `None` for more than 20 differences.
    pub sign_flip: Option<f64>,
    /// Index of the difference that makes them contradict the interval; `None` if they do not.
    pub out_of_line: Option<usize>,
}

impl Check {
    /// Holds the checks against the interval of `student`; `None` for fewer than three
    /// differences.
    pub fn of(differences: &[f64], student: &Student, confidence: f64) -> Option<Self> {
        if differences.len() < 3 {
            return None;
        }
        let hodges_lehmann = hodges_lehmann(differences)?;
        let sign_flip = sign_flip(differences);
        let interval = student.interval(confidence);
        let contradicts = is_outside(hodges_lehmann, interval)
            || sign_flip.is_some_and(|p| disagrees(p, differences.len(), interval, confidence));
        let out_of_line = contradicts.then(|| farthest(differences, hodges_lehmann)).flatten();
        Some(Self { hodges_lehmann, sign_flip, out_of_line })
    }
}

fn is_outside(value: f64, interval: Interval) -> bool {
    value < interval.low || value > interval.high
}

/// Whether one of the two tests clearly sees a difference that the other does not. Only where
/// the sign-flip test could see one at all: its smallest p is 2 / 2ⁿ.
fn disagrees(p: f64, n: usize, interval: Interval, confidence: f64) -> bool {
    let level = 1.0 - confidence;
    if n > MOST_FLIPPED || 2.0 / float(1 << n) > level {
        return false;
    }
    let seen = interval.low > 0.0 || interval.high < 0.0;
    if seen { p > 2.0 * level } else { p <= level }
}

/// The difference that lies farthest from `center`.
fn farthest(differences: &[f64], center: f64) -> Option<usize> {
    let distance = |at: &usize| (differences[*at] - center).abs();
    (0..differences.len()).max_by(|left, right| distance(left).total_cmp(&distance(right)))
}

/// The median of all means of two (Walsh averages, each value with itself too); `None` without
/// any value.
pub fn hodges_lehmann(differences: &[f64]) -> Option<f64> {
    let mut means = Vec::with_capacity(differences.len() * (differences.len() + 1) / 2);
    for (at, left) in differences.iter().enumerate() {
        means.extend(differences[at..].iter().map(|right| f64::midpoint(*left, *right)));
    }
    means.sort_by(f64::total_cmp);
    let middle = means.len() / 2;
    let upper = *means.get(middle)?;
    if means.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(means[middle - 1], upper)) }
}

/// Two-sided p of the sign-flip test: the share of all 2ⁿ choices of signs whose sum is as far
/// from 0 as that of the differences. `None` without any, or for more than 20.
pub fn sign_flip(differences: &[f64]) -> Option<f64> {
    let n = differences.len();
    if n == 0 || n > MOST_FLIPPED {
        return None;
    }
    let observed: f64 = differences.iter().sum();
    // Sums that differ by rounding alone are equal.
    let size: f64 = differences.iter().map(|value| value.abs()).sum();
    let bar = observed.abs() - size * 1e-12;
    let mut sum = observed;
    let mut signs = vec![1.0; n];
    let mut extreme: u64 = 1;
    for step in 1_u64..1 << n {
        // A Gray code changes one sign a step.
        let at = crate::units::index(step.trailing_zeros().into());
        signs[at] = -signs[at];
        sum += 2.0 * signs[at] * differences[at];
        extreme += u64::from(sum.abs() >= bar);
    }
    Some(float(extreme) / float(1 << count(n)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Check, hodges_lehmann, sign_flip};
    use crate::compare::golden::{assert_near, golden, number, numbers};
    use crate::compare::student::Student;

    fn check(differences: &[f64]) -> Check {
        let student = Student::of_pairs(differences, 0.0).unwrap();
        Check::of(differences, &student, 0.95).unwrap()
    }

    #[test]
    fn both_checks_are_those_of_scipy() {
        for sample in golden()["paired"].as_object().unwrap().values() {
            let differences = numbers(&sample["log_ratios"]);
            let own = hodges_lehmann(&differences).unwrap();
            assert_near(own, number(&sample["hodges_lehmann"]), 1e-12);
            assert_near(sign_flip(&differences).unwrap(), number(&sample["sign_flip"]), 1e-12);
        }
    }

    #[test]
    fn a_round_out_of_line_is_named() {
        let sample = numbers(&golden()["paired"]["outlier"]["log_ratios"]);
        assert_eq!(check(&sample).out_of_line, Some(4));
        let quiet = numbers(&golden()["paired"]["quiet"]["log_ratios"]);
        assert_eq!(check(&quiet).out_of_line, None);
        assert_eq!(check(&[0.5, 0.1, 0.3]).out_of_line, None);
    }

    #[test]
    fn more_than_twenty_differences_are_not_flipped() {
        assert_eq!(sign_flip(&[0.1; 21]), None);
        assert_eq!(sign_flip(&[]), None);
        assert_eq!(hodges_lehmann(&[]), None);
    }

    proptest! {
        #[test]
        fn the_mirrored_sample_gives_the_mirrored_check(
            sample in prop::collection::vec(-1.0_f64..1.0, 3..9),
        ) {
            let mirrored: Vec<_> = sample.iter().map(|value| -value).collect();
            let (left, right) = (check(&sample), check(&mirrored));
            prop_assert!((left.hodges_lehmann + right.hodges_lehmann).abs() < 1e-12);
            prop_assert_eq!(left.sign_flip, right.sign_flip);
            prop_assert_eq!(left.out_of_line.is_some(), right.out_of_line.is_some());
        }
    }
}
