//! Tokenizers that tests make, trained on a few texts of each language.

use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::models::unigram::{Unigram, UnigramTrainerBuilder};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::{AddedToken, Tokenizer};

use super::pieces::Pieces;
use crate::scenario::Language;
use crate::workload::TokenCounter;

/// Pieces of each language that a tokenizer learns from.
const LESSON: usize = 3_000;

/// A byte-level BPE of about `size` tokens, as GPT, Llama and Qwen have.
pub(crate) fn byte_level(size: usize) -> Arc<TokenCounter> {
    let alphabet = ByteLevel::alphabet().into_iter().collect();
    let mut trainer: TrainerWrapper =
        BpeTrainerBuilder::new().vocab_size(size).initial_alphabet(alphabet).build().into();
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    tokenizer.train(&mut trainer, lessons()).unwrap();
    counter(&tokenizer)
}

/// A unigram model of about `size` tokens, as T5, XLM-R and bge-m3 have.
pub(crate) fn unigram(size: u32) -> Arc<TokenCounter> {
    let mut trainer: TrainerWrapper = UnigramTrainerBuilder::default()
        .vocab_size(size)
        .special_tokens(vec![AddedToken::from("<unk>", true)])
        .unk_token(Some("<unk>".to_owned()))
        .build()
        .unwrap()
        .into();
    let mut tokenizer = Tokenizer::new(Unigram::default());
    tokenizer.with_pre_tokenizer(Some(Metaspace::new('▁', PrependScheme::Always, true)));
    tokenizer.train(&mut trainer, lessons()).unwrap();
    counter(&tokenizer)
}

/// The counter of a tokenizer, by way of its file.
fn counter(tokenizer: &Tokenizer) -> Arc<TokenCounter> {
    let json = tokenizer.to_string(false).unwrap();
    Arc::new(TokenCounter::from_json(json.as_bytes()).unwrap())
}

fn lessons() -> impl Iterator<Item = String> + Send {
    let texts: Vec<_> = Language::ALL
        .into_iter()
        .map(|language| {
            Pieces::new(language, ChaCha8Rng::seed_from_u64(7)).take(LESSON).collect::<String>()
        })
        .collect();
    texts.into_iter()
}
