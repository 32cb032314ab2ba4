//! The text of a scenario as a tree in which every value knows where it was written.
//!
//! [`read_tree`] makes it from YAML, [`expand`] fills in the environment, [`mark_secrets`] says
//! what must not be shown, and [`write_yaml`] prints it again. Nothing here knows the keys of a
//! scenario but the two last, and those only by what must be hidden.

mod expand;
mod node;
mod read;
mod reference;
mod scalar;
mod secrets;
mod write;

pub(in crate::scenario) use expand::expand;
pub(in crate::scenario) use node::{Entry, Node, Value};
pub(in crate::scenario) use read::{read_tree, read_value};
pub(in crate::scenario) use scalar::resolve;
pub(in crate::scenario) use secrets::{HIDDEN, hide_secrets, mark_secrets, masked_source};
pub(in crate::scenario) use write::write_yaml;
