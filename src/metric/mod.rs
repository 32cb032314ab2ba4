//! The catalogue of metrics: key, name, unit, direction and definition of each.
//!
//! One name has one formula. The formulas themselves are computed in `measure`, once; here
//! stands what they mean, so that tables, files and documents all say the same.

mod catalogue;
mod statistic;

pub use catalogue::{DEFINITIONS_VERSION, Direction, Kind, Metric, MetricInfo, Unit};
pub use statistic::Statistic;
