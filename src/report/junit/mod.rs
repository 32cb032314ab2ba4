//! JUnit XML, as CI servers read it: a case for each gate in each cell, and for each figure that
//! decides a comparison.
//!
//! A case fails where the exit code says so, and for no other reason.
//!
//! # Source
//!
//! The schema that Jenkins checks reports against: `junit-10.xsd` of its plugin `xunit`,
//! <https://github.com/jenkinsci/xunit-plugin>.

mod cases;
mod comparison;
mod run;
#[cfg(test)]
mod schema_tests;

pub(super) use comparison::junit_of;
pub use run::junit;
