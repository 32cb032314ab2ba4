//! What a stream has told so far, and what that makes of the request.

use super::stream::{Chunk, StreamEvent};
use crate::record::{Failure, FailureKind, FinishReason, ServerTimes, TokenUsage};

/// What a stream has told so far.
#[derive(Clone, Debug, Default)]
pub struct StreamState {
    /// Why the server stopped: the first reason it gave, because some give another one later.
    pub finish: Option<FinishReason>,
    /// The last counts that were not zero.
    pub usage: Option<TokenUsage>,
    /// The server's own times, the last it told.
    pub times: Option<Box<ServerTimes>>,
    /// Whether `[DONE]` came.
    pub done: bool,
    /// Whether generated text of any kind came.
    pub text: bool,
    /// Whether reasoning came.
    pub reasoning: bool,
    /// Calls of tools that began.
    pub calls: u32,
    failure: Option<Failure>,
}

impl StreamState {
    /// Takes the next event.
    pub fn apply(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::Chunk(chunk) => self.apply_chunk(&chunk),
            StreamEvent::Times(times) => self.times = Some(times),
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
        self.calls = self.calls.saturating_add(chunk.calls);
        self.text |= chunk.text.is_some();
        self.reasoning |= chunk.text.is_some_and(|text| text.reasoning);
    }

    /// What a stream that ends here came to.
    ///
    /// # Errors
    ///
    /// An error the server told of, or what was malformed; else [`FailureKind::Truncated`]
    /// without finish reason, `[DONE]` and the event that closes a response; else [`FailureKind::Empty`] without any text.
    pub fn outcome_at_end(&self) -> Result<(), Failure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if self.finish.is_none() && !self.done {
            let message =
                "the stream ended without [DONE], a finish reason or a closing event".to_owned();
            return Err(Failure { kind: FailureKind::Truncated, message });
        }
        if !self.text {
            let message = "the stream ended well, but without any text".to_owned();
            return Err(Failure { kind: FailureKind::Empty, message });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::StreamState;
    use crate::openai::{ApiError, Chunk, StreamEvent, Text};
    use crate::record::{FinishReason, TokenUsage};

    fn text() -> StreamEvent {
        StreamEvent::Chunk(Chunk { text: Some(Text::default()), ..Chunk::default() })
    }

    fn finish(reason: FinishReason, output: u32) -> StreamEvent {
        let usage = TokenUsage { output: Some(output), ..TokenUsage::default() };
        StreamEvent::Chunk(Chunk { finish: Some(reason), usage: Some(usage), ..Chunk::default() })
    }

    fn error(message: &str) -> StreamEvent {
        StreamEvent::Error(ApiError { message: message.to_owned(), code: None })
    }

    fn state(events: impl IntoIterator<Item = StreamEvent>) -> StreamState {
        let mut state = StreamState::default();
        events.into_iter().for_each(|event| state.apply(event));
        state
    }

    fn outcome(events: impl IntoIterator<Item = StreamEvent>) -> String {
        match state(events).outcome_at_end() {
            Ok(()) => "completed".to_owned(),
            Err(failure) => format!("{}: {}", failure.kind, failure.message),
        }
    }

    #[test]
    fn a_finish_reason_or_the_end_marker_completes_a_stream() {
        assert_eq!(outcome([text(), finish(FinishReason::Stop, 1)]), "completed");
        assert_eq!(outcome([text(), StreamEvent::Done]), "completed");
    }

    #[test]
    fn an_error_fails_a_stream_whatever_follows() {
        let events = [text(), error("first"), error("second"), StreamEvent::Done];
        assert_eq!(outcome(events), "api_error: first");
        let malformed = StreamEvent::Malformed("no JSON".to_owned());
        assert_eq!(outcome([text(), StreamEvent::Done, malformed]), "malformed: no JSON");
    }

    #[test]
    fn a_clean_end_without_either_is_a_cut_stream() {
        assert!(outcome([text()]).starts_with("truncated: "));
        assert!(outcome([]).starts_with("truncated: "));
    }

    #[test]
    fn a_good_end_without_text_is_empty() {
        assert!(
            outcome([finish(FinishReason::Other, 0), StreamEvent::Done]).starts_with("empty: ")
        );
    }

    #[test]
    fn the_first_reason_and_the_last_counts_hold() {
        let events =
            [text(), finish(FinishReason::Length, 8), finish(FinishReason::Stop, 9), text()];
        let state = state(events);
        assert_eq!(state.finish, Some(FinishReason::Length));
        assert_eq!(state.usage.and_then(|usage| usage.output), Some(9));
    }
}
