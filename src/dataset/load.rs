//! From a prompt source to the prompts.

use std::path::Path;
use std::sync::Arc;

use super::error::DatasetError;
use super::fit::Purpose;
use super::open::open_file;
use super::pictures::load_pictures;
use super::tokenizer::load_tokenizer;
use crate::load::{Purpose as Numbers, Stream};
use crate::scenario::{PromptSource, Synthetic, Workload};
use crate::units::index;
use crate::workload::{
    IllustratedRows, Prompt, PromptRows, PromptSet, RankedRows, SyntheticPrompts,
};

/// Opens the prompts of workload number `number`, under the scenario's `seed`, and the documents
/// to rank for them, or the pictures to send beside them, where they stand apart. The endpoint takes every one of them.
///
/// # Errors
///
/// [`DatasetError`] if they cannot be read, if there is none, or if one does not fit the endpoint.
pub fn open_prompts(
    workload: &Workload,
    (seed, number): (u64, u64),
) -> Result<Arc<dyn PromptRows>, DatasetError> {
    // One order for all rounds and stages: cells begin at different places in it.
    let (purpose, workload_index) = (Numbers::Prompts, index(number));
    let stream = Stream { purpose, round: 0, stage: 0, workload: workload_index };
    let open = |source: &PromptSource, purpose| -> Result<Arc<dyn PromptRows>, DatasetError> {
        match source {
            PromptSource::Inline(texts) => {
                let prompts = texts.iter().cloned().map(Prompt::Text).collect();
                Ok(Arc::new(PromptSet::new(prompts).ok_or(DatasetError::NoneInline)?))
            }
            PromptSource::File(file) => open_file(file, purpose, stream.generator(seed)),
            PromptSource::Synthetic(synthetic) => {
                let tokenizer = workload.tokenizer.as_deref();
                Ok(Arc::new(made(synthetic, tokenizer, (seed, number))?))
            }
        }
    };
    let queries = open(&workload.prompts, Purpose::Prompts(workload.endpoint))?;
    if let Some(images) = &workload.images {
        let pictures = load_pictures(images, seed)?;
        return Ok(Arc::new(IllustratedRows { prompts: queries, pictures }));
    }
    let Some(documents) = &workload.documents else { return Ok(queries) };
    let documents = open(documents, Purpose::Documents)?;
    Ok(Arc::new(RankedRows { queries, documents }))
}

/// Synthetic prompts, exact to the token where there is a tokenizer.
fn made(
    synthetic: &Synthetic,
    tokenizer: Option<&Path>,
    place: (u64, u64),
) -> Result<SyntheticPrompts, DatasetError> {
    let counter = tokenizer.map(load_tokenizer).transpose()?.map(Arc::new);
    SyntheticPrompts::new(synthetic, place, counter).map_err(|source| DatasetError::Tokenizer {
        path: tokenizer.unwrap_or(Path::new("")).to_owned(),
        source: Arc::new(source),
    })
}
