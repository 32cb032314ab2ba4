//! From prompts to request bodies.

use std::sync::Arc;

use bytes::Bytes;

use super::prompt::Prompt;
use super::rows::{PromptRow, PromptRows, PromptStart, RequestPlace, RowError};
use super::spec::RequestSpec;
use crate::openai::{Ask, BodyParts, Endpoint, TokenLimit, request_body};
use crate::record::Phase;
use crate::scenario::{Backend, TokenLimitField, Workload};
use crate::units::{count, to_u32};

/// Prompts up to this number have their requests made before the cell starts.
const PREPARED_LIMIT: u64 = 1_024;

/// Makes the requests of one cell.
#[derive(Clone, Debug)]
pub struct RequestFactory {
    workload: Workload,
    model: String,
    backend_body: serde_json::Map<String, serde_json::Value>,
    token_limit: TokenLimitField,
    include_usage: bool,
    prompts: Arc<dyn PromptRows>,
    start: PromptStart,
    prepared: Vec<RequestSpec>,
}

impl RequestFactory {
    /// A factory for `workload` on `backend`. `include_usage` asks for token counts in streams.
    pub fn new(
        workload: &Workload,
        backend: &Backend,
        prompts: Arc<dyn PromptRows>,
        start: PromptStart,
        include_usage: bool,
    ) -> Self {
        let mut factory = Self {
            model: backend.model_name(&workload.model).to_owned(),
            backend_body: backend.body.clone(),
            // `max_completion_tokens` is a field of chats alone.
            token_limit: match workload.endpoint {
                Endpoint::Chat => backend.kind.preset().token_limit,
                Endpoint::Completions | Endpoint::Embeddings => TokenLimitField::MaxTokens,
            },
            workload: workload.clone(),
            include_usage,
            prompts,
            start,
            prepared: Vec::new(),
        };
        let few = factory.prompts.count().filter(|count| *count <= PREPARED_LIMIT);
        if let Some(count) = few
            && factory.workload.batch <= 1
        {
            // What cannot be made now says so when its turn comes.
            factory.prepared = (0..count).map_while(|at| factory.make(at).ok()?).collect();
        }
        factory
    }

    /// Request number `index` of `phase`: the same for every backend. `None` once the prompts
    /// have ended.
    ///
    /// # Errors
    ///
    /// [`RowError`] if its prompt cannot be had.
    pub fn request(&self, phase: Phase, index: u64) -> Result<Option<RequestSpec>, RowError> {
        let batch = self.workload.batch.max(1);
        let place = RequestPlace { start: self.start, phase, index, batch };
        let at = self.prompts.number(&place);
        match self.prepared.get(crate::units::index(at)) {
            Some(spec) => Ok(Some(spec.clone())),
            None => self.make(at),
        }
    }

    /// The server's own name of the model that is asked for.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The request whose first prompt is number `at`.
    fn make(&self, at: u64) -> Result<Option<RequestSpec>, RowError> {
        let Some(row) = self.prompts.row(at)? else { return Ok(None) };
        let mut inputs = Vec::new();
        if self.workload.endpoint == Endpoint::Embeddings && self.workload.batch > 1 {
            inputs = self.batch(at, &row)?;
        }
        let items = match &row.prompt {
            _ if self.workload.endpoint.generates() => 1,
            Prompt::Inputs(inputs) => to_u32(count(inputs.len())),
            Prompt::Text(_) | Prompt::Messages(_) => to_u32(count(inputs.len()).max(1)),
        };
        Ok(Some(RequestSpec {
            endpoint: self.workload.endpoint,
            body: self.body(&row, &inputs),
            stream: self.workload.stream,
            items,
            max_tokens: self.limit(&row),
        }))
    }

    /// The texts of one request for embeddings: prompt number `at` and those after it. Where
    /// the prompts end in between, it goes on with the first.
    fn batch(&self, at: u64, first: &PromptRow) -> Result<Vec<String>, RowError> {
        let Prompt::Text(first) = &first.prompt else { return Ok(Vec::new()) };
        let mut texts = vec![first.clone()];
        for step in 1..u64::from(self.workload.batch) {
            let next = at.wrapping_add(step);
            let next = self.prompts.count().map_or(next, |count| next % count.max(1));
            let Some(row) = self.prompts.row(next)? else { break };
            texts.push(plain(&row.prompt).to_owned());
        }
        Ok(texts)
    }

    /// Most output tokens asked for.
    fn limit(&self, row: &PromptRow) -> Option<u32> {
        self.workload.max_tokens.or(row.output_tokens)
    }

    fn body(&self, row: &PromptRow, texts: &[String]) -> Bytes {
        let system = self.workload.system.as_deref();
        let ask = match (self.workload.endpoint, &row.prompt) {
            (Endpoint::Embeddings, Prompt::Inputs(inputs)) => Ask::Embeddings { inputs },
            (Endpoint::Embeddings, _) if !texts.is_empty() => Ask::Embeddings { inputs: texts },
            (Endpoint::Embeddings, prompt) => Ask::Embedding { input: plain(prompt) },
            (Endpoint::Completions, prompt) => Ask::Completion { prompt: plain(prompt) },
            (Endpoint::Chat, Prompt::Messages(messages)) => Ask::Messages { system, messages },
            (Endpoint::Chat, prompt) => Ask::Chat { system, user: plain(prompt) },
        };
        Bytes::from(request_body(&BodyParts {
            model: &self.model,
            ask,
            stream: self.workload.stream,
            include_usage: self.include_usage,
            token_limit: self.limit(row).map(|limit| match self.token_limit {
                TokenLimitField::MaxTokens => TokenLimit::MaxTokens(limit),
                TokenLimitField::MaxCompletionTokens => TokenLimit::MaxCompletionTokens(limit),
            }),
            extra: &[&self.backend_body, &self.workload.body],
        }))
    }
}

/// The text of a prompt that is one. Prompts of other shapes are refused for the endpoints
/// that take only texts when they are read.
fn plain(prompt: &Prompt) -> &str {
    match prompt {
        Prompt::Text(text) => text,
        Prompt::Messages(_) | Prompt::Inputs(_) => "",
    }
}
