//! What an audit finds in cells that went wrong in one way each.

use super::case::{Case, answer};
use super::{CellEnd, CellFacts, ClientHealth, SentFacts, audit_cell};
use crate::measure::samples::{
    at, chat_rules, counted_stream, embedding_rules, failed, plain, stream, with_output,
};
use crate::measure::{MixMember, Recorded, Recorder, RecordingRules, Window};
use crate::record::{FailureKind, FinishReason, LocalCount, Outcome, Phase, RequestRecord};
use crate::scenario::Connections;

#[test]
fn a_server_that_counts_something_else_than_tokens_is_named() {
    let counts = |server: (u32, u32), own: (u32, u32)| {
        let mut record = with_output(stream(&[150, 160, 170]), server.1);
        record.usage.input = Some(server.0);
        record.counted = LocalCount { input: Some(own.0), texts: 1, output: Some(own.1) };
        Case::of(&record).findings()
    };
    let names_it = |findings: &str| findings.contains("counts_differ");
    // A chat template, and an end token, are no difference.
    assert!(!names_it(&counts((1_040, 3), (1_000, 2))));
    assert!(!names_it(&counts((40, 3), (4, 3))));
    let characters = counts((5_000, 14), (1_000, 3));
    insta::assert_snapshot!(characters.lines().find(|line| names_it(line)).unwrap(), @"reservation counts_differ: the server counts 5.00 input and 4.67 output tokens for each one of `tokenizer`: one of the two does not count this model's tokens");
    let fewer = counts((850, 3), (1_000, 3));
    insta::assert_snapshot!(fewer.lines().find(|line| names_it(line)).unwrap(), @"reservation counts_differ: the server counts 0.85 input tokens for each one of `tokenizer`: one of the two does not count this model's tokens");
}

fn late(record: &mut RequestRecord) {
    record.due_at = at(60);
}

#[test]
fn a_sound_cell_gives_rise_to_nothing() {
    assert_eq!(Case::of(&answer()).findings(), "");
    assert_eq!(Case::of(&answer()).open(None).findings(), "");
}

#[test]
fn a_median_that_drifts_for_minutes_is_told() {
    let drifting = |step: f64, minutes: u32| {
        let noise = |minute: u32| f64::from(minute * 7 % 5);
        let minutes = (0..minutes).map(|it| 100.0 + noise(it) + step * f64::from(it));
        Case { minutes: minutes.collect(), ..Case::of(&answer()) }
    };
    insta::assert_snapshot!(drifting(0.5, 60).findings(), @r"reservation drift: the median latency of a minute rose by 30.0 ms an hour, from about 102.8 ms to 132.2 ms in 60 minutes (Mann-Kendall z 10.2)");
    assert_eq!(drifting(0.0, 60).findings(), "");
    assert_eq!(drifting(0.05, 60).findings(), "", "too little to matter");
    assert_eq!(drifting(5.0, 9).findings(), "", "too short to tell");
}

#[test]
fn requests_in_flight_that_no_latency_tells_of_are_told() {
    let lingering = RequestRecord { finished_at: Some(at(400)), ..answer() };
    insta::assert_snapshot!(Case::of(&lingering).findings(), @r"reservation littles_law: 36.4 requests were in flight on average, but 121.2 a second of 70.0 ms each make 8.5: Little's law does not hold");
}

#[test]
fn a_cell_without_requests_or_answers_is_not_to_be_trusted() {
    let nothing = Case { records: Vec::new(), ..Case::of(&answer()) };
    insta::assert_snapshot!(nothing.findings(), @r"
    untrusted nothing_due: no request was due in the measured window
    ");
    let refused = Case::of(&failed(plain(), FailureKind::Connect));
    insta::assert_snapshot!(refused.findings(), @r"
    untrusted nothing_succeeded: none of 1200 requests succeeded
    ");
}

#[test]
fn failures_are_told_with_their_share() {
    let fail = |record: &mut RequestRecord| {
        *record = failed(record.clone(), FailureKind::Overloaded);
    };
    insta::assert_snapshot!(Case::of(&answer()).change(1, fail).findings(), @r"
    note failures: 1 of 1200 requests failed (less than 0.1%); latencies are those of the others
    ");
    insta::assert_snapshot!(Case::of(&answer()).change(120, fail).findings(), @r"
    reservation failures: 120 of 1200 requests failed (10%); latencies are those of the others
    ");
}

#[test]
fn a_cell_that_ended_early_says_why() {
    let given_up = Case { end: CellEnd::GivenUp, ..Case::of(&answer()) };
    insta::assert_snapshot!(given_up.findings(), @r"
    reservation given_up: the cell was given up early: too many requests failed
    ");
    let interrupted = Case { end: CellEnd::Interrupted, ..Case::of(&answer()) };
    insta::assert_snapshot!(interrupted.findings(), @r"
    reservation interrupted: the run was stopped before the cell was done
    ");
}

#[test]
fn a_load_that_was_not_sent_is_not_to_be_trusted_unless_a_limit_held_it_back() {
    let unsend = |record: &mut RequestRecord| {
        *record = RequestRecord::due(0, 0, Phase::Measure, at(9_000));
    };
    insta::assert_snapshot!(Case::of(&answer()).open(None).change(100, unsend).findings(), @r"
    reservation load_not_sent: 1100 of 1200 arrivals were sent in the window (91.7%): the load was lower than asked for
    ");
    insta::assert_snapshot!(Case::of(&answer()).open(None).change(600, unsend).findings(), @r"
    untrusted load_not_sent: 600 of 1200 arrivals were sent in the window (50%): the load was lower than asked for
    note few_samples: latencies rest on 600 values; p99 needs 1000 to be more than the luck of a few requests
    ");
}

#[test]
fn sends_right_after_the_close_of_a_short_window_are_late_and_not_missing() {
    let after = |record: &mut RequestRecord| record.sent_at = Some(at(120));
    let findings = |closed_at| {
        let case = Case::of(&answer()).open(None).change(600, after);
        Case { closed_at, ..case }.findings()
    };
    assert!(!findings(110).contains("load_not_sent"), "{}", findings(110));
    let unsend = |record: &mut RequestRecord| {
        *record = RequestRecord::due(0, 0, Phase::Measure, at(95));
    };
    let case = Case { closed_at: 110, ..Case::of(&answer()).open(None).change(600, unsend) };
    assert!(case.findings().contains("untrusted load_not_sent"), "{}", case.findings());
}

#[test]
fn a_server_that_fills_max_in_flight_is_a_result() {
    let hold_back = |record: &mut RequestRecord| {
        let unsent = RequestRecord::due(0, 0, Phase::Measure, at(9_000));
        *record = RequestRecord { held_back: true, ..unsent };
    };
    insta::assert_snapshot!(Case::of(&answer()).open(Some(4)).change(600, hold_back).findings(), @"
    reservation load_not_sent: 600 of 1200 arrivals were sent in the window (50%): the load was lower than asked for
    note held_back: max_in_flight was reached, and 600 of 1200 arrivals waited for a place (50%): response and ttft_due include the wait, e2e and ttft do not
    note few_samples: latencies rest on 600 values; p99 needs 1000 to be more than the luck of a few requests
    ");
}

#[test]
fn late_sends_are_the_clients_fault_unless_a_limit_held_them_back() {
    insta::assert_snapshot!(Case::of(&answer()).open(None).change(20, late).findings(), @r"
    reservation late_sends: requests that nothing held back were sent late, by 2.0 ms at p50 and 40.0 ms at p99, so arrivals were not spread as asked for
    ");
    insta::assert_snapshot!(Case::of(&answer()).open(None).change(700, late).findings(), @"
    untrusted late_sends: requests that nothing held back were sent late, by 40.0 ms at p50 and 40.0 ms at p99, so arrivals were not spread as asked for
    ");
    let held = |record: &mut RequestRecord| {
        late(record);
        record.held_back = true;
    };
    insta::assert_snapshot!(Case::of(&answer()).open(Some(4)).change(700, held).findings(), @"
    note held_back: max_in_flight was reached, and 700 of 1200 arrivals waited for a place (58.3%): response and ttft_due include the wait, e2e and ttft do not
    ");
    assert_eq!(Case::of(&answer()).change(20, late).findings(), "");
}

#[test]
fn answers_without_end_or_count_are_told() {
    let capped =
        RequestRecord { outcome: Outcome::Completed { capped: true }, ..stream(&[150, 160, 170]) };
    insta::assert_snapshot!(Case::of(&capped).findings(), @r"
    reservation capped: 1200 of 1200 answers ran past their token limit and were ended by the client: the server ignores the limit, so its answers have no length of their own
    reservation tokens_estimated: output tokens of 1200 of 1200 answers are estimated by their text events: the server gave no count
    ");
    insta::assert_snapshot!(Case::of(&plain()).findings(), @r"
    note tokens_uncounted: output tokens of 1200 of 1200 answers were not counted: token figures are absent
    ");
    let some = Case::of(&with_output(plain(), 8)).change(300, |record| *record = plain());
    insta::assert_snapshot!(some.findings(), @r"
    reservation tokens_uncounted: output tokens of 300 of 1200 answers were not counted: token throughput is too low by as much
    ");
}

#[test]
fn prompts_that_repeat_are_always_told() {
    let repeated = |record: &RequestRecord| Case { prompts: 2, ..Case::of(record) }.findings();
    let mut record = answer();
    insta::assert_snapshot!(repeated(&record), @r"
    reservation prompts_repeat: 1201 inputs were drawn from 2 prompts, so latencies may be those of the server's cache (the server does not tell)
    ");
    record.usage.input = Some(20);
    insta::assert_snapshot!(repeated(&record), @r"
    note prompts_repeat: 1201 inputs were drawn from 2 prompts, so latencies may be those of the server's cache (the server does not tell)
    ");
    record.usage.cached = Some(18);
    insta::assert_snapshot!(repeated(&record), @r"
    reservation prompts_repeat: 1201 inputs were drawn from 2 prompts, so latencies may be those of the server's cache (90% of the input was cached)
    ");
    insta::assert_snapshot!(Case::of(&record).findings(), @r"
    reservation cached_input: 90% of the input tokens came from the server's cache
    ");
}

#[test]
fn embeddings_have_no_first_token_that_a_cache_could_hasten() {
    let embed = Case { rules: embedding_rules(), prompts: 2, ..Case::of(&plain()) };
    insta::assert_snapshot!(embed.findings(), @r"
    note prompts_repeat: 1201 inputs were drawn from 2 prompts, so latencies may be those of the server's cache (the server does not tell)
    ");
}

#[test]
fn a_short_cell_cannot_support_its_percentiles() {
    let of = |count: usize| {
        let mut case = Case::of(&answer());
        case.records.drain(..1_200 - count);
        case.findings()
    };
    insta::assert_snapshot!(of(300), @r"
    note few_samples: latencies rest on 300 values; p99 needs 1000 to be more than the luck of a few requests
    ");
    insta::assert_snapshot!(of(12), @r"
    reservation few_samples: latencies rest on 12 values; p50 needs 20 to be more than the luck of a few requests
    ");
}

#[test]
fn connections_opened_on_the_way_are_told_unless_that_was_asked_for() {
    let open = |record: &mut RequestRecord| record.connected_at = Some(at(101));
    let opening = Case::of(&answer()).change(400, open);
    insta::assert_snapshot!(opening.findings(), @r"
    note connections_opened: 400 of 1200 requests had to open a connection (33.3%); their latencies include it
    ");
    let slowly = |record: &mut RequestRecord| record.connected_at = Some(at(120));
    insta::assert_snapshot!(Case::of(&answer()).change(400, slowly).findings(), @r"
    reservation connections_opened: 400 of 1200 requests had to open a connection (33.3%); their latencies include it
    ");
    let fresh = Case { connections: Connections::Fresh, ..opening };
    assert_eq!(fresh.findings(), "");
}

#[test]
fn requests_sent_again_and_a_missing_warm_up_are_told() {
    let again = |record: &mut RequestRecord| record.stale_reconnects = 1;
    insta::assert_snapshot!(Case::of(&answer()).change(3, again).findings(), @r"
    note stale_reconnects: requests were sent again 3 times because the server had closed the connection they were sent on; their latencies include it
    ");
    let mut cold = Case::of(&answer());
    cold.records.pop();
    insta::assert_snapshot!(cold.findings(), @r"
    note no_warmup: no warm-up: loading a model, opening connections and filling caches are in the figures
    ");
}

#[test]
fn tokens_that_are_no_events_are_told() {
    insta::assert_snapshot!(Case::of(&with_output(stream(&[150, 160]), 5)).findings(), @r"
    note tokens_per_event: the server bundles tokens: 2.50 per text event on average, so the gaps between events (icl) are not those between tokens
    ");
    let split = counted_stream(&[(150, None), (160, None), (170, None), (180, None)]);
    insta::assert_snapshot!(Case::of(&with_output(split, 3)).findings(), @r"
    note tokens_per_event: the server splits tokens: 0.75 per text event on average, so the gaps between events (icl) are not those between tokens
    ");
    let mut hidden = answer();
    hidden.usage.reasoning = Some(1);
    insta::assert_snapshot!(Case::of(&hidden).findings(), @r"
    note hidden_reasoning: 1200 of 1200 answers held reasoning tokens that were counted but not sent: they have no TPOT, and their TTFT includes the reasoning
    ");
}

#[test]
fn answers_that_end_before_their_limit_are_told() {
    let stopped = |limit: u32| {
        let limited = RequestRecord { max_tokens: Some(limit), ..answer() };
        Case::of(&limited).findings()
    };
    insta::assert_snapshot!(stopped(8), @"
    note answers_short: 1200 of 1200 answers ended before their limit of 8 tokens (100%): their lengths are the model's own
    ");
    assert_eq!(stopped(3), "");
    let cut = RequestRecord {
        max_tokens: Some(8),
        finish_reason: Some(FinishReason::Length),
        ..answer()
    };
    assert_eq!(Case::of(&cut).findings(), "");
}

#[test]
fn text_that_comes_in_bursts_is_told_and_a_rare_stall_is_not() {
    // Three tokens together, then half a second of nothing, three times.
    let bursts = [100, 101, 102, 602, 603, 604, 1_104, 1_105, 1_106];
    insta::assert_snapshot!(Case::of(&with_output(stream(&bursts), 9)).findings(), @"note bursts: text comes in bursts: 25% of the gaps between chunks are pauses of 500 ms on average and hold 99% of the time, the rest is 1.0 ms at the median; readers see the pauses (ICL p99, stall), TPOT spreads them over all tokens");
    let even: Vec<u64> = (0..60).map(|token| 100 + 10 * token).collect();
    let even = with_output(stream(&even), 60);
    assert_eq!(Case::of(&even).findings(), "");
    let mut stalled: Vec<u64> = (0..59).map(|token| 100 + 10 * token).collect();
    stalled.push(3_000);
    let case = Case::of(&with_output(stream(&stalled), 60));
    assert!(!case.findings().contains("bursts"), "{}", case.findings());
}

#[test]
fn text_that_comes_all_at_once_is_told() {
    let one_read = with_output(stream(&[900; 10]), 10);
    insta::assert_snapshot!(Case::of(&one_read).findings(), @"
    reservation all_at_once: the text of 1200 of 1200 streams came all at once (100%): something between holds answers back until they are whole, so TTFT and TPOT are its own
    ");
    // Few events may come in one read, and a quick server is quick from the start.
    assert_eq!(Case::of(&with_output(stream(&[900; 7]), 7)).findings(), "");
    assert_eq!(Case::of(&with_output(stream(&[101; 10]), 10)).findings(), "");
    let steady: Vec<u64> = (0..10).map(|event| 900 + event).collect();
    assert_eq!(Case::of(&with_output(stream(&steady), 10)).findings(), "");
}

#[test]
fn what_is_found_in_one_workload_of_a_mix_is_said_of_it_alone() {
    let members = [("short", chat_rules()), ("embed", embedding_rules())];
    let member = |(name, rules): &(&str, RecordingRules)| MixMember {
        name: (*name).into(),
        endpoint: rules.of.endpoints()[0],
    };
    let of = Recorded::Mix(members.iter().map(member).collect());
    let window = Window { opened_at: at(90), closed_at: at(10_000) };
    let mut recorder = Recorder::new(RecordingRules { of, ..chat_rules() });
    let short = RequestRecord { member: Some(0), max_tokens: Some(8), ..answer() };
    let embedding = RequestRecord { member: Some(1), ..plain() };
    for record in std::iter::repeat_n(&short, 1_200).chain(std::iter::repeat_n(&embedding, 1_200)) {
        recorder.record(record, &window);
    }
    recorder.record(&RequestRecord { phase: Phase::Warmup, ..short }, &window);
    let case = Case::of(&answer());
    let [short, embed] = members.map(|(name, rules)| Case::workload(name, &rules));
    let facts = CellFacts {
        sent: &[
            SentFacts { workload: &short, prompts: Some(10_000) },
            SentFacts { workload: &embed, prompts: Some(2) },
        ],
        stage: &case.stage(),
        connections: Connections::Reuse,
        end: CellEnd::AsPlanned,
        health: &ClientHealth::default(),
        in_flight: &case.in_flight_over_time,
        minutes: &case.minutes,
        is_cold: false,
    };
    let findings = audit_cell(&recorder.summary(window), &facts);
    let texts = findings.iter().map(|finding| format!("{}: {}", finding.key, finding.text));
    insta::assert_snapshot!(texts.collect::<Vec<_>>().join("\n"), @"
    answers_short: short: 1200 of 1200 answers ended before their limit of 8 tokens (100%): their lengths are the model's own
    prompts_repeat: embed: 1200 inputs were drawn from 2 prompts, so latencies may be those of the server's cache (the server does not tell)
    ");
}
