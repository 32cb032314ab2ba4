//! TLS for clients: settings of a backend in, a `rustls` configuration out.
//!
//! The data plane and the control plane share it, so that both trust the same authorities.
//! Files named in the settings are read here; no connection is opened. The cryptography is
//! *ring*'s, handed over explicitly: no process-wide default is installed or needed.

mod config;
mod verifier;

pub use config::{TlsError, client_config};
