//! From a request's body to its answer.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::batch::Batch;
use super::draw::{Draw, Lottery};
use super::engine::{Job, QueueFull};
use super::native::{self, Spent};
use super::pacer::Pacer;
use super::pieces::Pieces;
use super::ranking::ranking;
use super::refusal::Refusal;
use super::release::{Released, Releases, Timed};
use super::render::Title;
use super::request::{Ask, Wanted};
use super::residence::Residence;
use super::script::{Fault, Script};
use super::stream::TextStream;
use super::truth::{Ledger, Written};
use super::vector::{as_json, vector};
use super::visit::Visit;
use crate::clock::WallTime;
use crate::openai::Endpoint;
use crate::scenario::MockSpec;
use crate::units::{float, span_from_seconds};

const MILLIS_PER_SECOND: i64 = 1_000;

/// The simulated server behind its paths.
#[derive(Debug)]
pub(super) struct Service {
    spec: MockSpec,
    pacer: Arc<Pacer>,
    ledger: Arc<Ledger>,
    /// The engine; `None`: answers follow their scripts alone.
    batch: Option<Arc<Batch>>,
    lottery: Mutex<Lottery>,
    residence: Arc<Residence>,
    requests: AtomicU64,
    started_at: i64,
}

/// An answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// A JSON document.
    Whole(String),
    /// Server-sent events.
    Stream(Box<TextStream>),
}

impl Service {
    /// A server that behaves as `spec` says, and notes what it sees in `ledger`.
    pub(super) fn new(spec: MockSpec, pacer: Arc<Pacer>, ledger: Arc<Ledger>) -> Self {
        let batch = spec.slots.map(|slots| Arc::new(Batch::new(&spec, slots, Arc::clone(&pacer))));
        let lottery = Mutex::new(Lottery::new(spec.seed));
        let residence = Arc::new(Residence::new(&spec, Arc::clone(&pacer)));
        let (requests, started_at) = (AtomicU64::new(0), now_in_seconds());
        Self { spec, pacer, ledger, batch, lottery, residence, requests, started_at }
    }

    /// How it behaves.
    pub(super) const fn spec(&self) -> &MockSpec {
        &self.spec
    }

    /// The models it holds in memory.
    pub(super) fn residence(&self) -> &Residence {
        &self.residence
    }

    /// When it started, in seconds since 1970.
    pub(super) const fn started_at(&self) -> i64 {
        self.started_at
    }

    /// Wakes what is due, for as long as it is polled; nothing is answered without it.
    pub(super) async fn pace(&self) {
        match &self.batch {
            None => self.pacer.dispatch().await,
            Some(batch) => {
                tokio::join!(self.pacer.dispatch(), batch.drive());
            }
        }
    }

    /// Checks that `model` is served.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with status 404 if it is not.
    pub(super) fn check_model(&self, model: &str) -> Result<(), Refusal> {
        let models = &self.spec.models;
        let is_served = models.is_empty() || models.iter().any(|served| served == model);
        if is_served { Ok(()) } else { Err(Refusal::model(model)) }
    }

    /// Answers a request whose body has arrived whole.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the request is wrong, the queue full, or an error was asked for.
    pub(super) async fn answer(&self, endpoint: Endpoint, body: &[u8]) -> Result<Answer, Refusal> {
        let mut visit = Visit::begin(&self.ledger, self.pacer.now());
        let ask = self.admit(endpoint, body, &mut visit).await.inspect_err(|_| visit.fail())?;
        if ask.wanted == Wanted::Nothing {
            visit.answer();
            let unload = ask.keep == Some(Some(Duration::ZERO));
            return Ok(Answer::Whole(native::nothing(&ask.model, unload)));
        }
        let accepted = self.accept((endpoint, ask), body, &visit).inspect_err(|_| visit.fail())?;
        let Accepted { title, wanted, script, releases } = accepted;
        match wanted {
            // It was answered above.
            Wanted::Nothing => Err(Refusal::injected()),
            Wanted::Text { stream: true, include_usage, .. } => {
                let pieces = Pieces::new(&title, &script, include_usage);
                let stream = TextStream::new(visit, pieces, releases, &script);
                Ok(Answer::Stream(Box::new(stream)))
            }
            Wanted::Text { .. } => {
                let spent = wait(visit, releases, &script).await?;
                Ok(Answer::Whole(if endpoint.is_of_ollama() {
                    native::whole(&title, &script, spent)
                } else {
                    title.whole(&script)
                }))
            }
            Wanted::Ranking { query, documents, most, with_documents } => {
                wait(visit, releases, &script).await?;
                let results = ranking(&query, &documents, most, with_documents);
                Ok(Answer::Whole(title.ranking(&results)))
            }
            Wanted::Embeddings { inputs, base64, dimensions } => {
                wait(visit, releases, &script).await?;
                let vectors = inputs.iter().map(|text| as_json(&vector(text, dimensions), base64));
                Ok(Answer::Whole(title.embeddings(vectors)))
            }
        }
    }

    /// Reads a request and waits until its model is in memory.
    async fn admit(
        &self,
        endpoint: Endpoint,
        body: &[u8],
        visit: &mut Visit,
    ) -> Result<Ask, Refusal> {
        let ask = Ask::parse(endpoint, body)?;
        self.check_model(&ask.model)?;
        let stay = self.residence.enter(&ask.model, ask.keep);
        let (wait, users) = (stay.wait, stay.users);
        visit.holds(stay);
        let places = self.spec.slots.zip(self.spec.queue);
        let places = places.map(|(slots, queue)| slots.saturating_add(queue));
        if !wait.is_zero() {
            if places.is_some_and(|places| users > places) {
                return Err(Refusal::busy());
            }
            tokio::time::sleep(wait).await;
        }
        Ok(ask)
    }

    fn accept(
        &self,
        (endpoint, ask): (Endpoint, Ask),
        body: &[u8],
        visit: &Visit,
    ) -> Result<Accepted, Refusal> {
        let Ask { model, prompt_tokens, wanted, tool, keep: _ } = ask;
        let prompt_tokens = self.spec.taken_in(prompt_tokens);
        let draw = self.draw(endpoint, body);
        let mut script = match &wanted {
            Wanted::Text { limit, .. } => Script::generation(&self.spec, *limit, &draw),
            Wanted::Nothing | Wanted::Embeddings { .. } | Wanted::Ranking { .. } => {
                Script::items(&self.spec, &draw)
            }
        };
        if let Some(rate) = self.spec.prefill_rate {
            let reading = span_from_seconds(float(prompt_tokens) / rate);
            script.prefill += reading.unwrap_or_default();
        }
        if script.fault == Some(Fault::Refuse) {
            return Err(Refusal::injected());
        }
        let releases = match &self.batch {
            None => {
                let dues = script.dues(&self.spec, &draw);
                Releases::Timed(Timed::new(Arc::clone(&self.pacer), visit.admitted_at(), dues))
            }
            Some(batch) => {
                let Script { events, ttft, stall, .. } = script;
                let job = Job { prompt_tokens, events, ttft, stall };
                Releases::Batched(batch.submit(job).map_err(|QueueFull| Refusal::busy())?)
            }
        };
        let (number, created) = (self.requests.fetch_add(1, Ordering::Relaxed), now_in_seconds());
        let title = Title { endpoint, number, created, model, prompt_tokens, tool };
        Ok(Accepted { title, wanted, script, releases })
    }

    fn draw(&self, endpoint: Endpoint, body: &[u8]) -> Draw {
        let mut lottery = self.lottery.lock().unwrap_or_else(PoisonError::into_inner);
        lottery.draw(endpoint.path(), body)
    }
}

/// A request that will be answered.
#[derive(Debug)]
struct Accepted {
    title: Title,
    wanted: Wanted,
    script: Script,
    releases: Releases,
}

/// Waits until a whole answer is due.
async fn wait(mut visit: Visit, mut releases: Releases, script: &Script) -> Result<Spent, Refusal> {
    releases.skip_to_event(script.events);
    let Released { due, now, .. } = poll_fn(|context| releases.poll(script.events, context)).await;
    if script.fault.is_some() {
        visit.fail();
        return Err(Refusal::injected());
    }
    let since = now.since(visit.arrived_at());
    let (first, last) = (Some(since), Some(since));
    visit.wrote(Written { events: 0, late: now.since(due), gap: None, first, last });
    visit.answer();
    let (load, prefill) = (visit.load(), script.prefill);
    let decode = since.saturating_sub(load).saturating_sub(prefill);
    Ok(Spent { load, prefill, decode, total: since })
}

fn now_in_seconds() -> i64 {
    WallTime::now().unix_millis() / MILLIS_PER_SECOND
}
