//! The server's counts of tokens beside those of a local tokenizer.

use crate::units::ratio;

/// Tokens of completed requests that were counted by the server and by a local tokenizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountedTwice {
    /// Input tokens; the server counts those of its chat template too.
    pub input: TwoCounts,
    /// Output tokens; without answers of which only a part was sent.
    pub output: TwoCounts,
}

/// Two counts of the same texts, pooled over those requests that have both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TwoCounts {
    /// How many requests.
    pub requests: u64,
    /// How many texts: messages or inputs of the requests, or answers.
    pub texts: u64,
    /// Tokens by the server's count.
    pub server: u64,
    /// Tokens by the local tokenizer.
    pub tokenizer: u64,
}

impl CountedTwice {
    /// Adds other requests.
    pub const fn merge(&mut self, other: &Self) {
        self.input.merge(other.input);
        self.output.merge(other.output);
    }
}

impl TwoCounts {
    /// Adds a request, if it has both; a server's 0 is none.
    pub(super) fn add(&mut self, server: Option<u32>, tokenizer: Option<u32>, texts: u32) {
        if let (Some(server @ 1..), Some(tokenizer)) = (server, tokenizer) {
            self.requests += 1;
            self.texts += u64::from(texts);
            self.server += u64::from(server);
            self.tokenizer += u64::from(tokenizer);
        }
    }

    /// Adds other requests.
    pub const fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        self.texts += other.texts;
        self.server += other.server;
        self.tokenizer += other.tokenizer;
    }

    /// Tokens by the server's count for each one of the tokenizer; `None` where there are none.
    pub fn server_per_tokenizer(&self) -> Option<f64> {
        ratio(self.server, self.tokenizer)
    }
}
