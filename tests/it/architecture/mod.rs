//! Holds the floor plan of `docs/architecture.md`: which module may use which, which may
//! touch the world, and what a source file may look like.
//!
//! `floors` is the plan, `rules` what it and the style ask of a file, `source` reads Rust well
//! enough to tell code from comments, strings and tests.

mod floors;
mod rules;
mod source;
