//! The per-request formulas against values worked out by hand.

use std::time::Duration;

use super::samples::{at, counted_stream, failed, plain, stream, with_output};
use super::{RequestMetrics, TokenSource};
use crate::record::{FailureKind, LocalCount, Outcome, Phase, RequestRecord, TokenUsage};

#[expect(clippy::unnecessary_wraps, reason = "metrics are optional, so are the values they equal")]
fn ms(millis: u64) -> Option<Duration> {
    Some(Duration::from_millis(millis))
}

#[test]
fn a_stream_has_every_latency() {
    let mut record = with_output(stream(&[150, 160, 190]), 3);
    record.connected_at = Some(at(104));
    record.first_answer_at = Some(at(160));
    let metrics = RequestMetrics::of(&record);
    assert_eq!(metrics.schedule_delay, ms(2));
    assert_eq!(metrics.connect, ms(4));
    assert_eq!(metrics.ttfb, ms(10));
    assert_eq!(metrics.ttft, ms(50));
    assert_eq!(metrics.ttfa, ms(60));
    assert_eq!(metrics.ttst, ms(10));
    assert_eq!(metrics.stall, ms(30));
    assert_eq!(metrics.tpot, ms(20));
    assert_eq!(metrics.e2e, ms(90));
    assert_eq!(metrics.response, ms(92));
    assert_eq!(metrics.ttft_due, ms(52));
    assert_eq!(metrics.decode_rate, Some(50.0));
    assert_eq!((metrics.output_tokens, metrics.output_source), (Some(3), TokenSource::Usage));
}

#[test]
fn an_answer_without_stream_has_no_token_times() {
    let metrics = RequestMetrics::of(&with_output(plain(), 12));
    assert_eq!(metrics.e2e, ms(100));
    assert_eq!(metrics.response, ms(102));
    assert_eq!(metrics.ttfb, ms(10));
    assert_eq!(metrics.output_tokens, Some(12));
    let absent = [metrics.ttft, metrics.ttfa, metrics.ttst, metrics.tpot, metrics.stall];
    assert_eq!(absent, [None; 5]);
    assert_eq!((metrics.ttft_due, metrics.connect, metrics.decode_rate), (None, None, None));
}

#[test]
fn an_answer_without_stream_has_no_first_answer_token() {
    let mut record = plain();
    record.first_answer_at = Some(at(190));
    assert_eq!(RequestMetrics::of(&record).ttfa, None);
}

#[test]
fn a_failed_request_has_no_latency_but_what_the_client_did() {
    let mut record = failed(stream(&[150, 160]), FailureKind::StallTimeout);
    record.connected_at = Some(at(103));
    let metrics = RequestMetrics::of(&record);
    assert_eq!(metrics.schedule_delay, ms(2));
    assert_eq!((metrics.connect, metrics.ttfb), (ms(3), ms(10)));
    let absent = [metrics.ttft, metrics.tpot, metrics.e2e, metrics.response, metrics.ttft_due];
    assert_eq!(absent, [None; 5]);
    assert_eq!((metrics.output_tokens, metrics.output_source), (Some(2), TokenSource::Chunks));
}

#[test]
fn a_local_count_stands_in_for_a_server_that_does_not_count() {
    let mut record = stream(&[150, 160, 170]);
    record.counted = LocalCount { input: Some(9), texts: 1, output: Some(5) };
    let metrics = RequestMetrics::of(&record);
    assert_eq!((metrics.output_tokens, metrics.output_source), (Some(5), TokenSource::Tokenizer));
    assert_eq!(metrics.input_tokens, Some(9));
    assert_eq!(metrics.tpot, ms(5));
    let counted = with_output(record, 4);
    let metrics = RequestMetrics::of(&counted);
    assert_eq!((metrics.output_tokens, metrics.output_source), (Some(4), TokenSource::Usage));
}

#[test]
fn an_unsent_request_has_nothing() {
    let metrics = RequestMetrics::of(&RequestRecord::due(0, 0, Phase::Measure, at(5)));
    assert_eq!((metrics.schedule_delay, metrics.ttfb, metrics.e2e), (None, None, None));
    assert_eq!((metrics.output_tokens, metrics.output_source), (None, TokenSource::None));
}

#[test]
fn a_capped_stream_keeps_its_latencies() {
    let mut record = stream(&[150, 170]);
    record.outcome = Outcome::Completed { capped: true };
    assert_eq!(RequestMetrics::of(&record).ttft, ms(50));
}

#[test]
fn tpot_divides_by_the_tokens_after_the_first() {
    let tpot = |tokens| RequestMetrics::of(&with_output(stream(&[150, 160, 240]), tokens)).tpot;
    assert_eq!(tpot(3), ms(45));
    assert_eq!(tpot(10), ms(10));
    assert_eq!(tpot(1), None);
}

#[test]
fn tpot_divides_by_the_tokens_after_the_first_event_where_its_tokens_are_known() {
    let record = with_output(counted_stream(&[(150, Some(4)), (160, None), (240, Some(2))]), 10);
    assert_eq!(RequestMetrics::of(&record).tpot, ms(15));
}

#[test]
fn an_answer_in_one_event_has_no_tpot() {
    let metrics = RequestMetrics::of(&with_output(stream(&[150]), 10));
    assert_eq!((metrics.tpot, metrics.decode_rate, metrics.ttst), (None, None, None));
    assert_eq!(metrics.ttft, ms(50));
}

#[test]
fn events_of_one_read_have_a_tpot_of_zero_and_no_rate() {
    let metrics = RequestMetrics::of(&with_output(stream(&[150, 150]), 2));
    assert_eq!((metrics.tpot, metrics.decode_rate), (ms(0), None));
}

#[test]
fn without_a_count_the_events_stand_in_for_tokens() {
    let metrics = RequestMetrics::of(&stream(&[150, 160, 170]));
    assert_eq!((metrics.output_tokens, metrics.output_source), (Some(3), TokenSource::Chunks));
    assert_eq!(metrics.tpot, ms(10));
}

#[test]
fn a_count_of_zero_is_no_count() {
    let metrics = RequestMetrics::of(&with_output(stream(&[150, 160]), 0));
    assert_eq!((metrics.output_tokens, metrics.output_source), (Some(2), TokenSource::Chunks));
}

#[test]
fn running_counts_add_up_where_no_total_came() {
    let metrics = RequestMetrics::of(&counted_stream(&[(150, Some(2)), (190, Some(4))]));
    assert_eq!((metrics.output_tokens, metrics.output_source), (Some(6), TokenSource::Usage));
    assert_eq!(metrics.tpot, ms(10));
}

#[test]
fn reasoning_that_was_not_sent_leaves_no_tpot() {
    let mut record = with_output(stream(&[150, 160]), 50);
    record.usage.reasoning = Some(48);
    let hidden = RequestMetrics::of(&record);
    assert_eq!((hidden.tpot, hidden.decode_rate), (None, None));
    assert_eq!(hidden.output_tokens, Some(50));
    record.reasoning_seen = true;
    assert!(RequestMetrics::of(&record).tpot.is_some());
}

#[test]
fn prefill_rate_leaves_cached_input_out() {
    let mut record = stream(&[150]);
    record.usage = TokenUsage { input: Some(120), cached: Some(20), ..TokenUsage::default() };
    assert_eq!(RequestMetrics::of(&record).prefill_rate, Some(2_000.0));
    record.usage.cached = None;
    assert_eq!(RequestMetrics::of(&record).prefill_rate, Some(2_400.0));
    record.usage.cached = Some(120);
    assert_eq!(RequestMetrics::of(&record).prefill_rate, None);
}
