//! How many items go into a request.

use std::fmt;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::distribution::Distribution;
use crate::units::{float, to_u32, whole};

/// Nobody takes more items in a request; OpenAI takes 2,048.
pub const LARGEST_BATCH: u64 = 65_536;

/// Names the stream of random numbers that batches are drawn from, among those of one seed.
const STREAM: u64 = 0xBA7C << 48;

/// How many items go into a request: always as many, or drawn for each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Batch(Distribution);

impl Batch {
    /// One item.
    pub const ONE: Self = Self(Distribution::Constant(1.0));

    /// Always `items`; at least 1.
    pub fn constant(items: u32) -> Self {
        Self(Distribution::Constant(f64::from(bounded(items.into()))))
    }

    /// Drawn for each request, rounded and kept from 1 to [`LARGEST_BATCH`].
    pub const fn drawn(distribution: Distribution) -> Self {
        Self(distribution)
    }

    /// The one size of all requests; `None` where it is drawn.
    pub fn fixed(self) -> Option<u32> {
        match self.0 {
            Distribution::Constant(items) => Some(bounded(items)),
            Distribution::Uniform { .. }
            | Distribution::Normal { .. }
            | Distribution::Lognormal { .. } => None,
        }
    }

    /// The mean before bounding, rounded up: how far the prompts of two requests lie apart.
    pub fn typical(self) -> u32 {
        bounded(match self.0 {
            Distribution::Constant(items) => items,
            Distribution::Uniform { low, high } => f64::midpoint(low, high).ceil(),
            Distribution::Normal { mean, .. } | Distribution::Lognormal { mean, .. } => mean.ceil(),
        })
    }

    /// The size of the request that `number` names, by `seed` alone: the same for every backend.
    pub fn of_request(self, seed: u64, number: u64) -> u32 {
        if let Some(items) = self.fixed() {
            return items;
        }
        let mut numbers = ChaCha8Rng::seed_from_u64(seed);
        numbers.set_stream(STREAM ^ number);
        bounded(self.0.sample(&mut numbers))
    }
}

fn bounded(items: f64) -> u32 {
    to_u32(whole(items.clamp(1.0, float(LARGEST_BATCH)).round()))
}

/// As tables show it: `8`, `4 to 16`, `8 ± 2`.
impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Distribution::Constant(items) => write!(f, "{items}"),
            Distribution::Uniform { low, high } => write!(f, "{low} to {high}"),
            Distribution::Normal { mean, stddev, .. } => write!(f, "{mean} ± {stddev}"),
            Distribution::Lognormal { mean, stddev, .. } => {
                write!(f, "{mean} ± {stddev} lognormal")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Batch;
    use crate::scenario::Distribution;
    use crate::units::{count, float};

    #[test]
    fn a_number_is_the_size_of_every_request() {
        let batch = Batch::constant(8);
        assert_eq!((batch.fixed(), batch.typical(), batch.of_request(1, 2)), (Some(8), 8, 8));
        assert_eq!(Batch::constant(0), Batch::ONE);
    }

    #[test]
    fn drawn_sizes_have_the_mean_asked_for_and_keep_to_their_bounds() {
        let shape = Distribution::Normal { mean: 16.0, stddev: 4.0, min: 8.0, max: 24.0 };
        let sizes: Vec<_> = (0..5_000).map(|at| Batch::drawn(shape).of_request(42, at)).collect();
        let mean = float(sizes.iter().copied().map(u64::from).sum()) / float(count(sizes.len()));
        assert!((mean - 16.0).abs() < 0.3, "{mean}");
        assert!(sizes.iter().all(|size| (8..=24).contains(size)));
        assert_eq!(Batch::drawn(shape).typical(), 16);
    }

    #[test]
    fn a_request_has_the_same_size_each_time_and_another_seed_another() {
        let batch = Batch::drawn(Distribution::Uniform { low: 1.0, high: 1_000.0 });
        let sizes = |seed| (0..20).map(|at| batch.of_request(seed, at)).collect::<Vec<_>>();
        assert_eq!(sizes(1), sizes(1));
        assert_ne!(sizes(1), sizes(2));
    }

    #[test]
    fn no_request_is_empty() {
        let batch = Batch::drawn(Distribution::Normal {
            mean: 1.0,
            stddev: 50.0,
            min: 0.0,
            max: f64::INFINITY,
        });
        assert!((0..500).all(|at| batch.of_request(3, at) >= 1));
    }

    #[test]
    fn batches_are_told_as_people_write_them() {
        let drawn = Batch::drawn(Distribution::Uniform { low: 4.0, high: 16.0 });
        assert_eq!([Batch::constant(8), drawn].map(|batch| batch.to_string()), ["8", "4 to 16"]);
    }
}
