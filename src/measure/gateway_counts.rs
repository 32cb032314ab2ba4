//! What a gateway did to the requests of a cell, by its own words.

use std::collections::BTreeMap;

use crate::record::GatewayTold;

/// Deployments told apart; a gateway has a few. Bounds memory where one makes a new id for each
/// request.
const MOST_DEPLOYMENTS: usize = 64;

/// Measured requests through a gateway that tells what it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayCounts {
    /// Requests of which it told anything.
    pub told: u64,
    /// Of these: those it sent again itself.
    pub retried: u64,
    /// Of these: those it gave to another model.
    pub fell_back: u64,
    /// Of these: those it answered from its own cache.
    pub cached: u64,
    /// What it says they cost, in billionths of a US dollar; `None` where it does not say.
    pub cost_nanodollars: Option<u64>,
    /// Requests by the deployment that answered, by the gateway's id of it; the ids beyond the
    /// first many are left out.
    pub deployments: BTreeMap<Box<str>, u64>,
}

impl GatewayCounts {
    /// Adds a request.
    pub(super) fn add(&mut self, told: &GatewayTold) {
        let GatewayTold { retries, fallbacks, model_id, from_cache, cost_nanodollars, .. } = told;
        self.told += 1;
        self.retried += u64::from(retries.is_some_and(|retries| retries > 0));
        self.fell_back += u64::from(fallbacks.is_some_and(|fallbacks| fallbacks > 0));
        self.cached += u64::from(*from_cache);
        if let Some(cost) = cost_nanodollars {
            *self.cost_nanodollars.get_or_insert_default() += cost;
        }
        if let Some(id) = model_id {
            self.deployed(id, 1);
        }
    }

    /// Adds other requests.
    pub fn merge(&mut self, other: &Self) {
        self.told += other.told;
        self.retried += other.retried;
        self.fell_back += other.fell_back;
        self.cached += other.cached;
        if let Some(cost) = other.cost_nanodollars {
            *self.cost_nanodollars.get_or_insert_default() += cost;
        }
        for (id, count) in &other.deployments {
            self.deployed(id, *count);
        }
    }

    fn deployed(&mut self, id: &str, count: u64) {
        if let Some(known) = self.deployments.get_mut(id) {
            *known += count;
        } else if self.deployments.len() < MOST_DEPLOYMENTS {
            self.deployments.insert(id.into(), count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::GatewayCounts;
    use crate::record::GatewayTold;

    #[test]
    fn requests_are_counted_by_what_was_done_to_them() {
        let mut counts = GatewayCounts::default();
        let plain = GatewayTold {
            retries: Some(0),
            model_id: Some("a".into()),
            cost_nanodollars: Some(6_500),
            ..GatewayTold::default()
        };
        counts.add(&plain);
        counts.add(&GatewayTold { retries: Some(2), model_id: Some("b".into()), ..plain.clone() });
        counts.add(&GatewayTold { fallbacks: Some(1), from_cache: true, ..plain });
        let mut expected = GatewayCounts {
            told: 3,
            retried: 1,
            fell_back: 1,
            cached: 1,
            cost_nanodollars: Some(19_500),
            deployments: [("a".into(), 2), ("b".into(), 1)].into(),
        };
        assert_eq!(counts, expected);
        counts.merge(&expected.clone());
        expected.deployments.insert("a".into(), 4);
        assert_eq!((counts.told, counts.cost_nanodollars), (6, Some(39_000)));
        assert_eq!(counts.deployments["a"], 4);
    }

    #[test]
    fn deployments_are_bounded() {
        let mut counts = GatewayCounts::default();
        for id in 0..1_000 {
            let model_id = Some(id.to_string().into());
            counts.add(&GatewayTold { model_id, ..GatewayTold::default() });
        }
        assert_eq!((counts.told, counts.deployments.len()), (1_000, 64));
    }
}
