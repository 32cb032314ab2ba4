//! One request's share of an HTTP/2 connection, which has a task of its own.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use super::framing::Framing;
use super::head::{Head, is_json};
use super::http1::Broken;
use super::stamped::{ReadStamp, Transport};
use crate::openai::{decode_gateway, decode_rate_limits};

type ResponseFuture = Pin<Box<dyn Future<Output = hyper::Result<Response<Incoming>>>>>;

/// A handle to a connection that several requests share.
pub(super) struct Http2 {
    sender: SendRequest<Full<Bytes>>,
    stamp: Rc<ReadStamp>,
    state: State,
}

/// How far the request of this handle has come.
enum State {
    Idle,
    /// Until the connection takes it.
    Waiting(Box<Request<Full<Bytes>>>),
    Sent(ResponseFuture),
    Answered(Incoming),
}

impl Http2 {
    /// Speaks HTTP/2 over `transport`, driven by a local task until the last handle is gone.
    pub(super) async fn open(transport: Transport) -> hyper::Result<Self> {
        let stamp = transport.stamp();
        let (sender, driver) = handshake(LocalExecutor, TokioIo::new(transport)).await?;
        tokio::task::spawn_local(async move {
            // A broken connection shows in the requests that used it.
            driver.await.unwrap_or_default();
        });
        Ok(Self { sender, stamp, state: State::Idle })
    }

    /// Another handle to the same connection.
    pub(super) fn share(&self) -> Self {
        let (sender, stamp) = (self.sender.clone(), Rc::clone(&self.stamp));
        Self { sender, stamp, state: State::Idle }
    }

    pub(super) const fn stamp(&self) -> &Rc<ReadStamp> {
        &self.stamp
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Takes a request; [`Http2::poll_head`] sends it.
    pub(super) fn send(&mut self, request: Request<Full<Bytes>>) {
        self.state = State::Waiting(Box::new(request));
    }

    /// Sends the request and waits for the head of the answer.
    pub(super) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Head, Broken>> {
        if let State::Waiting(_) = self.state {
            ready!(self.sender.poll_ready(cx)).map_err(|error| broken(&error))?;
            if let State::Waiting(request) = std::mem::replace(&mut self.state, State::Idle) {
                self.state = State::Sent(Box::pin(self.sender.send_request(*request)));
            }
        }
        let State::Sent(response) = &mut self.state else {
            return Poll::Ready(Err(Broken::Closed("no request was sent".to_owned())));
        };
        let answer = ready!(response.as_mut().poll(cx)).map_err(|error| broken(&error))?;
        let (parts, body) = answer.into_parts();
        self.state = State::Answered(body);
        let header = |name| parts.headers.get(name);
        let status = parts.status.as_u16();
        let pairs = || {
            let headers = parts.headers.iter();
            headers.map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()))
        };
        Poll::Ready(Ok(Head {
            status,
            is_json: header(CONTENT_TYPE).is_some_and(|value| is_json(value.as_bytes())),
            retry_after: header(RETRY_AFTER)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
            limits: decode_rate_limits(status, pairs()).map(Box::new),
            gateway: decode_gateway(pairs()).map(Box::new),
            framing: Framing::UntilClose,
            keeps_open: true,
        }))
    }

    /// Hands the next piece of the body to `sink`; true once the body is over.
    pub(super) fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut impl FnMut(&[u8]),
    ) -> Poll<Result<bool, Broken>> {
        let State::Answered(body) = &mut self.state else { return Poll::Ready(Ok(true)) };
        Poll::Ready(match ready!(Pin::new(body).poll_frame(cx)) {
            None => Ok(true),
            Some(Ok(frame)) => {
                // Trailers carry nothing that is measured.
                if let Some(bytes) = frame.data_ref() {
                    sink(bytes);
                }
                Ok(false)
            }
            Some(Err(error)) => Err(broken(&error)),
        })
    }
}

fn broken(error: &hyper::Error) -> Broken {
    let text = causes(error);
    if error.is_parse() { Broken::Malformed(text) } else { Broken::Closed(text) }
}

/// An error with everything below it, in one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// Runs the inner tasks of HTTP/2 on the thread's own task set.
#[derive(Clone, Copy, Debug)]
struct LocalExecutor;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
