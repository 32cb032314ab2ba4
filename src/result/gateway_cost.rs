//! What a gateway costs, as a document.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measure::{Added, AddedTime, RequestPair};
use crate::units::{count, float, millis};

/// What a gateway adds to the requests of one workload, by requests that went both ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GatewayCostEntry {
    /// Name of the backend that is the gateway.
    pub gateway: String,
    /// Name of the backend behind it.
    pub direct: String,
    /// Name of the workload.
    pub workload: String,
    /// Pairs under way at a time.
    pub concurrency: u32,
    /// Pairs that went well both ways.
    pub pairs: u64,
    /// Pairs of which a request failed.
    pub failed: u64,
    /// Why the first of these failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Requests that the gateway answered from its own cache.
    pub from_cache: u64,
    /// Requests that the gateway sent again, or gave to another model.
    pub sent_again: u64,
    /// What is added: to `ttft`, `tpot` and `e2e`, as far as the answers have them.
    pub added: BTreeMap<String, AddedEntry>,
    /// Mean of what the gateway itself says it added, in milliseconds; absent where it says
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_mean_ms: Option<f64>,
    /// Answers in which it says so.
    pub told: u64,
    /// Mean of how long the requests took the gateway by its own clock, until its answers began,
    /// in milliseconds; absent where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_response_mean_ms: Option<f64>,
}

/// What is added to a time, in milliseconds. A value is the mean of the differences of two pairs
/// that went in opposite orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AddedEntry {
    /// Values.
    pub count: u64,
    /// Their mean.
    pub mean_ms: f64,
    /// Lower end of the 95 % interval of the mean.
    pub low_ms: f64,
    /// Its upper end.
    pub high_ms: f64,
    /// 5th percentile of the values.
    pub p5_ms: f64,
    /// 25th percentile.
    pub p25_ms: f64,
    /// Median.
    pub p50_ms: f64,
    /// 75th percentile.
    pub p75_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// Mean of the direct requests.
    pub direct_mean_ms: f64,
    /// Mean of the requests through the gateway.
    pub gateway_mean_ms: f64,
}

impl From<AddedTime> for AddedEntry {
    fn from(added: AddedTime) -> Self {
        let at = added.percentiles;
        let [low_ms, high_ms] = added.interval;
        Self {
            count: added.count,
            mean_ms: added.mean,
            low_ms,
            high_ms,
            p5_ms: at[0],
            p25_ms: at[1],
            p50_ms: at[2],
            p75_ms: at[3],
            p95_ms: at[4],
            direct_mean_ms: added.direct,
            gateway_mean_ms: added.gateway,
        }
    }
}

impl GatewayCostEntry {
    /// What `pairs` of a workload come to; names are those of the gateway, the backend behind it
    /// and the workload.
    pub fn new(
        [gateway, direct, workload]: [&str; 3],
        concurrency: u32,
        pairs: &[RequestPair],
    ) -> Self {
        let failure = |pair: &RequestPair| {
            pair.gateway.failure.clone().or_else(|| pair.direct.failure.clone())
        };
        let failed = count(pairs.iter().filter_map(failure).count());
        let through = || pairs.iter().map(|pair| &pair.gateway);
        let told: Vec<_> =
            through().filter_map(|side| side.metrics.gateway_overhead.map(millis)).collect();
        let responses: Vec<_> =
            through().filter_map(|side| side.told_response.map(millis)).collect();
        let added = Added::ALL.into_iter().filter_map(|added| {
            Some((added.key().to_owned(), AddedTime::of(added, pairs)?.into()))
        });
        Self {
            gateway: gateway.to_owned(),
            direct: direct.to_owned(),
            workload: workload.to_owned(),
            concurrency,
            pairs: count(pairs.len()) - failed,
            failed,
            failure: pairs.iter().find_map(failure),
            from_cache: count(through().filter(|side| side.from_cache).count()),
            sent_again: count(through().filter(|side| side.sent_again).count()),
            added: added.collect(),
            told_mean_ms: mean(&told),
            told: count(told.len()),
            told_response_mean_ms: mean(&responses),
        }
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / float(count(values.len())))
}
