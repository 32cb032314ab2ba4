//! The order in which cells run.

use rand_chacha::rand_core::Rng as _;

use super::cell::Cell;
use crate::load::{Purpose, Stream};
use crate::scenario::Scenario;
use crate::units::{count, index, to_u32};

/// Rounds, then workloads, then stages, then backends in the order of their round.
pub(super) fn ordered_cells(scenario: &Scenario) -> Vec<Cell> {
    let orders: Vec<_> = scenario
        .cell_workloads()
        .map(|(number, workload)| (number, balanced(workload.backends(), scenario.seed, number)))
        .collect();
    let mut cells = Vec::new();
    for round in 0..scenario.load.rounds {
        for &(workload, ref orders) in &orders {
            let order = orders.get(index(round.into()) % orders.len().max(1));
            for stage in 0..scenario.load.stages.len() {
                for &backend in order.into_iter().flatten() {
                    let id = to_u32(count(cells.len()));
                    cells.push(Cell { id, backend, workload, stage, round });
                }
            }
        }
    }
    cells
}

/// The orders of `backends` that the rounds take in turn.
///
/// Every second order is the one before it reversed, so that whatever drifts evenly cancels in
/// each pair of rounds. Over all of them each backend stands in each place equally often, and
/// follows each other equally often, so that what one leaves behind for the next is the same
/// for all. Two backends run ABBA, the first first; of more, the seed decides which is which.
///
/// # Source
///
/// Williams, "Experimental designs balanced for the estimation of residual effects of
/// treatments", Aust. J. Chem. 2 (1949).
fn balanced(backends: &[usize], seed: u64, workload: usize) -> Vec<Vec<usize>> {
    let mut backends = backends.to_vec();
    let k = backends.len();
    if k < 2 {
        return vec![backends];
    }
    if k > 2 {
        let stream = Stream { purpose: Purpose::Order, round: 0, stage: 0, workload };
        let mut generator = stream.generator(seed);
        for last in (1..k).rev() {
            let other = index(generator.next_u64() % count(last + 1));
            backends.swap(last, other);
        }
    }
    // 0, 1, k-1, 2, k-2, … : the steps from each to the next are all different.
    let zigzag: Vec<_> =
        (0..k).map(|at| if at % 2 == 1 { at / 2 + 1 } else { (k - at / 2) % k }).collect();
    // Turned by half of k, an even zigzag is itself reversed: the other half of the turns
    // comes with the reversal. An odd one needs all of them.
    let turns = if k.is_multiple_of(2) { k / 2 } else { k };
    (0..turns)
        .flat_map(|turn| {
            let order: Vec<_> = zigzag.iter().map(|at| backends[(at + turn) % k]).collect();
            let reversed = order.iter().rev().copied().collect();
            [order, reversed]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::balanced;

    fn orders(k: usize) -> Vec<Vec<usize>> {
        balanced(&(0..k).collect::<Vec<_>>(), 42, 0)
    }

    #[test]
    fn two_backends_run_there_and_back() {
        assert_eq!(orders(2), [[0, 1], [1, 0]]);
        assert_eq!(balanced(&[1, 0], 7, 3), [[1, 0], [0, 1]]);
        assert_eq!(orders(1), [[0]]);
        assert!(orders(0).iter().all(Vec::is_empty));
    }

    #[test]
    fn every_second_order_is_the_one_before_reversed() {
        for k in 2..9 {
            for pair in orders(k).chunks(2) {
                let reversed: Vec<_> = pair[0].iter().rev().copied().collect();
                assert_eq!(pair[1], reversed, "{k}");
            }
        }
    }

    #[test]
    fn each_backend_takes_each_place_and_follows_each_other_equally_often() {
        for k in 2..9 {
            let orders = orders(k);
            let mut places: BTreeMap<_, usize> = BTreeMap::new();
            let mut pairs: BTreeMap<_, usize> = BTreeMap::new();
            for order in &orders {
                for (place, backend) in order.iter().enumerate() {
                    *places.entry((place, *backend)).or_default() += 1;
                }
                for pair in order.windows(2) {
                    *pairs.entry((pair[0], pair[1])).or_default() += 1;
                }
            }
            assert_eq!((places.len(), pairs.len()), (k * k, k * (k - 1)), "{k}");
            assert!(places.values().all(|times| *times == orders.len() / k), "{k}: {places:?}");
            let times = *pairs.values().next().unwrap();
            assert!(pairs.values().all(|each| *each == times), "{k}: {pairs:?}");
        }
    }

    #[test]
    fn the_seed_decides_which_of_many_is_which() {
        let backends: Vec<_> = (0..5).collect();
        assert_eq!(balanced(&backends, 1, 0), balanced(&backends, 1, 0));
        assert_ne!(balanced(&backends, 1, 0), balanced(&backends, 2, 0));
    }
}
