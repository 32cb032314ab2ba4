//! The server's thread: it starts, listens, and stops.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};

use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::oneshot;

use super::routes::router;

/// A server of a results folder that runs on a thread of its own until this is dropped.
#[derive(Debug)]
pub struct ReportServer {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Why the runs cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {source}; use port 0 for any free port")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// There is no such folder.
    #[error("`{0}` is not a folder; name the folder that holds the runs, as `results`")]
    NoFolder(PathBuf),
    /// The system gives no thread or no runtime.
    #[error("the server cannot start its thread: {0}")]
    Thread(io::Error),
}

impl ReportServer {
    /// Starts a server of the runs below `results`, and waits until it listens on `bind`.
    ///
    /// # Errors
    ///
    /// [`ServeError`] if there is no folder, `bind` cannot be listened on, or the system gives no
    /// thread.
    pub fn start(results: &Path, bind: SocketAddr) -> Result<Self, ServeError> {
        if !results.is_dir() {
            return Err(ServeError::NoFolder(results.to_owned()));
        }
        let (stop, stopped) = oneshot::channel();
        let (report, started) = mpsc::channel();
        let results = results.to_owned();
        let thread = Builder::new()
            .name("serve".to_owned())
            .spawn(move || {
                if let Err(error) = run(&results, bind, &report, stopped) {
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
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for ReportServer {
    fn drop(&mut self) {
        // Whoever still follows a run is cut off.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing more to tell.
            drop(thread.join());
        }
    }
}

fn run(
    results: &Path,
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
        let routes = router(results, addr);
        drop(report.send(Ok(addr)));
        tokio::select! {
            served = axum::serve(listener, routes) => served.map_err(ServeError::Thread),
            _ = stopped => Ok(()),
        }
    })
}
