//! Synthetic prompts.

use super::distribution::{DistributionFile, Tokens};
use super::list::List;
use super::mapping::mapping;
use super::quantity::{Positive, Whole};
use crate::scenario::synthetic::{Language, MOST_INPUT_TOKENS};

/// More kinds of lengths than a mixture needs.
const MOST_PARTS: usize = 64;
/// Each group is a text of its own; a million of them are as good as none shared.
const MOST_GROUPS: u64 = 1_000_000;

mapping! {
    /// Prompts that are made.
    SyntheticPrompts {
        /// How they are made.
        required synthetic: SyntheticFile,
    }
    later {}
}

mapping! {
    /// How prompts are made: `input_tokens`, or a `mixture`.
    SyntheticFile {
        /// Tokens of each prompt.
        optional input_tokens: DistributionFile<Tokens>,
        /// Several kinds of requests, drawn by weight.
        optional mixture: List<MixturePart, MOST_PARTS>,
        /// What the text looks like: `en`, `zh` or `code`.
        optional language: Language = "en",
        /// A beginning that prompts share; without it every prompt begins differently.
        optional shared_prefix: SharedPrefixFile,
    }
    later {}
}

mapping! {
    /// One kind of request in a mixture.
    MixturePart {
        /// How often it comes, against the others.
        required weight: Positive,
        /// Tokens of its prompts.
        required input_tokens: DistributionFile<Tokens>,
        /// Tokens its answers are to have; not for embeddings.
        optional output_tokens: DistributionFile<Tokens> = "the workload's",
    }
    later {}
}

mapping! {
    /// A beginning that prompts share.
    SharedPrefixFile {
        /// Its tokens, counted among those of the prompt.
        required tokens: Whole<1, MOST_INPUT_TOKENS>,
        /// How many different beginnings there are; each prompt has one of them.
        optional groups: Whole<1, MOST_GROUPS> = "1",
    }
    later {}
}
