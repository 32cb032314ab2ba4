//! Who may ask: only those who mean this server.
//!
//! A page of another site can have its own name resolve to this machine and then read what it
//! likes, unless the name it asked under is looked at ("DNS rebinding").

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, HOST, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// Answers only what was addressed to the server that listens at this address, and adds the headers
/// that all answers have.
pub(super) async fn guard(
    State(addr): State<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if !named.is_some_and(|host| is_meant(host, addr)) {
        let said = format!("this server is http://{addr}/ and goes by no other name");
        return (StatusCode::MISDIRECTED_REQUEST, said).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Whether `host`, as a browser sends it, means the server at `addr`. A server that was opened to
/// others on purpose may have any name.
fn is_meant(host: &str, addr: SocketAddr) -> bool {
    if !addr.ip().is_loopback() {
        return true;
    }
    let Some(name) = host.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)) else {
        return false;
    };
    let name = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    #[test]
    fn a_local_server_goes_by_local_names_only() {
        let local = "127.0.0.1:8200".parse().unwrap();
        for host in ["127.0.0.1:8200", "localhost:8200", "LOCALHOST", "[::1]:8200", "127.0.0.2"] {
            assert!(is_meant(host, local), "{host}");
        }
        for host in ["evil.example", "evil.example:8200", "localhost.evil.example", "10.0.0.1", ""]
        {
            assert!(!is_meant(host, local), "{host}");
        }
        assert!(is_meant("bench.lan:8200", "0.0.0.0:8200".parse().unwrap()));
    }
}
