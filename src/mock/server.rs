//! The server's thread: it starts, listens, and stops.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::{Builder, JoinHandle};

use axum::serve::ListenerExt as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;

use super::alarm::Alarm;
use super::pacer::Pacer;
use super::routes::router;
use super::service::Service;
use super::truth::{Ledger, Truth};
use crate::clock::Clock;
use crate::scenario::MockSpec;

/// Connections that may wait to be accepted; a load test opens thousands at once, and one that
/// is turned away tries again only after a second.
const BACKLOG: u32 = 4_096;

/// A simulated server that runs on threads of its own until this is dropped.
#[derive(Debug)]
pub struct MockServer {
    addr: SocketAddr,
    ledger: Arc<Ledger>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Why a simulated server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum MockError {
    /// The address cannot be listened on.
    #[error("the simulated server cannot listen on {addr}: {source}; use port 0 for any free port")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system gives no thread or no runtime.
    #[error("the simulated server cannot start its threads: {0}")]
    Threads(io::Error),
    /// Its measuring instruments cannot be made.
    #[error("the simulated server cannot record: {0}")]
    Record(#[from] hdrhistogram::CreationError),
}

impl MockServer {
    /// Starts a server that behaves as `spec` says, and waits until it listens on `bind`.
    ///
    /// # Errors
    ///
    /// [`MockError`] if `bind` cannot be listened on or the system gives no thread.
    pub fn start(spec: MockSpec, bind: SocketAddr) -> Result<Self, MockError> {
        Self::start_warmed_by(0, spec, bind)
    }

    /// As [`MockServer::start`], but the times of the first `untimed` requests do not enter its
    /// [`Truth`]; they are counted all the same.
    ///
    /// # Errors
    ///
    /// As [`MockServer::start`].
    pub fn start_warmed_by(
        untimed: u64,
        spec: MockSpec,
        bind: SocketAddr,
    ) -> Result<Self, MockError> {
        let ledger = Arc::new(Ledger::new(untimed)?);
        let (stop, stopped) = oneshot::channel();
        let (report, started) = mpsc::channel();
        let plan = Plan { spec, bind, ledger: Arc::clone(&ledger) };
        let thread = Builder::new()
            .name("mock".to_owned())
            .spawn(move || {
                if let Err(error) = plan.run(&report, stopped) {
                    // The receiver is gone only where the report was made already.
                    drop(report.send(Err(error)));
                }
            })
            .map_err(MockError::Threads)?;
        let gone = || MockError::Threads(io::ErrorKind::BrokenPipe.into());
        let addr = started.recv().map_err(|_| gone())??;
        Ok(Self { addr, ledger, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens; the real port where 0 was asked for.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What the server itself saw so far.
    pub fn truth(&self) -> Truth {
        self.ledger.snapshot()
    }

    /// Stops the server and closes its connections; the same as dropping it.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

struct Plan {
    spec: MockSpec,
    bind: SocketAddr,
    ledger: Arc<Ledger>,
}

type Report = mpsc::Sender<Result<SocketAddr, MockError>>;

impl Plan {
    /// Serves until `stopped`.
    fn run(self, report: &Report, stopped: oneshot::Receiver<()>) -> Result<(), MockError> {
        let clock = Clock::start();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(MockError::Threads)?;
        runtime.block_on(async {
            let alarm = Alarm::new(clock.clone()).map_err(MockError::Threads)?;
            let pacer = Arc::new(Pacer::new(clock, alarm));
            let service = Arc::new(Service::new(self.spec, pacer, self.ledger));
            let unusable = |source| MockError::Listen { addr: self.bind, source };
            let listener = listen(self.bind).map_err(unusable)?;
            let addr = listener.local_addr().map_err(unusable)?;
            // Refused only where nobody waits any more; then `stopped` ends this at once.
            drop(report.send(Ok(addr)));
            // Without Nagle's algorithm, which would hold a token back until the one before it
            // is acknowledged. Where that is refused, the connection is merely less exact.
            let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
            let server = axum::serve(listener, router(Arc::clone(&service)));
            tokio::select! {
                _ = stopped => {}
                _ = server => {}
                () = service.pace() => {}
            }
            Ok(())
        })
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Elsewhere it would let two servers share a port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}
