//! How much a server can take, from what was measured at several loads.
//!
//! [`capacity`] turns the cells of a run into curves: throughput and response time over the load, where the
//! curve bends, which load still keeps to given limits and which limit breaks first, and what a
//! number of users would need. Nothing is said of loads far beyond those that were measured.

mod curve;
mod demand;
mod little;
mod sustained;
mod usl;

pub use curve::{Axis, Curve, CurvePoint, capacity};
pub use demand::{Demand, Provision, UnknownDemand};
pub use little::Imbalance;
pub use sustained::{Held, RoundsInterval, Searched, Sustained};
pub use usl::Usl;
