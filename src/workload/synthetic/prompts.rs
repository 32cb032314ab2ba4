//! Synthetic prompts by number.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::fit::{Fitter, Unreachable, pace_of};
use super::pieces::{Pieces, fillers, tokens_per_piece};
use crate::scenario::{Distribution, LengthPair, MOST_INPUT_TOKENS, SharedPrefix, Synthetic};
use crate::units::{float, index, to_u32, whole};
use crate::workload::draw::{Purpose, Source};
use crate::workload::prompt::Prompt;
use crate::workload::rows::{AskedLengths, PromptRow, PromptRows, RowError};
use crate::workload::tokenizer::{TokenCounter, TokenizerError};

/// Pieces over which a tokenizer's pace is taken.
const PACE_SAMPLE: usize = 2_000;
/// Texts that are tried for one prompt; a tokenizer that misses a length with one misses it
/// with every other only if it cannot make it at all.
const ATTEMPTS: u32 = 8;
/// Shared prefixes that are kept once made; bounds memory where there are many groups.
const KEPT_PREFIXES: u32 = 1_024;

/// How the lengths of synthetic prompts came about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LengthMethod {
    /// Counted with the model's tokenizer: exact to the token.
    Exact,
    /// By the number of words.
    Estimated,
    /// By the number of words, multiplied by what a server counted for each token estimated.
    Corrected(f64),
}

impl LengthMethod {
    /// Its name in results.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Estimated => "estimated",
            Self::Corrected(_) => "corrected",
        }
    }

    /// What a server counted for each token estimated; `None` where that corrected nothing.
    pub const fn factor(self) -> Option<f64> {
        match self {
            Self::Exact | Self::Estimated => None,
            Self::Corrected(factor) => Some(factor),
        }
    }
}

impl fmt::Display for LengthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact | Self::Estimated => f.write_str(self.key()),
            Self::Corrected(factor) => write!(f, "corrected by {factor:.4}"),
        }
    }
}

/// Prompts that are made by the lengths asked for; there is no last one.
#[derive(Debug)]
pub struct SyntheticPrompts {
    synthetic: Synthetic,
    source: Source,
    measure: Measure,
    prefixes: Vec<OnceLock<String>>,
}

/// How lengths are kept to.
#[derive(Clone, Debug)]
enum Measure {
    Exact { counter: Arc<TokenCounter>, pace: f64 },
    ByWords { factor: Option<f64> },
}

impl SyntheticPrompts {
    /// The prompts of workload number `workload`, exact to the token if there is a tokenizer.
    ///
    /// # Errors
    ///
    /// [`TokenizerError`] if the tokenizer cannot read the language.
    pub fn new(
        synthetic: &Synthetic,
        (seed, workload): (u64, u64),
        counter: Option<Arc<TokenCounter>>,
    ) -> Result<Self, TokenizerError> {
        let source = Source { seed, workload };
        let measure = match counter {
            None => Measure::ByWords { factor: None },
            Some(counter) => {
                let numbers = source.numbers(Purpose::Text, 0, 0);
                let pieces = Pieces::new(synthetic.language, numbers);
                let pace = pace_of(&counter, pieces, PACE_SAMPLE)?;
                Measure::Exact { counter, pace }
            }
        };
        Ok(Self::of(synthetic.clone(), source, measure))
    }

    fn of(synthetic: Synthetic, source: Source, measure: Measure) -> Self {
        let groups = synthetic.shared_prefix.map_or(0, |prefix| prefix.groups.min(KEPT_PREFIXES));
        let prefixes = (0..groups).map(|_| OnceLock::new()).collect();
        Self { synthetic, source, measure, prefixes }
    }

    /// The request's part of the mixture and its lengths.
    fn draw(&self, at: u64) -> AskedLengths {
        let mut numbers = self.source.numbers(Purpose::Lengths, at, 0);
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
        let prefix = match self.synthetic.shared_prefix {
            None => String::new(),
            Some(shared) => self.prefix(shared, at)? + "\n",
        };
        let mut failure = None;
        for attempt in 0..ATTEMPTS {
            let numbers = self.source.numbers(Purpose::Text, at, attempt);
            let opening =
                at ^ self.source.workload.rotate_right(8) ^ self.source.seed.rotate_left(8);
            let pieces = Pieces::new(self.synthetic.language, numbers).opening_with(opening);
            match self.make(&prefix, pieces, tokens) {
                Err(length @ Unreachable::Length { .. }) => failure = Some(length),
                made => return made,
            }
        }
        failure.map_or_else(|| Ok(String::new()), Err)
    }

    /// The beginning of the group that prompt `at` belongs to.
    fn prefix(&self, shared: SharedPrefix, at: u64) -> Result<String, Unreachable> {
        let mut numbers = self.source.numbers(Purpose::Group, at, 0);
        let group = numbers.random::<u64>() % u64::from(shared.groups.max(1));
        let kept = self.prefixes.get(index(group));
        if let Some(text) = kept.and_then(OnceLock::get) {
            return Ok(text.clone());
        }
        let numbers = self.source.numbers(Purpose::Prefix, group, 0);
        let pieces = Pieces::new(self.synthetic.language, numbers).opening_with(!group);
        let text = self.make("", pieces, shared.tokens)?;
        Ok(kept.map_or(text.clone(), |kept| kept.get_or_init(|| text).clone()))
    }

    /// `begin` and as many of `pieces` as make `tokens`.
    fn make(&self, begin: &str, mut pieces: Pieces, tokens: u32) -> Result<String, Unreachable> {
        let language = self.synthetic.language;
        match &self.measure {
            Measure::Exact { counter, pace } => {
                let fitter = Fitter { counter, pace: *pace, fillers: fillers(language) };
                fitter.fit(begin, &mut pieces, tokens.into())
            }
            Measure::ByWords { factor } => {
                let pace = tokens_per_piece(language) * factor.unwrap_or(1.0);
                let so_far = if begin.is_empty() { 0 } else { self.prefix_tokens() };
                let wanted = f64::from(tokens.saturating_sub(so_far)) / pace;
                let mut text = begin.to_owned();
                text.extend(pieces.take(index(whole(wanted).max(1))));
                Ok(text.trim().to_owned())
            }
        }
    }

    fn prefix_tokens(&self) -> u32 {
        self.synthetic.shared_prefix.map_or(0, |prefix| prefix.tokens)
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
        Some(match self.measure {
            Measure::Exact { .. } => LengthMethod::Exact,
            Measure::ByWords { factor: None } => LengthMethod::Estimated,
            Measure::ByWords { factor: Some(factor) } => LengthMethod::Corrected(factor),
        })
    }

    fn probe(&self, tokens: u32) -> Result<Option<PromptRow>, RowError> {
        // No request has so high a number.
        let at = u64::MAX - u64::from(tokens);
        let numbers = self.source.numbers(Purpose::Text, at, 0);
        let pieces = Pieces::new(self.synthetic.language, numbers).opening_with(at);
        let text = self.make("", pieces, tokens).map_err(RowError::new)?;
        let prompt = Prompt::Text(text);
        Ok(Some(PromptRow { prompt, input_tokens: Some(tokens), output_tokens: None }))
    }

    fn corrected(&self, factor: f64) -> Option<Arc<dyn PromptRows>> {
        match self.measure {
            Measure::Exact { .. } => None,
            Measure::ByWords { .. } => {
                let measure = Measure::ByWords { factor: Some(factor) };
                Some(Arc::new(Self::of(self.synthetic.clone(), self.source, measure)))
            }
        }
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

    use super::{LengthMethod, SyntheticPrompts};
    use crate::scenario::{Distribution, Language, LengthPair, SharedPrefix, Synthetic};
    use crate::workload::synthetic::tokenizers_of_tests::{byte_level, unigram};
    use crate::workload::{Prompt, PromptRows, TokenCounter};

    fn of(input_tokens: Distribution, language: Language) -> Synthetic {
        let lengths = vec![LengthPair { weight: 1.0, input_tokens, output_tokens: None }];
        Synthetic { lengths, language, shared_prefix: None }
    }

    fn prompts(synthetic: &Synthetic, counter: Option<&Arc<TokenCounter>>) -> SyntheticPrompts {
        SyntheticPrompts::new(synthetic, (42, 0), counter.cloned()).unwrap()
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
            text(&SyntheticPrompts::new(&lengths, (seed, workload), counter).unwrap(), at)
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
