//! From prompts to request bodies.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::conversation::{Conversation, NextTurn, Said, turns_of};
use super::draw::{Purpose, Source};
use super::prompt::Prompt;
use super::rows::{AskedLengths, PromptRow, PromptRows, PromptStart, RequestPlace, RowError};
use super::spec::RequestSpec;
use super::synthetic::length;
use crate::openai::{Ask, BodyParts, Endpoint, Images, Input, TokenLimit, request_body};
use crate::record::Phase;
use crate::scenario::{
    Backend, ConversationShape, Distribution, LengthField, MOST_TURNS, TokenLimitField, Workload,
};
use crate::units::{count, to_u32, whole};

/// Prompts up to this number have their requests made before the cell starts.
const PREPARED_LIMIT: u64 = 1_024;

/// Makes the requests of one cell.
#[derive(Clone, Debug)]
pub struct RequestFactory {
    workload: Workload,
    model: String,
    backend_body: Map<String, Value>,
    token_limit: fn(u32) -> TokenLimit,
    length_fields: &'static [LengthField],
    include_usage: bool,
    prompts: Arc<dyn PromptRows>,
    start: PromptStart,
    prepared: Vec<RequestSpec>,
    /// Prompts set apart for each conversation; 1 where a prompt is a whole one.
    stride: u32,
}

/// What one request takes from the sources.
#[derive(Clone, Copy, Debug)]
struct Share {
    /// The number of its first prompt.
    at: u64,
    /// Its texts to embed, or documents to rank.
    items: u32,
    /// The number of its first document.
    documents_at: u64,
    /// A number that no other request of the run has.
    number: u64,
    /// Its place among the requests of its phase.
    index: u64,
    /// Output tokens that the workload asks for; `None` leaves them to the prompt.
    output: Option<u32>,
}

/// Why a prompt cannot become a request of the workload.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Unfit {
    /// There is nothing to rank.
    #[error("a query has no documents; add `documents` to the workload, or to the query's row")]
    NoDocuments,
    /// Pictures belong to a message, and which one is not known.
    #[error(
        "a prompt of whole `messages`, or a whole body, brings its own pictures; leave out `images`"
    )]
    OwnPictures,
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
            token_limit: token_limit(workload.endpoint, backend.kind.preset().token_limit),
            length_fields: backend.kind.preset().length_fields,
            workload: workload.clone(),
            include_usage,
            prompts,
            start,
            prepared: Vec::new(),
            stride: 1,
        };
        factory.stride = factory.prompts_of_a_conversation();
        let few = factory.prompts.count().filter(|count| *count <= PREPARED_LIMIT);
        let output = factory.workload.output_tokens;
        if let Some(count) = few
            && factory.workload.batch.fixed() == Some(1)
            && factory.prompts.documents().is_none()
            && factory.prompts.pictures().is_none()
            && matches!(output, None | Some(Distribution::Constant(_)))
        {
            let output = factory.output_of(0);
            let first = Share { at: 0, items: 1, documents_at: 0, number: 0, index: 0, output };
            // What cannot be made now says so when its turn comes.
            let alone = |at| factory.make(Share { at, ..first }).ok()?;
            factory.prepared = (0..count).map_while(alone).collect();
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
        let share = self.share(phase, index);
        match self.prepared.get(crate::units::index(share.at)) {
            Some(spec) => Ok(Some(spec.clone())),
            None => self.make(share),
        }
    }

    /// The lengths that request number `index` of `phase` asks for; `None` once the prompts have
    /// ended. Of a batch, those of its first item; of a conversation, those of a turn.
    ///
    /// # Errors
    ///
    /// [`RowError`] if its prompt cannot be had.
    pub fn lengths(&self, phase: Phase, index: u64) -> Result<Option<AskedLengths>, RowError> {
        let share = self.share(phase, index);
        let Some(lengths) = self.prompts.lengths(share.at)? else { return Ok(None) };
        let output_tokens = share.output.or(lengths.output_tokens);
        Ok(Some(AskedLengths { output_tokens: self.limit(output_tokens), ..lengths }))
    }

    /// A request with a text of `tokens` tokens, apart from all prompts; `None` where no lengths
    /// are asked for.
    ///
    /// # Errors
    ///
    /// [`RowError`] if the text cannot be made.
    pub fn probe(&self, tokens: u32) -> Result<Option<RequestSpec>, RowError> {
        let row = self.prompts.probe(tokens)?;
        Ok(row.map(|row| self.spec(&row, &[], None)))
    }

    /// Whether requests are made when they are asked for, rather than before the cell starts.
    pub fn makes_as_it_goes(&self) -> bool {
        self.prepared.is_empty()
    }

    /// Conversation number `session` of those that begin in `phase`: what its user says is the
    /// same for every backend. `None` once the prompts have ended. Where the workload has no
    /// conversations, it is one of a single turn.
    ///
    /// # Errors
    ///
    /// [`RowError`] if its first prompt cannot be had.
    pub fn conversation(
        &self,
        phase: Phase,
        session: u64,
    ) -> Result<Option<Conversation>, RowError> {
        let PromptStart { seed, place, .. } = self.start;
        let turns = self.workload.conversation.map_or(Distribution::Constant(1.0), |it| it.turns);
        let turns = turns_of(turns, (seed, place), (phase, session));
        let place = RequestPlace { start: self.start, phase, index: session, batch: self.stride };
        let first = self.prompts.number(&place);
        let row = self.prompts.row(first)?;
        Ok(row.map(|row| Conversation::new(first, &row.prompt, turns)))
    }

    /// What comes next in `conversation`, whose latest answer is in its history.
    ///
    /// # Errors
    ///
    /// [`RowError`] if the prompt of the turn cannot be had.
    pub fn next_turn(&self, conversation: &mut Conversation) -> Result<NextTurn, RowError> {
        let mut asked = self.output_of(count(conversation.messages().len()));
        let message = match conversation.said() {
            Said::TooMuch => return Ok(NextTurn::TooLong),
            Said::Nothing => return Ok(NextTurn::Over),
            Said::Message(message) => message,
            Said::Prompt(at) => {
                let Some(row) = self.prompts.row(at)? else { return Ok(NextTurn::Over) };
                conversation.go_on(self.prompts.after(at));
                asked = self.output_of(at).or(row.output_tokens);
                json!({"role": "user", "content": user_text(&row.prompt)})
            }
        };
        conversation.push(message);
        let messages = Prompt::Messages(conversation.messages().to_vec().into());
        let row = PromptRow { output_tokens: asked, ..PromptRow::from(messages) };
        Ok(NextTurn::Request(self.spec(&row, &[], None)))
    }

    /// The server's own name of the model that is asked for.
    pub fn model(&self) -> &str {
        &self.model
    }

    fn share(&self, phase: Phase, index: u64) -> Share {
        let batch = self.workload.batch;
        let one = RequestPlace { start: self.start, phase, index, batch: 1 };
        let place = RequestPlace { batch: self.workload.prompts_per_request(), ..one };
        let many = RequestPlace { batch: batch.typical(), ..one };
        Share {
            at: self.prompts.number(&place),
            items: batch.of_request(self.start.seed, one.alone()),
            documents_at: self.prompts.documents().map_or(0, |rows| rows.number(&many)),
            number: one.alone(),
            index,
            output: self.output_of(one.alone()),
        }
    }

    /// Output tokens that the workload asks for in the request of that number; `None` leaves
    /// them to the prompt.
    fn output_of(&self, number: u64) -> Option<u32> {
        let source = Source { seed: self.start.seed, workload: 0 };
        let mut numbers = source.numbers(Purpose::Output, number, 0);
        self.workload.output_tokens.map(|output| length(output, &mut numbers))
    }

    /// The request with its share of the sources.
    fn make(&self, share: Share) -> Result<Option<RequestSpec>, RowError> {
        let Some(row) = self.prompts.row(share.at)? else { return Ok(None) };
        let row = PromptRow { output_tokens: share.output.or(row.output_tokens), ..row };
        let more = self.more(&row.prompt, share)?;
        Ok(Some(self.spec(&row, &more, Some(share))))
    }

    /// The request of a prompt, with what goes into it besides.
    fn spec(&self, row: &PromptRow, more: &[PromptRow], share: Option<Share>) -> RequestSpec {
        let further = to_u32(count(more.len()));
        let items = match (self.workload.endpoint, &row.prompt) {
            (endpoint, Prompt::Body(fields)) => to_u32(items_of(fields, endpoint)),
            (Endpoint::Embeddings, Prompt::Inputs(inputs)) => to_u32(count(inputs.len())),
            (Endpoint::Embeddings, Prompt::TokenInputs(inputs)) => to_u32(count(inputs.len())),
            (Endpoint::Embeddings, _) => 1 + further,
            (Endpoint::Rerank, Prompt::Ranking { documents, .. }) => to_u32(count(documents.len())),
            (Endpoint::Rerank, _) => further,
            (
                Endpoint::Chat
                | Endpoint::Completions
                | Endpoint::Responses
                | Endpoint::OllamaChat
                | Endpoint::OllamaGenerate,
                _,
            ) => 1,
        };
        RequestSpec {
            endpoint: self.workload.endpoint,
            body: self.body(row, more, share),
            stream: self.workload.stream,
            items,
            input_tokens: more
                .iter()
                .map(|row| row.input_tokens)
                .fold(row.input_tokens, |sum, one| {
                    sum.zip(one).map(|(sum, one)| sum.saturating_add(one))
                }),
            max_tokens: self.limit_asked(row),
        }
    }

    /// What goes into a request besides its first prompt: further texts to embed, or the
    /// documents to rank.
    fn more(&self, first: &Prompt, share: Share) -> Result<Vec<PromptRow>, RowError> {
        match (self.workload.endpoint, first) {
            (Endpoint::Embeddings, Prompt::Text(_) | Prompt::Tokens(_)) => {
                take(&*self.prompts, self.prompts.after(share.at), share.items - 1)
            }
            (Endpoint::Rerank, Prompt::Text(_)) => match self.prompts.documents() {
                Some(rows) => take(rows, Some(share.documents_at), share.items),
                None => Err(RowError::new(Unfit::NoDocuments)),
            },
            (Endpoint::Chat, Prompt::Messages(_) | Prompt::Body(_))
                if self.prompts.pictures().is_some() =>
            {
                Err(RowError::new(Unfit::OwnPictures))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// How closely pictures are to be looked at.
    fn detail(&self) -> Option<&'static str> {
        self.workload.images.as_ref()?.detail
    }

    /// How many prompts a conversation takes, at most; two that follow each other then begin
    /// with different ones. What a distribution without end may draw beyond its bound here
    /// overlaps with the next conversation, whose history is another all the same.
    fn prompts_of_a_conversation(&self) -> u32 {
        let Some(ConversationShape { turns, .. }) = self.workload.conversation else { return 1 };
        if let Ok(Some(PromptRow { prompt: Prompt::Messages(_), .. })) = self.prompts.row(0) {
            return 1;
        }
        let most = match turns {
            Distribution::Constant(turns) => turns,
            Distribution::Uniform { high, .. } => high,
            Distribution::Normal { max, .. } | Distribution::Lognormal { max, .. } => max,
        };
        to_u32(whole(most)).clamp(1, MOST_TURNS)
    }

    /// Most output tokens asked for, the limit of a body written for another server included.
    fn limit_asked(&self, row: &PromptRow) -> Option<u32> {
        let limit = self.limit(row.output_tokens);
        let Prompt::Body(fields) = &row.prompt else { return limit };
        let limits = ["max_completion_tokens", "max_output_tokens", "max_tokens"];
        let own = limits.iter().find_map(|key| fields.get(*key));
        let own = own.or_else(|| fields.get("options")?.get("num_predict"));
        limit.or_else(|| own?.as_u64().map(to_u32))
    }

    /// Most output tokens asked for, where an answer of `output` tokens is wanted.
    fn limit(&self, output: Option<u32>) -> Option<u32> {
        let limit = self.workload.max_tokens;
        output.map(|output| limit.map_or(output, |limit| output.min(limit))).or(limit)
    }

    /// Fields that keep the answer from ending before `output` tokens, as far as the server
    /// has them.
    fn forced(&self, output: Option<u32>) -> Map<String, Value> {
        let Some(output) = self.limit(output).filter(|_| output.is_some()) else {
            return Map::new();
        };
        let fields = self.length_fields.iter().map(|field| {
            let value = match field {
                LengthField::IgnoreEos => Value::from(true),
                LengthField::MinTokens => Value::from(output),
            };
            (field.key().to_owned(), value)
        });
        fields.collect()
    }

    /// The body of a request; a turn of a conversation has no share of the pictures.
    fn body(&self, row: &PromptRow, more: &[PromptRow], share: Option<Share>) -> Bytes {
        let output = row.output_tokens;
        let pictures = self.prompts.pictures().zip(share);
        let pictures = pictures.map(|(all, share)| all.of_request(share.number, share.index));
        let images =
            Images { urls: pictures.as_deref().unwrap_or_default(), detail: self.detail() };
        let system = self.workload.system.as_deref();
        let inputs: Vec<Input<'_>>;
        let documents: Vec<&str>;
        let ask = match (self.workload.endpoint, &row.prompt) {
            (endpoint, Prompt::Body(fields)) => Ask::Body { fields, endpoint },
            (Endpoint::Embeddings, prompt) => {
                inputs = inputs_of(prompt)
                    .chain(more.iter().flat_map(|row| inputs_of(&row.prompt)))
                    .collect();
                match (inputs.as_slice(), prompt) {
                    ([input], Prompt::Text(_) | Prompt::Tokens(_)) => {
                        Ask::Embedding { input: *input }
                    }
                    (inputs, _) => Ask::Embeddings { inputs },
                }
            }
            (Endpoint::Rerank, Prompt::Ranking { query, documents: own }) => {
                documents = own.iter().map(String::as_str).collect();
                Ask::Ranking { query, documents: &documents }
            }
            (Endpoint::Rerank, prompt) => {
                documents = more.iter().map(|row| plain(&row.prompt)).collect();
                Ask::Ranking { query: plain(prompt), documents: &documents }
            }
            (Endpoint::Completions, Prompt::Tokens(ids)) => {
                Ask::Completion { prompt: Input::Tokens(ids) }
            }
            (Endpoint::Completions, prompt) => {
                Ask::Completion { prompt: Input::Text(plain(prompt)) }
            }
            (Endpoint::Responses, Prompt::Messages(messages)) => {
                Ask::ResponseMessages { instructions: system, messages }
            }
            (Endpoint::Responses, prompt) => {
                Ask::Response { instructions: system, user: plain(prompt) }
            }
            (Endpoint::OllamaGenerate, prompt) => Ask::Generation { system, prompt: plain(prompt) },
            (Endpoint::Chat | Endpoint::OllamaChat, Prompt::Messages(messages)) => {
                Ask::Messages { system, messages }
            }
            (Endpoint::Chat | Endpoint::OllamaChat, prompt) => {
                Ask::Chat { system, user: plain(prompt), images }
            }
        };
        Bytes::from(request_body(&BodyParts {
            model: &self.model,
            ask,
            stream: self.workload.stream,
            include_usage: self.include_usage && !self.workload.endpoint.is_of_ollama(),
            token_limit: self.limit(output).map(self.token_limit),
            extra: &[&self.forced(output), &self.backend_body, &self.workload.body],
        }))
    }
}

/// How the most output tokens are told; `max_completion_tokens` is a field of chats alone.
fn token_limit(endpoint: Endpoint, of_chats: TokenLimitField) -> fn(u32) -> TokenLimit {
    match (endpoint, of_chats) {
        (Endpoint::Responses, _) => TokenLimit::MaxOutputTokens,
        (Endpoint::OllamaChat | Endpoint::OllamaGenerate, _) => TokenLimit::NumPredict,
        (Endpoint::Chat, TokenLimitField::MaxCompletionTokens) => TokenLimit::MaxCompletionTokens,
        _ => TokenLimit::MaxTokens,
    }
}

/// So many prompts from number `first` on, as far as there are any.
fn take(rows: &dyn PromptRows, first: Option<u64>, items: u32) -> Result<Vec<PromptRow>, RowError> {
    let (mut taken, mut next) = (Vec::new(), first);
    for _ in 0..items {
        let Some(at) = next else { break };
        let Some(row) = rows.row(at)? else { break };
        taken.push(row);
        next = rows.after(at);
    }
    Ok(taken)
}

/// The texts to embed or documents to rank of a whole body; 1 for other endpoints.
fn items_of(fields: &Map<String, Value>, endpoint: Endpoint) -> u64 {
    let key = match endpoint {
        Endpoint::Embeddings => "input",
        Endpoint::Rerank => "documents",
        Endpoint::Chat
        | Endpoint::Completions
        | Endpoint::Responses
        | Endpoint::OllamaChat
        | Endpoint::OllamaGenerate => return 1,
    };
    let items = fields.get(key).and_then(Value::as_array);
    items.map_or(1, |items| count(items.len()))
}

/// What the user says in a turn that takes a prompt of its own: of one that is a whole
/// conversation, the first thing.
fn user_text(prompt: &Prompt) -> Value {
    let Prompt::Messages(Value::Array(messages)) = prompt else { return plain(prompt).into() };
    let user = |message: &&Value| message.get("role").and_then(Value::as_str) == Some("user");
    messages
        .iter()
        .find(user)
        .and_then(|message| message.get("content"))
        .cloned()
        .unwrap_or_default()
}

/// The text of a prompt that is one. Prompts of other shapes are refused for the endpoints
/// that take only texts when they are read.
fn plain(prompt: &Prompt) -> &str {
    match prompt {
        Prompt::Text(text) => text,
        Prompt::Ranking { query, .. } => query,
        Prompt::Messages(_)
        | Prompt::Inputs(_)
        | Prompt::Tokens(_)
        | Prompt::TokenInputs(_)
        | Prompt::Body(_) => "",
    }
}

/// The inputs of a request for embeddings that a prompt holds.
fn inputs_of(prompt: &Prompt) -> Box<dyn Iterator<Item = Input<'_>> + '_> {
    match prompt {
        Prompt::Inputs(texts) => Box::new(texts.iter().map(|text| Input::Text(text))),
        Prompt::TokenInputs(inputs) => Box::new(inputs.iter().map(|ids| Input::Tokens(ids))),
        Prompt::Tokens(ids) => Box::new(std::iter::once(Input::Tokens(ids))),
        Prompt::Text(_) | Prompt::Messages(_) | Prompt::Ranking { .. } | Prompt::Body(_) => {
            Box::new(std::iter::once(Input::Text(plain(prompt))))
        }
    }
}
