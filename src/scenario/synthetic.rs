//! Prompts that are made rather than read.

use super::distribution::Distribution;

/// Longest text that is asked for, in tokens; longer draws are drawn down to it. No model reads
/// more, and a text of this length takes about 5 MB.
pub const MOST_INPUT_TOKENS: u64 = 1 << 20;

/// How synthetic prompts are made.
#[derive(Clone, Debug, PartialEq)]
pub struct Synthetic {
    /// The lengths, one of them drawn by weight for each request; never empty.
    pub lengths: Vec<LengthPair>,
    /// What the text looks like.
    pub language: Language,
    /// A beginning that prompts have in common; `None`: every prompt begins differently.
    pub shared_prefix: Option<SharedPrefix>,
}

/// How long prompt and answer are to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LengthPair {
    /// How often, against the others; above 0.
    pub weight: f64,
    /// Tokens of the prompt.
    pub input_tokens: Distribution,
    /// Tokens of the answer; `None`: the workload decides.
    pub output_tokens: Option<Distribution>,
}

/// A beginning that prompts have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedPrefix {
    /// Its tokens, counted among those of the prompt.
    pub tokens: u32,
    /// How many different beginnings there are; each prompt has one of them.
    pub groups: u32,
}

/// What synthetic text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English sentences.
    English,
    /// Chinese sentences.
    Chinese,
    /// Lines like those of a program.
    Code,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::English, Self::Chinese, Self::Code];

    /// Its name in scenarios.
    pub const fn key(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
            Self::Code => "code",
        }
    }
}
