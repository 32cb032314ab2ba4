//! What goes on from second to second, as whole numbers that add up exactly.

use super::stream_shape::StreamShape;
use crate::record::{Outcome, RequestRecord};
use crate::units::{float, ratio, whole};

/// What went on in a stretch of time, warm-up included, whichever requests it belonged to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Requests handed out to be sent.
    pub sent: u64,
    /// Requests that were handed out and ended, whatever became of them.
    pub finished: u64,
    /// Of these: failed.
    pub failed: u64,
    /// Input tokens of the requests that ended, where the server told them.
    pub input_tokens: u64,
    /// Output tokens of the requests that ended.
    pub output_tokens: u64,
    /// Text events that arrived, also those of requests still in flight.
    pub text_events: u64,
    /// Text events of the requests that ended.
    pub ended_events: u64,
    /// Output tokens of the requests that ended and had text events.
    pub ended_event_tokens: u64,
}

impl Activity {
    /// Adds a request that is over; one that was never handed out counts nothing.
    pub(super) fn end(&mut self, record: &RequestRecord, shape: &StreamShape) {
        if matches!(record.outcome, Outcome::Unsent) {
            return;
        }
        let output = shape.output.unwrap_or(0);
        self.finished += 1;
        self.failed += u64::from(record.outcome.failure().is_some());
        self.input_tokens += record.usage.input.map_or(0, u64::from);
        self.output_tokens += output;
        if shape.events > 0 {
            self.ended_events += shape.events;
            self.ended_event_tokens += output;
        }
    }

    /// Adds what went on elsewhere, or at another time.
    pub const fn merge(&mut self, other: &Self) {
        self.sent += other.sent;
        self.finished += other.finished;
        self.failed += other.failed;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.text_events += other.text_events;
        self.ended_events += other.ended_events;
        self.ended_event_tokens += other.ended_event_tokens;
    }
}

/// Tells how many output tokens arrived in each second, although most servers count them only
/// at the end of an answer.
///
/// An event of a request still in flight stands for as many tokens as events did so far in the
/// requests that ended, for one before the first has. The end of an answer corrects that: what
/// was missing counts there, what was too much is taken off what follows. So the sum over all
/// seconds comes to that over all answers; where every event holds one token, it always does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TokenFlow {
    seen: Activity,
    told: u64,
}

impl TokenFlow {
    /// The output tokens that arrived in the second in which `activity` went on.
    pub(super) fn advance(&mut self, activity: &Activity) -> u64 {
        self.seen.merge(activity);
        let Activity { output_tokens, text_events, ended_events, ended_event_tokens, .. } =
            self.seen;
        let in_flight = text_events.saturating_sub(ended_events);
        let tokens_per_event = ratio(ended_event_tokens, ended_events).unwrap_or(1.0);
        let arrived = output_tokens + whole(float(in_flight) * tokens_per_event);
        let fresh = arrived.saturating_sub(self.told);
        self.told += fresh;
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::{Activity, TokenFlow};
    use crate::measure::samples::{failed, plain, stream, with_output};
    use crate::measure::stream_shape::StreamShape;
    use crate::record::{FailureKind, Phase, RequestRecord};
    use crate::units::Moment;

    fn ended(record: &RequestRecord) -> Activity {
        let mut activity = Activity::default();
        activity.end(record, &StreamShape::of(record));
        activity
    }

    fn arrived(text_events: u64) -> Activity {
        Activity { text_events, ..Activity::default() }
    }

    /// What `flow` tells of each second in which so much went on.
    fn told<const N: usize>(seconds: [Activity; N]) -> [u64; N] {
        let mut flow = TokenFlow::default();
        seconds.map(|activity| flow.advance(&activity))
    }

    #[test]
    fn a_request_counts_when_it_ends() {
        let mut record = with_output(stream(&[150, 160]), 6);
        record.usage.input = Some(30);
        let expected = Activity {
            finished: 1,
            input_tokens: 30,
            output_tokens: 6,
            ended_events: 2,
            ended_event_tokens: 6,
            ..Activity::default()
        };
        assert_eq!(ended(&record), expected);
        let broken = ended(&failed(plain(), FailureKind::Truncated));
        assert_eq!((broken.finished, broken.failed), (1, 1));
    }

    #[test]
    fn a_request_that_was_never_handed_out_did_not_end() {
        let unsent = RequestRecord::due(0, 0, Phase::Measure, Moment::ZERO);
        assert_eq!(ended(&unsent), Activity::default());
    }

    #[test]
    fn tokens_count_where_their_events_arrive() {
        let end = Activity {
            text_events: 2,
            ended_events: 12,
            ended_event_tokens: 12,
            output_tokens: 12,
            ..Activity::default()
        };
        assert_eq!(told([arrived(4), arrived(6), end]), [4, 6, 2]);
    }

    #[test]
    fn events_stand_for_as_many_tokens_as_they_did_so_far() {
        let end = Activity {
            text_events: 10,
            ended_events: 10,
            ended_event_tokens: 30,
            output_tokens: 30,
            ..Activity::default()
        };
        // The first ten were taken for one token each until an answer had ended.
        assert_eq!(told([arrived(10), end, arrived(5)]), [10, 50, 15]);
    }

    #[test]
    fn answers_that_are_no_streams_arrive_with_their_end() {
        let end = Activity { output_tokens: 7, ..Activity::default() };
        assert_eq!(told([Activity::default(), end]), [0, 7]);
    }
}
