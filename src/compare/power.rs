//! How many more rounds would probably settle what is inconclusive.
//!
//! As if the estimate and the spread were true: a difference beyond the tolerance is settled
//! when it would be significant with a power of 80 %, one within it when its interval would fit
//! between the tolerances.

use super::student::{Student, quantile};
use crate::units::{float, to_u32};

/// The power asked for: of repetitions of the larger comparison, so many would see it.
const POWER: f64 = 0.8;
/// No more rounds than these are ever advised; beyond, the answer is "not with more rounds".
const MOST_ROUNDS: u64 = 100;

/// What a decision is held against, on the scale of the differences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Differences up to this size do not matter.
    pub tolerance: f64,
    /// One-sided level of the test, after the correction for many.
    pub level: f64,
    /// Confidence of the interval.
    pub confidence: f64,
}

/// How many rounds more than `student` rests on would probably settle it; `None` if more than
/// 100 in all, as where the difference is about as large as the tolerance.
pub fn more_rounds(student: &Student, bar: Bar) -> Option<u32> {
    let have = crate::units::whole(student.freedom) + 1;
    (have + 1..=MOST_ROUNDS).find(|&n| is_settled(student, bar, n)).map(|n| to_u32(n - have))
}

fn is_settled(student: &Student, bar: Bar, rounds: u64) -> bool {
    let n = float(rounds);
    let error = student.sd / n.sqrt();
    let size = student.mean.abs();
    let needed = |p: f64| quantile(n - 1.0, p);
    if size > bar.tolerance {
        size >= (needed(1.0 - bar.level) + needed(POWER)) * error
    } else {
        size + needed(f64::midpoint(1.0, bar.confidence)) * error <= bar.tolerance
    }
}

#[cfg(test)]
mod tests {
    use super::{Bar, more_rounds};
    use crate::compare::student::Student;

    const BAR: Bar = Bar { tolerance: 0.048_79, level: 0.01, confidence: 0.95 };

    fn student(mean: f64, sd: f64) -> Student {
        Student { mean, sd, standard_error: sd / 3_f64.sqrt(), freedom: 2.0 }
    }

    #[test]
    fn the_noisier_the_more_rounds() {
        let rounds = [0.02, 0.05, 0.1].map(|sd| more_rounds(&student(0.1, sd), BAR).unwrap());
        assert!(rounds.is_sorted() && rounds[0] < rounds[2], "{rounds:?}");
        // With 5 more, t(7) gives (2.998 + 0.896) * 0.05 / sqrt(8) = 0.069 < 0.1.
        assert!((2..=5).contains(&rounds[1]), "{rounds:?}");
    }

    #[test]
    fn a_difference_as_large_as_the_tolerance_is_never_settled() {
        assert_eq!(more_rounds(&student(0.048_79, 0.05), BAR), None);
    }

    #[test]
    fn no_difference_is_settled_when_the_interval_fits() {
        // t(0.975; n - 1) * 0.05 / sqrt(n) <= 0.04879 from n = 7 on.
        assert_eq!(more_rounds(&student(0.0, 0.05), BAR), Some(4));
    }
}
