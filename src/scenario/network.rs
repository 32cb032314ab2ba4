//! How a server is reached.

use std::fmt;
use std::path::PathBuf;

/// How a server is reached, where that is not its own address alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The socket in the file system that it listens at, in place of its address.
    pub unix_socket: Option<PathBuf>,
    /// Which addresses of its name are used.
    pub addresses: Addresses,
    /// The proxy on the way; none is used that is not named here.
    pub proxy: Option<ProxyAddress>,
}

/// Which addresses of a name are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addresses {
    /// The first that can be connected to, in the order of the resolver.
    #[default]
    First,
    /// All in turn: each new connection begins with the next.
    All,
}

/// The address of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyAddress {
    /// Host name or address; IPv6 addresses without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// As people write it, without the scheme: `proxy:3128`.
impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}
