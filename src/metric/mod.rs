//! The catalogue of metrics: key, name, unit, direction and definition of each; and how a figure
//! of one, a limit for it and a gate are written, and what Prometheus calls it. And the names of what
//! servers tell of themselves ([`ServerMeter`]).
//!
//! One name has one formula. The formulas themselves are computed in `measure`, once; here
//! stands what they mean, so that tables, files and documents all say the same.

mod catalogue;
mod exposed;
mod figure_key;
mod gate;
mod server_meter;
mod spelling;
mod statistic;
mod syntax;
mod threshold;

pub use catalogue::{DEFINITIONS_VERSION, Direction, Kind, Metric, MetricInfo, Unit};
pub use exposed::Exposed;
pub use figure_key::FigureKey;
pub use gate::{Gate, Scope, Unsupported};
pub use server_meter::{Combine, MeterKind, ServerMeter};
pub use spelling::closest;
pub use statistic::Statistic;
pub use syntax::SyntaxError;
pub use threshold::{Comparison, Threshold};
