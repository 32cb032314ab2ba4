//! Every captured answer, through the decoders.
//!
//! What a client should make of the synthetic captures stands beside them
//! (`*.expect.json`); what it makes of the real ones is a snapshot that has been read and
//! judged. All are read whole, byte by byte, in the reads they came in, and cut at random.

pub(crate) mod capture;
mod captured;
mod reading;
mod splits;
mod synthetic;
