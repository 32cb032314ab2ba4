//! What a stream has told so far, and what that makes of the request.

use super::stream::{Chunk, StreamEvent};
use crate::record::{Failure, FailureKind, FinishReason, TokenUsage};

/// What a stream has told so far.
#[derive(Clone, Debug, Default)]
pub struct StreamState {
    /// Why the server stopped: the first reason it gave, because some give another one later.
    pub finish: Option<FinishReason>,
    /// The last counts that were not zero.
    pub usage: Option<TokenUsage>,
    /// Whether `[DONE]` came.
    pub done: bool,
    /// Whether generated text of any kind came.
    pub text: bool,
    /// Whether reasoning came.
    pub reasoning: bool,
    failure: Option<Failure>,
}

impl StreamState {
    /// Takes the next event.
    pub fn apply(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::Chunk(chunk) => self.apply_chunk(&chunk),
            StreamEvent::Error(error) => {
                self.failure.get_or_insert_with(|| error.into());
            }
            StreamEvent::Done => self.done = true,
            StreamEvent::Malformed(message) => {
                let malformed = Failure { kind: FailureKind::Malformed, message };
                self.failure.get_or_insert(malformed);
            }
        }
    }

    fn apply_chunk(&mut self, chunk: &Chunk) {
        self.finish = self.finish.or(chunk.finish);
        self.usage = chunk.usage.or(self.usage);
        self.text |= chunk.text.is_some();
        self.reasoning |= chunk.text.is_some_and(|text| text.reasoning);
    }

    /// What a stream that ends here came to.
    ///
    /// # Errors
    ///
    /// An error the server told of, or what was malformed; else [`FailureKind::Truncated`]
    /// without finish reason and `[DONE]`; else [`FailureKind::Empty`] without any text.
    pub fn outcome_at_end(&self) -> Result<(), Failure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if self.finish.is_none() && !self.done {
            let message = "the stream ended without [DONE] or a finish reason".to_owned();
            return Err(Failure { kind: FailureKind::Truncated, message });
        }
        if !self.text {
            let message = "the stream ended well, but without any text".to_owned();
            return Err(Failure { kind: FailureKind::Empty, message });
        }
        Ok(())
    }
}
