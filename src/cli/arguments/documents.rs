//! What `init` and `schema` take.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::scenario::kind;
use crate::scenario::BackendKind;

#[derive(Debug, Args)]
pub(in crate::cli) struct InitArguments {
    /// Kind of server the scenario is for
    #[arg(long, value_name = "KIND", value_parser = kind, default_value = "ollama")]
    pub(in crate::cli) kind: BackendKind,
    /// File to write; `-` prints to stdout
    #[arg(value_name = "FILE", default_value = "scenario.yaml")]
    pub(in crate::cli) file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SchemaArguments {
    /// Which document
    #[arg(value_enum, default_value_t = Document::Scenario)]
    pub(in crate::cli) document: Document,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Document {
    /// The scenario file
    Scenario,
    /// result.json
    Result,
    /// What `compare --format json` prints
    Comparison,
    /// summary.csv
    Summary,
    /// requests.csv
    Requests,
    /// timeseries.csv
    Timeseries,
}
