//! The result of one cell.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client::ClientEntry;
use super::counted_twice::CountedTwiceEntry;
use super::counts::{
    CountedStreamsEntry, FailureEntry, FindingEntry, OutcomeEntry, SessionEntry, TokenEntry,
    TokenSourceEntry, WindowEntry,
};
use super::error_bound::ErrorBoundEntry;
use super::figures::Figures;
use super::gateway::GatewayEntry;
use super::histograms::{HistogramError, decode, encode};
use super::model_start::ModelStartEntry;
use super::server::ServerEntry;
use super::setup::StageEntry;
use crate::measure::{self, CellSummary, ServerSample, Window};
use crate::metric::{FigureKey, Metric, Statistic};
use crate::scenario::Scenario;
use crate::units::{count, ratio, seconds, to_u32};

/// Where a cell stands in its scenario, by indices; as a cell of the run plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellPlace {
    /// Its number in run order, from 0.
    pub id: u32,
    /// Index of its backend.
    pub backend: usize,
    /// Index of its workload.
    pub workload: usize,
    /// Index of its stage.
    pub stage: usize,
    /// Its round, from 0.
    pub round: u32,
}

/// Which cell it is, in words and by indices into the lists of the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CellLabels {
    /// Its number in run order, from 0.
    pub id: u32,
    /// Name of its backend.
    pub backend: String,
    /// Name of its workload.
    pub workload: String,
    /// Label of its stage.
    pub stage: String,
    /// Its round, from 0.
    pub round: u32,
    /// Index of its backend.
    pub backend_index: u32,
    /// Index of its workload.
    pub workload_index: u32,
    /// Index of its stage.
    pub stage_index: u32,
}

impl CellLabels {
    /// The labels of the cell at `place`, whose indices must be those of `scenario`.
    pub fn new(scenario: &Scenario, place: CellPlace) -> Self {
        let index = |index: usize| to_u32(count(index));
        Self {
            id: place.id,
            backend: scenario.backends[place.backend].name.clone(),
            workload: scenario.cell_workload(place.workload).name().to_owned(),
            stage: StageEntry::new(&scenario.load.stages[place.stage]).label,
            round: place.round,
            backend_index: index(place.backend),
            workload_index: index(place.workload),
            stage_index: index(place.stage),
        }
    }
}

/// The result of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CellResult {
    /// Which cell it is.
    #[serde(flatten)]
    pub labels: CellLabels,
    /// Why it ended before its bound; `null` if it did not.
    pub ended_early: Option<String>,
    /// The measured window.
    pub window: WindowEntry,
    /// What was measured.
    #[serde(flatten)]
    pub measured: Measured,
    /// What the client went through while the window was open; `null` in results of versions
    /// that did not look.
    #[serde(default)]
    pub client: Option<ClientEntry>,
    /// What speaks for or against believing it.
    pub findings: Vec<FindingEntry>,
    /// How far the client itself may be off at this load; `null` where the machine was not
    /// calibrated.
    #[serde(default)]
    pub error_bound: Option<ErrorBoundEntry>,
    /// Models that were loaded or unloaded before it; left out where nothing was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub model_starts: Vec<ModelStartEntry>,
}

impl CellResult {
    /// The result of the cell `labels` that came to `summary`, without findings.
    ///
    /// # Errors
    ///
    /// [`HistogramError`] if a histogram cannot be stored.
    pub fn new(labels: CellLabels, summary: &CellSummary) -> Result<Self, HistogramError> {
        Ok(Self {
            labels,
            ended_early: None,
            window: summary.window.into(),
            measured: Measured::new(summary)?,
            client: None,
            findings: Vec::new(),
            error_bound: None,
            model_starts: Vec::new(),
        })
    }
}

/// Everything measured in a cell, or in several rounds of it together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measured {
    /// What became of the requests due in the window.
    pub outcomes: OutcomeEntry,
    /// What became of the warm-up requests.
    pub warmup: OutcomeEntry,
    /// Where output token counts came from, over completed requests.
    pub token_sources: TokenSourceEntry,
    /// Token totals over completed requests.
    pub tokens: TokenEntry,
    /// Text events over completed streams.
    pub text_events: u64,
    /// Completed streams whose tokens the server counted.
    pub counted_streams: CountedStreamsEntry,
    /// Completed requests that generated reasoning tokens without sending them; they have no
    /// TPOT and no ITL.
    pub hidden_reasoning: u64,
    /// Calls of tools in completed answers; 0 in results of versions that did not count them.
    #[serde(default)]
    pub tool_calls: u64,
    /// The server's counts of tokens beside those of the workload's `tokenizer`; absent without
    /// one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_twice: Option<CountedTwiceEntry>,
    /// What a gateway says it did; absent without one that tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayEntry>,
    /// What the server told of itself; absent where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerEntry>,
    /// Connections opened for measured requests.
    pub connections_opened: u64,
    /// Requests sent again because a reused connection was closed under them.
    pub stale_reconnects: u64,
    /// Completed requests by finish reason; `none` where the server gave none.
    pub finish_reasons: BTreeMap<String, u64>,
    /// The first messages of each kind of failure.
    pub failures: Vec<FailureEntry>,
    /// The window metrics that exist, by key, in the units of the catalogue.
    pub windows: BTreeMap<String, f64>,
    /// How the sessions that began in the window ended; `null` without conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionEntry>,
    /// Parts of it apart, in order: the turns of conversations, with a few distributions each,
    /// or the workloads of a mix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartEntry>,
    /// The distributions that have values, by key.
    pub distributions: BTreeMap<String, Figures>,
    /// Their histograms, by key: HdrHistogram V2 in base64, in recorded units (times in
    /// nanoseconds, token rates in thousandths). Empty in a result that was shortened.
    #[serde(default)]
    pub histograms: BTreeMap<String, String>,
}

/// A part of what was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PartEntry {
    /// Its name, as `turn 1`, or that of a workload.
    pub part: String,
    /// What was measured of it.
    #[serde(flatten)]
    pub measured: Measured,
}

impl Measured {
    /// What `summary` holds.
    ///
    /// # Errors
    ///
    /// [`HistogramError`] if a histogram cannot be stored.
    pub fn new(summary: &CellSummary) -> Result<Self, HistogramError> {
        let reasons = summary.finish_reasons.iter();
        // JSON has no word for infinity: a quotient over nothing does not exist.
        let windows = summary.windows.iter().filter(|(_, value)| value.is_finite());
        let mut measured = Self {
            outcomes: (&summary.outcomes).into(),
            warmup: (&summary.warmup).into(),
            token_sources: summary.output_sources.into(),
            tokens: summary.tokens.into(),
            text_events: summary.text_events,
            counted_streams: summary.counted_streams.into(),
            hidden_reasoning: summary.hidden_reasoning,
            tool_calls: summary.tool_calls,
            counted_twice: CountedTwiceEntry::of(&summary.counted_twice),
            gateway: GatewayEntry::of(&summary.gateway),
            server: None,
            connections_opened: summary.connections_opened,
            stale_reconnects: summary.stale_reconnects,
            finish_reasons: reasons.map(|(reason, n)| ((*reason).to_owned(), *n)).collect(),
            failures: summary.failure_samples.iter().map(FailureEntry::from).collect(),
            windows: windows.map(|(metric, value)| (metric.key().to_owned(), *value)).collect(),
            sessions: summary.sessions.map(SessionEntry::from),
            parts: Vec::new(),
            distributions: BTreeMap::new(),
            histograms: BTreeMap::new(),
        };
        for (part, of) in &summary.parts {
            let part = summary.part_names.get(part).cloned().unwrap_or_default();
            measured.parts.push(PartEntry { part, measured: Self::new(of)? });
        }
        for (metric, histogram) in &summary.distributions {
            let key = metric.key().to_owned();
            if let Some(figures) = Figures::of(*metric, histogram) {
                measured.histograms.insert(key.clone(), encode(&key, histogram)?);
                measured.distributions.insert(key, figures);
            }
        }
        Ok(measured)
    }

    /// The workloads of a mix apart; empty where there is no mix.
    pub fn members(&self) -> &[PartEntry] {
        // The turns of conversations are parts too, but of one workload.
        if self.sessions.is_some() { &[] } else { &self.parts }
    }

    /// The figures of a distribution; `None` where it has no values.
    pub fn distribution(&self, metric: Metric) -> Option<&Figures> {
        self.distributions.get(metric.key())
    }

    /// One figure of a distribution, in its shown unit; `None` where it has no values.
    pub fn figure(&self, metric: Metric, statistic: Statistic) -> Option<f64> {
        self.distribution(metric)?.get(statistic)
    }

    /// A window metric, in its shown unit; `None` where it does not exist.
    pub fn window(&self, metric: Metric) -> Option<f64> {
        self.windows.get(metric.key()).copied()
    }

    /// Any figure, in its shown unit: one that is not kept comes from the histogram. `None` where
    /// it does not exist, or the histogram was left out.
    ///
    /// # Errors
    ///
    /// [`HistogramError`] if the histogram is damaged.
    pub fn value(&self, figure: FigureKey) -> Result<Option<f64>, HistogramError> {
        let (metric, statistic) = match figure {
            FigureKey::Window(metric) => return Ok(self.window(metric)),
            FigureKey::Statistic(metric, statistic) => (metric, statistic),
        };
        if let Some(kept) = self.figure(metric, statistic) {
            return Ok(Some(kept));
        }
        let Some(text) = self.histograms.get(metric.key()) else { return Ok(None) };
        let histogram = decode(metric.key(), text)?;
        Ok(measure::figure(&histogram, metric.unit(), statistic))
    }

    /// The values of a distribution, in recorded units; `None` where it has none, or the result
    /// was stored without histograms, or they cannot be read.
    pub fn histogram(&self, metric: Metric) -> Option<Histogram<u64>> {
        decode(metric.key(), self.histograms.get(metric.key())?).ok()
    }

    /// Output tokens that came in a window of that length, or in several together; `None` where
    /// none are generated.
    pub(super) fn tokens_within(&self, length: Duration) -> Option<f64> {
        self.window(Metric::OutputTokenThroughput).map(|rate| rate * seconds(length))
    }

    /// Adds what the server told of itself.
    pub fn add_server(&mut self, samples: &[ServerSample], window: &Window) {
        let tokens = self.tokens_within(window.length());
        self.server = ServerEntry::of(samples, window, tokens);
    }

    /// Output tokens per text event of streams; `None` where the server counted none.
    pub fn tokens_per_event(&self) -> Option<f64> {
        ratio(self.counted_streams.tokens, self.counted_streams.text_events)
    }
}
