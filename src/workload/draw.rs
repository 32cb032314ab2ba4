//! Random numbers of what is sent.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// Bytes of a generator's key, by what they hold: seed, workload, number, purpose and try.
const KEY_BYTES: usize = 32;

/// What random numbers are for. Each purpose has a generator of its own for every request, so
/// that drawing more or fewer numbers for one leaves the others as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// How long prompt and answer are to be.
    Lengths,
    /// The words of a prompt.
    Text,
    /// Which shared prefix a prompt has.
    Group,
    /// The words of a shared prefix.
    Prefix,
    /// How long an answer is to be, where the workload says so.
    Output,
    /// Which member of a mix a request takes.
    Member,
}

impl Purpose {
    const fn number(self) -> u32 {
        match self {
            Self::Lengths => 1,
            Self::Text => 2,
            Self::Group => 3,
            Self::Prefix => 4,
            Self::Output => 5,
            Self::Member => 6,
        }
    }
}

/// Whose random numbers they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// The seed of the scenario.
    pub(super) seed: u64,
    /// The workload, by its index.
    pub(super) workload: u64,
}

impl Source {
    /// The generator of `purpose` for request (or group) `number`: `ChaCha8`, portable. Each
    /// try at the same text has numbers of its own.
    pub(super) fn numbers(self, purpose: Purpose, number: u64, attempt: u32) -> ChaCha8Rng {
        let mut key = [0; KEY_BYTES];
        let words = [self.seed, self.workload, number];
        for (place, word) in key.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        key[24..28].copy_from_slice(&purpose.number().to_le_bytes());
        key[28..32].copy_from_slice(&attempt.to_le_bytes());
        ChaCha8Rng::from_seed(key)
    }
}
