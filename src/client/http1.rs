//! One HTTP/1.1 connection, which carries one request at a time.
//!
//! The task that uses it reads it: nothing stands between the socket and the decoder but the
//! framing of the body. All connections of a thread read into one buffer, and what was read is
//! taken before anybody else reads, so a connection keeps no bytes but the begin of a head.
//!
//! # Source
//!
//! RFC 9112.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use super::framing::Framing;
use super::head::Head;
use super::stamped::{ReadStamp, Transport};

/// Most that is read at once. A stream's reads are far smaller; a batch of embeddings takes
/// some more of them.
const READ_SIZE: usize = 64 << 10;

/// Where the connections of a thread read into.
#[derive(Clone, Debug)]
pub(super) struct ReadSpace(Rc<RefCell<Box<[u8]>>>);

impl Default for ReadSpace {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(vec![0; READ_SIZE].into_boxed_slice())))
    }
}

/// Why an answer did not come, or not whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The connection is gone.
    Closed(String),
    /// What came is no HTTP.
    Malformed(String),
}

/// An open connection.
pub(super) struct Http1 {
    transport: Transport,
    stamp: Rc<ReadStamp>,
    space: ReadSpace,
    request: Outgoing,
    /// The begin of a head, or what was read together with one.
    unread: Vec<u8>,
    framing: Framing,
    keeps_open: bool,
}

/// A request on its way out.
#[derive(Debug, Default)]
struct Outgoing {
    head: Vec<u8>,
    body: Bytes,
    written: usize,
    is_flushed: bool,
}

impl Http1 {
    pub(super) fn new(transport: Transport, space: ReadSpace) -> Self {
        Self {
            stamp: transport.stamp(),
            transport,
            space,
            request: Outgoing::default(),
            unread: Vec::new(),
            framing: Framing::Length(0),
            keeps_open: true,
        }
    }

    pub(super) const fn stamp(&self) -> &Rc<ReadStamp> {
        &self.stamp
    }

    /// Whether it cannot carry another request. Nobody reads an idle connection, so this looks
    /// whether the server has closed it, or said what nobody asked for.
    pub(super) fn is_closed(&mut self) -> bool {
        if self.keeps_open {
            let space = self.space.clone();
            let mut space = space.0.borrow_mut();
            let mut buffer = ReadBuf::new(&mut space);
            let mut cx = Context::from_waker(Waker::noop());
            let read = Pin::new(&mut self.transport).poll_read(&mut cx, &mut buffer);
            self.keeps_open = read.is_pending();
        }
        !self.keeps_open
    }

    /// Takes a request; [`Http1::poll_head`] sends it. `start` is its head up to the number that
    /// is its content length.
    pub(super) fn send(&mut self, start: &[u8], body: Bytes) {
        let Outgoing { mut head, .. } = std::mem::take(&mut self.request);
        head.clear();
        head.extend_from_slice(start);
        head.extend_from_slice(body.len().to_string().as_bytes());
        head.extend_from_slice(b"\r\n\r\n");
        self.request = Outgoing { head, body, written: 0, is_flushed: false };
        self.unread.clear();
    }

    /// Sends the request and waits for the head of the answer, which may come before all of the
    /// request is sent.
    pub(super) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Head, Broken>> {
        let written = self.request.poll_write(&mut self.transport, cx);
        loop {
            if let Some(head) = self.take_head()? {
                // The rest of a request that was answered early cannot be told from the next.
                self.keeps_open = head.keeps_open && self.request.is_flushed;
                self.framing = head.framing;
                return Poll::Ready(Ok(head));
            }
            let space = self.space.clone();
            let mut space = space.0.borrow_mut();
            let mut buffer = ReadBuf::new(&mut space);
            let read = Pin::new(&mut self.transport).poll_read(cx, &mut buffer);
            match read {
                // A server may refuse a request that it does not read to its end.
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.unread.extend_from_slice(buffer.filled());
                }
                Poll::Ready(Ok(())) => return Poll::Ready(Err(no_answer(&written))),
                Poll::Ready(error) => return Poll::Ready(Err(no_answer(&Poll::Ready(error)))),
                Poll::Pending if matches!(written, Poll::Ready(Err(_))) => {
                    return Poll::Ready(Err(no_answer(&written)));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Takes the head of the answer from what was read, if it is there whole.
    fn take_head(&mut self) -> Result<Option<Head>, Broken> {
        while !self.unread.is_empty() {
            let parsed = Head::parse(&self.unread);
            match parsed.map_err(|error| Broken::Malformed(error.to_string()))? {
                None => return Ok(None),
                Some((head, length)) => {
                    self.unread.drain(..length);
                    if !head.is_interim() {
                        return Ok(Some(head));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Reads once and hands what of it is body to `sink`; true once the body is over.
    #[inline]
    pub(super) fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut impl FnMut(&[u8]),
    ) -> Poll<Result<bool, Broken>> {
        if !self.unread.is_empty() {
            let bytes = std::mem::take(&mut self.unread);
            return Poll::Ready(self.take_body(&bytes, sink));
        }
        if self.framing.is_over() {
            return Poll::Ready(Ok(true));
        }
        let space = self.space.clone();
        let mut space = space.0.borrow_mut();
        let mut buffer = ReadBuf::new(&mut space);
        let read = ready!(Pin::new(&mut self.transport).poll_read(cx, &mut buffer));
        Poll::Ready(match read {
            Ok(()) if !buffer.filled().is_empty() => self.take_body(buffer.filled(), sink),
            Ok(()) if self.framing == Framing::UntilClose => Ok(true),
            Ok(()) => Err(Broken::Closed("connection closed inside the answer".to_owned())),
            Err(error) => {
                Err(Broken::Closed(format!("connection closed inside the answer: {error}")))
            }
        })
    }

    fn take_body(&mut self, bytes: &[u8], sink: &mut impl FnMut(&[u8])) -> Result<bool, Broken> {
        let used = self.framing.take(bytes, sink);
        let used = used.map_err(|error| Broken::Malformed(error.to_string()))?;
        // An answer that nobody asked for: the next one could not be told from it.
        self.keeps_open &= used == bytes.len();
        Ok(self.framing.is_over())
    }
}

/// A connection that ended before the answer, and what the system said, if it did.
fn no_answer(step: &Poll<io::Result<()>>) -> Broken {
    Broken::Closed(match step {
        Poll::Ready(Err(error)) => format!("connection closed before the answer: {error}"),
        Poll::Ready(Ok(())) | Poll::Pending => "connection closed before the answer".to_owned(),
    })
}

impl Outgoing {
    /// Writes what is left; ready once all of it is with the system.
    fn poll_write(
        &mut self,
        transport: &mut Transport,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let length = self.head.len() + self.body.len();
        while self.written < length {
            let head = self.head.get(self.written..).unwrap_or_default();
            let body = &self.body[self.written.saturating_sub(self.head.len())..];
            let slices = [IoSlice::new(head), IoSlice::new(body)];
            let slices = if head.is_empty() { &slices[1..] } else { &slices };
            match ready!(Pin::new(&mut *transport).poll_write_vectored(cx, slices))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
        }
        if !self.is_flushed {
            ready!(Pin::new(transport).poll_flush(cx))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }
}
