//! A socket that stamps every read.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::socket::Socket;
use crate::clock::Clock;
use crate::units::{Moment, count};

/// What a socket last read, shared between the socket and whoever uses it.
#[derive(Debug, Default)]
pub(super) struct ReadStamp {
    at: Cell<Moment>,
    bytes: Cell<u64>,
}

impl ReadStamp {
    /// When the latest read returned, be it with bytes or with the end.
    pub(super) fn at(&self) -> Moment {
        self.at.get()
    }

    /// Bytes read so far, TLS overhead included.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.get()
    }
}

/// A socket whose reads are stamped the moment they return.
#[derive(Debug)]
pub(super) struct Stamped {
    socket: Socket,
    clock: Clock,
    stamp: Rc<ReadStamp>,
}

impl Stamped {
    pub(super) fn new(socket: Socket, clock: Clock) -> Self {
        Self { socket, clock, stamp: Rc::default() }
    }

    fn stamp(&self) -> Rc<ReadStamp> {
        Rc::clone(&self.stamp)
    }
}

impl AsyncRead for Stamped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buffer);
        if read.is_ready() {
            self.stamp.at.set(self.clock.now());
            let fresh = buffer.filled().len() - before;
            self.stamp.bytes.set(self.stamp.bytes.get() + count(fresh));
        }
        read
    }
}

impl AsyncWrite for Stamped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// A stamped socket, with or without TLS above it.
#[derive(Debug)]
pub(super) enum Transport {
    Plain(Stamped),
    Tls(Box<TlsStream<Stamped>>),
}

impl Transport {
    /// The stamp of the socket's reads.
    pub(super) fn stamp(&self) -> Rc<ReadStamp> {
        match self {
            Self::Plain(socket) => socket.stamp(),
            Self::Tls(socket) => socket.get_ref().0.stamp(),
        }
    }
}

macro_rules! either {
    ($self:ident, $inner:ident => $call:expr) => {
        match $self.get_mut() {
            Self::Plain(socket) => {
                let $inner = Pin::new(socket);
                $call
            }
            Self::Tls(socket) => {
                let $inner = Pin::new(socket.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, socket => socket.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, socket => socket.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, socket => socket.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(socket) => socket.is_write_vectored(),
            Self::Tls(socket) => socket.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, socket => socket.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, socket => socket.poll_shutdown(cx))
    }
}
