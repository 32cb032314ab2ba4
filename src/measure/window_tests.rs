//! The window metrics, outcomes and totals against values worked out by hand.

use std::time::Duration;

use super::samples::{at, counted_stream, failed, plain, stream, with_output};
use super::{CellSummary, Recorded, Recorder, RecordingRules, Window};
use crate::metric::Metric;
use crate::openai::Endpoint;
use crate::record::{FailureKind, FinishReason, Outcome, Phase, RequestRecord, TokenUsage};
use crate::scenario::{Slo, SloLimit};

/// From 100 to 2,100 milliseconds: two seconds.
fn window() -> Window {
    Window { opened_at: at(100), closed_at: at(2_100) }
}

fn recorder(endpoint: Endpoint, limits: &[(Metric, u64)]) -> Recorder {
    let limit = |(metric, millis): &(Metric, u64)| SloLimit {
        metric: *metric,
        at_most: Duration::from_millis(*millis),
    };
    let slo = Slo { limits: limits.iter().map(limit).collect() };
    Recorder::new(RecordingRules { slo, of: Recorded::Requests(endpoint) })
}

fn summary_of(endpoint: Endpoint, records: &[RequestRecord]) -> CellSummary {
    let mut recorder = recorder(endpoint, &[]);
    for record in records {
        recorder.record(record, &window());
    }
    recorder.summary(window())
}

fn chat(records: &[RequestRecord], metric: Metric) -> Option<f64> {
    summary_of(Endpoint::Chat, records).windows.get(&metric).copied()
}

fn warmup(mut record: RequestRecord) -> RequestRecord {
    record.phase = Phase::Warmup;
    record
}

fn with_input(mut record: RequestRecord, tokens: u32) -> RequestRecord {
    record.usage.input = Some(tokens);
    record
}

#[test]
fn request_throughput_counts_successes_that_finished_in_the_window() {
    let records = [
        plain(),
        stream(&[2_000]),
        stream(&[2_096]),
        failed(plain(), FailureKind::Truncated),
        warmup(plain()),
    ];
    assert_eq!(chat(&records, Metric::RequestThroughput), Some(1.5));
}

#[test]
fn tokens_count_where_they_arrive() {
    let rate = |record| chat(&[record], Metric::OutputTokenThroughput);
    // Two of three events are inside the window: two thirds of 12 tokens in two seconds.
    assert_eq!(rate(with_output(stream(&[2_000, 2_050, 2_100]), 12)), Some(4.0));
    assert_eq!(rate(warmup(with_output(stream(&[50, 150, 160]), 12))), Some(4.0));
    // The running count says which tokens they were.
    let counted = counted_stream(&[(2_000, Some(1)), (2_050, Some(4)), (2_100, Some(7))]);
    assert_eq!(rate(with_output(counted, 12)), Some(2.5));
    // Without a stream they arrive with the end.
    assert_eq!(rate(with_output(plain(), 12)), Some(6.0));
    // A failed answer's text arrived, whatever came after it.
    assert_eq!(rate(failed(stream(&[150, 160, 170]), FailureKind::DrainTimeout)), Some(1.5));
    assert_eq!(rate(failed(with_output(plain(), 12), FailureKind::Empty)), Some(0.0));
}

#[test]
fn a_throughput_that_nobody_counted_is_absent() {
    assert_eq!(chat(&[plain()], Metric::OutputTokenThroughput), None);
    assert_eq!(chat(&[plain()], Metric::TotalTokenThroughput), None);
    assert_eq!(chat(&[plain()], Metric::InputTokenThroughput), None);
}

#[test]
fn input_counts_with_the_first_token_or_the_finish() {
    let records = [
        with_input(stream(&[2_000, 2_500]), 30),
        with_input(stream(&[2_100]), 500),
        with_input(plain(), 10),
    ];
    assert_eq!(chat(&records, Metric::InputTokenThroughput), Some(20.0));
}

#[test]
fn total_throughput_is_the_sum_of_both() {
    let record = with_output(with_input(stream(&[150, 160]), 20), 6);
    assert_eq!(chat(&[record], Metric::TotalTokenThroughput), Some(13.0));
}

#[test]
fn rankings_have_documents_and_input_but_no_output() {
    let record = RequestRecord { items: 32, finish_reason: None, ..with_input(plain(), 100) };
    let summary = summary_of(Endpoint::Rerank, &[record]);
    assert_eq!(summary.windows.get(&Metric::DocumentThroughput), Some(&16.0));
    assert!(summary.windows.contains_key(&Metric::InputTokenThroughput));
    assert_eq!(summary.windows.get(&Metric::EmbeddingThroughput), None);
    assert_eq!(summary.windows.get(&Metric::OutputTokenThroughput), None);
}

#[test]
fn embeddings_have_items_and_input_but_no_output() {
    let record = RequestRecord { items: 16, finish_reason: None, ..with_input(plain(), 100) };
    let summary = summary_of(Endpoint::Embeddings, &[record]);
    assert_eq!(summary.windows.get(&Metric::EmbeddingThroughput), Some(&8.0));
    assert_eq!(summary.windows.get(&Metric::InputTokenThroughput), Some(&50.0));
    assert_eq!(summary.windows.get(&Metric::TotalTokenThroughput), Some(&50.0));
    assert_eq!(summary.windows.get(&Metric::OutputTokenThroughput), None);
    assert!(summary.finish_reasons.is_empty());
    assert_eq!(summary.output_sources.none, 0);
    assert_eq!(chat(&[plain()], Metric::EmbeddingThroughput), None);
}

#[test]
fn goodput_counts_requests_that_met_every_limit() {
    let mut recorder = recorder(Endpoint::Chat, &[(Metric::Ttft, 50), (Metric::Tpot, 10)]);
    let capped =
        RequestRecord { outcome: Outcome::Completed { capped: true }, ..stream(&[150, 160]) };
    let records = [
        stream(&[150, 160]),
        // One token has no TPOT, so that limit is left out.
        stream(&[150]),
        stream(&[151, 152]),
        stream(&[150, 161]),
        capped,
        failed(stream(&[150, 160]), FailureKind::DrainTimeout),
        RequestRecord::due(0, 0, Phase::Measure, at(500)),
        warmup(stream(&[150, 160])),
        // A limit on the first token cannot apply without a stream.
        plain(),
    ];
    for record in &records {
        recorder.record(record, &window());
    }
    let summary = recorder.summary(window());
    assert_eq!(summary.windows.get(&Metric::Goodput), Some(&1.5));
    assert_eq!(summary.windows.get(&Metric::SloAttainment), Some(&0.375));
}

#[test]
fn without_an_slo_there_is_no_goodput() {
    assert_eq!(chat(&[plain()], Metric::Goodput), None);
    assert_eq!(chat(&[plain()], Metric::SloAttainment), None);
}

#[test]
fn rates_of_arrivals_leave_warm_up_out() {
    let late = RequestRecord { sent_at: Some(at(2_150)), ..plain() };
    let unsent = RequestRecord::due(0, 0, Phase::Measure, at(2_000));
    let records = [plain(), late, unsent, warmup(plain())];
    assert_eq!(chat(&records, Metric::OfferedRate), Some(1.5));
    assert_eq!(chat(&records, Metric::AchievedRate), Some(0.5));
}

#[test]
fn error_rate_is_over_all_requests_of_the_window() {
    let unsent = RequestRecord::due(0, 0, Phase::Measure, at(2_000));
    let cancelled = RequestRecord { outcome: Outcome::Cancelled, ..plain() };
    let records = [plain(), failed(plain(), FailureKind::ApiError), unsent, cancelled];
    assert_eq!(chat(&records, Metric::ErrorRate), Some(0.25));
}

#[test]
fn concurrency_is_time_in_flight_over_the_window() {
    let before = RequestRecord { sent_at: Some(at(0)), finished_at: Some(at(1_100)), ..plain() };
    let after = RequestRecord {
        sent_at: Some(at(1_100)),
        finished_at: Some(at(5_000)),
        ..failed(plain(), FailureKind::DrainTimeout)
    };
    let unknown = RequestRecord {
        sent_at: Some(at(1_600)),
        finished_at: None,
        outcome: Outcome::Cancelled,
        ..plain()
    };
    let records = [warmup(before), after, unknown];
    assert_eq!(chat(&records, Metric::Concurrency), Some(1.25));
}

#[test]
fn the_most_in_flight_is_the_largest_number_told() {
    let mut recorder = recorder(Endpoint::Chat, &[]);
    assert_eq!(recorder.summary(window()).windows.get(&Metric::ConcurrencyMax), None);
    recorder.observe_in_flight(7);
    recorder.observe_in_flight(3);
    assert_eq!(recorder.summary(window()).windows.get(&Metric::ConcurrencyMax), Some(&7.0));
}

#[test]
fn a_window_that_never_opened_has_no_rates() {
    let closed = Window { opened_at: at(5), closed_at: at(5) };
    assert!(recorder(Endpoint::Chat, &[]).summary(closed).windows.is_empty());
}

#[test]
fn warm_up_is_counted_apart() {
    let summary = summary_of(Endpoint::Chat, &[warmup(stream(&[150, 160]))]);
    assert_eq!((summary.warmup.arrivals, summary.warmup.completed), (1, 1));
    assert_eq!((summary.outcomes.arrivals, summary.distributions.len()), (0, 0));
    assert_eq!((summary.text_events, summary.connections_opened), (0, 0));
    assert_eq!(summary.windows.get(&Metric::RequestThroughput), Some(&0.5));
}

#[test]
fn outcomes_are_told_apart_and_add_up() {
    let records = [
        plain(),
        RequestRecord { outcome: Outcome::Completed { capped: true }, ..plain() },
        failed(plain(), FailureKind::HttpStatus(500)),
        failed(plain(), FailureKind::HttpStatus(500)),
        failed(plain(), FailureKind::Resolve),
        RequestRecord { outcome: Outcome::Cancelled, ..plain() },
        RequestRecord::due(0, 0, Phase::Measure, at(150)),
    ];
    let summary = summary_of(Endpoint::Chat, &records);
    let outcomes = &summary.outcomes;
    assert!(outcomes.add_up());
    assert_eq!((outcomes.arrivals, outcomes.completed, outcomes.capped), (7, 2, 1));
    assert_eq!((outcomes.failures(), outcomes.cancelled, outcomes.unsent), (3, 1, 1));
    assert_eq!(outcomes.failed["http_status(500)"], 2);
    assert_eq!(summary.failure_samples[0].message, "broken");
    assert_eq!(summary.failure_samples[0].count, 2);
}

#[test]
fn totals_rest_on_completed_requests() {
    let usage = TokenUsage { input: Some(40), output: Some(6), reasoning: None, cached: Some(8) };
    let counted = RequestRecord { usage, ..stream(&[150, 160, 170]) };
    let records = [
        counted.clone(),
        stream(&[150, 160]),
        failed(counted, FailureKind::Truncated),
        RequestRecord { finish_reason: None, ..plain() },
    ];
    let summary = summary_of(Endpoint::Chat, &records);
    assert_eq!((summary.tokens.input, summary.tokens.output), (Some(40), Some(8)));
    assert_eq!((summary.tokens.reasoning, summary.tokens.cached), (None, Some(8)));
    let sources = summary.output_sources;
    assert_eq!((sources.usage, sources.chunks, sources.none), (1, 1, 1));
    assert_eq!(summary.text_events, 5);
    assert_eq!(summary.counted_streams.tokens_per_event(), Some(2.0));
    let reasons = [(FinishReason::Stop.key(), 2), ("none", 1)];
    assert_eq!(summary.finish_reasons, reasons.into());
}

#[test]
fn gaps_are_pooled_and_divided_among_their_tokens() {
    let values = |record, metric| {
        let summary = summary_of(Endpoint::Chat, &[record]);
        let histogram = summary.distributions.get(&metric)?.clone();
        let millis = |nanos| (nanos + 500_000) / 1_000_000;
        let values = histogram.iter_recorded();
        Some(
            values.map(|v| (millis(v.value_iterated_to()), v.count_at_value())).collect::<Vec<_>>(),
        )
    };
    let one_each = with_output(stream(&[150, 160, 190]), 3);
    assert_eq!(values(one_each.clone(), Metric::Icl), Some(vec![(10, 1), (30, 1)]));
    assert_eq!(values(one_each, Metric::Itl), Some(vec![(10, 1), (30, 1)]));
    let counted = counted_stream(&[(150, Some(2)), (160, Some(1)), (190, Some(3))]);
    assert_eq!(values(with_output(counted, 6), Metric::Itl), Some(vec![(10, 4)]));
    // A mean of tokens per event says nothing about a single gap.
    assert_eq!(values(with_output(stream(&[150, 160, 190]), 6), Metric::Itl), None);
    assert_eq!(values(stream(&[150, 160, 190]), Metric::Itl), None);
    assert_eq!(values(failed(stream(&[150, 160]), FailureKind::Truncated), Metric::Icl), None);
}

#[test]
fn failed_requests_are_in_no_latency_but_in_what_the_client_did() {
    let record = RequestRecord {
        connected_at: Some(at(101)),
        stale_reconnects: 1,
        ..failed(stream(&[150, 160]), FailureKind::StallTimeout)
    };
    let summary = summary_of(Endpoint::Chat, &[record]);
    let metrics: Vec<_> = summary.distributions.keys().copied().collect();
    assert_eq!(metrics, [Metric::ScheduleDelay, Metric::Connect, Metric::Ttfb]);
    assert_eq!((summary.connections_opened, summary.stale_reconnects), (1, 1));
}

#[test]
fn rounds_pool_into_rates_over_the_time_their_windows_were_open() {
    let mut pooled = summary_of(Endpoint::Chat, &[plain(), plain(), plain()]);
    let later = Window { opened_at: at(10_000), closed_at: at(11_000) };
    pooled.merge(&recorder(Endpoint::Chat, &[]).summary(later));
    assert_eq!(pooled.window, Window { opened_at: at(100), closed_at: at(11_000) });
    assert_eq!(pooled.counts.length, Duration::from_secs(3));
    assert_eq!(pooled.windows.get(&Metric::RequestThroughput), Some(&1.0));
    assert_eq!(pooled.outcomes.completed, 3);
}

#[test]
fn a_progress_line_sees_warm_up_too() {
    let mut recorder = recorder(Endpoint::Chat, &[]);
    recorder.record(&warmup(stream(&[150, 160])), &window());
    assert_eq!(recorder.live().ttft, None);
    recorder.record(&stream(&[150]), &window());
    recorder.record(&failed(plain(), FailureKind::Connect), &window());
    recorder.record(&RequestRecord::due(0, 0, Phase::Measure, at(150)), &window());
    let live = recorder.live();
    assert_eq!((live.finished, live.completed, live.failed), (3, 2, 1));
    assert_eq!(live.output_tokens, 3);
    assert_eq!(live.ttft.unwrap().p50.as_millis(), 50);
}
