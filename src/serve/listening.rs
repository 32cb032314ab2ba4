//! The thread of a server: it starts, listens, and stops.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::oneshot;

use super::server::ServeError;

/// A server on a thread of its own, until this is dropped.
#[derive(Debug)]
pub(super) struct Listening {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listening {
    /// Starts a thread called `name` that answers by what `routes` makes of the address, and waits
    /// until it listens on `bind`.
    ///
    /// # Errors
    ///
    /// [`ServeError`] if `bind` cannot be listened on, or the system gives no thread.
    pub(super) fn start(
        name: &str,
        bind: SocketAddr,
        routes: impl FnOnce(SocketAddr) -> Router + Send + 'static,
    ) -> Result<Self, ServeError> {
        let (stop, stopped) = oneshot::channel();
        let (report, started) = mpsc::channel();
        let thread = Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                if let Err(error) = run(routes, bind, &report, stopped) {
                    // The receiver is gone only where the report was made already.
                    drop(report.send(Err(error)));
                }
            })
            .map_err(ServeError::Thread)?;
        let gone = || ServeError::Thread(io::ErrorKind::BrokenPipe.into());
        let addr = started.recv().map_err(|_| gone())??;
        Ok(Self { addr, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub(super) const fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Whoever is still being answered is cut off.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing more to tell.
            drop(thread.join());
        }
    }
}

fn run(
    routes: impl FnOnce(SocketAddr) -> Router,
    bind: SocketAddr,
    report: &mpsc::Sender<Result<SocketAddr, ServeError>>,
    stopped: oneshot::Receiver<()>,
) -> Result<(), ServeError> {
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(ServeError::Thread)?;
    let listen = |source| ServeError::Listen { addr: bind, source };
    runtime.block_on(async {
        let listener = TcpListener::bind(bind).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let routes = routes(addr);
        drop(report.send(Ok(addr)));
        tokio::select! {
            served = axum::serve(listener, routes) => served.map_err(ServeError::Thread),
            _ = stopped => Ok(()),
        }
    })
}
