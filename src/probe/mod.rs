//! The control plane: what a server is asked besides the load.
//!
//! Which models it lists ([`Probe::models`], [`Probe::check_models`]), and what it tells of
//! itself ([`Probe::server_facts`]), and which models it holds in memory ([`Probe::residence`]),
//! which it can be made to load or to drop. What it tells of itself under load a [`Scraper`] reads, and
//! [`Probe::conformance`] asks it everything once.
//! Nothing here is measured, and nothing is needed to measure:
//! an address that a server does not have is a fact that is absent. No proxy of the environment
//! is used and no redirect followed; every answer is bounded in size and time.

mod conformance;
mod control;
mod facts;
mod listing;
mod login;
mod meters;
mod reason;
mod residence;
mod servers;

pub use conformance::{AskedModels, Check, Verdict};
pub use control::{Probe, ProbeError};
pub use facts::{ModelFacts, ServerFacts};
pub use listing::Listing;
pub use meters::{Reading, Scraper};
pub use reason::{NotReached, NotReachedKind};
pub use residence::Residence;
