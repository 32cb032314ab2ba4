//! From a prompt source to the prompts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::error::DatasetError;
use super::fit::Purpose;
use super::open::open_file;
use super::pictures::load_pictures;
use super::tokenizer::load_tokenizer;
use super::trace::{Trace, TraceRows};
use crate::load::{Purpose as Numbers, Recording, Stream};
use crate::scenario::{Language, LoadProfile, PromptSource, Workload};
use crate::units::index;
use crate::workload::{
    IllustratedRows, Prompt, PromptRows, PromptSet, RankedRows, SyntheticPrompts, Texts,
    TokenCounter,
};

/// What a workload sends.
#[derive(Clone, Debug)]
pub struct OpenPrompts {
    /// Its prompts.
    pub rows: Arc<dyn PromptRows>,
    /// The recording they come from, if they come from one.
    pub trace: Option<Arc<Trace>>,
    /// The model's tokenizer, if the workload names it.
    pub counter: Option<Arc<TokenCounter>>,
}

/// What one stage sends.
#[derive(Clone, Debug)]
pub struct Played {
    /// The prompts.
    pub rows: Arc<dyn PromptRows>,
    /// When they are due, where that comes with them.
    pub recording: Option<Recording>,
}

impl OpenPrompts {
    /// What a stage with this profile sends: all prompts, or those of the part it replays.
    pub fn played(&self, profile: &LoadProfile) -> Played {
        let part = self.trace.as_ref().zip(profile.replay()).and_then(|(trace, replay)| {
            let recording = trace.part(replay.start, replay.limit).ok()?;
            let rows = self.rows.part(recording.first(), recording.requests())?;
            Some(Played { rows, recording: Some(recording) })
        });
        part.unwrap_or_else(|| Played { rows: Arc::clone(&self.rows), recording: None })
    }
}

/// Opens the prompts of workload number `number`, under the scenario's `seed`, and the documents
/// to rank for them, or the pictures to send beside them, where they stand apart. The endpoint
/// takes every one of them. Of a recording, what came later than `until` is not needed.
///
/// # Errors
///
/// [`DatasetError`] if they cannot be read, if there is none, or if one does not fit the endpoint.
pub fn open_prompts(
    workload: &Workload,
    (seed, number): (u64, u64),
    until: Option<Duration>,
) -> Result<OpenPrompts, DatasetError> {
    // One order for all rounds and stages: cells begin at different places in it.
    let (purpose, workload_index) = (Numbers::Prompts, index(number));
    let stream = Stream { purpose, round: 0, stage: 0, workload: workload_index };
    let path = workload.tokenizer.as_deref();
    let counter = path.map(load_tokenizer).transpose()?.map(Arc::new);
    let texts = |language| {
        Texts::new(language, (seed, number), counter.clone()).map_err(|source| {
            DatasetError::Tokenizer {
                path: path.unwrap_or(Path::new("")).to_owned(),
                source: Arc::new(source),
            }
        })
    };
    let open = |source: &PromptSource, purpose| -> Result<OpenPrompts, DatasetError> {
        let counter = counter.clone();
        let rows: Arc<dyn PromptRows> = match source {
            PromptSource::Inline(texts) => {
                let prompts = texts.iter().cloned().map(Prompt::Text).collect();
                Arc::new(PromptSet::new(prompts).ok_or(DatasetError::NoneInline)?)
            }
            PromptSource::File(file) => open_file(file, purpose, stream.generator(seed))?,
            PromptSource::Synthetic(synthetic) => {
                Arc::new(SyntheticPrompts::new(synthetic, texts(synthetic.language)?))
            }
            PromptSource::Trace(file) => {
                let trace = Arc::new(Trace::open(file, until)?);
                let texts = texts(Language::English)?;
                let rows = Arc::new(TraceRows::new(Arc::clone(&trace), texts));
                return Ok(OpenPrompts { rows, trace: Some(trace), counter });
            }
        };
        Ok(OpenPrompts { rows, trace: None, counter })
    };
    let queries = open(&workload.prompts, Purpose::Prompts(workload.endpoint))?;
    if let Some(images) = &workload.images {
        let pictures = load_pictures(images, seed)?;
        let rows = Arc::new(IllustratedRows { prompts: Arc::clone(&queries.rows), pictures });
        return Ok(OpenPrompts { rows, ..queries });
    }
    let Some(documents) = &workload.documents else { return Ok(queries) };
    let documents = open(documents, Purpose::Documents)?.rows;
    let rows = Arc::new(RankedRows { queries: Arc::clone(&queries.rows), documents });
    Ok(OpenPrompts { rows, ..queries })
}
