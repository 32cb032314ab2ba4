//! Opens connections: resolve, connect, TLS.

use std::io;

use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::http::ClientError;
use super::stamped::{Stamped, Transport};
use crate::clock::Clock;
use crate::record::FailureKind;
use crate::scenario::{Backend, BaseUrl, HttpVersion};
use crate::tls::client_config;

/// Opens connections to one server.
#[derive(Clone)]
pub struct Connector {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    clock: Clock,
}

/// Why no connection came about: which step failed, and what the system said.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ConnectFailure {
    /// [`FailureKind::Resolve`], [`FailureKind::Connect`] or [`FailureKind::Tls`].
    pub kind: FailureKind,
    /// What the system said, with the address.
    pub message: String,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, port, tls, clock: _ } = self;
        write!(f, "Connector({host}:{port}, tls: {})", tls.is_some())
    }
}

impl Connector {
    /// A connector to `base`, the address of `backend`; with TLS where that is `https`.
    ///
    /// # Errors
    ///
    /// [`ClientError::Tls`] if the TLS settings cannot be used, [`ClientError::Address`] if the
    /// host is no name a certificate could carry.
    pub fn new(backend: &Backend, base: &BaseUrl, clock: Clock) -> Result<Self, ClientError> {
        let connector = Self { host: base.host.clone(), port: base.port, tls: None, clock };
        if !base.tls {
            return Ok(connector);
        }
        let protocols: &[&[u8]] = match backend.http {
            HttpVersion::One => &[b"http/1.1"],
            HttpVersion::Two => &[b"h2"],
        };
        let config = client_config(&backend.tls, protocols)
            .map_err(|source| ClientError::Tls { backend: backend.name.clone(), source })?;
        let name = ServerName::try_from(base.host.clone()).map_err(|error| {
            let reason = format!("`{}` cannot be used with TLS: {error}", base.host);
            ClientError::Address { backend: backend.name.clone(), reason }
        })?;
        Ok(Self { tls: Some((TlsConnector::from(config), name)), ..connector })
    }

    /// Opens a connection: every address in turn until one answers, then TLS.
    pub(super) async fn open(&self) -> Result<Transport, ConnectFailure> {
        let socket = self.open_socket().await?;
        // Without it a request could wait 40 ms for the acknowledgement of the one before.
        socket.set_nodelay(true).map_err(|error| self.refused(&error))?;
        let stamped = Stamped::new(socket, self.clock.clone());
        let Some((tls, name)) = &self.tls else {
            return Ok(Transport::Plain(stamped));
        };
        match tls.connect(name.clone(), stamped).await {
            Ok(secured) => Ok(Transport::Tls(Box::new(secured))),
            Err(error) => Err(ConnectFailure {
                kind: FailureKind::Tls,
                message: format!("TLS with {}:{}: {error}", self.host, self.port),
            }),
        }
    }

    async fn open_socket(&self) -> Result<TcpStream, ConnectFailure> {
        let addresses =
            lookup_host((self.host.as_str(), self.port)).await.map_err(|error| ConnectFailure {
                kind: FailureKind::Resolve,
                message: format!("cannot resolve `{}`: {error}", self.host),
            })?;
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(socket) => return Ok(socket),
                Err(error) => last = error,
            }
        }
        Err(self.refused(&last))
    }

    fn refused(&self, error: &io::Error) -> ConnectFailure {
        ConnectFailure {
            kind: FailureKind::Connect,
            message: format!("cannot connect to {}:{}: {error}", self.host, self.port),
        }
    }
}
