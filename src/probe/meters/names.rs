//! Which series of which server is which meter.
//!
//! # Source
//!
//! vLLM "Production Metrics"; SGLang "Production Metrics"; the README of llama.cpp's server;
//! `core/metrics.py` of XInference; "Prometheus metrics" of LiteLLM and of Text Generation
//! Inference; the field list of NVIDIA's DCGM exporter; the collectors `cpu` and `rapl` of the node
//! exporter; the process metrics of Prometheus' client libraries.

use std::collections::BTreeMap;

use super::exposition::{Sample, samples};
use crate::metric::{Combine, ServerMeter};

/// One series: its name, the meter, and by what a value is multiplied.
type Known = (&'static str, ServerMeter, f64);

const BYTES_PER_MIB: f64 = 1_048_576.0;

const KNOWN: &[Known] = &[
    ("vllm:num_requests_running", ServerMeter::RequestsRunning, 1.0),
    ("vllm:num_requests_waiting", ServerMeter::RequestsWaiting, 1.0),
    ("vllm:kv_cache_usage_perc", ServerMeter::KvCacheUse, 1.0),
    ("vllm:gpu_cache_usage_perc", ServerMeter::KvCacheUse, 1.0),
    ("vllm:prefix_cache_queries_total", ServerMeter::PrefixCacheQueries, 1.0),
    ("vllm:prefix_cache_hits_total", ServerMeter::PrefixCacheHits, 1.0),
    ("vllm:gpu_prefix_cache_queries_total", ServerMeter::PrefixCacheQueries, 1.0),
    ("vllm:gpu_prefix_cache_hits_total", ServerMeter::PrefixCacheHits, 1.0),
    ("vllm:num_preemptions_total", ServerMeter::Preemptions, 1.0),
    ("vllm:prompt_tokens_total", ServerMeter::InputTokens, 1.0),
    ("vllm:generation_tokens_total", ServerMeter::OutputTokens, 1.0),
    ("sglang:num_running_reqs", ServerMeter::RequestsRunning, 1.0),
    ("sglang:num_queue_reqs", ServerMeter::RequestsWaiting, 1.0),
    ("sglang:token_usage", ServerMeter::KvCacheUse, 1.0),
    ("sglang:cached_tokens_total", ServerMeter::PrefixCacheHits, 1.0),
    ("sglang:prompt_tokens_total", ServerMeter::InputTokens, 1.0),
    ("sglang:generation_tokens_total", ServerMeter::OutputTokens, 1.0),
    ("llamacpp:requests_processing", ServerMeter::RequestsRunning, 1.0),
    ("llamacpp:requests_deferred", ServerMeter::RequestsWaiting, 1.0),
    ("llamacpp:kv_cache_usage_ratio", ServerMeter::KvCacheUse, 1.0),
    ("llamacpp:prompt_tokens_total", ServerMeter::InputTokens, 1.0),
    ("llamacpp:tokens_predicted_total", ServerMeter::OutputTokens, 1.0),
    ("tgi_batch_current_size", ServerMeter::RequestsRunning, 1.0),
    ("tgi_queue_size", ServerMeter::RequestsWaiting, 1.0),
    ("xinference:total_tokens_input", ServerMeter::InputTokens, 1.0),
    ("xinference:total_tokens_output", ServerMeter::OutputTokens, 1.0),
    ("litellm_in_flight_requests", ServerMeter::RequestsRunning, 1.0),
    ("litellm_input_tokens_metric_total", ServerMeter::InputTokens, 1.0),
    ("litellm_output_tokens_metric_total", ServerMeter::OutputTokens, 1.0),
    ("DCGM_FI_DEV_GPU_UTIL", ServerMeter::GpuUse, 0.01),
    ("DCGM_FI_DEV_FB_USED", ServerMeter::GpuMemory, BYTES_PER_MIB),
    ("DCGM_FI_DEV_POWER_USAGE", ServerMeter::GpuPower, 1.0),
    ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", ServerMeter::GpuEnergy, 1e-3),
    ("node_rapl_package_joules_total", ServerMeter::CpuEnergy, 1.0),
    ("node_cpu_seconds_total", ServerMeter::CpuBusy, 1.0),
    ("process_cpu_seconds_total", ServerMeter::ProcessCpu, 1.0),
    ("process_resident_memory_bytes", ServerMeter::ProcessMemory, 1.0),
];

/// Values of meters, each with how many series it rests on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally(BTreeMap<ServerMeter, (f64, u32)>);

impl Tally {
    /// Adds the samples of a text that are known.
    pub(super) fn add_text(&mut self, text: &str) {
        for sample in samples(text) {
            if let Some((meter, value)) = known(sample) {
                self.add(meter, value);
            }
        }
    }

    /// Adds the value of one series.
    pub(super) fn add(&mut self, meter: ServerMeter, value: f64) {
        let (sum, series) = self.0.entry(meter).or_default();
        *sum += value;
        *series += 1;
    }

    /// One value of each meter that has any.
    pub(super) fn values(&self) -> BTreeMap<ServerMeter, f64> {
        let value = |(meter, (sum, series)): (&ServerMeter, &(f64, u32))| {
            let value = match meter.combine() {
                Combine::Sum => *sum,
                Combine::Mean => sum / f64::from(*series),
            };
            (*meter, value)
        };
        self.0.iter().map(value).collect()
    }
}

/// The keys of the meters that a text tells of.
pub(in crate::probe) fn known_meters(text: &str) -> Vec<&'static str> {
    let mut tally = Tally::default();
    tally.add_text(text);
    tally.values().into_keys().map(ServerMeter::key).collect()
}

fn known(sample: Sample<'_>) -> Option<(ServerMeter, f64)> {
    let (_, meter, factor) = KNOWN.iter().find(|(name, ..)| *name == sample.name)?;
    let idle = ["mode=\"idle\"", "mode=\"iowait\""];
    let counts =
        *meter != ServerMeter::CpuBusy || !idle.iter().any(|mode| sample.labels.contains(mode));
    counts.then_some((*meter, sample.value * factor))
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, Tally};
    use crate::metric::ServerMeter;

    fn value(text: &str, meter: ServerMeter) -> Option<f64> {
        let mut tally = Tally::default();
        tally.add_text(text);
        tally.values().get(&meter).copied()
    }

    #[test]
    fn engines_and_processors_make_one_value() {
        let text = "vllm:num_requests_running{engine=\"0\"} 3\n\
                    vllm:num_requests_running{engine=\"1\"} 5\n\
                    vllm:kv_cache_usage_perc{engine=\"0\"} 0.2\n\
                    vllm:kv_cache_usage_perc{engine=\"1\"} 0.6\n\
                    DCGM_FI_DEV_GPU_UTIL{gpu=\"0\"} 90\n\
                    DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu=\"0\"} 5000\n\
                    DCGM_FI_DEV_FB_USED{gpu=\"0\"} 2\n\
                    node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 900\n\
                    node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 70\n\
                    node_cpu_seconds_total{cpu=\"1\",mode=\"system\"} 7\n";
        for (meter, expected) in [
            (ServerMeter::RequestsRunning, 8.0),
            (ServerMeter::KvCacheUse, 0.4),
            (ServerMeter::GpuUse, 0.9),
            (ServerMeter::GpuEnergy, 5.0),
            (ServerMeter::GpuMemory, 2_097_152.0),
            (ServerMeter::CpuBusy, 77.0),
        ] {
            let found = value(text, meter).unwrap();
            assert!((found - expected).abs() < 1e-9, "{meter:?}: {found}");
        }
        assert_eq!(value(text, ServerMeter::RequestsWaiting), None);
    }

    #[test]
    fn no_series_is_listed_twice() {
        for (at, (name, ..)) in KNOWN.iter().enumerate() {
            assert!(!KNOWN[..at].iter().any(|(other, ..)| other == name), "{name}");
        }
    }
}
