//! The Universal Scalability Law, fitted to throughput over concurrency.
//!
//! `X(N) = λN / (1 + σ(N − 1) + κN(N − 1))`: λ is the throughput of one, σ what waits in line, κ what
//! all cost each other.
//!
//! # Source
//!
//! Gunther, "Guerrilla Capacity Planning" (2007), chapters 4 to 6. `N / X(N)` is linear in
//! `1/λ`, `σ/λ` and `κ/λ`, so that least squares need no start; errors are weighed relative to the
//! value, and what would be below 0 is held at 0.

use crate::units::{count, float};

/// Parameters.
const TERMS: usize = 3;
/// Nothing is predicted beyond so many times the largest load that was measured.
const REACH: f64 = 2.0;

/// The law with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usl {
    /// Throughput of a single request at a time.
    pub lambda: f64,
    /// Contention: the share that cannot be done side by side.
    pub sigma: f64,
    /// Coherency: what each costs each other.
    pub kappa: f64,
    /// Share of the variance of the throughput that the law explains.
    pub r_squared: f64,
    /// The largest load it was fitted to.
    pub largest: f64,
}

impl Usl {
    /// The law through points of load and throughput; `None` for fewer than three loads, or
    /// where a value is not above 0.
    pub fn fit(points: &[(f64, f64)]) -> Option<Self> {
        let usable = points.iter().all(|(load, throughput)| *load > 0.0 && *throughput > 0.0);
        let mut loads: Vec<_> = points.iter().map(|(load, _)| *load).collect();
        loads.sort_by(f64::total_cmp);
        loads.dedup();
        if !usable || loads.len() < TERMS {
            return None;
        }
        let best = SETS
            .iter()
            .filter_map(|set| least_squares(points, set))
            .filter(|found| found.iter().all(|term| *term >= 0.0) && found[0] > 0.0)
            .min_by(|one, other| error(points, one).total_cmp(&error(points, other)))?;
        let [one, contention, coherency] = best;
        let mut law = Self {
            lambda: 1.0 / one,
            sigma: contention / one,
            kappa: coherency / one,
            r_squared: 0.0,
            largest: *loads.last()?,
        };
        law.r_squared = law.explained(points);
        Some(law)
    }

    /// Throughput at a load; `None` beyond twice the largest load that was measured.
    pub fn throughput(&self, load: f64) -> Option<f64> {
        (load > 0.0 && load <= REACH * self.largest).then(|| self.at(load))
    }

    /// The load at which throughput is greatest; `None` where it only levels off.
    pub fn peak(&self) -> Option<f64> {
        (self.kappa > 0.0 && self.sigma < 1.0).then(|| ((1.0 - self.sigma) / self.kappa).sqrt())
    }

    fn at(&self, load: f64) -> f64 {
        let waits = 1.0 + self.sigma * (load - 1.0) + self.kappa * load * (load - 1.0);
        self.lambda * load / waits
    }

    fn explained(&self, points: &[(f64, f64)]) -> f64 {
        let n = float(count(points.len()));
        let mean = points.iter().map(|(_, throughput)| throughput).sum::<f64>() / n;
        let all: f64 = points.iter().map(|(_, throughput)| (throughput - mean).powi(2)).sum();
        let left: f64 =
            points.iter().map(|(load, throughput)| (throughput - self.at(*load)).powi(2)).sum();
        if all > 0.0 { 1.0 - left / all } else { 1.0 }
    }
}

/// Which of the terms are looked for; the others are 0.
const SETS: [&[usize]; 4] = [&[0, 1, 2], &[0, 1], &[0, 2], &[0]];

/// The terms of `N / X(N)`.
fn terms(load: f64) -> [f64; TERMS] {
    [1.0, load - 1.0, load * (load - 1.0)]
}

fn error(points: &[(f64, f64)], found: &[f64; TERMS]) -> f64 {
    let of_point = |(load, throughput): &(f64, f64)| {
        let value = load / throughput;
        let fitted: f64 = terms(*load).iter().zip(found).map(|(term, factor)| term * factor).sum();
        ((fitted - value) / value).powi(2)
    };
    points.iter().map(of_point).sum()
}

/// Weighted least squares over the terms of `set`; `None` where they do not determine it.
fn least_squares(points: &[(f64, f64)], set: &[usize]) -> Option<[f64; TERMS]> {
    let size = set.len();
    let mut rows = vec![vec![0.0; size + 1]; size];
    for (load, throughput) in points {
        let value = load / throughput;
        let weight = 1.0 / value.powi(2);
        let all = terms(*load);
        for (row, first) in rows.iter_mut().zip(set) {
            for (cell, second) in row.iter_mut().zip(set) {
                *cell += weight * all[*first] * all[*second];
            }
            row[size] += weight * all[*first] * value;
        }
    }
    let solved = solve(rows)?;
    let mut found = [0.0; TERMS];
    for (place, value) in set.iter().zip(solved) {
        found[*place] = value;
    }
    Some(found)
}

/// Gauss with the largest pivot; `None` where the equations depend on each other.
fn solve(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let size = rows.len();
    for column in 0..size {
        let pivot = (column..size)
            .max_by(|one, other| rows[*one][column].abs().total_cmp(&rows[*other][column].abs()))?;
        rows.swap(column, pivot);
        let scale = rows[column][column];
        if scale.abs() < f64::EPSILON {
            return None;
        }
        rows[column].iter_mut().for_each(|value| *value /= scale);
        let leading = rows[column].clone();
        for (place, row) in rows.iter_mut().enumerate() {
            if place == column {
                continue;
            }
            let factor = row[column];
            for (value, lead) in row.iter_mut().zip(&leading) {
                *value -= factor * lead;
            }
        }
    }
    Some(rows.into_iter().map(|row| row[size]).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Usl;

    fn law(lambda: f64, sigma: f64, kappa: f64, loads: &[f64]) -> Vec<(f64, f64)> {
        let at = |n: f64| lambda * n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0));
        loads.iter().map(|n| (*n, at(*n))).collect()
    }

    proptest! {
        #[test]
        fn what_follows_the_law_is_found_again(
            lambda in 0.1_f64..1_000.0, sigma in 0.0_f64..0.5, kappa in 0.0_f64..0.01,
        ) {
            let points = law(lambda, sigma, kappa, &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
            let found = Usl::fit(&points).unwrap();
            prop_assert!((found.lambda / lambda - 1.0).abs() < 1e-6, "{:?}", found);
            prop_assert!((found.sigma - sigma).abs() < 1e-6, "{:?}", found);
            prop_assert!((found.kappa - kappa).abs() < 1e-6, "{:?}", found);
            prop_assert!(found.r_squared > 0.999_999);
        }
    }

    #[test]
    fn a_published_example_is_fitted_as_published() {
        // Gunther (2007), table 4.1 and section 5.6: a ray tracer on an Origin 2000.
        let points = [
            (1.0, 20.0),
            (4.0, 78.0),
            (8.0, 130.0),
            (12.0, 170.0),
            (16.0, 190.0),
            (20.0, 200.0),
            (24.0, 210.0),
            (28.0, 230.0),
            (32.0, 260.0),
            (48.0, 280.0),
            (64.0, 310.0),
        ];
        let found = Usl::fit(&points).unwrap();
        assert!((found.sigma - 0.05).abs() < 0.02, "{found:?}");
        assert!(found.kappa < 1e-4 && found.r_squared > 0.97, "{found:?}");
    }

    #[test]
    fn nothing_is_predicted_far_beyond_what_was_measured() {
        let found = Usl::fit(&law(10.0, 0.02, 0.001, &[1.0, 4.0, 16.0])).unwrap();
        assert!(found.throughput(32.0).is_some());
        assert_eq!(found.throughput(33.0), None);
        let peak = found.peak().unwrap();
        assert!((peak - (0.98_f64 / 0.001).sqrt()).abs() < 1e-3, "{peak}");
        assert_eq!(Usl::fit(&law(10.0, 0.1, 0.0, &[1.0, 2.0])), None);
    }
}
