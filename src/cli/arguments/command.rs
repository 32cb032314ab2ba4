//! The commands.

use clap::{Parser, Subcommand};

use super::baseline::BaselineArguments;
use super::compare::CompareArguments;
use super::documents::{InitArguments, SchemaArguments};
use super::report::{CapacityArguments, CheckArguments, MergeArguments, ReportArguments};
use super::run::RunArguments;
use super::scenario::PlanArguments;
use super::servers::{
    CalibrateArguments, MockArguments, ModelsArguments, ProbeArguments, ServeArguments,
};

/// Load testing and latency benchmarks for servers that speak the OpenAI API.
#[derive(Debug, Parser)]
#[command(name = "pacemark", version, about, propagate_version = true, max_term_width = 100)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    pub(in crate::cli) command: Command,
    /// Say less: no progress, only warnings and the result
    #[arg(short, long, global = true)]
    pub(in crate::cli) quiet: bool,
    /// Say more: the whole chain of causes of an error
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(in crate::cli) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Run a scenario; without one, the built-in quickstart on two simulated backends
    Run(Box<RunArguments>),
    /// Show what a run would do: cells in order, requests or time each; nothing is sent
    Plan(Box<PlanArguments>),
    /// Hold a stored run against its gates again; --gate adds more
    Check(CheckArguments),
    /// Compare stored runs, or the backends of one: ratios, intervals and verdicts
    Compare(CompareArguments),
    /// How much the servers of a stored run can take: limits, users, copies, cost
    Capacity(CapacityArguments),
    /// Make a report again from a stored run
    Report(ReportArguments),
    /// Keep stored runs to compare later runs with
    Baseline(BaselineArguments),
    /// Add stored runs of one scenario up, exactly: histograms, counts and rows
    Merge(MergeArguments),
    /// List the models that a server offers
    Models(ModelsArguments),
    /// Ask a server everything once: what it supports, and where it deviates from the API
    Probe(ProbeArguments),
    /// Serve the simulated server on a port of its own until it is stopped
    Mock(MockArguments),
    /// Measure what this machine itself adds to a measurement, against the simulated server
    Calibrate(CalibrateArguments),
    /// Write a commented starter scenario
    Init(InitArguments),
    /// Show the runs of a folder in the browser: lists, reports, several in one page, and live
    Serve(ServeArguments),
    /// Print the JSON Schema of the scenario, the result or a comparison
    Schema(SchemaArguments),
}
