//! What holds for pacemark as a whole: its floors, and documents that equal the code.

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod markdown;
//! What holds for pacemark as a whole.

#[cfg(test)]
mod mock;
//! The one binary of integration tests.

mod scenarios;
//! All integration tests, in one binary.

#[cfg(test)]
mod wire;
#[cfg(test)]
mod mock_speed;
