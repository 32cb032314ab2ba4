//! What a server told of itself while it was measured.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measure::{MeterSummary, ServerSample, Window, summarise_server};
use crate::metric::ServerMeter;
use crate::units::{count, float, seconds};

/// The server's own metrics over the window, by common names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerEntry {
    /// Readings that were made while the cell ran.
    pub readings: u64,
    /// Of these: readings in which an endpoint told nothing.
    pub failed: u64,
    /// Why the first of these failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The meters that were told, by key.
    pub meters: BTreeMap<String, MeterEntry>,
    /// Energy used in the window, in joules; absent where no power is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_j: Option<f64>,
    /// Output tokens for each joule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_joule: Option<f64>,
    /// Share of the input tokens that were found in the prefix cache; absent where the server does
    /// not tell how many it looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_cache_hits: Option<f64>,
}

/// A meter over the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeterEntry {
    /// Readings in the window.
    pub samples: u64,
    /// Of a state: its mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Of a state: its largest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Of what adds up: its growth between the first and the last reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub increase: Option<f64>,
    /// Of what adds up: its growth per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f64>,
}

impl From<MeterSummary> for MeterEntry {
    fn from(summary: MeterSummary) -> Self {
        let MeterSummary { samples, mean, max, increase, over: _ } = summary;
        Self { samples, mean, max, increase, per_second: summary.rate() }
    }
}

impl ServerEntry {
    /// What `samples` come to in `window`, in which so many output tokens came; `None` where
    /// nothing was read.
    pub fn of(
        samples: &[ServerSample],
        window: &Window,
        output_tokens: Option<f64>,
    ) -> Option<Self> {
        if samples.is_empty() {
            return None;
        }
        let meters = summarise_server(samples, window);
        let length = window.length();
        let failures = || samples.iter().filter_map(|sample| sample.error.as_ref());
        let mut entry = Self {
            readings: count(samples.len()),
            failed: count(failures().count()),
            error: failures().next().cloned(),
            energy_j: energy(&meters, length),
            ..Self::default()
        };
        entry.meters = meters
            .into_iter()
            .map(|(meter, summary)| (meter.key().to_owned(), summary.into()))
            .collect();
        entry.derive(output_tokens);
        Some(entry)
    }

    /// What follows from the meters and the tokens that came.
    pub(super) fn derive(&mut self, output_tokens: Option<f64>) {
        let energy = self.energy_j.filter(|energy| *energy > 0.0);
        self.tokens_per_joule = output_tokens.zip(energy).map(|(tokens, energy)| tokens / energy);
        let grown = |meter: ServerMeter| self.meters.get(meter.key())?.increase;
        self.prefix_cache_hits = grown(ServerMeter::PrefixCacheHits)
            .zip(grown(ServerMeter::PrefixCacheQueries).filter(|asked| *asked > 0.0))
            .map(|(hits, asked)| hits / asked);
    }

    /// Adds another round; means are weighted by their readings.
    pub(super) fn add(&mut self, other: &Self) {
        self.readings += other.readings;
        self.failed += other.failed;
        self.error = self.error.take().or_else(|| other.error.clone());
        self.energy_j = sum(self.energy_j, other.energy_j);
        for (key, meter) in &other.meters {
            self.meters.entry(key.clone()).or_default().add(meter);
        }
    }

    /// A meter that was told.
    pub fn meter(&self, meter: ServerMeter) -> Option<&MeterEntry> {
        self.meters.get(meter.key())
    }
}

impl MeterEntry {
    fn add(&mut self, other: &Self) {
        let weighted = |entry: &Self| entry.mean.map(|mean| mean * float(entry.samples));
        let mean = sum(weighted(self), weighted(other));
        let time = |entry: &Self| {
            let rate = entry.per_second.filter(|rate| *rate > 0.0)?;
            Some(entry.increase? / rate)
        };
        let over = sum(time(self), time(other));
        self.samples += other.samples;
        self.mean = mean.map(|sum| sum / float(self.samples.max(1)));
        self.max = self.max.into_iter().chain(other.max).reduce(f64::max);
        self.increase = sum(self.increase, other.increase);
        self.per_second = self.increase.zip(over).map(|(increase, over)| increase / over);
    }
}

/// The sum of what is known; `None` where nothing is.
fn sum(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(|one, other| one + other)
}

/// Energy used in a window of that length: what the counters say, for the processors that have
/// them, and mean power times time for graphics processors that have none.
fn energy(meters: &BTreeMap<ServerMeter, MeterSummary>, length: Duration) -> Option<f64> {
    let over_the_window = |meter| Some(meters.get(&meter)?.rate()? * seconds(length));
    let by_power = || Some(meters.get(&ServerMeter::GpuPower)?.mean? * seconds(length));
    let of_gpus = over_the_window(ServerMeter::GpuEnergy).or_else(by_power);
    sum(of_gpus, over_the_window(ServerMeter::CpuEnergy))
}
