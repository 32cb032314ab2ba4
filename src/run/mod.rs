//! The run: plan in, cells out, events on the way.
//!
//! The calling thread coordinates and merges; worker threads send, each with a runtime,
//! connections and a recorder of its own; a pacer thread releases open-loop arrivals. While a
//! stage runs nothing is shared between workers but the atomics of `CellState`, and the requests
//! that a thread makes ahead of them, behind a lock that is held for a look-up.
//!
//! Invariants: every request that was due ends up in exactly one record, also when it is
//! cut off by the drain, by Ctrl-C or by an early stop; workers never wait for the coordinator
//! while a stage runs.

mod ahead;
mod cell;
mod cold_start;
mod coordinator;
mod counting;
mod error;
mod event;
mod execute;
mod gateway_pairs;
mod health;
mod heartbeat;
mod interrupt;
mod job;
mod labels;
mod lengths;
mod limits;
mod machine;
mod neighbour;
mod offered;
mod pacer;
mod preflight;
mod probe_watch;
mod probing;
mod prompts;
mod requests;
mod run_facts;
mod seconds;
mod server_watch;
mod session;
mod sink;
mod taking_up;
mod targets;
mod trial;
mod turnstile;
mod worker;

pub use coordinator::CellError;
pub use error::RunError;
pub use event::{Observer, Progress};
pub use execute::{GoingOn, Run, RunOptions};
pub use interrupt::Interrupt;
pub use labels::cell_labels;
pub use preflight::{Problem, Unusable};
