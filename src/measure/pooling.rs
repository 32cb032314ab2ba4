//! Adding summaries up: the rounds of a cell as one.
//!
//! Everything in a summary is a count, a histogram or made from counts, so pooling rounds gives
//! exactly what one recorder over all their records would have given.

use std::collections::BTreeMap;
use std::time::Duration;

use super::distributions::add_histogram;
use super::failure_log::merge_samples;
use super::summary::{
    CellSummary, CountedStreams, OutcomeCounts, TokenSources, TokenTotals, Window,
};
use super::window_counts::{sum, window_metrics};

impl CellSummary {
    /// Adds another round of the same backend, workload and stage.
    ///
    /// The window then reaches from the first opening to the last close; rates rest on the
    /// time the windows were open (`counts.length`), so pauses between rounds do not count.
    pub fn merge(&mut self, other: &Self) {
        self.merge_parts(other);
        for (part, name) in &other.part_names {
            self.part_names.entry(*part).or_insert_with(|| name.clone());
        }
        if let (Some(ours), Some(theirs)) = (&mut self.sessions, &other.sessions) {
            ours.merge(theirs);
        }
        self.window = Window {
            opened_at: self.window.opened_at.min(other.window.opened_at),
            closed_at: self.window.closed_at.max(other.window.closed_at),
        };
        self.outcomes.merge(&other.outcomes);
        self.warmup.merge(&other.warmup);
        for (metric, histogram) in &other.distributions {
            match self.distributions.get_mut(metric) {
                Some(ours) => add_histogram(ours, histogram),
                None => {
                    self.distributions.insert(*metric, histogram.clone());
                }
            }
        }
        self.output_sources.merge(&other.output_sources);
        self.tokens.merge(&other.tokens);
        self.text_events += other.text_events;
        merge_samples(&mut self.failure_samples, &other.failure_samples);
        self.connections_opened += other.connections_opened;
        self.stale_reconnects += other.stale_reconnects;
        add_counts(&mut self.finish_reasons, &other.finish_reasons);
        self.counts.merge(&other.counts);
        self.counted_streams.merge(&other.counted_streams);
        self.hidden_reasoning += other.hidden_reasoning;
        self.tool_calls += other.tool_calls;
        self.counted_twice.merge(&other.counted_twice);
        self.cut_inputs.merge(&other.cut_inputs);
        self.gateway.merge(&other.gateway);
        self.answer_shapes.merge(&other.answer_shapes);
        self.held_back += other.held_back;
        self.send_delays.merge(&other.send_delays);
        self.latency_over_time.merge(&other.latency_over_time);
        self.windows = window_metrics(self);
    }
}

impl CellSummary {
    /// Adds the parts of another round. One that has a part for which the other has no requests
    /// was open for it all the same.
    fn merge_parts(&mut self, other: &Self) {
        let (ours, theirs) = (self.counts.length, other.counts.length);
        for (part, summary) in &mut self.parts {
            match other.parts.get(part) {
                Some(same) => summary.merge(same),
                None => summary.open_for_longer(theirs),
            }
        }
        for (part, summary) in &other.parts {
            self.parts.entry(*part).or_insert_with(|| {
                let mut summary = summary.clone();
                summary.open_for_longer(ours);
                summary
            });
        }
    }

    fn open_for_longer(&mut self, span: Duration) {
        self.counts.length += span;
        self.windows = window_metrics(self);
    }
}

impl OutcomeCounts {
    /// Adds other requests.
    pub fn merge(&mut self, other: &Self) {
        self.arrivals += other.arrivals;
        self.completed += other.completed;
        self.capped += other.capped;
        add_counts(&mut self.failed, &other.failed);
        self.cancelled += other.cancelled;
        self.unsent += other.unsent;
    }
}

impl TokenSources {
    /// Adds other requests.
    pub const fn merge(&mut self, other: &Self) {
        self.usage += other.usage;
        self.tokenizer += other.tokenizer;
        self.chunks += other.chunks;
        self.none += other.none;
    }
}

impl TokenTotals {
    /// Adds other requests; a part stays `None` where neither told it.
    pub fn merge(&mut self, other: &Self) {
        self.input = sum(self.input, other.input);
        self.output = sum(self.output, other.output);
        self.reasoning = sum(self.reasoning, other.reasoning);
        self.cached = sum(self.cached, other.cached);
    }
}

impl CountedStreams {
    /// Adds other streams.
    pub const fn merge(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.text_events += other.text_events;
    }
}

/// Adds counts by name.
pub(super) fn add_counts<K: Clone + Ord>(ours: &mut BTreeMap<K, u64>, theirs: &BTreeMap<K, u64>) {
    for (key, count) in theirs {
        *ours.entry(key.clone()).or_default() += count;
    }
}
