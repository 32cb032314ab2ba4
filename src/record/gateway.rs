//! What a gateway says of a request in the head of its answer.

use std::time::Duration;

/// What a gateway told of one request; what it did not tell is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayTold {
    /// The time it says it added itself.
    pub overhead: Option<Duration>,
    /// The time it says the request took it in all, until its own answer began.
    pub response: Option<Duration>,
    /// How often it tried again behind the client's back.
    pub retries: Option<u32>,
    /// How often it went on to another model.
    pub fallbacks: Option<u32>,
    /// Which of its deployments answered.
    pub model_id: Option<Box<str>>,
    /// Whether it answered from its own cache of answers.
    pub from_cache: bool,
    /// What it says the request cost, in billionths of a US dollar.
    pub cost_nanodollars: Option<u64>,
}
