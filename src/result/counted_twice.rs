//! The server's counts of tokens beside those of a local tokenizer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measure::{CountedTwice, TwoCounts};

/// Tokens of completed requests that were counted by the server and by a local tokenizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CountedTwiceEntry {
    /// Input tokens; the server counts those of its chat template too.
    pub input: TwoCountsEntry,
    /// Output tokens; without answers of which only a part was sent.
    pub output: TwoCountsEntry,
}

/// Two counts of the same texts, over those requests that have both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TwoCountsEntry {
    /// How many requests.
    pub requests: u64,
    /// How many texts: messages or inputs of the requests, or answers.
    pub texts: u64,
    /// Tokens by the server's count.
    pub server: u64,
    /// Tokens by the local tokenizer.
    pub tokenizer: u64,
}

impl CountedTwiceEntry {
    /// The counts; `None` where nothing was counted twice.
    pub(super) fn of(counts: &CountedTwice) -> Option<Self> {
        let entry = Self { input: counts.input.into(), output: counts.output.into() };
        (entry.input.requests + entry.output.requests > 0).then_some(entry)
    }

    /// Adds other requests.
    pub(super) const fn add(&mut self, other: &Self) {
        self.input.add(other.input);
        self.output.add(other.output);
    }
}

impl TwoCountsEntry {
    const fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.texts += other.texts;
        self.server += other.server;
        self.tokenizer += other.tokenizer;
    }
}

impl From<TwoCounts> for TwoCountsEntry {
    fn from(counts: TwoCounts) -> Self {
        let TwoCounts { requests, texts, server, tokenizer } = counts;
        Self { requests, texts, server, tokenizer }
    }
}
