//! Tests of the whole way from text to scenario.

mod flags;
mod harness;
mod mixes;
mod overrides;
mod rendering;
mod robustness;
mod rules;
mod schema;
mod secrets;
mod whole;
