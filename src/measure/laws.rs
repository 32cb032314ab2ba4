//! Laws that hold for any records.

use hdrhistogram::Histogram;
use proptest::prelude::*;

use super::distributions::empty_histogram;
use super::{CellSummary, Figures, OutcomeCounts, Recorded, Recorder, RecordingRules, Window};
use crate::metric::{Metric, Unit};
use crate::openai::Endpoint;
use crate::record::{
    Failure, FailureKind, Outcome, Phase, RequestRecord, TextEvents, TokenUsage, TurnPlace,
};
use crate::scenario::{Slo, SloLimit};
use crate::units::{Moment, count, float};

const OPENED: u64 = 1_000;
const CLOSED: u64 = 3_000;
const WINDOW: Window =
    Window { opened_at: Moment::from_nanos(OPENED), closed_at: Moment::from_nanos(CLOSED) };

fn recorder() -> Recorder {
    let limit =
        |metric, nanos| SloLimit { metric, at_most: std::time::Duration::from_nanos(nanos) };
    let limits = vec![limit(Metric::Ttft, 200), limit(Metric::Tpot, 40), limit(Metric::E2e, 900)];
    Recorder::new(RecordingRules {
        slo: Slo { limits },
        of: Recorded::Conversations(Endpoint::Chat),
    })
}

fn recorded<'a>(records: impl IntoIterator<Item = &'a RequestRecord>) -> Recorder {
    let mut recorder = recorder();
    for record in records {
        recorder.record(record, &WINDOW);
    }
    recorder
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let kind = prop_oneof![
        Just(FailureKind::DrainTimeout),
        Just(FailureKind::Overloaded),
        (500_u16..503).prop_map(FailureKind::HttpStatus),
    ];
    prop_oneof![
        6 => Just(Outcome::Completed { capped: false }),
        1 => Just(Outcome::Completed { capped: true }),
        2 => (kind, "[a-f]").prop_map(|(kind, message)| {
            Outcome::Failed(Box::new(Failure { kind, message }))
        }),
        1 => Just(Outcome::Cancelled),
        1 => Just(Outcome::Unsent),
    ]
}

type Events = Vec<(u64, Option<u32>)>;

fn events() -> impl Strategy<Value = Events> {
    let tokens = prop_oneof![2 => Just(None), 3 => (1_u32..4).prop_map(Some)];
    prop::collection::vec((0_u64..200, tokens), 0..12)
}

prop_compose! {
    fn usage()(
        input in prop::option::of(0_u32..50),
        output in prop::option::of(0_u32..16),
        reasoning in prop::option::of(0_u32..3),
        cached in prop::option::of(0_u32..60),
    ) -> TokenUsage {
        TokenUsage { input, output, reasoning, cached }
    }
}

prop_compose! {
    fn record()(
        due in 0..CLOSED,
        wait in 0_u64..300,
        gaps in events(),
        usage in usage(),
        outcome in outcome(),
        (opened, reasoning_seen, stale) in (any::<bool>(), any::<bool>(), 0_u32..2),
        turn in prop::option::of(0_u32..20),
    ) -> RequestRecord {
        let phase = if due < OPENED { Phase::Warmup } else { Phase::Measure };
        let turn = turn.map(|turn| TurnPlace { phase, session: due, turn });
        let blank = RequestRecord::due(0, due, phase, Moment::from_nanos(due));
        let blank = RequestRecord { turn, ..blank };
        if outcome == Outcome::Unsent {
            return blank;
        }
        let mut at = due + wait;
        let sent_at = Moment::from_nanos(at);
        let text_events: TextEvents =
            gaps.into_iter().map(|(gap, tokens)| { at += gap; (at, tokens) }).collect();
        RequestRecord {
            streamed: true,
            sent_at: Some(sent_at),
            connected_at: opened.then_some(sent_at),
            headers_at: Some(sent_at),
            first_answer_at: text_events.first_at(),
            finished_at: Some(Moment::from_nanos(at + wait)),
            text_events,
            usage,
            outcome,
            reasoning_seen,
            stale_reconnects: stale,
            ..blank
        }
    }
}

fn records() -> impl Strategy<Value = Vec<RequestRecord>> {
    prop::collection::vec(record(), 0..60)
}

/// Everything in a summary but its window, histograms as their values.
fn contents(summary: &CellSummary) -> String {
    let values = |metric: &Metric| {
        let recorded = summary.distributions[metric].iter_recorded();
        recorded.map(|v| (v.value_iterated_to(), v.count_at_value())).collect::<Vec<_>>()
    };
    let distributions: Vec<_> =
        summary.distributions.keys().map(|metric| (metric, values(metric))).collect();
    let bare = CellSummary {
        distributions: std::collections::BTreeMap::new(),
        window: WINDOW,
        parts: std::collections::BTreeMap::new(),
        ..summary.clone()
    };
    let parts: Vec<_> =
        summary.parts.iter().map(|(part, of)| format!("{part}: {}", contents(of))).collect();
    format!("{bare:#?} {distributions:?} {parts:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merging_is_recording_all(records in records(), cut in any::<prop::sample::Index>()) {
        let (a, b) = records.split_at(cut.index(records.len() + 1));
        let mut merged = recorded(a);
        merged.observe_in_flight(3);
        merged.merge(&recorded(b));
        let mut all = recorded(&records);
        all.observe_in_flight(3);
        prop_assert_eq!(contents(&merged.summary(WINDOW)), contents(&all.summary(WINDOW)));
        prop_assert_eq!(merged.live(), all.live());
    }

    /// Every turn is counted once in its part, and every part in the whole.
    #[test]
    fn the_turns_add_up_to_the_requests_of_conversations(records in records()) {
        let whole = recorded(&records).summary(WINDOW);
        let in_parts = |count: fn(&OutcomeCounts) -> u64| -> u64 {
            whole.parts.values().map(|part| count(&part.outcomes)).sum()
        };
        let turns: Vec<_> = records.iter().filter(|record| record.turn.is_some()).collect();
        let of_turns = recorded(turns.iter().copied()).summary(WINDOW).outcomes;
        prop_assert_eq!(in_parts(|outcomes| outcomes.arrivals), of_turns.arrivals);
        prop_assert_eq!(in_parts(|outcomes| outcomes.completed), of_turns.completed);
        prop_assert_eq!(in_parts(OutcomeCounts::failures), of_turns.failures());
        prop_assert!(whole.parts.values().all(|part| part.outcomes.add_up()));
        prop_assert!(whole.parts.len() <= 16);
    }

    #[test]
    fn what_was_taken_and_what_came_after_are_the_whole(records in records()) {
        let mut running = recorder();
        let mut taken = recorder();
        for (index, record) in records.iter().enumerate() {
            running.record(record, &WINDOW);
            if index % 7 == 3 {
                taken.merge(&running.take());
            }
        }
        taken.merge(&running);
        let all = recorded(&records);
        prop_assert_eq!(contents(&taken.summary(WINDOW)), contents(&all.summary(WINDOW)));
    }

    #[test]
    fn pooled_rounds_are_one_recorder(a in records(), b in records()) {
        let mut pooled = recorded(&a).summary(WINDOW);
        pooled.merge(&recorded(&b).summary(WINDOW));
        let mut expected = recorded(a.iter().chain(&b)).summary(WINDOW);
        expected.merge(&recorder().summary(WINDOW));
        prop_assert_eq!(contents(&pooled), contents(&expected));
    }

    #[test]
    fn a_close_that_is_not_known_yet_changes_nothing(records in records()) {
        let mut early = recorder();
        let mut late = recorder();
        for record in &records {
            late.record(record, &WINDOW);
            let finished_at = record.finished_at.unwrap_or(Moment::NEVER);
            let closed_at =
                if finished_at < WINDOW.closed_at { Moment::NEVER } else { WINDOW.closed_at };
            let opened_at =
                if finished_at < WINDOW.opened_at { Moment::NEVER } else { WINDOW.opened_at };
            early.record(record, &Window { opened_at, closed_at });
        }
        prop_assert_eq!(contents(&early.summary(WINDOW)), contents(&late.summary(WINDOW)));
    }

    #[test]
    fn outcomes_add_up(records in records()) {
        let summary = recorded(&records).summary(WINDOW);
        prop_assert!(summary.outcomes.add_up() && summary.warmup.add_up());
        let arrivals = summary.outcomes.arrivals + summary.warmup.arrivals;
        prop_assert_eq!(arrivals, count(records.len()));
        let sources = summary.output_sources;
        prop_assert_eq!(sources.counted() + sources.none, summary.outcomes.completed);
        prop_assert_eq!(summary.finish_reasons.values().sum::<u64>(), summary.outcomes.completed);
        prop_assert!(summary.counts.good.unwrap() <= summary.outcomes.completed);
    }

    #[test]
    fn tokens_that_arrive_are_never_more_than_there_are(records in records()) {
        let arrived = recorded(&records).summary(WINDOW).counts.output_tokens().unwrap();
        let most = |record: &RequestRecord| {
            let told: u32 = record.text_events.iter().filter_map(|event| event.tokens).sum();
            let told = u64::from(record.usage.output.unwrap_or(0).max(told));
            told.max(count(record.text_events.len()))
        };
        prop_assert!(arrived <= float(records.iter().map(most).sum()));
    }

    #[test]
    fn there_is_a_gap_per_event_after_the_first_and_an_itl_per_token_after_the_first(
        gaps in prop::collection::vec((1_u64..200, 1_u32..4), 1..12),
    ) {
        let mut at = 100;
        let text_events: TextEvents =
            gaps.iter().map(|(gap, tokens)| { at += gap; (at, Some(*tokens)) }).collect();
        let output: u32 = gaps.iter().map(|(_, tokens)| *tokens).sum();
        let events = text_events.len();
        let record = RequestRecord {
            text_events,
            usage: TokenUsage { output: Some(output), ..TokenUsage::default() },
            ..super::samples::plain()
        };
        let summary = recorded([&record]).summary(WINDOW);
        let values = |metric| summary.distributions.get(&metric).map_or(0, Histogram::len);
        prop_assert_eq!(values(Metric::Icl), count(events - 1));
        prop_assert_eq!(values(Metric::Itl), u64::from(output - gaps[0].1));
    }

    #[test]
    fn percentiles_rise_between_the_ends(
        values in prop::collection::vec(0_u64..10_000_000_000, 1..100),
    ) {
        let mut histogram = empty_histogram();
        for value in &values {
            histogram.record(*value).unwrap();
        }
        let figures = Figures::of(&histogram, Unit::Milliseconds).unwrap();
        prop_assert!(figures.percentiles.is_sorted());
        prop_assert!(figures.min <= figures.percentiles[0]);
        prop_assert!(figures.percentiles[9] <= figures.max);
        prop_assert!(figures.min <= figures.mean && figures.mean <= figures.max);
        let exact = float(*values.iter().max().unwrap()) / 1e6;
        prop_assert!(figures.max >= exact && figures.max <= exact * 1.001 + 1e-6);
    }
}
