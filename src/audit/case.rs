//! A cell for tests of the audit: its records, and what was asked for.

use std::time::Duration;

use serde_json::Map;

use super::{CellEnd, CellFacts, ClientHealth, Confidence, SentFacts, Severity, audit_cell};
use crate::measure::samples::{at, chat_rules, stream, with_output};
use crate::measure::{CellSummary, Recorder, RecordingRules, TimeSeries, Window};
use crate::record::{Phase, RequestRecord};
use crate::scenario::{
    ArrivalProcess, Batch, Bound, Connections, Course, LoadProfile, PromptSource, Stage, Workload,
};
use crate::units::Rate;

/// A cell to audit: its records, and what was asked for.
pub(super) struct Case {
    pub(super) records: Vec<RequestRecord>,
    pub(super) profile: LoadProfile,
    pub(super) rules: RecordingRules,
    pub(super) prompts: u64,
    pub(super) in_flight: u64,
    pub(super) end: CellEnd,
    pub(super) connections: Connections,
    /// When the window closed, in milliseconds.
    pub(super) closed_at: u64,
    pub(super) health: ClientHealth,
    pub(super) in_flight_over_time: TimeSeries,
    /// Medians of the minutes, in ms.
    pub(super) minutes: Vec<f64>,
}

impl Case {
    /// `record` twelve hundred times after a warm-up, with a prompt for each.
    pub(super) fn of(record: &RequestRecord) -> Self {
        let mut records = vec![record.clone(); 1_200];
        records.push(RequestRecord { phase: Phase::Warmup, ..record.clone() });
        Self {
            records,
            profile: LoadProfile::closed(4),
            rules: chat_rules(),
            prompts: 10_000,
            in_flight: 4,
            end: CellEnd::AsPlanned,
            connections: Connections::Reuse,
            closed_at: 10_000,
            health: ClientHealth::default(),
            in_flight_over_time: TimeSeries::new(),
            minutes: Vec::new(),
        }
    }

    /// An open loop of at most `max_in_flight` requests.
    pub(super) fn open(mut self, max_in_flight: Option<u32>) -> Self {
        let rate = Rate::new(20_000, Duration::from_secs(1)).unwrap();
        let rate = Course::Steady(rate);
        self.profile = LoadProfile::Open { rate, arrival: ArrivalProcess::Poisson, max_in_flight };
        self
    }

    /// The first `count` records changed.
    pub(super) fn change(mut self, count: usize, change: impl Fn(&mut RequestRecord)) -> Self {
        self.records.iter_mut().take(count).for_each(change);
        self
    }

    pub(super) fn summary(&self) -> CellSummary {
        let window = Window { opened_at: at(90), closed_at: at(self.closed_at) };
        let mut recorder = Recorder::new(self.rules.clone());
        for record in &self.records {
            recorder.record(record, &window);
        }
        recorder.observe_in_flight(self.in_flight);
        recorder.summary(window)
    }

    /// A workload of that name, to the endpoint that is recorded.
    pub(super) fn workload(name: &str, rules: &RecordingRules) -> Workload {
        Workload {
            name: name.to_owned(),
            endpoint: rules.of.endpoints()[0],
            model: "m".to_owned(),
            stream: true,
            system: None,
            conversation: None,
            prompts: PromptSource::Inline(vec!["Hello".to_owned()]),
            max_tokens: Some(8),
            output_tokens: None,
            tokenizer: None,
            body: Map::new(),
            alone: true,
            backends: vec![0],
            batch: Batch::ONE,
            documents: None,
            images: None,
        }
    }

    pub(super) fn stage(&self) -> Stage {
        let bound = Bound { requests: Some(1), duration: None };
        Stage { profile: self.profile.clone(), bound }
    }

    /// The findings, one per line: severity, key and text.
    pub(super) fn findings(&self) -> String {
        let (workload, stage) = (Self::workload("short", &self.rules), self.stage());
        let facts = CellFacts {
            sent: &[SentFacts { workload: &workload, prompts: Some(self.prompts) }],
            stage: &stage,
            connections: self.connections,
            end: self.end,
            health: &self.health,
            in_flight: &self.in_flight_over_time,
            minutes: &self.minutes,
            is_cold: false,
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
pub(super) fn answer() -> RequestRecord {
    with_output(stream(&[150, 160, 170]), 3)
}
