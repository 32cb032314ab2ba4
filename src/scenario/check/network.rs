//! How a backend is reached.

use std::path::Path;

use url::{Host, Url};

use crate::scenario::backend::{HttpVersion, Target};
use crate::scenario::network::{Addresses, Network, ProxyAddress};
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::typed::{BackendFile, Field};

/// Port of a proxy that names none.
const PROXY_PORT: u16 = 80;

/// Checks how a backend is reached; `None` where something is wrong, which is then among
/// `problems`.
pub(super) fn check_network(
    file: &BackendFile,
    (folder, target): (&Path, Option<&Target>),
    problems: &mut Problems,
) -> Option<Network> {
    let keys = [
        ("unix_socket", file.unix_socket.place()),
        ("addresses", file.addresses.place()),
        ("proxy", file.proxy.place()),
    ];
    if let Some(Target::Mock(_)) = target {
        for (key, place) in keys {
            let Some(place) = place else { continue };
            let message = format!("`{key}` is set, but the simulated server runs inside pacemark");
            problems.report(Problem::new(place, message).hint("leave it out"));
        }
    }
    if let (Some(socket), (other, Some(place))) =
        (file.unix_socket.place(), if keys[2].1.is_some() { keys[2] } else { keys[1] })
    {
        let message = format!("`{other}` does not go with `unix_socket`");
        problems.report(
            Problem::new(place, message).hint("leave one of the two out").also(socket, "this is"),
        );
    }
    let proxy = match &file.proxy {
        Field::Absent => None,
        Field::Wrong(_) => return None,
        Field::Given(proxy) => {
            let address = proxy_address(&proxy.value.0);
            if address.is_none() {
                let subject = problems.within("proxy", |problems| problems.subject());
                problems.report(
                    Problem::new(proxy.place, format!("{subject} is not the address of a proxy"))
                        .hint("write it as `http://localhost:3128`, without user and path"),
                );
            }
            Some((address?, proxy.place))
        }
    };
    if let (Some((_, place)), Some(http), Some(Target::Url(url))) =
        (&proxy, file.http.given(), target)
        && http.value == HttpVersion::Two
        && !url.tls
    {
        let message = "HTTP/2 without TLS does not go through a proxy";
        problems.report(
            Problem::new(*place, message)
                .hint("leave `http: 2` out, or begin the `url` with `https://`")
                .also(http.place, "this asks for HTTP/2"),
        );
    }
    Some(Network {
        unix_socket: file.unix_socket.value().map(|path| folder.join(&path.0)),
        addresses: file.addresses.value().copied().unwrap_or(Addresses::First),
        proxy: proxy.map(|(address, _)| address),
    })
}

/// Reads `http://host:port`.
fn proxy_address(text: &str) -> Option<ProxyAddress> {
    let url = Url::parse(text.trim()).ok()?;
    let plain = url.scheme() == "http"
        && url.username().is_empty()
        && url.password().is_none()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    let host = match url.host().filter(|_| plain)? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    Some(ProxyAddress { host, port: url.port().unwrap_or(PROXY_PORT) })
}
