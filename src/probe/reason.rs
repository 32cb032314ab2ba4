//! Why a server was not reached, in words.

use std::error::Error;
use std::io;

/// A server that was not reached, or broke off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{url}: {reason}")]
pub struct NotReached {
    /// What was asked for.
    pub url: String,
    /// What went wrong, in the system's words.
    pub reason: String,
    /// At which step.
    pub kind: NotReachedKind,
}

/// The step at which a server was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReachedKind {
    /// The host name has no address.
    Resolve,
    /// Nothing takes connections there.
    Connect,
    /// No connection came about in time.
    ConnectTimeout,
    /// The server's certificate was not accepted.
    Certificate,
    /// The TLS handshake failed for another reason.
    Tls,
    /// Nothing came in time.
    Timeout,
    /// The connection broke, or what came is no HTTP.
    Broken,
}

impl NotReached {
    /// What `error` means, which came when `url` was asked for.
    pub(super) fn from_error(url: &str, error: &reqwest::Error) -> Self {
        let chain = causes(error);
        let tls = chain.iter().find_map(|cause| tls_error(*cause));
        let resolve = chain.iter().any(|cause| cause.to_string().starts_with("dns error"));
        let kind = match (tls, error.is_connect(), error.is_timeout()) {
            (Some(rustls::Error::InvalidCertificate(_) | rustls::Error::General(_)), _, _) => {
                NotReachedKind::Certificate
            }
            (Some(_), _, _) => NotReachedKind::Tls,
            (None, _, _) if resolve => NotReachedKind::Resolve,
            (None, true, true) => NotReachedKind::ConnectTimeout,
            (None, true, false) => NotReachedKind::Connect,
            (None, false, true) => NotReachedKind::Timeout,
            (None, false, false) => NotReachedKind::Broken,
        };
        let reason = match kind {
            NotReachedKind::ConnectTimeout => "no connection in time".to_owned(),
            NotReachedKind::Timeout => "no answer in time".to_owned(),
            NotReachedKind::Resolve
            | NotReachedKind::Connect
            | NotReachedKind::Certificate
            | NotReachedKind::Tls
            | NotReachedKind::Broken => {
                // The innermost cause is the system's; those around it only say that there is one.
                chain.last().map_or_else(|| "it broke off".to_owned(), ToString::to_string)
            }
        };
        Self { url: url.to_owned(), reason, kind }
    }
}

/// The causes of an error, the outermost first, without the error itself.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause);
        next = cause.source();
    }
    causes
}

/// TLS errors come wrapped in those of the system, once or twice, which do not show them as
/// their cause.
fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let wrapped = || tls_error(cause.downcast_ref::<io::Error>()?.get_ref()?);
    cause.downcast_ref().or_else(wrapped)
}
