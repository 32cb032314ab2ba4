//! Opens connections: resolve, connect, TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::http::ClientError;
use super::socket::Socket;
use super::stamped::{Stamped, Transport};
use super::tunnel::open_tunnel;
use crate::clock::Clock;
use crate::record::FailureKind;
use crate::scenario::{Addresses, Backend, BaseUrl, HttpVersion, ProxyAddress};
use crate::tls::client_config;

/// Opens connections to one server.
#[derive(Clone)]
pub struct Connector {
    host: String,
    port: u16,
    way: Way,
    /// Where the next connection begins among the addresses of a name; shared by all threads.
    turn: Option<Arc<AtomicUsize>>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    clock: Clock,
}

/// How the server is reached.
#[derive(Clone, Debug)]
enum Way {
    /// At its own address.
    Direct,
    /// Through a socket of this machine.
    Unix(PathBuf),
    /// Through a proxy; with TLS in a tunnel.
    Proxy(ProxyAddress),
}

/// A connection that has just been opened, and what parts of that took.
pub(super) struct Opened {
    /// The connection.
    pub(super) transport: Transport,
    /// Looking the name up; `None` where there was none to look up.
    pub(super) resolve: Option<Duration>,
    /// The TLS handshake; `None` without TLS.
    pub(super) tls: Option<Duration>,
    /// The address at the other end; `None` for a socket of this machine.
    pub(super) peer: Option<SocketAddr>,
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
        let Self { host, port, way, turn: _, tls, clock: _ } = self;
        write!(f, "Connector({host}:{port}, {way:?}, tls: {})", tls.is_some())
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
        let network = &backend.network;
        let way = match (&network.unix_socket, &network.proxy) {
            (Some(path), _) => Way::Unix(path.clone()),
            (None, Some(proxy)) => Way::Proxy(proxy.clone()),
            (None, None) => Way::Direct,
        };
        let turn = (network.addresses == Addresses::All).then(Arc::default);
        let (host, port) = (base.host.clone(), base.port);
        let connector = Self { host, port, way, turn, tls: None, clock };
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
    pub(super) async fn open(&self) -> Result<Opened, ConnectFailure> {
        let (mut socket, resolve, peer) = self.open_socket().await?;
        if let (Way::Proxy(_), true) = (&self.way, self.tls.is_some()) {
            let tunnel = open_tunnel(&mut socket, &self.host, self.port).await;
            tunnel.map_err(|error| self.refused(&error))?;
        }
        let stamped = Stamped::new(socket, self.clock.clone());
        let Some((tls, name)) = &self.tls else {
            let transport = Transport::Plain(stamped);
            return Ok(Opened { transport, resolve, tls: None, peer });
        };
        let began_at = self.clock.now();
        match tls.connect(name.clone(), stamped).await {
            Ok(secured) => Ok(Opened {
                transport: Transport::Tls(Box::new(secured)),
                resolve,
                tls: Some(self.clock.now().since(began_at)),
                peer,
            }),
            Err(error) => Err(ConnectFailure {
                kind: FailureKind::Tls,
                message: format!("TLS with {}:{}: {error}", self.host, self.port),
            }),
        }
    }

    async fn open_socket(
        &self,
    ) -> Result<(Socket, Option<Duration>, Option<SocketAddr>), ConnectFailure> {
        let (host, port) = match &self.way {
            Way::Direct => (self.host.as_str(), self.port),
            Way::Proxy(proxy) => (proxy.host.as_str(), proxy.port),
            Way::Unix(path) => {
                let socket = Socket::unix(path).await.map_err(|error| ConnectFailure {
                    kind: FailureKind::Connect,
                    message: format!("cannot connect to {}: {error}", path.display()),
                })?;
                return Ok((socket, None, None));
            }
        };
        let (addresses, resolve) = self.resolve(host, port).await?;
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(socket) => {
                    // Without it a request could wait 40 ms for the acknowledgement of the one
                    // before.
                    socket.set_nodelay(true).map_err(|error| self.refused(&error))?;
                    return Ok((Socket::Tcp(socket), resolve, Some(address)));
                }
                Err(error) => last = error,
            }
        }
        Err(self.refused(&last))
    }

    /// The addresses of a name, the one to begin with first, and how long they took to find.
    async fn resolve(
        &self,
        host: &str,
        port: u16,
    ) -> Result<(Vec<SocketAddr>, Option<Duration>), ConnectFailure> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok((vec![SocketAddr::new(address, port)], None));
        }
        let began_at = self.clock.now();
        let found = lookup_host((host, port)).await.map_err(|error| ConnectFailure {
            kind: FailureKind::Resolve,
            message: format!("cannot resolve `{host}`: {error}"),
        })?;
        let mut addresses: Vec<_> = found.collect();
        let took = self.clock.now().since(began_at);
        if let (Some(turn), 1..) = (&self.turn, addresses.len()) {
            begin_at(&mut addresses, turn.fetch_add(1, Ordering::Relaxed));
        }
        Ok((addresses, Some(took)))
    }

    fn refused(&self, error: &io::Error) -> ConnectFailure {
        let through = match &self.way {
            Way::Proxy(proxy) => format!(" through the proxy {proxy}"),
            Way::Direct | Way::Unix(_) => String::new(),
        };
        ConnectFailure {
            kind: FailureKind::Connect,
            message: format!("cannot connect to {}:{}{through}: {error}", self.host, self.port),
        }
    }
}

/// Puts the address whose turn it is first.
fn begin_at(addresses: &mut Vec<SocketAddr>, turn: usize) {
    // Resolvers shuffle; turns need the same order every time.
    addresses.sort_unstable();
    addresses.dedup();
    let first = turn % addresses.len().max(1);
    addresses.rotate_left(first);
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::begin_at;

    #[test]
    fn connections_begin_with_each_address_in_turn_whatever_the_resolver_says_first() {
        let address = |last: u8| SocketAddr::from(([10, 0, 0, last], 80));
        let first = |found: &[u8], turn| {
            let mut addresses: Vec<_> = found.iter().map(|last| address(*last)).collect();
            begin_at(&mut addresses, turn);
            assert_eq!(addresses.len(), 3, "the others stay, in case the first does not answer");
            addresses[0]
        };
        let firsts = [&[1, 2, 3][..], &[3, 1, 2], &[2, 3, 1, 1], &[1, 3, 2]];
        let firsts: Vec<_> = (0..).zip(firsts).map(|(turn, found)| first(found, turn)).collect();
        assert_eq!(firsts, [1, 2, 3, 1].map(address));
    }
}
