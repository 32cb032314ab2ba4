//! Counts the tokens of what was sent and answered, with the tokenizer that its workload names.
//!
//! Taking a text apart costs about a microsecond for each token, which a worker with sockets to
//! read cannot spare. So the worker gives the finished record away, with its texts, and gets it
//! back with the counts in it; only then is it recorded.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryIter, TrySendError, channel, sync_channel};
use std::thread;

use bytes::Bytes;

use crate::client::KeptText;
use crate::record::{LocalCount, RequestRecord};
use crate::units::{count, index, to_u32};
use crate::workload::{TokenCounter, texts_of_body};

/// Requests that wait to be counted at most. Beyond, they are recorded without counts: nothing
/// waits for the tokenizer.
const MOST_WAITING: usize = 4_096;
/// How far the thread steps back behind those that measure.
const NICENESS: i32 = 10;

/// What is counted of a request.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// The body that was sent.
    pub(super) body: Bytes,
    /// What was answered.
    pub(super) answer: KeptText,
}

/// A request to be counted, and where it goes from here.
struct Job {
    record: RequestRecord,
    texts: Texts,
    reply: Sender<RequestRecord>,
}

/// The thread that counts for a cell; it ends with the last of its desks.
#[derive(Clone, Debug)]
pub(super) struct Counting {
    jobs: SyncSender<Job>,
}

/// Where one worker has its requests counted.
#[derive(Debug)]
pub(super) struct Desk {
    jobs: SyncSender<Job>,
    reply: Sender<RequestRecord>,
    counted: Receiver<RequestRecord>,
    waiting: Cell<u64>,
}

impl Counting {
    /// Starts to count with the tokenizers of the workloads of a cell, in their order; `None`
    /// where none has one.
    ///
    /// # Errors
    ///
    /// That no thread can be started.
    pub(super) fn start(counters: Vec<Option<Arc<TokenCounter>>>) -> std::io::Result<Option<Self>> {
        if counters.iter().all(Option::is_none) {
            return Ok(None);
        }
        let (jobs, inbox) = sync_channel::<Job>(MOST_WAITING);
        thread::Builder::new().name("tokens".to_owned()).spawn(move || {
            step_back();
            for Job { mut record, texts, reply } in inbox {
                let of = counters.get(index(record.member.unwrap_or(0).into()));
                record.counted = of
                    .and_then(Option::as_ref)
                    .map_or_else(LocalCount::default, |counter| counted(counter, &texts));
                // A worker that is gone wants it no more.
                reply.send(record).unwrap_or_default();
            }
        })?;
        Ok(Some(Self { jobs }))
    }

    /// A desk for one worker.
    pub(super) fn desk(&self) -> Desk {
        let (reply, counted) = channel();
        Desk { jobs: self.jobs.clone(), reply, counted, waiting: Cell::new(0) }
    }
}

impl Desk {
    /// Gives a finished request away to be counted.
    ///
    /// # Errors
    ///
    /// The request, if too many wait already.
    pub(super) fn give(
        &self,
        record: RequestRecord,
        texts: Texts,
    ) -> Result<(), Box<RequestRecord>> {
        match self.jobs.try_send(Job { record, texts, reply: self.reply.clone() }) {
            Ok(()) => {
                self.waiting.set(self.waiting.get() + 1);
                Ok(())
            }
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => {
                Err(Box::new(job.record))
            }
        }
    }

    /// Those that were counted since the last time.
    pub(super) fn ready(&self) -> impl Iterator<Item = RequestRecord> {
        let ready: TryIter<'_, _> = self.counted.try_iter();
        ready.inspect(|_| self.waiting.set(self.waiting.get().saturating_sub(1)))
    }

    /// All that still wait; blocks until the last one is counted.
    pub(super) fn rest(&self) -> impl Iterator<Item = RequestRecord> {
        std::iter::from_fn(|| {
            let left = self.waiting.get().checked_sub(1)?;
            self.waiting.set(left);
            self.counted.recv().ok()
        })
    }
}

/// The counts of a request; a part that the tokenizer cannot read is left out.
fn counted(counter: &TokenCounter, texts: &Texts) -> LocalCount {
    let sum = |parts: &mut dyn Iterator<Item = &str>| {
        parts.filter(|text| !text.is_empty()).map(|text| counter.tokens(text).ok()).sum()
    };
    let short = |tokens: Option<u64>| tokens.map(to_u32).filter(|tokens| *tokens > 0);
    let sent = texts_of_body(&texts.body);
    let several = sent.as_ref().map_or(0, |texts| to_u32(count(texts.len())));
    let input: Option<u64> =
        sent.and_then(|texts| sum(&mut texts.iter().map(std::borrow::Cow::as_ref)));
    let output: Option<u64> = sum(&mut [texts.answer.answer(), texts.answer.besides()].into_iter());
    LocalCount { input: short(input), texts: several, output: short(output) }
}

/// Lets every other thread go first.
fn step_back() {
    // Of the calling thread alone, on Linux. Without it, counting only competes a little more.
    #[cfg(target_os = "linux")]
    rustix::process::setpriority_process(None, NICENESS).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Counting, MOST_WAITING, Texts};
    use crate::record::{LocalCount, Phase, RequestRecord};
    use crate::units::Moment;
    use crate::workload::tokenizers_of_tests::byte_level;

    fn record(index: u64) -> RequestRecord {
        RequestRecord::due(0, index, Phase::Measure, Moment::ZERO)
    }

    #[test]
    fn what_was_sent_is_counted_and_comes_back() {
        let counter = byte_level(800);
        assert!(Counting::start(vec![None, None]).unwrap().is_none());
        let counters = vec![Some(Arc::clone(&counter)), None];
        let desk = Counting::start(counters).unwrap().unwrap().desk();
        let text = "A strange bell again listened inside the table.";
        let body = format!(r#"{{"messages": [{{"role": "user", "content": "{text}"}}]}}"#);
        for index in 0..5 {
            let texts = Texts { body: body.clone().into(), ..Texts::default() };
            desk.give(record(index), texts).unwrap();
        }
        let mut back: Vec<_> = desk.ready().collect();
        back.extend(desk.rest());
        let of_other = RequestRecord { member: Some(1), ..record(5) };
        desk.give(of_other, Texts { body: body.into(), ..Texts::default() }).unwrap();
        let uncounted = desk.rest().next().unwrap();
        assert_eq!(uncounted.counted, LocalCount::default());
        assert_eq!(back.iter().map(|record| record.index).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let tokens = u32::try_from(counter.tokens(text).unwrap()).unwrap();
        assert!(back.iter().all(|record| record.counted.input == Some(tokens)));
        assert!(back.iter().all(|record| record.counted.output.is_none()));
        assert_eq!(desk.rest().count(), 0);
    }

    #[test]
    fn too_many_come_back_at_once() {
        let desk = Counting::start(vec![Some(byte_level(800))]).unwrap().unwrap().desk();
        let long = "a strange bell ".repeat(200_000);
        let body = serde_json::json!({"prompt": long}).to_string();
        let refused = (0..=u64::try_from(MOST_WAITING).unwrap() + 1).any(|index| {
            let body = if index == 0 { body.clone().into() } else { bytes::Bytes::new() };
            desk.give(record(index), Texts { body, ..Texts::default() }).is_err()
        });
        assert!(refused);
        assert!(desk.rest().count() >= MOST_WAITING);
    }
}
