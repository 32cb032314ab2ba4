//! What the client and its machine went through.

use std::time::Duration;

use crate::measure::Waits;
use crate::units::{nanos, ratio};

/// What the client and its machine went through while the window of a cell was open. What the
/// system does not tell is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientHealth {
    /// How long it was watched.
    pub watched: Duration,
    /// Worker threads.
    pub workers: u32,
    /// Processors the client may run on.
    pub processors: u32,
    /// How long what was ready waited for its worker thread.
    pub event_waits: Waits,
    /// What the worker threads got of the processors, all of them together.
    pub threads: Option<ThreadTimes>,
    /// Processor time of the whole process, a simulated server inside it included.
    pub process: Option<Duration>,
    /// Processor time of the server under test on the client's processors, where it runs on
    /// this machine; zero where it runs elsewhere, or inside this process.
    pub server: Option<Duration>,
    /// What the processors did that the client may run on, all of them together.
    pub machine: Option<MachineTimes>,
    /// Descriptors open when the load ended, against how many may be.
    pub descriptors: Option<Stock>,
    /// Local ports taken when the load ended, against how many there are.
    pub ports: Option<Stock>,
    /// How far the time of day moved on more or less than the clock that measures.
    pub clock_drift: Option<Duration>,
    /// How long the machine was suspended.
    pub suspended: Option<Duration>,
    /// How often a worker could not hand over what it had, since the writing was behind.
    pub channel_full: u64,
}

/// What threads got of the processors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadTimes {
    /// Time they ran.
    pub ran: Duration,
    /// Time they could have run, but waited for a processor.
    pub waited: Duration,
}

/// What processors did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MachineTimes {
    /// Time they were busy, with whatever process.
    pub busy: Duration,
    /// Time the hypervisor kept them from running.
    pub stolen: Duration,
}

/// A stock that may run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    /// How much of it is used.
    pub used: u64,
    /// How much there is.
    pub limit: u64,
}

impl ClientHealth {
    /// Of the time the worker threads wanted to run, the share they had to wait for a
    /// processor; `None` where it is not known.
    pub fn starved_share(&self) -> Option<f64> {
        let ThreadTimes { ran, waited } = self.threads?;
        ratio(nanos(waited), nanos(ran + waited))
    }

    /// The share of the watched time that the worker threads ran, on average over them.
    pub fn worker_share(&self) -> Option<f64> {
        ratio(nanos(self.threads?.ran), nanos(self.watched).checked_mul(self.workers.into())?)
    }

    /// The share of its processors' time that this process ran.
    pub fn process_share(&self) -> Option<f64> {
        ratio(nanos(self.process?), self.processor_nanos()?)
    }

    /// The share of its processors' time that they were busy.
    pub fn machine_share(&self) -> Option<f64> {
        ratio(nanos(self.machine?.busy), self.processor_nanos()?)
    }

    /// The share of its processors' time that the server under test ran beside it.
    pub fn server_share(&self) -> Option<f64> {
        ratio(nanos(self.server?), self.processor_nanos()?)
    }

    /// The share of its processors' time that neither this process nor the server under test
    /// ran, but others.
    pub fn others_share(&self) -> Option<f64> {
        let others = self.machine?.busy.saturating_sub(self.process? + self.server?);
        ratio(nanos(others), self.processor_nanos()?)
    }

    /// The share of its processors' time that the hypervisor kept from them.
    pub fn stolen_share(&self) -> Option<f64> {
        ratio(nanos(self.machine?.stolen), self.processor_nanos()?)
    }

    fn processor_nanos(&self) -> Option<u64> {
        nanos(self.watched).checked_mul(self.processors.into())
    }
}

impl Stock {
    /// The share that is used; `None` where there is none.
    pub fn share(&self) -> Option<f64> {
        ratio(self.used, self.limit)
    }
}
