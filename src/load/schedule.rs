//! Open-loop schedules: arrivals that do not wait for earlier answers.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1, Gamma};

use super::recording::Recording;
use super::rescaled::Rescaled;
use crate::scenario::{ArrivalProcess, Course};
use crate::units::{Rate, Speed, count, float, whole};

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

/// The arrivals of one load point, oldest first; without end where the rate is steady or a
/// recording is played over and over.
///
/// # Source
///
/// Open versus closed arrival models: Schroeder, Wierman and Harchol-Balter, "Open Versus
/// Closed: A Cautionary Tale", NSDI 2006.
#[derive(Clone, Debug)]
pub struct Schedule {
    pace: Pace,
    gaps: Gaps,
    next_index: u64,
}

/// How fast arrivals come.
#[derive(Clone, Debug)]
enum Pace {
    Steady(Rate),
    Changing(Rescaled),
    /// As they were recorded, once or over and over.
    Recorded {
        recording: Recording,
        speed: Speed,
        repeats: bool,
    },
}

/// How the time to the next arrival comes about.
#[derive(Clone, Debug)]
enum Gaps {
    Even,
    /// `at` is the sum of the gaps: in nanoseconds at a steady rate, in arrivals expected by
    /// then at a changing one.
    Random {
        unit_gap: UnitGap,
        generator: Box<ChaCha8Rng>,
        at: f64,
    },
}

/// A gap with mean 1.
#[derive(Clone, Copy, Debug)]
enum UnitGap {
    Exponential,
    Gamma(Gamma<f64>),
}

impl Schedule {
    /// Arrivals at `rate`, spread as `arrival` says. A rate that goes through steps keeps to
    /// its first level for `lead`, the time of the warm-up, and ends with its last step.
    ///
    /// A constant schedule starts at offset zero and uses no random numbers. A random one
    /// starts with a gap. A burstiness that is not above 0 counts as 1; scenarios refuse it.
    pub fn new(
        rate: &Course<Rate>,
        lead: Duration,
        arrival: ArrivalProcess,
        generator: ChaCha8Rng,
    ) -> Self {
        let random = |unit_gap| Gaps::Random { unit_gap, generator: Box::new(generator), at: 0.0 };
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
        let pace = match rate {
            Course::Steady(rate) => Pace::Steady(*rate),
            Course::Steps(steps) => Pace::Changing(Rescaled::new(steps, rate.first(), lead)),
        };
        Self { pace, gaps, next_index: 0 }
    }

    /// The arrivals of `recording` at `speed`, once or over and over.
    pub const fn recorded(recording: Recording, speed: Speed, repeats: bool) -> Self {
        let pace = Pace::Recorded { recording, speed, repeats };
        Self { pace, gaps: Gaps::Even, next_index: 0 }
    }

    /// Whether the moments are those of a recording, whose requests go with them.
    pub const fn is_recorded(&self) -> bool {
        matches!(self.pace, Pace::Recorded { .. })
    }

    /// How long a recording that is played once takes; `None` for all else.
    pub fn length(&self) -> Option<Duration> {
        match &self.pace {
            Pace::Recorded { recording, speed, repeats: false } => Some(recording.length(*speed)),
            Pace::Recorded { .. } | Pace::Steady(_) | Pace::Changing(_) => None,
        }
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
        let offset = match (&mut self.gaps, &mut self.pace) {
            (_, Pace::Recorded { recording, speed, repeats }) => {
                if !*repeats && index >= count(recording.requests()) {
                    return None;
                }
                recording.due(index, *speed)
            }
            (Gaps::Even, Pace::Steady(rate)) => rate.offset(index),
            (Gaps::Even, Pace::Changing(process)) => process.offset(float(index))?,
            (Gaps::Random { unit_gap, generator, at }, pace) => {
                let gap: f64 = match unit_gap {
                    UnitGap::Exponential => Exp1.sample(generator),
                    UnitGap::Gamma(gamma) => gamma.sample(generator),
                };
                match pace {
                    Pace::Steady(rate) => {
                        *at += gap * rate.mean_gap_nanos();
                        Duration::from_nanos(whole(*at))
                    }
                    Pace::Changing(process) => {
                        *at += gap;
                        process.offset(*at)?
                    }
                    // Its gaps are its own.
                    Pace::Recorded { .. } => return None,
                }
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
    use crate::load::{Purpose, Recording, Stream};
    use crate::scenario::{ArrivalProcess, Course, Step, Steps};
    use crate::units::{Rate, Speed, float, seconds};

    fn schedule(rate: &str, arrival: ArrivalProcess, seed: u64) -> Schedule {
        scheduled(&Course::Steady(rate.parse().unwrap()), arrival, seed)
    }

    fn scheduled(rate: &Course<Rate>, arrival: ArrivalProcess, seed: u64) -> Schedule {
        let stream = Stream { purpose: Purpose::Arrivals, round: 0, stage: 0, workload: 0 };
        Schedule::new(rate, Duration::ZERO, arrival, stream.generator(seed))
    }

    fn ramp(from: &str, to: &str, secs: u64) -> Course<Rate> {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        let span = Duration::from_secs(secs);
        Course::Steps(Steps::new(vec![Step::Level { from, to, span }]).unwrap())
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

    #[test]
    fn a_constant_ramp_is_pinned_to_its_values() {
        let offsets: Vec<_> = scheduled(&ramp("1/s", "3/s", 10), ArrivalProcess::Constant, 1)
            .map(|arrival| arrival.offset.as_nanos())
            .collect();
        // 20 arrivals; number i is due at 5 × (√(1 + 0.4 i) - 1) seconds.
        assert_eq!(offsets.len(), 20);
        assert_eq!(offsets[..3], [0, 916_079_783, 1_708_203_932]);
        assert_eq!(offsets[10], 6_180_339_887);
    }

    /// With probability 0.999, a Poisson number is within 3.3 deviations of its mean.
    #[test]
    fn a_poisson_ramp_brings_what_it_should_in_each_part_of_it() {
        for seed in 0..5 {
            let arrivals: Vec<_> =
                scheduled(&ramp("1/s", "99/s", 100), ArrivalProcess::Poisson, seed).collect();
            for (part, expected) in [(0..20, 216.0), (20..50, 1_059.0), (50..100, 3_725.0)] {
                let came = arrivals.iter().filter(|a| part.contains(&a.offset.as_secs())).count();
                let came = float(u64::try_from(came).unwrap());
                assert!((came - expected).abs() < 3.3 * expected.sqrt(), "{came} in {part:?}");
            }
        }
    }

    #[test]
    fn the_gaps_of_a_ramp_are_exponential_once_the_rate_is_taken_out() {
        let arrivals = scheduled(&ramp("10/s", "190/s", 100), ArrivalProcess::Poisson, 3);
        let integral = |at: Duration| 10.0 * seconds(at) + 0.9 * seconds(at).powi(2);
        let expected: Vec<_> = arrivals.map(|arrival| integral(arrival.offset)).collect();
        let mut gaps: Vec<_> = expected.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let critical = 1.95 / float(u64::try_from(gaps.len()).unwrap()).sqrt();
        assert!(kolmogorov_smirnov_distance(&mut gaps) < critical);
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

    #[test]
    fn a_recording_is_played_once_or_over_and_over() {
        let due = [0, 40, 50].map(|millis| millis * 1_000_000).into();
        let recording = Recording::part(&due, Duration::ZERO, None).unwrap();
        let twice = Speed::new(2.0).unwrap();
        let once = Schedule::recorded(recording.clone(), twice, false);
        assert_eq!(once.length(), Some(Duration::from_micros(37_500)));
        let offsets = |schedule: Schedule| {
            schedule.take(5).map(|arrival| arrival.offset.as_micros()).collect::<Vec<_>>()
        };
        assert_eq!(offsets(once), [0, 20_000, 25_000]);
        let forever = Schedule::recorded(recording, twice, true);
        assert_eq!(forever.length(), None);
        assert_eq!(offsets(forever), [0, 20_000, 25_000, 37_500, 57_500]);
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
        fn shards_of_a_ramp_add_up_to_it(seed: u64, count in 1_u64..7) {
            let whole = scheduled(&ramp("5/s", "50/s", 8), ArrivalProcess::Poisson, seed);
            let mut dealt: Vec<Arrival> =
                (0..count).flat_map(|index| whole.clone().shard(index, count)).collect();
            dealt.sort_by_key(|arrival| arrival.index);
            prop_assert!(dealt.into_iter().eq(whole));
        }

        #[test]
        fn shards_of_a_replay_add_up_to_it(
            mut due in prop::collection::vec(0_u64..1_000_000_000, 1..30), count in 1_u64..7,
        ) {
            due.sort_unstable();
            let recording = Recording::part(&due.into(), Duration::ZERO, None).unwrap();
            let whole = Schedule::recorded(recording, Speed::ONE, false);
            let mut dealt: Vec<Arrival> =
                (0..count).flat_map(|index| whole.clone().shard(index, count)).collect();
            dealt.sort_by_key(|arrival| arrival.index);
            prop_assert!(dealt.into_iter().eq(whole));
        }

        #[test]
        fn arrivals_of_a_ramp_never_go_back_and_end_with_it(
            seed: u64,
            from in 1_u64..200,
            to in 1_u64..200,
            burstiness in 0.05_f64..4.0,
        ) {
            let course = ramp(&format!("{from}/s"), &format!("{to}/s"), 5);
            let process = ArrivalProcess::Gamma { burstiness };
            let offsets: Vec<_> = scheduled(&course, process, seed).map(|a| a.offset).collect();
            prop_assert!(offsets.is_sorted());
            prop_assert!(offsets.iter().all(|offset| *offset <= Duration::from_secs(5)));
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
