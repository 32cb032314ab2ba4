//! Which workload of a mix each request takes.
//!
//! Requests come in blocks. Of each block every member has its share, in an order that is drawn:
//! so the shares are right after every block, not only in the long run, and no pattern repeats
//! that a server, or the slots of a closed loop, could fall in step with. Drawing each request by
//! itself would leave the composition of a cell to chance, and the figures of the whole with it:
//! of 100 requests at 30 %, more than half of all cells would have fewer than 28 or more than 32.
//!
//! Every place of a block is equally likely to be a member's, so over any number of requests the
//! expected number of each is its share, and the number itself is off by less than its share of
//! one block.
//!
//! All of it is laid down before the cell begins: which member a request takes, and which of the
//! member's own requests it is, is looked up by its number, in any thread, without a lock.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng as _;

use super::draw::{Purpose, Source};
use crate::units::{count, float, index, to_u32, whole};

/// Requests of a block at least: fewer, and the order would be a pattern.
const SHORTEST_BLOCK: u64 = 20;
/// Requests of a block at most. Shares that come out whole in no block as short as that (but for
/// odd ones like 8731 : 1269, all do) are right on average over the blocks.
const LONGEST_BLOCK: u64 = 1_000;
/// Requests that are laid down, about; those after them take the same order again. In 8 bytes
/// each they are half a mebibyte, and no server keeps in mind what came so long ago.
const LAID_DOWN: u64 = 1 << 16;
/// A share of a block this close to a whole number is one: what is lacking is rounding.
const ROUNDING: f64 = 1e-9;

/// The order in which the members of a mix take their turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MixOrder {
    /// The turns that are laid down; never empty.
    turns: Vec<Turn>,
    /// How many of them each member has.
    of_member: Vec<u32>,
}

/// Whose turn it is: 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    member: u32,
    /// How often it has had its turn before.
    before: u32,
}

/// What a request of a mix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberTurn {
    /// Whose request it is, by its place among the members.
    pub member: u32,
    /// Which of the member's own requests, from 0.
    pub index: u64,
}

impl MixOrder {
    /// An order in which the members have these `shares`, which are above 0 and add up to 1.
    /// Which one depends on the seed, the mix (by its number) and the place of its cell among
    /// those of all rounds and stages, and so is the same for every backend.
    pub fn new(shares: &[f64], (seed, mix, place): (u64, u64, u64)) -> Self {
        let mut numbers = Source { seed, workload: mix }.numbers(Purpose::Member, place, 0);
        let block = block_length(shares);
        let mut order = Self { turns: Vec::new(), of_member: vec![0; shares.len()] };
        while count(order.turns.len()) < LAID_DOWN {
            let mut members = members_of_block(shares, block, &mut numbers);
            shuffle(&mut members, &mut numbers);
            for member in members {
                let had = &mut order.of_member[index(member.into())];
                order.turns.push(Turn { member, before: *had });
                *had += 1;
            }
        }
        order
    }

    /// What request number `index` of a phase is.
    pub fn turn(&self, index: u64) -> MemberTurn {
        let laid_down = count(self.turns.len());
        let Turn { member, before } = self.turns[crate::units::index(index % laid_down)];
        let of_member = self.of_member[crate::units::index(member.into())];
        let earlier = (index / laid_down).saturating_mul(of_member.into());
        MemberTurn { member, index: earlier.saturating_add(before.into()) }
    }
}

/// The length of the shortest block in which every share comes out whole; the longest allowed
/// where there is none.
fn block_length(shares: &[f64]) -> u64 {
    let is_whole = |block: &u64| {
        shares.iter().all(|share| {
            let requests = share * float(*block);
            (requests - requests.round()).abs() < ROUNDING
        })
    };
    (SHORTEST_BLOCK..LONGEST_BLOCK).find(is_whole).unwrap_or(LONGEST_BLOCK)
}

/// The members of a block of that length, in their order, each as often as its share says:
/// where that is no whole number, one more or less, and right on average.
fn members_of_block(shares: &[f64], block: u64, numbers: &mut ChaCha8Rng) -> Vec<u32> {
    // All shares laid end to end and cut at every whole number, moved by a drawn part of one.
    let offset = float(numbers.next_u64() >> 11) / float(1 << 53);
    let mut members = Vec::new();
    let mut end = 0.0;
    for (member, share) in shares.iter().enumerate() {
        end += share * float(block);
        let end = if (end - end.round()).abs() < ROUNDING { end.round() } else { end };
        let is_last = member + 1 == shares.len();
        let until = if is_last { block } else { whole((end + offset).floor()).min(block) };
        members.resize(members.len().max(index(until)), to_u32(count(member)));
    }
    members
}

/// Brings `members` into an order that is drawn.
fn shuffle(members: &mut [u32], numbers: &mut ChaCha8Rng) {
    for last in (1..members.len()).rev() {
        let other = index(numbers.next_u64() % count(last + 1));
        members.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LAID_DOWN, LONGEST_BLOCK, MemberTurn, MixOrder, block_length};
    use crate::units::{count, float};

    fn members(order: &MixOrder, requests: std::ops::Range<u64>) -> Vec<u32> {
        requests.map(|index| order.turn(index).member).collect()
    }

    fn number_of(order: &MixOrder, member: u32, requests: u64) -> u64 {
        count(members(order, 0..requests).iter().filter(|its| **its == member).count())
    }

    #[test]
    fn a_block_is_as_short_as_makes_all_shares_whole() {
        assert_eq!(block_length(&[0.7, 0.3]), 20);
        assert_eq!(block_length(&[0.7, 0.2, 0.1]), 20);
        assert_eq!(block_length(&[1.0 / 3.0, 2.0 / 3.0]), 21);
        assert_eq!(block_length(&[0.99, 0.01]), 100);
        assert_eq!(block_length(&[0.8731, 0.1269]), LONGEST_BLOCK);
    }

    #[test]
    fn every_block_has_exactly_its_shares() {
        let order = MixOrder::new(&[0.7, 0.2, 0.1], (42, 0, 0));
        for block in 0..10_000 {
            let block = members(&order, block * 20..block * 20 + 20);
            let number = |member| block.iter().filter(|its| **its == member).count();
            assert_eq!([0, 1, 2].map(number), [14, 4, 2]);
        }
    }

    #[test]
    fn blocks_differ_by_chance_and_by_seed_mix_and_cell() {
        let order = |source| MixOrder::new(&[0.5, 0.5], source);
        let base = order((42, 0, 0));
        assert_eq!(base, order((42, 0, 0)));
        assert_ne!(members(&base, 0..20), members(&base, 20..40));
        for other in [(43, 0, 0), (42, 1, 0), (42, 0, 1)] {
            assert_ne!(members(&base, 0..200), members(&order(other), 0..200), "{other:?}");
        }
    }

    #[test]
    fn a_place_is_as_often_a_members_as_its_share_says() {
        let first = |seed| MixOrder::new(&[0.8731, 0.1269], (seed, 0, 0)).turn(0).member;
        let hits = (0..400).filter(|seed| first(*seed) == 1).count();
        // 51 expected, with a deviation of 7.
        assert!((24..79).contains(&hits), "{hits}");
    }

    #[test]
    fn what_comes_after_the_end_goes_on_counting() {
        let order = MixOrder::new(&[0.7, 0.3], (1, 0, 0));
        let laid_down = LAID_DOWN.next_multiple_of(20);
        let MemberTurn { member, index } = order.turn(5);
        let share = [14, 6][usize::from(member == 1)];
        let again = MemberTurn { member, index: index + laid_down / 20 * share };
        assert_eq!(order.turn(laid_down + 5), again);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Each member's requests are numbered from 0 without a gap, and after any number of
        /// requests each member is within one block of its share.
        #[test]
        fn each_member_counts_its_own_requests_and_keeps_to_its_share(
            weights in prop::collection::vec(1_u32..1_000, 2..6), seed: u64, requests in 1_u64..9_000,
        ) {
            let sum: u32 = weights.iter().sum();
            let shares: Vec<_> = weights.iter().map(|w| f64::from(*w) / f64::from(sum)).collect();
            let order = MixOrder::new(&shares, (seed, 3, 1));
            prop_assert_eq!(&order, &MixOrder::new(&shares, (seed, 3, 1)));
            let mut next = vec![0; shares.len()];
            for index in 0..requests {
                let turn = order.turn(index);
                let own = &mut next[usize::try_from(turn.member).unwrap()];
                prop_assert_eq!(turn.index, *own);
                *own += 1;
            }
            let block = float(block_length(&shares));
            for (member, share) in (0_u32..).zip(&shares) {
                let off = float(number_of(&order, member, requests)) - share * float(requests);
                // Of an unfinished block at most its share; of whole ones, one in a thousand.
                let most = share * block + 1.0 + float(requests) / block;
                prop_assert!(off.abs() <= most, "{} of {}: {}", member, requests, off);
            }
        }
    }
}
