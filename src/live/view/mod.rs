//! The full-screen view of a run: drawn into a buffer of cells, which somebody else puts on a
//! terminal.

mod figures;
mod graph;
mod head;
mod help;
mod look;
mod screen;

pub use look::Look;
pub use screen::draw;
