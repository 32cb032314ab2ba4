//! The control plane, against servers that answer as real ones were seen to.

mod facts;
mod listing;
mod server;
