//! What an audit finds in cells that went wrong in one way each.

use std::time::Duration;

use serde_json::Map;

use super::{CellEnd, CellFacts, Confidence, Severity, audit_cell};
use crate::measure::samples::{
    at, chat_rules, counted_stream, embedding_rules, failed, plain, stream, with_output,
};
use crate::measure::{CellSummary, Recorder, RecordingRules, Window};
use crate::record::{FailureKind, Outcome, Phase, RequestRecord};
use crate::scenario::{
    ArrivalProcess, Bound, Connections, LoadProfile, PromptSource, Stage, Workload,
};
use crate::units::Rate;

/// A cell to audit: its records, and what was asked for.
struct Case {
    records: Vec<RequestRecord>,
    profile: LoadProfile,
    rules: RecordingRules,
    prompts: u64,
    in_flight: u64,
    end: CellEnd,
    connections: Connections,
    closed_at: u64,
}

impl Case {
    /// `record` twelve hundred times after a warm-up, with a prompt for each.
    fn of(record: &RequestRecord) -> Self {
        let mut records = vec![record.clone(); 1_200];
        records.push(RequestRecord { phase: Phase::Warmup, ..record.clone() });
        Self {
            records,
            profile: LoadProfile::Closed { concurrency: 4 },
            rules: chat_rules(),
            prompts: 10_000,
            in_flight: 4,
            end: CellEnd::AsPlanned,
            connections: Connections::Reuse,
            closed_at: 10_000,
        }
    }

    /// An open loop of at most `max_in_flight` requests.
    fn open(mut self, max_in_flight: Option<u32>) -> Self {
        let rate = Rate::new(20_000, Duration::from_secs(1)).unwrap();
        self.profile = LoadProfile::Open { rate, arrival: ArrivalProcess::Poisson, max_in_flight };
        self
    }

    /// The first `count` records changed.
    fn change(mut self, count: usize, change: impl Fn(&mut RequestRecord)) -> Self {
        self.records.iter_mut().take(count).for_each(change);
        self
    }

    fn summary(&self) -> CellSummary {
        let window = Window { opened_at: at(90), closed_at: at(self.closed_at) };
        let mut recorder = Recorder::new(self.rules.clone());
        for record in &self.records {
            recorder.record(record, &window);
        }
        recorder.observe_in_flight(self.in_flight);
        recorder.summary(window)
    }

    /// The findings, one per line: severity, key and text.
    fn findings(&self) -> String {
        let workload = Workload {
            name: "short".to_owned(),
            endpoint: self.rules.endpoint,
            model: "m".to_owned(),
            stream: true,
            system: None,
            prompts: PromptSource::Inline(vec!["Hello".to_owned()]),
            max_tokens: None,
            body: Map::new(),
            backends: vec![0],
            batch: 1,
        };
        let stage =
            Stage { profile: self.profile, bound: Bound { requests: Some(1), duration: None } };
        let facts = CellFacts {
            workload: &workload,
            stage: &stage,
            connections: self.connections,
            prompts: self.prompts,
            end: self.end,
        };
        let findings = audit_cell(&self.summary(), &facts);
        let graver = findings.iter().any(|finding| finding.severity > Severity::Note);
        assert_eq!(Confidence::of(&findings) > Confidence::Trusted, graver);
        let lines = findings
            .iter()
            .map(|finding| format!("{} {}: {}", finding.severity.key(), finding.key, finding.text));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// A stream of three tokens in three events.
fn answer() -> RequestRecord {
    with_output(stream(&[150, 160, 170]), 3)
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
    insta::assert_snapshot!(Case::of(&answer()).open(Some(4)).change(600, unsend).findings(), @r"
    reservation load_not_sent: 600 of 1200 arrivals were sent in the window (50%): the load was lower than asked for
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
fn late_sends_are_the_clients_fault_unless_a_limit_held_them_back() {
    insta::assert_snapshot!(Case::of(&answer()).open(None).change(20, late).findings(), @r"
    reservation late_sends: requests were sent late: schedule delay p99 is 40.0 ms, so arrivals were not spread as asked for
    ");
    insta::assert_snapshot!(Case::of(&answer()).open(Some(4)).change(20, late).findings(), @r"
    note held_back: max_in_flight was reached and arrivals were held back (schedule delay p99 is 40.0 ms): response and ttft_due include the wait, e2e and ttft do not
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
    note cached_input: 90% of the input tokens came from the server's cache
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
