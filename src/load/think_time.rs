//! How long a user thinks before the next request.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;

use super::seed::Stream;
use crate::scenario::Distribution;
use crate::units::span_from_seconds;

/// Nobody thinks longer; bounds what a wide distribution may draw.
const LONGEST: Duration = Duration::from_hours(24 * 366);
/// Words of the generator set apart for each user: more than a run can draw.
const WORDS_PER_USER: u128 = 1 << 36;

/// How the users of a cell think.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thinking {
    /// Their think times, in seconds.
    pub distribution: Distribution,
    /// The cell's stream of random numbers for them.
    pub stream: Stream,
    /// The scenario's seed.
    pub seed: u64,
}

impl Thinking {
    /// The think times of user number `user`: a slot, or a session.
    pub fn of(&self, user: u64) -> ThinkTimes {
        let mut generator = self.stream.generator(self.seed);
        generator.set_word_pos(u128::from(user) * WORDS_PER_USER);
        ThinkTimes { distribution: self.distribution, generator: Box::new(generator) }
    }
}

/// The think times of one user, one after the other. They depend on the seed, the user's
/// number and how many came before, never on time or on other users.
#[derive(Clone, Debug)]
pub struct ThinkTimes {
    distribution: Distribution,
    generator: Box<ChaCha8Rng>,
}

impl ThinkTimes {
    /// How long the user thinks this time.
    pub fn draw(&mut self) -> Duration {
        let drawn = span_from_seconds(self.distribution.sample(&mut self.generator));
        drawn.unwrap_or(LONGEST).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Thinking;
    use crate::load::{Purpose, Stream};
    use crate::scenario::Distribution;

    const STREAM: Stream = Stream { purpose: Purpose::ThinkTimes, round: 0, stage: 0, workload: 0 };
    const EVENLY: Distribution = Distribution::Uniform { low: 1.0, high: 3.0 };

    fn times(seed: u64, user: u64) -> [Duration; 4] {
        let mut times = Thinking { distribution: EVENLY, stream: STREAM, seed }.of(user);
        [(); 4].map(|()| times.draw())
    }

    #[test]
    fn users_think_each_in_their_own_way_and_the_same_each_time() {
        assert_eq!(times(7, 3), times(7, 3));
        assert_ne!(times(7, 3), times(7, 4));
        assert_ne!(times(7, 3), times(8, 3));
        let bounds = Duration::from_secs(1)..=Duration::from_secs(3);
        assert!(times(7, 3).iter().all(|time| bounds.contains(time)));
    }

    #[test]
    fn an_absurd_draw_is_bounded() {
        let distribution = Distribution::Constant(1e300);
        let thinking = Thinking { distribution, stream: STREAM, seed: 1 };
        assert_eq!(thinking.of(u64::MAX).draw(), super::LONGEST);
    }
}
