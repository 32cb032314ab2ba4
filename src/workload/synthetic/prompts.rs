//! Synthetic prompts by number.

use std::sync::{Arc, OnceLock};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::fit::Unreachable;
use super::texts::{Begin, LengthMethod, Texts};
use crate::scenario::{Distribution, LengthPair, MOST_INPUT_TOKENS, SharedPrefix, Synthetic};
use crate::units::{float, index, to_u32, whole};
use crate::workload::draw::Purpose;
use crate::workload::prompt::Prompt;
use crate::workload::rows::{AskedLengths, PromptRow, PromptRows, RowError};

/// Shared prefixes that are kept once made; bounds memory where there are many groups.
const KEPT_PREFIXES: u32 = 1_024;

/// Prompts that are made by the lengths asked for; there is no last one.
#[derive(Debug)]
pub struct SyntheticPrompts {
    synthetic: Synthetic,
    texts: Texts,
    prefixes: Vec<OnceLock<String>>,
}

impl SyntheticPrompts {
    /// Prompts as `synthetic` asks for, written by `texts`.
    pub fn new(synthetic: &Synthetic, texts: Texts) -> Self {
        let groups = synthetic.shared_prefix.map_or(0, |prefix| prefix.groups.min(KEPT_PREFIXES));
        let prefixes = (0..groups).map(|_| OnceLock::new()).collect();
        Self { synthetic: synthetic.clone(), texts, prefixes }
    }

    /// The request's part of the mixture and its lengths.
    fn draw(&self, at: u64) -> AskedLengths {
        let mut numbers = self.texts.source().numbers(Purpose::Lengths, at, 0);
        let pair = self.pair(&mut numbers);
        let shortest = self.synthetic.shared_prefix.map_or(1, |prefix| prefix.tokens + 1);
        AskedLengths {
            input_tokens: Some(length(pair.input_tokens, &mut numbers).max(shortest)),
            output_tokens: pair.output_tokens.map(|output| length(output, &mut numbers)),
        }
    }

    fn pair(&self, numbers: &mut ChaCha8Rng) -> LengthPair {
        let lengths = &self.synthetic.lengths;
        let mut left =
            numbers.random::<f64>() * lengths.iter().map(|pair| pair.weight).sum::<f64>();
        let drawn = lengths.iter().find(|pair| {
            left -= pair.weight;
            left < 0.0
        });
        // Rounding may leave a trace behind the last; there is always one.
        *drawn.or(lengths.last()).unwrap_or(&NO_LENGTHS)
    }

    fn text(&self, at: u64, tokens: u32) -> Result<String, Unreachable> {
        let Some(shared) = self.synthetic.shared_prefix else {
            return self.texts.write(Begin::NONE, at, tokens);
        };
        let begin = self.prefix(shared, at)? + "\n";
        self.texts.write(Begin { text: &begin, tokens: shared.tokens }, at, tokens)
    }

    /// The beginning of the group that prompt `at` belongs to.
    fn prefix(&self, shared: SharedPrefix, at: u64) -> Result<String, Unreachable> {
        let mut numbers = self.texts.source().numbers(Purpose::Group, at, 0);
        let group = numbers.random::<u64>() % u64::from(shared.groups.max(1));
        let kept = self.prefixes.get(index(group));
        if let Some(text) = kept.and_then(OnceLock::get) {
            return Ok(text.clone());
        }
        let text = self.texts.prefix(group, shared.tokens)?;
        Ok(kept.map_or(text.clone(), |kept| kept.get_or_init(|| text).clone()))
    }
}

impl PromptRows for SyntheticPrompts {
    fn count(&self) -> Option<u64> {
        None
    }

    fn row(&self, at: u64) -> Result<Option<PromptRow>, RowError> {
        let AskedLengths { input_tokens, output_tokens } = self.draw(at);
        let text = self.text(at, input_tokens.unwrap_or(1)).map_err(RowError::new)?;
        Ok(Some(PromptRow { prompt: Prompt::Text(text), input_tokens, output_tokens }))
    }

    fn lengths(&self, at: u64) -> Result<Option<AskedLengths>, RowError> {
        Ok(Some(self.draw(at)))
    }

    fn length_method(&self) -> Option<LengthMethod> {
        Some(self.texts.length_method())
    }

    fn probe(&self, tokens: u32) -> Result<Option<PromptRow>, RowError> {
        self.texts.probe(tokens).map(Some).map_err(RowError::new)
    }

    fn corrected(&self, factor: f64) -> Option<Arc<dyn PromptRows>> {
        Some(Arc::new(Self::new(&self.synthetic, self.texts.corrected(factor)?)))
    }
}

/// What is drawn from where there is nothing to draw from; a checked scenario has lengths.
const NO_LENGTHS: LengthPair =
    LengthPair { weight: 1.0, input_tokens: Distribution::Constant(1.0), output_tokens: None };

/// A length of `distribution`, in whole tokens: at least 1, at most [`MOST_INPUT_TOKENS`].
pub(in crate::workload) fn length(distribution: Distribution, numbers: &mut ChaCha8Rng) -> u32 {
    let drawn = distribution.sample(numbers).clamp(1.0, float(MOST_INPUT_TOKENS));
    to_u32(whole(drawn))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::{LengthMethod, SyntheticPrompts, Texts};
    use crate::scenario::{Distribution, Language, LengthPair, SharedPrefix, Synthetic};
    use crate::workload::synthetic::tokenizers_of_tests::{byte_level, unigram};
    use crate::workload::{Prompt, PromptRows, TokenCounter};

    fn of(input_tokens: Distribution, language: Language) -> Synthetic {
        let lengths = vec![LengthPair { weight: 1.0, input_tokens, output_tokens: None }];
        Synthetic { lengths, language, shared_prefix: None }
    }

    fn prompts(synthetic: &Synthetic, counter: Option<&Arc<TokenCounter>>) -> SyntheticPrompts {
        let texts = Texts::new(synthetic.language, (42, 0), counter.cloned()).unwrap();
        SyntheticPrompts::new(synthetic, texts)
    }

    fn text(prompts: &SyntheticPrompts, at: u64) -> String {
        match prompts.row(at).unwrap().unwrap().prompt {
            Prompt::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn with_a_tokenizer_every_length_is_exact() {
        for counter in [byte_level(800), byte_level(4_000), unigram(1_500)] {
            for language in Language::ALL {
                let lengths = Distribution::Uniform { low: 1.0, high: 400.0 };
                let prompts = prompts(&of(lengths, language), Some(&counter));
                assert_eq!(prompts.length_method(), Some(LengthMethod::Exact));
                for at in 0..16 {
                    let asked = prompts.lengths(at).unwrap().unwrap().input_tokens.unwrap();
                    let counted = counter.tokens(&text(&prompts, at)).unwrap();
                    assert_eq!(counted, u64::from(asked), "{language:?} {at}");
                }
            }
        }
    }

    #[test]
    fn without_one_the_length_follows_the_words_and_a_correction() {
        let lengths = of(Distribution::Constant(400.0), Language::English);
        let estimated = prompts(&lengths, None);
        assert_eq!(estimated.length_method(), Some(LengthMethod::Estimated));
        let corrected = estimated.corrected(2.0).unwrap();
        assert_eq!(corrected.length_method(), Some(LengthMethod::Corrected(2.0)));
        let Prompt::Text(shorter) = corrected.row(3).unwrap().unwrap().prompt else { panic!() };
        let longer = text(&estimated, 3);
        assert!(longer.starts_with(&shorter));
        let words = |text: &str| text.split(' ').count();
        assert!(words(&longer).abs_diff(2 * words(&shorter)) < 30);
        let exact = prompts(&lengths, Some(&byte_level(800)));
        assert!(exact.corrected(2.0).is_none());
    }

    #[test]
    fn a_prompt_depends_on_seed_workload_and_number_alone() {
        let lengths = of(Distribution::Constant(30.0), Language::Chinese);
        let counter = byte_level(800);
        let made = |seed, workload, at| {
            let counter = Some(Arc::clone(&counter));
            let texts = Texts::new(lengths.language, (seed, workload), counter).unwrap();
            text(&SyntheticPrompts::new(&lengths, texts), at)
        };
        assert_eq!(made(1, 0, 5), made(1, 0, 5));
        let others = [made(1, 0, 5), made(2, 0, 5), made(1, 1, 5), made(1, 0, 6)];
        assert_eq!(others.iter().collect::<BTreeSet<_>>().len(), others.len());
    }

    #[test]
    fn prompts_begin_alike_only_where_they_share_a_prefix() {
        let counter = byte_level(2_000);
        let mut lengths = of(Distribution::Constant(64.0), Language::English);
        let begin = |prompts: &SyntheticPrompts, at, chars: usize| {
            text(prompts, at).chars().take(chars).collect::<String>()
        };
        let alone = prompts(&lengths, Some(&counter));
        let begins: BTreeSet<_> = (0..300).map(|at| begin(&alone, at, 40)).collect();
        assert_eq!(begins.len(), 300);
        lengths.shared_prefix = Some(SharedPrefix { tokens: 32, groups: 4 });
        for shared in [prompts(&lengths, Some(&counter)), prompts(&lengths, None)] {
            let begins: BTreeSet<_> = (0..300).map(|at| begin(&shared, at, 60)).collect();
            assert_eq!(begins.len(), 4);
            let texts: BTreeSet<_> = (0..300).map(|at| text(&shared, at)).collect();
            assert_eq!(texts.len(), 300);
            let begin = text(&shared, 0).lines().next().unwrap().to_owned();
            if shared.length_method() == Some(LengthMethod::Exact) {
                assert_eq!(counter.tokens(&begin).unwrap(), 32);
            }
        }
    }

    #[test]
    fn a_mixture_comes_in_its_weights() {
        let part = |weight, input, output| LengthPair {
            weight,
            input_tokens: Distribution::Constant(input),
            output_tokens: Some(Distribution::Constant(output)),
        };
        let lengths = vec![part(70.0, 200.0, 50.0), part(30.0, 4_000.0, 400.0)];
        let mixture = Synthetic { lengths, language: Language::English, shared_prefix: None };
        let prompts = prompts(&mixture, None);
        let drawn: Vec<_> = (0..2_000).map(|at| prompts.lengths(at).unwrap().unwrap()).collect();
        let long: Vec<_> = drawn.iter().filter(|drawn| drawn.input_tokens == Some(4_000)).collect();
        assert!((520..680).contains(&long.len()), "{}", long.len());
        assert!(long.iter().all(|drawn| drawn.output_tokens == Some(400)));
    }

    #[test]
    fn a_length_that_a_tokenizer_cannot_make_is_said_to_be_so() {
        use tokenizers::Tokenizer;
        use tokenizers::models::wordlevel::WordLevel;
        use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
        // It sees two halves in every text, and knows neither.
        let model = WordLevel::builder()
            .vocab([("?".to_owned(), 0)].into_iter().collect())
            .unk_token("?".to_owned())
            .build()
            .unwrap();
        let mut tokenizer = Tokenizer::new(model);
        let halves = SplitPattern::Regex(r"(?s)^.{2}|(?<=^.{2}).*".to_owned());
        let split = Split::new(halves, tokenizers::SplitDelimiterBehavior::Isolated, false);
        tokenizer.with_pre_tokenizer(Some(split.unwrap()));
        let json = tokenizer.to_string(false).unwrap();
        let counter = Arc::new(TokenCounter::from_json(json.as_bytes()).unwrap());
        let lengths = of(Distribution::Constant(5.0), Language::English);
        let error = prompts(&lengths, Some(&counter)).row(0).unwrap_err();
        insta::assert_snapshot!(error, @"the tokenizer makes no text of exactly 5 tokens (the nearest has 2); ask for other lengths, or leave `tokenizer` out");
    }
}
