//! Asks a server, and what stands beside it, for its meters.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::names::Tally;
use super::nvidia::NvidiaSmi;
use crate::metric::ServerMeter;
use crate::probe::control::{Probe, ProbeError};
use crate::scenario::{Backend, BackendKind, BaseUrl, MetricsSource};

/// What was read at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// One value of each meter that was told.
    pub values: BTreeMap<ServerMeter, f64>,
    /// Why an endpoint told nothing, the first such reason.
    pub error: Option<String>,
}

/// Asks for the meters of one backend.
#[derive(Debug)]
pub struct Scraper {
    probe: Probe,
    sources: Vec<MetricsSource>,
    kind: BackendKind,
    nvidia: Option<NvidiaSmi>,
}

impl Scraper {
    /// A scraper of what `backend` names under `metrics`; `None` where it names nothing.
    /// `nvidia-smi` is asked as well where the server runs on this machine and it is there.
    ///
    /// # Errors
    ///
    /// [`ProbeError`] if TLS settings, headers or the key cannot be used.
    pub fn new(backend: &Backend, base: &BaseUrl) -> Result<Option<Self>, ProbeError> {
        if backend.metrics.is_empty() {
            return Ok(None);
        }
        let is_here = is_loopback(base) || backend.network.unix_socket.is_some();
        Ok(Some(Self {
            probe: Probe::new(backend, base)?,
            sources: backend.metrics.clone(),
            kind: backend.kind,
            nvidia: is_here.then(NvidiaSmi::start).flatten(),
        }))
    }

    /// Asks every endpoint once.
    pub async fn read(&self) -> Reading {
        let mut tally = Tally::default();
        let mut error = None;
        for source in &self.sources {
            let text = match source {
                MetricsSource::Own => self.probe.own_text(own_path(self.kind)).await,
                // What is another's is not told the key.
                MetricsSource::Url(url) => self.probe.foreign_text(url).await,
            };
            match text {
                Ok(text) => tally.add_text(&text),
                Err(failure) => {
                    error.get_or_insert_with(|| failure.to_string());
                }
            }
        }
        if let Some(nvidia) = &self.nvidia {
            nvidia.add_to(&mut tally);
        }
        Reading { values: tally.values(), error }
    }
}

/// Whether it is an address of this machine, by its name alone.
fn is_loopback(base: &BaseUrl) -> bool {
    let address = base.host.parse::<IpAddr>();
    base.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Where servers of a kind tell of themselves.
const fn own_path(kind: BackendKind) -> &'static str {
    match kind {
        // Without the slash it sends elsewhere.
        BackendKind::Litellm => "/metrics/",
        _ => "/metrics",
    }
}
