//! A run that was broken off goes on: nothing finished is lost, and nothing counts twice.

#![cfg(unix)]

mod broken_off;
mod kills;
mod refusals;
mod surroundings;
