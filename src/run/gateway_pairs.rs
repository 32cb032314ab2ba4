//! Sends requests both ways: through a gateway, and to the server behind it.
//!
//! Both requests of a pair ask the same, one after the other; of two pairs that follow each other,
//! one begins with the gateway and one with the server. What is sent nobody has been asked before.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tokio::runtime;
use tokio::task::LocalSet;

use super::error::RunError;
use super::interrupt::Interrupt;
use crate::client::{ClientParts, HttpClient};
use crate::clock::Clock;
use crate::measure::{PairSide, RequestMetrics, RequestPair};
use crate::record::{Outcome, Phase, RequestRecord};
use crate::workload::{CellRequests, RowError};

/// One of the two ways.
#[derive(Clone)]
pub(super) struct Way {
    /// What clients for it are made of.
    pub(super) parts: ClientParts,
    /// The requests, as this server takes them.
    pub(super) requests: Arc<CellRequests>,
}

/// What is to be sent.
pub(super) struct Pairs<'a> {
    pub(super) gateway: Way,
    pub(super) direct: Way,
    /// Name of the workload.
    pub(super) workload: &'a str,
    /// Pairs in all; even.
    pub(super) most: u64,
    /// Pairs under way at a time.
    pub(super) concurrency: u32,
    pub(super) clock: &'a Clock,
    pub(super) interrupt: &'a Interrupt,
}

/// What the slots share.
struct Shared {
    gateway: Way,
    direct: Way,
    clock: Clock,
    next: Cell<u64>,
    doubles: u64,
    done: RefCell<Vec<RequestPair>>,
    error: RefCell<Option<RowError>>,
    interrupt: Interrupt,
}

impl Pairs<'_> {
    /// Sends the pairs; fewer come back where the run was stopped, or the prompts have ended.
    ///
    /// # Errors
    ///
    /// [`RunError`] if no runtime can be started, or a prompt cannot be had.
    pub(super) fn send(&self) -> Result<Vec<RequestPair>, RunError> {
        let shared = Rc::new(Shared {
            gateway: self.gateway.clone(),
            direct: self.direct.clone(),
            clock: self.clock.clone(),
            next: Cell::new(0),
            doubles: self.most / 2,
            done: RefCell::default(),
            error: RefCell::default(),
            interrupt: self.interrupt.clone(),
        });
        let runtime =
            runtime::Builder::new_current_thread().enable_all().build().map_err(RunError::Start)?;
        let all = async {
            let slots = (0..self.concurrency.max(1)).map(|slot| {
                tokio::task::spawn_local(send_in_turn(Rc::clone(&shared), slot.into()))
            });
            for slot in slots.collect::<Vec<_>>() {
                // One that has panicked has said so.
                slot.await.unwrap_or_default();
            }
        };
        LocalSet::new().block_on(&runtime, all);
        if let Some(error) = shared.error.take() {
            let workload = self.workload.to_owned();
            return Err(RunError::Row { workload, source: error });
        }
        let mut pairs = shared.done.take();
        pairs.sort_by_key(|pair| pair.number);
        Ok(pairs)
    }
}

/// Takes two pairs after two pairs until there are none.
async fn send_in_turn(shared: Rc<Shared>, slot: u64) {
    let clients = [&shared.gateway, &shared.direct]
        .map(|way| HttpClient::new(way.parts.clone(), shared.clock.clone()));
    // So that no pair opens a connection on one way alone.
    if let Err(error) = shared.send_pair(&clients, Phase::Warmup, slot).await {
        shared.error.replace(Some(error));
        return;
    }
    loop {
        let double = shared.next.get();
        if double >= shared.doubles || shared.interrupt.is_asked() {
            return;
        }
        shared.next.set(double + 1);
        for number in [2 * double, 2 * double + 1] {
            match shared.send_pair(&clients, Phase::Measure, number).await {
                Ok(Some(pair)) => shared.done.borrow_mut().push(pair),
                Ok(None) => return,
                Err(error) => {
                    shared.error.replace(Some(error));
                    return;
                }
            }
        }
    }
}

impl Shared {
    /// Sends one pair; `None` once the prompts have ended.
    async fn send_pair(
        &self,
        [gateway, direct]: &[HttpClient; 2],
        phase: Phase,
        number: u64,
    ) -> Result<Option<RequestPair>, RowError> {
        let through = self.gateway.requests.request(phase, number)?;
        let past = self.direct.requests.request(phase, number)?;
        let (Some(through), Some(past)) = (through, past) else { return Ok(None) };
        let record = || RequestRecord::due(0, number, phase, self.clock.now());
        let gateway_first = number % 2 == 1;
        let (mut told, mut own);
        if gateway_first {
            told = record();
            gateway.send(&through, &mut told).await;
            own = record();
            direct.send(&past, &mut own).await;
        } else {
            own = record();
            direct.send(&past, &mut own).await;
            told = record();
            gateway.send(&through, &mut told).await;
        }
        let (gateway, direct) = (side(&told), side(&own));
        Ok(Some(RequestPair { number, gateway_first, gateway, direct }))
    }
}

fn side(record: &RequestRecord) -> PairSide {
    let told = record.gateway.as_ref();
    PairSide {
        metrics: RequestMetrics::of(record),
        failure: match &record.outcome {
            Outcome::Failed(failure) => Some(format!("{}: {}", failure.kind, failure.message)),
            _ => None,
        },
        told_response: told.and_then(|told| told.response),
        from_cache: told.is_some_and(|told| told.from_cache),
        sent_again: told.is_some_and(|told| {
            let more = |times: Option<u32>| times.is_some_and(|times| times > 0);
            more(told.retries) || more(told.fallbacks)
        }),
    }
}
