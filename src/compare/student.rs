//! Student's t over replicates: interval and one-sided p-values of a mean difference.
//!
//! What goes in are differences on the scale where they add: logarithms of ratios, or plain
//! differences of shares. The replicate is the round (or the run), never the request.
//!
//! # Source
//!
//! Student, "The probable error of a mean", Biometrika 6 (1908); for a single new value against
//! a sample, the prediction interval of Hahn and Meeker, "Statistical Intervals" (1991), 4.7.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use crate::units::{count, float};

/// A mean difference and how surely it is known; there were at least two replicates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Student {
    /// Mean of the differences.
    pub mean: f64,
    /// Standard deviation of a single difference.
    pub sd: f64,
    /// Standard error of the mean.
    pub standard_error: f64,
    /// Degrees of freedom.
    pub freedom: f64,
}

/// The lower and the upper end of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Student {
    /// Of paired differences, one for each round; `None` for fewer than two, or where one is
    /// no number. The spread is never taken for smaller than `resolution`, the spread that
    /// rounding alone gives.
    pub fn of_pairs(differences: &[f64], resolution: f64) -> Option<Self> {
        let (mean, sd) = spread(differences)?;
        let sd = sd.max(resolution);
        let n = float(count(differences.len()));
        Some(Self { mean, sd, standard_error: sd / n.sqrt(), freedom: n - 1.0 })
    }

    /// Of one `new` value against a sample of `base` values, as another of their kind would
    /// fall; `None` for fewer than two of these.
    pub fn of_new_value(base: &[f64], new: f64, resolution: f64) -> Option<Self> {
        let (mean, sd) = spread(base)?;
        let sd = sd.max(resolution);
        let n = float(count(base.len()));
        let standard_error = sd * (1.0 + 1.0 / n).sqrt();
        let mean = new - mean;
        mean.is_finite().then_some(Self { mean, sd, standard_error, freedom: n - 1.0 })
    }

    /// The two-sided interval of the mean at `confidence` (0.95 for 95 %).
    pub fn interval(&self, confidence: f64) -> Interval {
        let half = quantile(self.freedom, f64::midpoint(1.0, confidence)) * self.standard_error;
        let half = if self.standard_error > 0.0 { half } else { 0.0 };
        Interval { low: self.mean - half, high: self.mean + half }
    }

    /// How probable so large a mean is, where the true difference is 0 or below.
    pub fn p_above(&self) -> f64 {
        tail(self.mean, self.standard_error, self.freedom)
    }

    /// How probable so small a mean is, where the true difference is 0 or above.
    pub fn p_below(&self) -> f64 {
        tail(-self.mean, self.standard_error, self.freedom)
    }
}

/// The value of Student's t with `freedom` degrees below which a share `p` lies.
pub(super) fn quantile(freedom: f64, p: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |student| student.inverse_cdf(p))
}

fn tail(mean: f64, standard_error: f64, freedom: f64) -> f64 {
    if standard_error <= 0.0 {
        // Every replicate says the same, exactly.
        return if mean > 0.0 { 0.0 } else { 1.0 };
    }
    StudentsT::new(0.0, 1.0, freedom).map_or(1.0, |student| student.sf(mean / standard_error))
}

/// Mean and standard deviation of a sample.
fn spread(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let n = float(count(values.len()));
    let mean = values.iter().sum::<f64>() / n;
    let squares = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    Some((mean, (squares / (n - 1.0)).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::{Student, quantile};
    use crate::compare::golden::{assert_near, golden, number, numbers};

    #[test]
    fn quantiles_are_those_of_scipy() {
        for row in golden()["student"].as_array().unwrap() {
            let [df, p, t] = ["df", "p", "t"].map(|key| number(&row[key]));
            assert_near(quantile(df, p), t, 1e-8);
        }
    }

    #[test]
    fn intervals_and_p_values_of_pairs_are_those_of_scipy() {
        for sample in golden()["paired"].as_object().unwrap().values() {
            let student = Student::of_pairs(&numbers(&sample["log_ratios"]), 0.0).unwrap();
            let interval = student.interval(0.95);
            for (own, key) in [
                (student.mean, "mean"),
                (student.sd, "sd"),
                (interval.low, "low"),
                (interval.high, "high"),
                (student.p_above(), "p_above"),
                (student.p_below(), "p_below"),
            ] {
                assert_near(own, number(&sample[key]), 1e-8);
            }
        }
    }

    #[test]
    fn the_prediction_interval_is_that_of_scipy() {
        let wanted = &golden()["prediction"];
        let base = numbers(&wanted["base"]);
        let student = Student::of_new_value(&base, number(&wanted["new"]), 0.0).unwrap();
        let interval = student.interval(0.95);
        assert_near(student.mean, number(&wanted["mean"]), 1e-9);
        assert_near(interval.low, number(&wanted["low"]), 1e-8);
        assert_near(interval.high, number(&wanted["high"]), 1e-8);
        assert_near(student.p_above(), number(&wanted["p_above"]), 1e-8);
    }

    #[test]
    fn one_replicate_tells_nothing_of_chance() {
        assert_eq!(Student::of_pairs(&[0.1], 0.0), None);
        assert_eq!(Student::of_new_value(&[4.6], 4.7, 0.0), None);
        assert_eq!(Student::of_pairs(&[0.1, f64::NAN, 0.1], 0.0), None);
    }

    #[test]
    fn replicates_that_agree_exactly_are_certain_up_to_the_rounding() {
        let same = Student::of_pairs(&[0.0; 4], 0.0).unwrap();
        assert_eq!((same.interval(0.95).low, same.p_above(), same.p_below()), (0.0, 1.0, 1.0));
        let apart = Student::of_pairs(&[0.5; 4], 0.0).unwrap();
        assert_eq!((apart.p_above(), apart.p_below()), (0.0, 1.0));
        let rounded = Student::of_pairs(&[0.0005; 4], 0.001).unwrap();
        assert!(rounded.p_above() > 0.1, "{}", rounded.p_above());
    }
}
