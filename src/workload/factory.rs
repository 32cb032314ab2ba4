//! From prompts to request bodies.

use std::sync::Arc;

use bytes::Bytes;

use super::prompt::{Prompt, PromptSet};
use super::spec::RequestSpec;
use crate::openai::{Ask, BodyParts, Endpoint, TokenLimit, request_body};
use crate::record::Phase;
use crate::scenario::{Backend, TokenLimitField, Workload};
use crate::units::{count, index};

/// Prompts up to this number have their bodies made before the cell starts.
const PREPARED_LIMIT: usize = 1_024;

/// Makes the requests of one cell.
#[derive(Clone, Debug)]
pub struct RequestFactory {
    workload: Workload,
    model: String,
    backend_body: serde_json::Map<String, serde_json::Value>,
    token_limit: TokenLimitField,
    include_usage: bool,
    prompts: Arc<PromptSet>,
    start: u64,
    prepared: Vec<Bytes>,
}

/// Where in its prompts a cell begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromptStart {
    /// The scenario's seed.
    pub seed: u64,
    /// The cell's place among the cells of its backend and workload: round × stages + stage.
    pub place: u64,
    /// How many such cells there are.
    pub places: u64,
}

impl PromptStart {
    /// The prompt a cell's first measured request takes, of `prompts`.
    ///
    /// Prompts are taken in order. Cells start evenly spread over them, so that no cell sees
    /// again what an earlier one has put into the server's cache, as far as the prompts reach;
    /// the seed turns the whole wheel.
    fn first(self, prompts: u64) -> u64 {
        let stride = (prompts / self.places.max(1)).max(1);
        let turn = self.seed % prompts.max(1);
        (turn + self.place.wrapping_mul(stride) % prompts.max(1)) % prompts.max(1)
    }
}

impl RequestFactory {
    /// A factory for `workload` on `backend`. `include_usage` asks for token counts in streams.
    pub fn new(
        workload: &Workload,
        backend: &Backend,
        prompts: Arc<PromptSet>,
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
            start: start.first(count(prompts.prompts().len())),
            prompts,
            prepared: Vec::new(),
        };
        let few = factory.prompts.prompts().len() <= PREPARED_LIMIT;
        if few && factory.workload.batch <= 1 {
            factory.prepared =
                (0..factory.prompts.prompts().len()).map(|at| factory.body(at)).collect();
        }
        factory
    }

    /// Request number `index` of `phase`: the same for every backend.
    ///
    /// Measured requests take the prompts forwards from the cell's first, warm-up requests
    /// backwards from the one before it, so that warm-up does not prepare what is measured.
    pub fn request(&self, phase: Phase, index: u64) -> RequestSpec {
        let at = self.position(phase, index);
        let body = self.prepared.get(at).cloned().unwrap_or_else(|| self.body(at));
        RequestSpec {
            endpoint: self.workload.endpoint,
            body,
            stream: self.workload.stream,
            items: self.items(at),
            max_tokens: self.workload.max_tokens,
        }
    }

    /// The server's own name of the model that is asked for.
    pub fn model(&self) -> &str {
        &self.model
    }

    fn position(&self, phase: Phase, request: u64) -> usize {
        let prompts = count(self.prompts.prompts().len()).max(1);
        let batch = u64::from(self.workload.batch.max(1));
        let step = request % prompts * batch % prompts;
        index(match phase {
            Phase::Measure => (self.start + step) % prompts,
            Phase::Warmup => (self.start + 2 * prompts - step - batch % prompts) % prompts,
        })
    }

    fn items(&self, at: usize) -> u32 {
        if self.workload.endpoint.generates() {
            return 1;
        }
        match self.prompts.prompts().get(at) {
            Some(Prompt::Inputs(inputs)) => crate::units::to_u32(count(inputs.len())),
            _ => self.workload.batch.max(1),
        }
    }

    fn body(&self, at: usize) -> Bytes {
        let texts: Vec<String>;
        let prompts = self.prompts.prompts();
        let system = self.workload.system.as_deref();
        let ask = match (self.workload.endpoint, prompts.get(at)) {
            (Endpoint::Embeddings, Some(Prompt::Inputs(inputs))) => Ask::Embeddings { inputs },
            (Endpoint::Embeddings, Some(Prompt::Text(_))) if self.workload.batch > 1 => {
                texts = (0..index(self.workload.batch.into()))
                    .map(|step| plain(prompts.get((at + step) % prompts.len())).to_owned())
                    .collect();
                Ask::Embeddings { inputs: &texts }
            }
            (Endpoint::Embeddings, prompt) => Ask::Embedding { input: plain(prompt) },
            (Endpoint::Completions, prompt) => Ask::Completion { prompt: plain(prompt) },
            (Endpoint::Chat, Some(Prompt::Messages(messages))) => {
                Ask::Messages { system, messages }
            }
            (Endpoint::Chat, prompt) => Ask::Chat { system, user: plain(prompt) },
        };
        Bytes::from(request_body(&BodyParts {
            model: &self.model,
            ask,
            stream: self.workload.stream,
            include_usage: self.include_usage,
            token_limit: self.workload.max_tokens.map(|limit| match self.token_limit {
                TokenLimitField::MaxTokens => TokenLimit::MaxTokens(limit),
                TokenLimitField::MaxCompletionTokens => TokenLimit::MaxCompletionTokens(limit),
            }),
            extra: &[&self.backend_body, &self.workload.body],
        }))
    }
}

/// The text of a prompt that is one. Prompts of other shapes are refused for the endpoints
/// that take only texts when they are read, and positions are taken modulo their number.
fn plain(prompt: Option<&Prompt>) -> &str {
    match prompt {
        Some(Prompt::Text(text)) => text,
        Some(Prompt::Messages(_) | Prompt::Inputs(_)) | None => "",
    }
}
