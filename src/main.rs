//! The `pacemark` program.

fn main() {}
