//! Intervals of a quantile within one run, from order statistics.
//!
//! A description of one run, never part of a verdict: they take the requests for independent,
//! which they are not, so they are too narrow.
//!
//! # Source
//!
//! Conover, "Practical Nonparametric Statistics" (3rd ed., 1999), 3.2.

use statrs::distribution::{Binomial, DiscreteCDF as _};

/// The ranks (from 1) between which the quantile `q` of `count` values lies at `confidence`;
/// an end is `None` where so few values cannot give it.
pub fn quantile_ranks(count: u64, q: f64, confidence: f64) -> (Option<u64>, Option<u64>) {
    let Ok(below) = Binomial::new(q, count) else { return (None, None) };
    let tail = (1.0 - confidence) / 2.0;
    // How many values lie below the quantile is binomial.
    let low = partition(count, |k| below.cdf(k) > tail);
    let high = partition(count, |k| below.cdf(k) >= 1.0 - tail) + 1;
    ((low > 0).then_some(low), (high <= count).then_some(high))
}

/// The smallest number up to `most` for which `holds`, which holds from some number on.
fn partition(most: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = u64::midpoint(low, high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::quantile_ranks;
    use crate::compare::golden::{golden, number};

    #[test]
    fn ranks_are_those_of_scipy() {
        for row in golden()["quantiles"].as_array().unwrap() {
            let own = quantile_ranks(row["n"].as_u64().unwrap(), number(&row["q"]), 0.95);
            assert_eq!(own, (row["low"].as_u64(), row["high"].as_u64()), "{row}");
        }
    }

    #[test]
    fn too_few_values_have_an_open_end() {
        assert_eq!(quantile_ranks(3, 0.5, 0.95), (None, None));
        assert_eq!(quantile_ranks(0, 0.5, 0.95), (None, None));
    }
}
