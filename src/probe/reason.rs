//! Why a server was not reached, in words.

use std::error::Error;
use std::io;

/// A server that was not reached, or broke off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{url} is not reached: {reason}")]
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
    /// The TLS handshake failed.
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
        let kind = match () {
            () if tls.is_some() => NotReachedKind::Tls,
            () if resolve => NotReachedKind::Resolve,
            () if error.is_timeout() => NotReachedKind::Timeout,
            () if error.is_connect() => NotReachedKind::Connect,
            () => NotReachedKind::Broken,
        };
        let last = chain.last().map(ToString::to_string);
        let reason = match kind {
            NotReachedKind::Tls => tls.map(ToString::to_string),
            NotReachedKind::Timeout => Some("no answer in time".to_owned()),
            NotReachedKind::Resolve | NotReachedKind::Connect | NotReachedKind::Broken => last,
        };
        // The address stands before it already.
        let reason = reason.unwrap_or_else(|| "it broke off".to_owned());
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

/// TLS errors come wrapped in those of the system, which do not show them as their cause.
fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let wrapped = || cause.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref();
    cause.downcast_ref().or_else(wrapped)
}
