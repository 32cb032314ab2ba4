//! The servers of a run, ready to be sent to.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::error::RunError;
use super::neighbour::ServerPlace;
use crate::client::{ClientParts, Connector};
use crate::clock::Clock;
use crate::mock::MockServer;
use crate::scenario::{Backend, BaseUrl, KeySource, Redactor, Scenario, Target};

/// One backend with its address and everything needed to send to it.
#[derive(Debug)]
pub(super) struct OpenTarget {
    /// Its index in the scenario.
    pub(super) backend: usize,
    /// The root of its API.
    pub(super) base: BaseUrl,
    /// What clients for it are made of.
    pub(super) parts: ClientParts,
    /// The simulated server started for it; stops when this is dropped.
    mock: Option<MockServer>,
}

impl OpenTarget {
    /// Where its server runs.
    pub(super) fn place(&self) -> ServerPlace {
        match &self.mock {
            Some(_) => ServerPlace::Elsewhere,
            None => ServerPlace::find(&self.base),
        }
    }

    /// Descriptors that a connection takes: two where both ends are in this process.
    pub(super) const fn descriptors_per_connection(&self) -> u64 {
        if self.mock.is_some() { 2 } else { 1 }
    }
}

/// Makes the backends with these indices ready; starts the simulated servers among them.
///
/// # Errors
///
/// [`RunError`] if a key is missing, an address or TLS setting cannot be used, or a server
/// cannot be started.
pub(super) fn open_targets(
    scenario: &Scenario,
    wanted: &[usize],
    clock: &Clock,
    redactor: &Arc<Redactor>,
) -> Result<Vec<OpenTarget>, RunError> {
    wanted
        .iter()
        .map(|&index| {
            let backend = &scenario.backends[index];
            check_key(backend)?;
            open_target(index, backend, clock, redactor)
        })
        .collect()
}

fn open_target(
    index: usize,
    backend: &Backend,
    clock: &Clock,
    redactor: &Arc<Redactor>,
) -> Result<OpenTarget, RunError> {
    let (base, mock) = match &backend.target {
        Target::Url(base) => (base.clone(), None),
        Target::Mock(spec) => {
            let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let server = MockServer::start(spec.clone(), any_port)?;
            let base = BaseUrl {
                tls: false,
                host: server.addr().ip().to_string(),
                port: server.addr().port(),
                root: "/v1".to_owned(),
            };
            (base, Some(server))
        }
    };
    let connector = Connector::new(backend, &base, clock.clone())?;
    let parts = ClientParts::new(backend, &base, connector, Arc::clone(redactor))?;
    Ok(OpenTarget { backend: index, base, parts, mock })
}

/// A key that the scenario names must be there; the usual variable of a kind need not be.
fn check_key(backend: &Backend) -> Result<(), RunError> {
    if backend.api_key.value.is_some() {
        return Ok(());
    }
    let place = match &backend.api_key.source {
        KeySource::Nowhere | KeySource::Preset(_) | KeySource::Inline | KeySource::Login => {
            return Ok(());
        }
        KeySource::Env(name) => format!("the environment variable `{name}` is not set"),
        KeySource::File(path) => format!("the file `{}` holds none", path.display()),
    };
    Err(RunError::NoKey { backend: backend.name.clone(), place })
}
