//! One connection in use, HTTP/1.1 or HTTP/2.

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use super::head::Head;
use super::http1::{Broken, Http1, ReadSpace};
use super::http2::Http2;
use super::route::Route;
use super::stamped::{ReadStamp, Transport};
use crate::units::Moment;

/// A connection, or the part of a shared one, that carries one request at a time.
pub(super) struct Link {
    protocol: Protocol,
    /// Whether it has served a request before.
    pub(super) used: bool,
    /// When it was last put back.
    pub(super) idle_since: Moment,
    /// How long its name took to look up, and its TLS handshake.
    pub(super) resolve: Option<Duration>,
    pub(super) tls: Option<Duration>,
    /// The address at its other end.
    pub(super) peer: Option<Arc<str>>,
}

enum Protocol {
    One(Box<Http1>),
    Two(Http2),
}

impl Link {
    /// Speaks HTTP/1.1 over `transport`.
    pub(super) fn http1(transport: Transport, space: ReadSpace) -> Self {
        Self::new(Protocol::One(Box::new(Http1::new(transport, space))))
    }

    /// Speaks HTTP/2 over `transport`.
    pub(super) async fn http2(transport: Transport) -> hyper::Result<Self> {
        Ok(Self::new(Protocol::Two(Http2::open(transport).await?)))
    }

    const fn new(protocol: Protocol) -> Self {
        let (used, idle_since) = (false, Moment::ZERO);
        Self { protocol, used, idle_since, resolve: None, tls: None, peer: None }
    }

    /// The same, with what is known of how it was opened.
    pub(super) fn opened(
        self,
        resolve: Option<Duration>,
        tls: Option<Duration>,
        peer: Option<Arc<str>>,
    ) -> Self {
        Self { resolve, tls, peer, ..self }
    }

    /// Another handle to the same HTTP/2 connection; `None` for HTTP/1.1.
    pub(super) fn share(&self) -> Option<Self> {
        match &self.protocol {
            Protocol::One(_) => None,
            Protocol::Two(handle) => {
                let shared = Self::new(Protocol::Two(handle.share()));
                let Self { resolve, tls, .. } = *self;
                let peer = self.peer.clone();
                Some(Self { used: true, resolve, tls, peer, ..shared })
            }
        }
    }

    fn stamp(&self) -> &Rc<ReadStamp> {
        match &self.protocol {
            Protocol::One(connection) => connection.stamp(),
            Protocol::Two(handle) => handle.stamp(),
        }
    }

    /// When the latest read of the connection returned.
    pub(super) fn read_at(&self) -> Moment {
        self.stamp().at()
    }

    /// Bytes read from the connection so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.stamp().bytes()
    }

    /// Whether it is known that it cannot carry another request.
    pub(super) fn is_closed(&mut self) -> bool {
        match &mut self.protocol {
            Protocol::One(connection) => connection.is_closed(),
            Protocol::Two(handle) => handle.is_closed(),
        }
    }

    /// Takes a request; [`Link::poll_head`] sends it.
    pub(super) fn send(&mut self, route: &Route, body: Bytes) {
        match &mut self.protocol {
            Protocol::One(connection) => connection.send(route.start(), body),
            Protocol::Two(handle) => handle.send(route.request(body)),
        }
    }

    /// Sends the request and waits for the head of the answer.
    pub(super) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Head, Broken>> {
        match &mut self.protocol {
            Protocol::One(connection) => connection.poll_head(cx),
            Protocol::Two(handle) => handle.poll_head(cx),
        }
    }

    /// Hands the next part of the body to `sink`, with the moment it was read; true once the
    /// body is over.
    #[inline]
    pub(super) fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut impl FnMut(&[u8], Moment),
    ) -> Poll<Result<bool, Broken>> {
        match &mut self.protocol {
            Protocol::One(connection) => {
                let stamp = Rc::clone(connection.stamp());
                connection.poll_body(cx, &mut |bytes| sink(bytes, stamp.at()))
            }
            Protocol::Two(handle) => {
                let stamp = Rc::clone(handle.stamp());
                handle.poll_body(cx, &mut |bytes| sink(bytes, stamp.at()))
            }
        }
    }
}
