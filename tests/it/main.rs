//! What holds for pacemark as a whole.

#[cfg(test)]
mod mock;
