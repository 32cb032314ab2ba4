//! One connection in use, HTTP/1.1 or HTTP/2.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use super::gate::Gate;
use super::stamped::{ReadStamp, Stamped, Transport};
use crate::units::Moment;

type Driver = Pin<Box<http1::Connection<TokioIo<Transport>, Full<Bytes>>>>;
pub(super) type ResponseFuture = Pin<Box<dyn Future<Output = hyper::Result<Response<Incoming>>>>>;

/// A connection that carries one request at a time.
///
/// HTTP/1.1 connections are driven by the task that uses them: no second task is woken per
/// event, and no read can happen between an event's read and its decoding, so the stamp of the
/// latest read is the event's own. An HTTP/2 connection is shared and has a task of its own.
pub(super) struct Link {
    sender: Sender,
    driver: Option<Driver>,
    gate: Arc<Gate>,
    /// The waker before the gate, for the driver.
    waker: Waker,
    /// The task the gate leads to.
    task: Waker,
    stamp: Rc<ReadStamp>,
    /// Whether it has served a request before.
    pub(super) used: bool,
    /// When it was last put back.
    pub(super) idle_since: Moment,
}

enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Link {
    /// Speaks HTTP/1.1 over `transport`.
    pub(super) async fn http1(transport: Transport) -> hyper::Result<Self> {
        let stamp = stamp_of(&transport);
        let (sender, driver) = http1::handshake(TokioIo::new(transport)).await?;
        Ok(Self::new(Sender::One(sender), Some(Box::pin(driver)), stamp))
    }

    /// Speaks HTTP/2 over `transport`, driven by a local task until the last clone is gone.
    pub(super) async fn http2(transport: Transport) -> hyper::Result<Self> {
        let stamp = stamp_of(&transport);
        let (sender, driver) = http2::handshake(LocalExecutor, TokioIo::new(transport)).await?;
        tokio::task::spawn_local(async move {
            // A broken connection shows in the requests that used it.
            driver.await.unwrap_or_default();
        });
        Ok(Self::new(Sender::Two(sender), None, stamp))
    }

    fn new(sender: Sender, driver: Option<Driver>, stamp: Rc<ReadStamp>) -> Self {
        let (gate, waker) = Gate::new();
        let task = Waker::noop().clone();
        let idle_since = Moment::ZERO;
        Self { sender, driver, gate, waker, task, stamp, used: false, idle_since }
    }

    /// Another handle to the same HTTP/2 connection; `None` for HTTP/1.1.
    pub(super) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::One(_) => None,
            Sender::Two(sender) => {
                let copy = Sender::Two(sender.clone());
                Some(Self { used: true, ..Self::new(copy, None, Rc::clone(&self.stamp)) })
            }
        }
    }

    /// When the latest read of the connection returned.
    pub(super) fn read_at(&self) -> Moment {
        self.stamp.at()
    }

    /// Bytes read from the connection so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.stamp.bytes()
    }

    /// Whether the other side is known to have closed it.
    pub(super) fn is_closed(&mut self) -> bool {
        // An idle HTTP/1.1 connection has nobody who polls it: look once whether it ended.
        let mut cx = Context::from_waker(Waker::noop());
        self.drive(&mut cx);
        match &self.sender {
            Sender::One(sender) => self.driver.is_none() || sender.is_closed(),
            Sender::Two(sender) => sender.is_closed(),
        }
    }

    /// Ready once the connection can take a request.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.drive(cx);
        match &mut self.sender {
            Sender::One(sender) => sender.poll_ready(cx),
            Sender::Two(sender) => sender.poll_ready(cx),
        }
    }

    /// Hands `request` to the connection; [`Link::poll_response`] moves it on.
    pub(super) fn send(&mut self, request: Request<Full<Bytes>>) -> ResponseFuture {
        match &mut self.sender {
            Sender::One(sender) => Box::pin(sender.send_request(request)),
            Sender::Two(sender) => Box::pin(sender.send_request(request)),
        }
    }

    /// Moves the connection on and looks for the head of the response.
    pub(super) fn poll_response(
        &mut self,
        response: &mut ResponseFuture,
        cx: &mut Context<'_>,
    ) -> Poll<hyper::Result<Response<Incoming>>> {
        self.drive(cx);
        let waker = self.inner_waker(cx);
        response.as_mut().poll(&mut Context::from_waker(waker))
    }

    /// The next piece of the body; the connection is moved on only when none is left.
    pub(super) fn poll_frame(
        &mut self,
        body: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        if let Sender::Two(_) = self.sender {
            return Pin::new(body).poll_frame(cx);
        }
        let mut inner = Context::from_waker(Waker::noop());
        if let Poll::Ready(frame) = self.gate.closed(|| Pin::new(&mut *body).poll_frame(&mut inner))
        {
            return Poll::Ready(frame);
        }
        self.drive(cx);
        self.gate.closed(|| Pin::new(body).poll_frame(&mut inner))
    }

    /// Moves an HTTP/1.1 connection on; nothing where there is none to move.
    fn drive(&mut self, cx: &mut Context<'_>) {
        let Some(driver) = &mut self.driver else { return };
        if !self.task.will_wake(cx.waker()) {
            self.task.clone_from(cx.waker());
            self.gate.lead_to(cx.waker());
        }
        if driver.as_mut().poll(&mut Context::from_waker(&self.waker)).is_ready() {
            self.driver = None;
        }
    }

    /// Who is to be woken by the inner channels: nobody where this task moves the connection
    /// itself and looks again right after, else the task.
    fn inner_waker<'a>(&self, cx: &'a Context<'_>) -> &'a Waker {
        match self.sender {
            Sender::One(_) => Waker::noop(),
            Sender::Two(_) => cx.waker(),
        }
    }
}

fn stamp_of(transport: &Transport) -> Rc<ReadStamp> {
    match transport {
        Transport::Plain(socket) => socket.stamp(),
        Transport::Tls(socket) => Stamped::stamp(socket.get_ref().0),
    }
}

/// Runs the inner tasks of HTTP/2 on the thread's own task set.
#[derive(Clone, Copy, Debug)]
struct LocalExecutor;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
