//! Open-loop schedules: arrivals that do not wait for earlier answers.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1, Gamma};

use crate::scenario::ArrivalProcess;
use crate::units::{Rate, whole};

/// Most requests a schedule deals out; bounds a run that was given an absurd rate.
const ARRIVAL_LIMIT: u64 = 1 << 53;

/// One arrival of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its position in the whole schedule, from 0.
    pub index: u64,
    /// When it is due, counted from the start of the schedule.
    pub offset: Duration,
}

/// The arrivals of one load point, oldest first, without end.
///
/// # Source
///
/// Open versus closed arrival models: Schroeder, Wierman and Harchol-Balter, "Open Versus
/// Closed: A Cautionary Tale", NSDI 2006.
#[derive(Clone, Debug)]
pub struct Schedule {
    rate: Rate,
    gaps: Gaps,
    next_index: u64,
}

/// How the time to the next arrival comes about.
#[derive(Clone, Debug)]
enum Gaps {
    Even,
    Random { unit_gap: UnitGap, generator: Box<ChaCha8Rng>, at_nanos: f64 },
}

/// A gap with mean 1.
#[derive(Clone, Copy, Debug)]
enum UnitGap {
    Exponential,
    Gamma(Gamma<f64>),
}

impl Schedule {
    /// Arrivals at `rate`, spread as `arrival` says.
    ///
    /// A constant schedule starts at offset zero and uses no random numbers. A random one
    /// starts with a gap. A burstiness that is not above 0 counts as 1; scenarios refuse it.
    pub fn new(rate: Rate, arrival: ArrivalProcess, generator: ChaCha8Rng) -> Self {
        let random =
            |unit_gap| Gaps::Random { unit_gap, generator: Box::new(generator), at_nanos: 0.0 };
        let gaps = match arrival {
            ArrivalProcess::Constant => Gaps::Even,
            ArrivalProcess::Poisson => random(UnitGap::Exponential),
            ArrivalProcess::Gamma { burstiness } => {
                random(match Gamma::new(burstiness, 1.0 / burstiness) {
                    Ok(gamma) => UnitGap::Gamma(gamma),
                    Err(_) => UnitGap::Exponential,
                })
            }
        };
        Self { rate, gaps, next_index: 0 }
    }

    /// The arrivals that fall to shard `index` of `count`: every `count`-th, from `index` on.
    /// All shards together are the whole schedule. A `count` of 0 counts as 1.
    pub fn shard(self, index: u64, count: u64) -> Shard {
        Shard { schedule: self, index, count: count.max(1) }
    }
}

impl Iterator for Schedule {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        if self.next_index >= ARRIVAL_LIMIT {
            return None;
        }
        let index = self.next_index;
        self.next_index += 1;
        let offset = match &mut self.gaps {
            Gaps::Even => self.rate.offset(index),
            Gaps::Random { unit_gap, generator, at_nanos } => {
                let gap: f64 = match unit_gap {
                    UnitGap::Exponential => Exp1.sample(generator),
                    UnitGap::Gamma(gamma) => gamma.sample(generator),
                };
                *at_nanos += gap * self.rate.mean_gap_nanos();
                Duration::from_nanos(whole(*at_nanos))
            }
        };
        Some(Arrival { index, offset })
    }
}

/// The part of a schedule that falls to one of several processes.
#[derive(Clone, Debug)]
pub struct Shard {
    schedule: Schedule,
    index: u64,
    count: u64,
}

impl Iterator for Shard {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        self.schedule.by_ref().find(|arrival| arrival.index % self.count == self.index)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Arrival, Schedule};
    use crate::load::{Purpose, Stream};
    use crate::scenario::ArrivalProcess;
    use crate::units::{Rate, float};

    fn schedule(rate: &str, arrival: ArrivalProcess, seed: u64) -> Schedule {
        let stream = Stream { purpose: Purpose::Arrivals, round: 0, stage: 0, workload: 0 };
        Schedule::new(rate.parse().unwrap(), arrival, stream.generator(seed))
    }

    #[test]
    fn two_per_second_are_due_every_half_second() {
        let offsets: Vec<_> = schedule("2/s", ArrivalProcess::Constant, 1)
            .take(4)
            .map(|arrival| arrival.offset.as_millis())
            .collect();
        assert_eq!(offsets, [0, 500, 1_000, 1_500]);
    }

    #[test]
    fn the_same_seed_gives_the_same_schedule_and_another_another() {
        let take = |seed| schedule("50/s", ArrivalProcess::Poisson, seed).take(100);
        assert!(take(7).eq(take(7)));
        assert!(!take(7).eq(take(8)));
    }

    #[test]
    fn a_poisson_schedule_is_pinned_to_its_values() {
        let nanos: Vec<_> = schedule("10/s", ArrivalProcess::Poisson, 42)
            .take(4)
            .map(|arrival| arrival.offset.as_nanos())
            .collect();
        assert_eq!(nanos, [45_562_509, 100_384_674, 121_615_388, 145_923_133]);
    }

    /// The largest distance between the gaps' distribution and the exponential one.
    fn kolmogorov_smirnov_distance(gaps: &mut [f64]) -> f64 {
        gaps.sort_by(f64::total_cmp);
        let n = float(u64::try_from(gaps.len()).unwrap());
        gaps.iter()
            .zip(0_u64..)
            .map(|(gap, rank)| {
                let cdf = 1.0 - (-gap).exp();
                (cdf - float(rank) / n).abs().max((float(rank + 1) / n - cdf).abs())
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn poisson_gaps_pass_a_kolmogorov_smirnov_test() {
        for seed in 0..5 {
            let offsets: Vec<_> = schedule("1/s", ArrivalProcess::Poisson, seed)
                .take(10_000)
                .map(|arrival| arrival.offset.as_secs_f64())
                .collect();
            let mut gaps: Vec<_> = offsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
            // 1.95 / sqrt(n) is the critical value at 0.1 %.
            assert!(kolmogorov_smirnov_distance(&mut gaps) < 1.95 / 100.0);
        }
    }

    #[test]
    fn burstiness_sets_the_spread_and_keeps_the_mean() {
        let process = ArrivalProcess::Gamma { burstiness: 0.25 };
        let offsets: Vec<_> =
            schedule("1/s", process, 3).take(40_000).map(|a| a.offset.as_secs_f64()).collect();
        let gaps: Vec<_> = offsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let n = float(u64::try_from(gaps.len()).unwrap());
        let mean = gaps.iter().sum::<f64>() / n;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / n;
        assert!((mean - 1.0).abs() < 0.05, "mean {mean}");
        assert!((variance - 4.0).abs() < 0.4, "variance {variance}");
    }

    proptest! {
        /// However odd the rate, arrivals are ordered and within 1 ns of i / rate.
        #[test]
        fn constant_arrivals_do_not_drift(thousandths in 1_u64..5_000_000, skip in 0_u64..1_000) {
            let rate = Rate::new(thousandths, Duration::from_secs(1)).unwrap();
            for index in skip * 1_000..skip * 1_000 + 50 {
                let ideal = u128::from(index) * 1_000_000_000_000;
                let error = ideal - rate.offset(index).as_nanos() * u128::from(thousandths);
                prop_assert!(error < u128::from(thousandths));
                prop_assert!(rate.offset(index) <= rate.offset(index + 1));
            }
        }

        #[test]
        fn shards_add_up_to_the_schedule(seed: u64, count in 1_u64..7) {
            let whole = schedule("100/s", ArrivalProcess::Poisson, seed);
            let mut dealt: Vec<Arrival> = (0..count)
                .flat_map(|index| {
                    whole.clone().shard(index, count).take_while(|a| a.index < 200)
                })
                .collect();
            dealt.sort_by_key(|arrival| arrival.index);
            prop_assert!(dealt.into_iter().eq(whole.take(200)));
        }

        #[test]
        fn random_arrivals_never_go_back(seed: u64, burstiness in 0.05_f64..4.0) {
            let process = ArrivalProcess::Gamma { burstiness };
            let offsets: Vec<_> =
                schedule("1000/s", process, seed).take(300).map(|a| a.offset).collect();
            prop_assert!(offsets.is_sorted());
        }
    }
}
