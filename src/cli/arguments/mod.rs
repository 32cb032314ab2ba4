//! The command line as it is typed.

mod baseline;
mod command;
mod compare;
mod documents;
mod report;
mod run;
mod scenario;
mod servers;

pub(super) use baseline::{BaselineArguments, BaselineCommand, BaselineSource, SaveArguments};
pub(super) use command::{Arguments, Command};
pub(super) use compare::{CompareArguments, ComparisonOutput};
pub(super) use documents::{Document, InitArguments, SchemaArguments};
pub(super) use report::{
    CapacityArguments, CheckArguments, MergeArguments, OutputFormat, ReportArguments, ReportFile,
};
pub(super) use run::{Records, RunArguments};
pub(super) use scenario::{FlagArguments, PlanArguments, SourceArguments};
pub(super) use servers::{
    CalibrateArguments, MockArguments, ModelsArguments, ProbeArguments, ServeArguments,
};
