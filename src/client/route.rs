//! What all requests to one endpoint of a backend have in common.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{Method, Request, Uri};
use http_body_util::Full;

use crate::openai::Endpoint;

/// The way to one endpoint: its address and the headers of every request to it.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) endpoint: Endpoint,
    uri: Uri,
    headers: HeaderMap,
    start: Bytes,
}

impl std::fmt::Debug for Route {
    /// Without the headers, which may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Route({})", self.uri)
    }
}

impl Route {
    /// A route to `uri`: the path alone for HTTP/1.1, a whole address for HTTP/2.
    pub(super) fn new(endpoint: Endpoint, uri: Uri, headers: HeaderMap) -> Self {
        let start = Bytes::from(start(&uri, &headers));
        Self { endpoint, uri, headers, start }
    }

    /// The head of an HTTP/1.1 request up to the number that is its content length.
    pub(super) fn start(&self) -> &[u8] {
        &self.start
    }

    /// A request over HTTP/2.
    pub(super) fn request(&self, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

fn start(uri: &Uri, headers: &HeaderMap) -> Vec<u8> {
    let mut start = format!("{} {uri} HTTP/1.1\r\n", Method::POST).into_bytes();
    for (name, value) in headers {
        start.extend_from_slice(name.as_str().as_bytes());
        start.extend_from_slice(b": ");
        start.extend_from_slice(value.as_bytes());
        start.extend_from_slice(b"\r\n");
    }
    start.extend_from_slice(CONTENT_LENGTH.as_str().as_bytes());
    start.extend_from_slice(b": ");
    start
}

#[cfg(test)]
mod tests {
    use http::header::{HOST, HeaderMap};
    use http::{HeaderValue, Uri};

    use super::Route;
    use crate::openai::Endpoint;

    #[test]
    fn a_request_begins_with_its_line_and_headers() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("localhost:1"));
        let route = Route::new(Endpoint::Chat, Uri::from_static("/v1/chat/completions"), headers);
        let expected =
            "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost:1\r\ncontent-length: ";
        assert_eq!(route.start(), expected.as_bytes());
        assert_eq!(format!("{route:?}"), "Route(/v1/chat/completions)");
    }
}
