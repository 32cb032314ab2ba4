//! What holds for pacemark as a whole.

#[cfg(test)]
mod mock;
#[cfg(test)]
mod mock_speed;
