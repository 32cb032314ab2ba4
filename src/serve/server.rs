//! The server of a results folder.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::listening::Listening;
use super::routes::router;

/// A server of a results folder that runs on a thread of its own until this is dropped.
#[derive(Debug)]
pub struct ReportServer(Listening);

/// Why nothing can be served.
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
        let results = results.to_owned();
        Listening::start("serve", bind, move |addr| router(&results, addr)).map(Self)
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.0.addr()
    }
}
