//! Chance: what is drawn for a request depends on its content and on how often that content
//! came before, never on time or on other requests.
//!
//! So a run that sends the same requests in another order, or faster, meets the same answers.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// Most contents whose repetitions are counted; later ones always draw as if new.
/// Bounds memory at about 3 MB; a run with more different prompts hardly repeats any.
const MAX_COUNTED: usize = 65_536;

/// Streams of one draw, more than there are purposes.
const STREAMS: u64 = 8;

/// Bytes of a seed.
const SEED_BYTES: usize = 32;

/// What a random number is for; each purpose has a stream of its own, so that drawing more or
/// fewer numbers for one leaves the others as they are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Tokens,
    Ttft,
    Gaps,
    Fault,
    Stall,
}

impl Purpose {
    const fn stream(self) -> u64 {
        match self {
            Self::Tokens => 0,
            Self::Ttft => 1,
            Self::Gaps => 2,
            Self::Fault => 3,
            Self::Stall => 4,
        }
    }
}

/// The draw of one request: where its random numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draw {
    seed: [u8; SEED_BYTES],
    occurrence: u64,
}

impl Draw {
    /// The numbers of `purpose`, from the first.
    pub(super) fn numbers(&self, purpose: Purpose) -> ChaCha8Rng {
        let mut numbers = ChaCha8Rng::from_seed(self.seed);
        numbers.set_stream(self.occurrence.wrapping_mul(STREAMS).wrapping_add(purpose.stream()));
        numbers
    }
}

/// Gives each request its draw.
#[derive(Debug)]
pub(super) struct Lottery {
    seed: u64,
    occurrences: BTreeMap<[u8; SEED_BYTES], u64>,
}

impl Lottery {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed, occurrences: BTreeMap::new() }
    }

    /// The draw of a request to `path` with `body`.
    pub(super) fn draw(&mut self, path: &str, body: &[u8]) -> Draw {
        let seed = digest(self.seed, &[path.as_bytes(), body]);
        if self.occurrences.len() >= MAX_COUNTED && !self.occurrences.contains_key(&seed) {
            return Draw { seed, occurrence: 0 };
        }
        let times = self.occurrences.entry(seed).or_default();
        let occurrence = *times;
        *times += 1;
        Draw { seed, occurrence }
    }
}

/// Numbers that depend on `text` alone.
pub(super) fn numbers_of(text: &str) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(digest(0, &[text.as_bytes()]))
}

/// Numbers that depend on a server's seed alone.
pub(super) fn numbers_of_server(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(digest(seed, &[]))
}

fn digest(seed: u64, parts: &[&[u8]]) -> [u8; SEED_BYTES] {
    let mut hash = Sha256::new_with_prefix(seed.to_le_bytes());
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::{Draw, Lottery, Purpose};

    fn first(draw: &Draw) -> u64 {
        draw.numbers(Purpose::Ttft).random()
    }

    #[test]
    fn a_repeated_request_draws_anew_and_another_server_draws_the_same() {
        let (mut one, mut other) = (Lottery::new(7), Lottery::new(7));
        let drawn: Vec<_> = [b"a", b"b", b"a"].map(|body| one.draw("/x", body)).into();
        // The other server meets the same requests in another order.
        let again: Vec<_> = [b"b", b"a", b"a"].map(|body| other.draw("/x", body)).into();
        assert_eq!(drawn, [again[1], again[0], again[2]]);
        assert_ne!(first(&drawn[0]), first(&drawn[2]));
    }

    #[test]
    fn seed_path_and_purpose_all_matter() {
        let draw = Lottery::new(7).draw("/x", b"a");
        assert_ne!(first(&draw), first(&Lottery::new(8).draw("/x", b"a")));
        assert_ne!(first(&draw), first(&Lottery::new(7).draw("/y", b"a")));
        assert_ne!(first(&draw), draw.numbers(Purpose::Gaps).random::<u64>());
    }
}
