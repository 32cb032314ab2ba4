//! Holm's correction: many tests, one error rate.
//!
//! # Source
//!
//! Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6 (1979).

use crate::units::{count, float};

/// The p-values corrected for being many, in the order given: each rejection at a level α is
/// then right for all of them together with probability 1 − α.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&left, &right| p_values[left].total_cmp(&p_values[right]));
    let mut corrected = vec![1.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, &place) in order.iter().enumerate() {
        let left = float(count(p_values.len() - rank));
        largest = largest.max((left * p_values[place]).min(1.0));
        corrected[place] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::holm;
    use crate::compare::golden::{assert_near, golden, numbers};

    #[test]
    fn the_correction_is_that_of_the_golden_values() {
        let wanted = &golden()["holm"];
        for (own, wanted) in
            holm(&numbers(&wanted["p"])).into_iter().zip(numbers(&wanted["adjusted"]))
        {
            assert_near(own, wanted, 1e-12);
        }
        assert!(holm(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn a_corrected_p_is_never_smaller_and_keeps_the_order(
            p in prop::collection::vec(0.0_f64..=1.0, 1..30),
        ) {
            let corrected = holm(&p);
            for (at, own) in p.iter().enumerate() {
                prop_assert!(corrected[at] >= *own && corrected[at] <= 1.0);
                for (other, p) in p.iter().enumerate() {
                    prop_assert!(own > p || corrected[at] <= corrected[other]);
                }
            }
        }
    }
}
