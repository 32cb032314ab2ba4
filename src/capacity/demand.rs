//! What a number of users would need.
//!
//! Users who wait for an answer and then think make a closed system: `N` of them at one copy of the
//! server send `X` requests per second with `N = X (R + Z)`, where `R` is the response time and `Z` the
//! time they think.
//!
//! # Source
//!
//! Denning and Buzen, "The operational analysis of queueing network models", ACM Computing
//! Surveys 10 (1978): the interactive response time formula.

use std::time::Duration;

use super::curve::{Curve, between};
use super::sustained::Sustained;
use crate::units::{float, seconds, whole};

/// Who is to be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Users at the same time.
    pub users: u64,
    /// How long each thinks between an answer and the next request.
    pub think: Duration,
}

/// What that needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Provision {
    /// Users that one copy of the server serves within the limits.
    pub users_each: f64,
    /// Copies of the server.
    pub replicas: u64,
    /// Requests per second at each of them.
    pub rps_each: f64,
    /// The load at each of them, on the axis of the curve.
    pub load_each: f64,
    /// Mean response time at that load, in seconds.
    pub response_s: f64,
    /// Throughput at each, as a share of the greatest that was measured.
    pub utilisation: f64,
}

/// Why it cannot be said what users need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownDemand {
    /// Even one user may break the limits.
    #[error("the least load that was measured breaks the limits already")]
    NothingHolds,
    /// There is nothing to plan by.
    #[error("without limits there is no load to plan with: give some with --limit")]
    NoLimits,
}

impl Curve {
    /// What `demand` needs of copies of this server, each within the limits.
    ///
    /// # Errors
    ///
    /// [`UnknownDemand`] where no load holds, or there are no limits.
    pub fn provision(&self, demand: Demand) -> Result<Provision, UnknownDemand> {
        let most = match &self.sustained {
            Sustained::Unlimited => return Err(UnknownDemand::NoLimits),
            Sustained::None { .. } => return Err(UnknownDemand::NothingHolds),
            Sustained::Between(held) => held.load,
            Sustained::Searched(found) => {
                found.load.min(self.points.last().map_or(0.0, |it| it.load))
            }
            Sustained::All { load } => *load,
        };
        let think = seconds(demand.think);
        let mut users: Vec<(f64, f64)> = self
            .points
            .iter()
            .map(|point| (point.load, point.throughput_rps * (point.response_s + think)))
            .collect();
        // Below the least load there is nothing in the server's way: users follow in proportion.
        users.insert(0, (0.0, 0.0));
        let users_each = between(&users, most).ok_or(UnknownDemand::NothingHolds)?;
        let asked = float(demand.users);
        let replicas = whole((asked / users_each).ceil()).max(1);
        let each = asked / float(replicas);
        let turned: Vec<_> = users.iter().map(|(load, users)| (*users, *load)).collect();
        let load_each = between(&turned, each).unwrap_or(most);
        let first = &self.points[0];
        let rps_each = self
            .at(load_each, |point| Some(point.throughput_rps))
            .unwrap_or(first.throughput_rps * load_each / first.load);
        let response_s =
            self.at(load_each, |point| Some(point.response_s)).unwrap_or(first.response_s);
        let utilisation = rps_each / self.most_rps();
        Ok(Provision { users_each, replicas, rps_each, load_each, response_s, utilisation })
    }
}
