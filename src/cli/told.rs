//! `--metrics-listen`: a run tells Prometheus where it stands.

use std::net::SocketAddr;

use super::exit::CommandError;
use super::following::Shared;
use super::output::say;
use crate::live::Exposition;
use crate::serve::MetricsServer;

/// Serves where the run stands at `addr`, until what comes back is dropped.
///
/// # Errors
///
/// An address that cannot be listened on, for exit code 2.
pub(super) fn tell(
    shared: &Shared,
    addr: SocketAddr,
    quiet: bool,
) -> Result<MetricsServer, CommandError> {
    let exposition = Exposition::new(shared, env!("CARGO_PKG_VERSION"));
    let server = MetricsServer::start(exposition, addr).map_err(CommandError::usage)?;
    if !server.addr().ip().is_loopback() {
        say("warning: everybody who reaches this address can read the figures of the run");
    }
    // A port that the system chose can be known from nowhere else.
    if !quiet || addr.port() == 0 {
        say(&format!("metrics: http://{}/metrics", server.addr()));
    }
    Ok(server)
}
