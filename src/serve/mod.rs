//! Runs in the browser: a local page that lists the runs of a folder, opens their reports, puts
//! several into one page, and follows a run that goes on.
//!
//! Everything shown is made from stored runs by `report`, when it is asked for; nothing here
//! computes a figure. Beside it a second server tells Prometheus where a run stands that this
//! program makes. A server listens where it is told, answers only what was addressed to it (another
//! site's page cannot read it under a name of its own), and changes nothing.

mod events;
mod guard;
mod listening;
mod metrics_server;
mod routes;
mod server;

pub use metrics_server::MetricsServer;
pub use server::{ReportServer, ServeError};
