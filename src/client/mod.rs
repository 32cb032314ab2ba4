//! The data plane: sends one [`RequestSpec`](crate::workload::RequestSpec), stamps what comes
//! back, and fills in a [`RequestRecord`](crate::record::RequestRecord).
//!
//! A client belongs to one thread. It keeps the connections of one backend, knows for every
//! request whether it opened one, follows no redirect and repeats nothing, with one exception
//! that is counted: a request whose *reused* connection was closed before any byte of the
//! answer is sent once more on a fresh one.
//!
//! Invariants: between the read of the socket and its stamp there is nothing but the read; all
//! events decoded from one read share its stamp; a record that is dropped half-way holds
//! every moment that had come by then.

mod answer;
mod connector;
mod deadline;
mod framing;
mod head;
mod http;
mod http1;
mod http2;
mod kept;
mod limit_gate;
mod link;
mod meter;
mod route;
mod socket;
mod stamped;
mod stream;
mod tunnel;

pub use connector::{ConnectFailure, Connector};
pub use http::{ClientError, ClientParts, HttpClient, Talk};
pub use kept::KeptText;
pub use meter::EventMeter;
