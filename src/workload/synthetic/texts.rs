//! Texts of given lengths, by number.

use std::fmt;
use std::sync::Arc;

use super::fit::{Fitter, Unreachable, pace_of};
use super::pieces::{Pieces, fillers, tokens_per_piece};
use crate::scenario::Language;
use crate::units::{index, whole};
use crate::workload::draw::{Purpose, Source};
use crate::workload::prompt::Prompt;
use crate::workload::rows::PromptRow;
use crate::workload::tokenizer::{TokenCounter, TokenizerError};

/// Pieces over which a tokenizer's pace is taken.
const PACE_SAMPLE: usize = 2_000;
/// Texts that are tried for one prompt; a tokenizer that misses a length with one misses it
/// with every other only if it cannot make it at all.
const ATTEMPTS: u32 = 8;

/// How the lengths of texts came about.
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

/// Makes texts of given lengths.
#[derive(Clone, Debug)]
pub struct Texts {
    language: Language,
    source: Source,
    measure: Measure,
}

/// How lengths are kept to.
#[derive(Clone, Debug)]
enum Measure {
    Exact { counter: Arc<TokenCounter>, pace: f64 },
    ByWords { factor: Option<f64> },
}

/// What a text begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin<'a> {
    /// It, word for word.
    pub text: &'a str,
    /// Tokens it was made to have.
    pub tokens: u32,
}

impl Begin<'_> {
    /// Nothing.
    pub const NONE: Begin<'static> = Begin { text: "", tokens: 0 };
}

impl Texts {
    /// Texts for workload number `workload`, exact to the token if there is a tokenizer.
    ///
    /// # Errors
    ///
    /// [`TokenizerError`] if the tokenizer cannot read the language.
    pub fn new(
        language: Language,
        (seed, workload): (u64, u64),
        counter: Option<Arc<TokenCounter>>,
    ) -> Result<Self, TokenizerError> {
        let source = Source { seed, workload };
        let measure = match counter {
            None => Measure::ByWords { factor: None },
            Some(counter) => {
                let pieces = Pieces::new(language, source.numbers(Purpose::Text, 0, 0));
                let pace = pace_of(&counter, pieces, PACE_SAMPLE)?;
                Measure::Exact { counter, pace }
            }
        };
        Ok(Self { language, source, measure })
    }

    /// How lengths are kept to.
    pub const fn length_method(&self) -> LengthMethod {
        match self.measure {
            Measure::Exact { .. } => LengthMethod::Exact,
            Measure::ByWords { factor: None } => LengthMethod::Estimated,
            Measure::ByWords { factor: Some(factor) } => LengthMethod::Corrected(factor),
        }
    }

    /// The same texts, for a server that counted `factor` tokens for each one asked for; `None`
    /// where there is nothing to correct.
    pub fn corrected(&self, factor: f64) -> Option<Self> {
        match self.measure {
            Measure::Exact { .. } => None,
            Measure::ByWords { .. } => {
                Some(Self { measure: Measure::ByWords { factor: Some(factor) }, ..*self })
            }
        }
    }

    /// A text of `tokens` tokens, those of `begin` included, that goes on in a way that only
    /// `number` decides. Without a begin, no two numbers open alike; a shorter text of the same
    /// number is the begin of a longer one, but for the last words. There is no space at either
    /// end.
    ///
    /// # Errors
    ///
    /// [`Unreachable`] if none is found.
    pub fn write(&self, begin: Begin<'_>, number: u64, tokens: u32) -> Result<String, Unreachable> {
        let Source { seed, workload } = self.source;
        let opening = number ^ workload.rotate_right(8) ^ seed.rotate_left(8);
        let mut failure = None;
        for attempt in 0..ATTEMPTS {
            let pieces = self.pieces((Purpose::Text, number, attempt), opening);
            match self.make(begin, pieces, tokens) {
                Err(length @ Unreachable::Length { .. }) => failure = Some(length),
                made => return made,
            }
        }
        failure.map_or_else(|| Ok(String::new()), Err)
    }

    /// A text of `tokens` tokens, apart from all others, to see what a server counts for it.
    ///
    /// # Errors
    ///
    /// [`Unreachable`] if none is found.
    pub fn probe(&self, tokens: u32) -> Result<PromptRow, Unreachable> {
        // No request has so high a number.
        let at = u64::MAX - u64::from(tokens);
        let text = self.make(Begin::NONE, self.pieces((Purpose::Text, at, 0), at), tokens)?;
        let prompt = Prompt::Text(text);
        Ok(PromptRow { prompt, input_tokens: Some(tokens), output_tokens: None })
    }

    /// What a group of prompts has in common: a text of `tokens` tokens.
    ///
    /// # Errors
    ///
    /// [`Unreachable`] if none is found.
    pub(super) fn prefix(&self, group: u64, tokens: u32) -> Result<String, Unreachable> {
        self.make(Begin::NONE, self.pieces((Purpose::Prefix, group, 0), !group), tokens)
    }

    /// The source of the random numbers behind the texts.
    pub(super) const fn source(&self) -> Source {
        self.source
    }

    fn pieces(&self, (purpose, number, attempt): (Purpose, u64, u32), opening: u64) -> Pieces {
        let numbers = self.source.numbers(purpose, number, attempt);
        Pieces::new(self.language, numbers).opening_with(opening)
    }

    /// `begin` and as many of `pieces` as make `tokens`.
    fn make(&self, begin: Begin<'_>, pieces: Pieces, tokens: u32) -> Result<String, Unreachable> {
        match &self.measure {
            Measure::Exact { counter, pace } => {
                let fitter = Fitter { counter, pace: *pace, fillers: fillers(self.language) };
                fitter.fit(begin.text, &pieces, tokens.into())
            }
            Measure::ByWords { factor } => {
                let pace = tokens_per_piece(self.language) * factor.unwrap_or(1.0);
                let wanted = f64::from(tokens.saturating_sub(begin.tokens)) / pace;
                let mut text = begin.text.to_owned();
                text.extend(pieces.take(index(whole(wanted).max(1))));
                Ok(text.trim().to_owned())
            }
        }
    }
}
