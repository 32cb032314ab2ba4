//! What a gateway did to the requests of a cell.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measure::GatewayCounts;
use crate::units::float;

/// Measured requests through a gateway that tells what it did, by its own words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GatewayEntry {
    /// Requests of which it told anything.
    pub told: u64,
    /// Of these: those it sent again itself.
    pub retried: u64,
    /// Of these: those it gave to another model.
    pub fell_back: u64,
    /// Of these: those it answered from its own cache.
    pub cached: u64,
    /// What it says they cost, in US dollars; absent where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Requests by the deployment that answered, by the gateway's id of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deployments: BTreeMap<String, u64>,
}

impl GatewayEntry {
    /// What was told; `None` where nothing was.
    pub(super) fn of(counts: &GatewayCounts) -> Option<Self> {
        let GatewayCounts { told, retried, fell_back, cached, cost_nanodollars, deployments } =
            counts;
        let deployments = deployments.iter().map(|(id, count)| (id.to_string(), *count));
        (*told > 0).then(|| Self {
            told: *told,
            retried: *retried,
            fell_back: *fell_back,
            cached: *cached,
            cost_usd: cost_nanodollars.map(|cost| float(cost) / 1e9),
            deployments: deployments.collect(),
        })
    }

    /// Adds other requests.
    pub(super) fn add(&mut self, other: &Self) {
        self.told += other.told;
        self.retried += other.retried;
        self.fell_back += other.fell_back;
        self.cached += other.cached;
        if let Some(cost) = other.cost_usd {
            *self.cost_usd.get_or_insert_default() += cost;
        }
        for (id, count) in &other.deployments {
            *self.deployments.entry(id.clone()).or_default() += count;
        }
    }
}
