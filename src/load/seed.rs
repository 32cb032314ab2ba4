//! Independent streams of random numbers from one seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// What random numbers are for; each purpose has streams of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// When requests are due.
    Arrivals,
    /// Which prompt is sent.
    Prompts,
    /// How long users think before their next request.
    ThinkTimes,
    /// Which backend is which in a balanced order.
    Order,
    /// How long users think between the turns of a conversation.
    TurnThinkTimes,
}

/// Names one stream of random numbers. Backends are left out on purpose: every backend sees
/// the same schedule and the same prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// What it is for.
    pub purpose: Purpose,
    /// The round.
    pub round: u32,
    /// The stage, by its index.
    pub stage: usize,
    /// The workload, by its index.
    pub workload: usize,
}

impl Stream {
    /// The generator of this stream: `ChaCha8`, portable and splittable.
    pub fn generator(self, seed: u64) -> ChaCha8Rng {
        let purpose: u64 = match self.purpose {
            Purpose::Arrivals => 1,
            Purpose::Prompts => 2,
            Purpose::ThinkTimes => 3,
            Purpose::Order => 15,
            // 4 is that of the lengths of conversations, which `workload` draws.
            Purpose::TurnThinkTimes => 5,
        };
        let stage = crate::units::count(self.stage) & 0xffff;
        let workload = crate::units::count(self.workload) & 0xfff;
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(purpose << 60 | workload << 48 | stage << 32 | u64::from(self.round));
        generator
    }
}
