//! Texts of given lengths, for sources that say themselves how long each text is.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::units::{count, index};

/// Words that are one token each, with the space before them, in the vocabularies in use.
const WORDS: [&str; 64] = [
    "river", "garden", "teacher", "window", "market", "bridge", "letter", "mountain", "station",
    "engine", "kitchen", "forest", "village", "table", "summer", "winter", "morning", "evening",
    "road", "train", "book", "library", "doctor", "farmer", "student", "captain", "light",
    "mirror", "paper", "island", "valley", "ocean", "cloud", "storm", "shadow", "fire", "stone",
    "metal", "glass", "wood", "silver", "bread", "apple", "orange", "coffee", "butter", "sugar",
    "salt", "dinner", "party", "music", "song", "story", "picture", "camera", "radio", "museum",
    "school", "college", "office", "factory", "hospital", "church", "castle",
];

/// Bytes of a generator's key, by what they hold: seed, workload, number.
const KEY_BYTES: usize = 32;

/// Writes texts of words, about one token each.
#[derive(Clone, Copy, Debug)]
pub struct TextWriter {
    seed: u64,
    workload: u64,
}

impl TextWriter {
    /// A writer for workload number `workload`.
    pub const fn new(seed: u64, workload: u64) -> Self {
        Self { seed, workload }
    }

    /// A text of `tokens` tokens that begins with `begin`, which has `tokens_so_far` of them, and goes on
    /// in a way that only `number` decides. There is no space at either end.
    pub fn write(&self, (begin, tokens_so_far): (&str, u32), number: u64, tokens: u32) -> String {
        let text =
            begin.to_owned() + &self.write_block(number, tokens.saturating_sub(tokens_so_far));
        text.trim().to_owned()
    }

    /// A text of `tokens` tokens that others begin with or go on with: with a space in front.
    /// [`TextWriter::write`] goes on with the same words for the same number.
    pub fn write_block(&self, number: u64, tokens: u32) -> String {
        let mut numbers = self.numbers(number);
        let mut text = String::new();
        for _ in 0..tokens {
            let word = index(numbers.next_u64() % count(WORDS.len()));
            text.push(' ');
            text.push_str(WORDS.get(word).copied().unwrap_or_default());
        }
        text
    }

    fn numbers(&self, number: u64) -> ChaCha8Rng {
        let mut key = [0; KEY_BYTES];
        for (place, word) in key.chunks_exact_mut(8).zip([self.seed, self.workload, number]) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha8Rng::from_seed(key)
    }
}

#[cfg(test)]
mod tests {
    use super::TextWriter;

    #[test]
    fn a_text_goes_on_as_its_block_does() {
        let writer = TextWriter::new(42, 0);
        let first = writer.write_block(1, 64);
        let both = first.clone() + &writer.write_block(2, 64);
        let cut = writer.write((&first, 64), 2, 100);
        assert_eq!(cut.split(' ').count(), 100);
        assert!(both.trim().starts_with(&cut));
        let other = writer.write((&first, 64), 3, 100);
        assert!(other.starts_with(first.trim()) && other != cut);
    }

    #[test]
    fn a_text_depends_on_seed_workload_and_number_alone() {
        let text = |seed, workload, number| TextWriter::new(seed, workload).write_block(number, 9);
        assert_eq!(text(1, 2, 3), text(1, 2, 3));
        let others = [text(2, 2, 3), text(1, 3, 3), text(1, 2, 4)];
        assert!(others.iter().all(|other| *other != text(1, 2, 3)));
    }
}
