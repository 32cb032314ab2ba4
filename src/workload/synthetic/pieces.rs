//! The pieces a text is put together from: words with the space before them, and marks.

use std::collections::VecDeque;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{chinese, code, english};
use crate::scenario::Language;
use crate::units::{count, index, mixed};

/// What is added to a number before it is mixed, so that 0 is no exception: 2^64 by the golden
/// ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// An endless text, piece by piece.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    language: Language,
    numbers: ChaCha8Rng,
    pending: VecDeque<&'static str>,
}

impl Pieces {
    /// A text that depends on `numbers` alone.
    pub(super) fn new(language: Language, numbers: ChaCha8Rng) -> Self {
        Self { language, numbers, pending: VecDeque::new() }
    }

    /// The same, behind an opening that no other `number` has.
    ///
    /// The number's digits are words, the fastest changing first. They are mixed before, so
    /// that the first words of numbers that follow each other differ as well.
    pub(super) fn opening_with(mut self, number: u64) -> Self {
        let words = opening_words(self.language);
        let base = count(words.len());
        let (mut rest, mut room) = (mixed(number.wrapping_add(GOLDEN)), u64::MAX);
        while room > 0 {
            self.pending.push_back(words[index(rest % base)]);
            (rest, room) = (rest / base, room / base);
        }
        self.pending.push_back(full_stop(self.language));
        self
    }
}

impl Iterator for Pieces {
    type Item = &'static str;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pending.is_empty() {
            let mut sentence = Vec::new();
            match self.language {
                Language::English => english::sentence(&mut self.numbers, &mut sentence),
                Language::Chinese => chinese::sentence(&mut self.numbers, &mut sentence),
                Language::Code => code::sentence(&mut self.numbers, &mut sentence),
            }
            self.pending.extend(sentence);
        }
        self.pending.pop_front()
    }
}

/// Tokens of a piece, on average over vocabularies in use.
///
/// # Source
///
/// Measured over 20,000 pieces of each language. English: 1.003 with the vocabularies of GPT-4
/// (`cl100k_base`) and Qwen, 1.008 with an older one of Claude. Code: 0.956, 0.976 and 1.031.
/// Chinese: 1.07 with Qwen's, but 2.3 and 2.1 with the other two, which know few of its words;
/// taken is the one that knows them.
pub(super) const fn tokens_per_piece(language: Language) -> f64 {
    match language {
        Language::English => 1.0,
        Language::Chinese => 1.07,
        Language::Code => 0.98,
    }
}

/// Short pieces with which a text is brought to its length.
pub(super) const fn fillers(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => &english::FILLERS,
        Language::Chinese => &chinese::FILLERS,
        Language::Code => &code::FILLERS,
    }
}

const fn opening_words(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => &english::NOUNS,
        Language::Chinese => &chinese::NOUNS,
        Language::Code => &code::NAMES,
    }
}

const fn full_stop(language: Language) -> &'static str {
    match language {
        Language::English => ".",
        Language::Chinese => "。",
        Language::Code => ";",
    }
}

/// One of a list.
pub(super) fn pick(numbers: &mut ChaCha8Rng, list: &[&'static str]) -> &'static str {
    let at = numbers.random::<u64>() % count(list.len()).max(1);
    list.get(index(at)).copied().unwrap_or_default()
}

/// Heads or tails.
pub(super) fn tosses(numbers: &mut ChaCha8Rng) -> bool {
    numbers.random::<u64>() % 2 == 0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::{Pieces, opening_words};
    use crate::scenario::Language;

    fn text(language: Language, seed: u64, pieces: usize) -> String {
        let numbers = ChaCha8Rng::seed_from_u64(seed);
        Pieces::new(language, numbers).take(pieces).collect()
    }

    #[test]
    fn texts_look_like_their_language() {
        let texts = Language::ALL.map(|language| text(language, 1, 40));
        insta::assert_snapshot!(texts.join("\n--\n"), @r"
         A strange bell again listened inside the table. Another western ring settled beside the lamp. Her smooth pillow paused behind the door, when the wooden hat grew near the stone, because the famous seed carefully waved
        --
        这个当地的锤子在相机对面倾听。另一个寒冷的车站在花猫下面争论。每个缓慢的毯子在厨房中间跳舞。另一个隐蔽的屋顶在医院入口生活，后来聪明的鞋子
        --

            let message = scale + 100;
                return client.write(0, path);
                let right = domain - 3;
                return process.insert(8, window);
            return page.
        ");
    }

    #[test]
    fn every_number_opens_with_words_of_its_own() {
        for language in Language::ALL {
            let opening = |number| {
                let pieces = Pieces::new(language, ChaCha8Rng::seed_from_u64(1));
                pieces.opening_with(number).take(11).collect::<String>()
            };
            let numbers = (0..1_000).chain((0..64).map(|bit| 1 << bit));
            let openings: BTreeSet<_> = numbers.clone().map(opening).collect();
            assert_eq!(openings.len(), numbers.collect::<BTreeSet<_>>().len());
            let firsts: BTreeSet<_> = (0..128)
                .map(|number| {
                    let pieces = Pieces::new(language, ChaCha8Rng::seed_from_u64(1));
                    pieces.opening_with(number).next()
                })
                .collect();
            assert!(firsts.len() > 64, "{} first words", firsts.len());
        }
    }

    #[test]
    fn no_word_is_listed_twice() {
        for language in Language::ALL {
            let words = opening_words(language);
            assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
        }
    }
}
