//! A shuffled order of any number of rows, without a list of them.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng as _;

use crate::units::mixed;

/// Rounds of the network; four already pass for random, more cost nanoseconds.
const ROUNDS: usize = 6;

/// A permutation of any `0..count`.
///
/// # Source
///
/// A Feistel network over the next even power of two with cycle-walking: Black and Rogaway,
/// "Ciphers with Arbitrary Finite Domains", CT-RSA 2002.
#[derive(Clone, Copy, Debug)]
pub(super) struct Permutation {
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// A permutation with keys from `generator`.
    pub(super) fn new(generator: &mut ChaCha8Rng) -> Self {
        Self { keys: [(); ROUNDS].map(|()| generator.next_u64()) }
    }

    /// What stands at `position` of `count`; positions count modulo `count`.
    pub(super) fn at(&self, position: u64, count: u64) -> u64 {
        if count < 2 {
            return 0;
        }
        let bits = u64::BITS - (count - 1).leading_zeros();
        let mut value = position % count;
        // The network permutes a range at most four times as large. Walking its cycle from a
        // value below the count leads below it again, at the latest where the walk began.
        loop {
            value = self.network(value, bits.div_ceil(2));
            if value < count {
                return value;
            }
        }
    }

    /// A permutation of the numbers of twice `half_bits` bits.
    fn network(&self, value: u64, half_bits: u32) -> u64 {
        let mask = (1_u64 << half_bits) - 1;
        let (mut left, mut right) = (value >> half_bits, value & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mixed(right ^ key) & mask));
        }
        left << half_bits | right
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::Permutation;
    use crate::load::{Purpose, Stream};

    fn permutation(seed: u64) -> Permutation {
        let stream = Stream { purpose: Purpose::Prompts, round: 0, stage: 0, workload: 0 };
        Permutation::new(&mut stream.generator(seed))
    }

    #[test]
    fn another_seed_is_another_order() {
        let order = |seed| (0..100).map(move |at| permutation(seed).at(at, 100));
        assert!(order(1).eq(order(1)));
        assert!(!order(1).eq(order(2)));
        assert!(!order(1).eq(0..100));
    }

    #[test]
    fn the_order_is_pinned() {
        let order: Vec<_> = (0..8).map(|at| permutation(42).at(at, 8)).collect();
        assert_eq!(order, [4, 1, 6, 5, 2, 7, 0, 3]);
    }

    #[test]
    fn neighbours_are_torn_apart() {
        let order = permutation(7);
        let near =
            |at: &u64| order.at(*at, 1_000_000).abs_diff(order.at(at + 1, 1_000_000)) < 1_000;
        // By chance about 20 of 10,000 pairs lie so near.
        assert!((0..10_000).filter(near).count() < 60);
    }

    proptest! {
        #[test]
        fn every_row_comes_exactly_once(seed: u64, count in 1_u64..3_000) {
            let order = permutation(seed);
            let seen: BTreeSet<_> = (0..count).map(|at| order.at(at, count)).collect();
            prop_assert_eq!(seen.len() as u64, count);
            prop_assert!(seen.last().is_none_or(|last| *last < count));
        }

        #[test]
        fn however_many_rows_there_are_a_position_has_one(seed: u64, count: u64, at: u64) {
            prop_assert!(permutation(seed).at(at, count) < count.max(1));
        }
    }
}
