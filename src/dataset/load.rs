//! From a prompt source to the prompts.

use std::sync::Arc;
use std::time::Duration;

use super::error::DatasetError;
use super::fit::Purpose;
use super::open::open_file;
use super::pictures::load_pictures;
use super::trace::{Trace, TraceRows};
use crate::load::{Purpose as Numbers, Stream};
use crate::scenario::{PromptSource, Workload};
use crate::units::index;
use crate::workload::{IllustratedRows, Prompt, PromptRows, PromptSet, RankedRows, TextWriter};

/// What a workload sends.
#[derive(Clone, Debug)]
pub struct OpenPrompts {
    /// Its prompts.
    pub rows: Arc<dyn PromptRows>,
    /// The recording they come from, if they come from one.
    pub trace: Option<Arc<Trace>>,
}

/// Opens the prompts of workload number `number`, under the scenario's `seed`, and the documents
/// to rank for them, or the pictures to send beside them, where they stand apart. The endpoint takes every one of them. Of a
/// recording, what came later than `until` is not needed.
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
    let open = |source: &PromptSource, purpose| -> Result<OpenPrompts, DatasetError> {
        let rows: Arc<dyn PromptRows> = match source {
            PromptSource::Inline(texts) => {
                let prompts = texts.iter().cloned().map(Prompt::Text).collect();
                Arc::new(PromptSet::new(prompts).ok_or(DatasetError::NoneInline)?)
            }
            PromptSource::File(file) => open_file(file, purpose, stream.generator(seed))?,
            PromptSource::Trace(file) => {
                let trace = Arc::new(Trace::open(file, until)?);
                let writer = TextWriter::new(seed, number);
                let rows = Arc::new(TraceRows::new(Arc::clone(&trace), writer));
                return Ok(OpenPrompts { rows, trace: Some(trace) });
            }
        };
        Ok(OpenPrompts { rows, trace: None })
    };
    let queries = open(&workload.prompts, Purpose::Prompts(workload.endpoint))?;
    if let Some(images) = &workload.images {
        let pictures = load_pictures(images, seed)?;
        let rows = Arc::new(IllustratedRows { prompts: queries.rows, pictures });
        return Ok(OpenPrompts { rows, trace: queries.trace });
    }
    let Some(documents) = &workload.documents else { return Ok(queries) };
    let documents = open(documents, Purpose::Documents)?.rows;
    let rows = Arc::new(RankedRows { queries: queries.rows, documents });
    Ok(OpenPrompts { rows, trace: queries.trace })
}
