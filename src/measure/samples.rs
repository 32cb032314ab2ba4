//! Records for tests, in milliseconds.

use super::{Recorded, RecordingRules};
use crate::openai::Endpoint;
use crate::record::{
    Failure, FailureKind, FinishReason, Outcome, Phase, RequestRecord, TextEvents, TokenUsage,
};
use crate::scenario::Slo;
use crate::units::Moment;

pub(crate) fn at(millis: u64) -> Moment {
    Moment::from_nanos(millis * 1_000_000)
}

/// Chats without an SLO.
pub(crate) fn chat_rules() -> RecordingRules {
    RecordingRules { slo: Slo::default(), of: Recorded::Requests(Endpoint::Chat) }
}

/// Embeddings without an SLO.
pub(crate) fn embedding_rules() -> RecordingRules {
    RecordingRules { slo: Slo::default(), of: Recorded::Requests(Endpoint::Embeddings) }
}

/// A completed answer without stream: due at 98, sent at 100, headers at 110, over at 200.
pub(crate) fn plain() -> RequestRecord {
    RequestRecord {
        sent_at: Some(at(100)),
        connected_at: None,
        headers_at: Some(at(110)),
        finished_at: Some(at(200)),
        reused: true,
        status: Some(200),
        finish_reason: Some(FinishReason::Stop),
        outcome: Outcome::Completed { capped: false },
        ..RequestRecord::due(0, 0, Phase::Measure, at(98))
    }
}

/// A completed stream, as [`plain`], with text events at these moments, over 5 after the last.
pub(crate) fn stream(events: &[u64]) -> RequestRecord {
    counted_stream(&events.iter().map(|at| (*at, None)).collect::<Vec<_>>())
}

/// As [`stream`], with the tokens of each event.
pub(crate) fn counted_stream(events: &[(u64, Option<u32>)]) -> RequestRecord {
    let text_events: TextEvents =
        events.iter().map(|(millis, tokens)| (millis * 1_000_000, *tokens)).collect();
    RequestRecord {
        streamed: true,
        first_event_at: Some(at(111)),
        first_answer_at: text_events.first_at(),
        finished_at: events.last().map(|(millis, _)| at(millis + 5)),
        text_events,
        ..plain()
    }
}

/// The record with the server's count of output tokens.
pub(crate) fn with_output(mut record: RequestRecord, tokens: u32) -> RequestRecord {
    record.usage = TokenUsage { output: Some(tokens), ..record.usage };
    record
}

/// The record as a failure.
pub(crate) fn failed(mut record: RequestRecord, kind: FailureKind) -> RequestRecord {
    record.outcome = Outcome::Failed(Box::new(Failure { kind, message: "broken".to_owned() }));
    record
}

/// The record as a failure that the server told.
pub(crate) fn refused(record: RequestRecord) -> RequestRecord {
    failed(record, FailureKind::ApiError)
}
