//! What `run` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::baseline::BaselineSource;
use super::compare::FailOn;
use super::report::{OutputFormat, ReportFile, report_file};
use super::scenario::SourceArguments;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(in crate::cli) struct RunArguments {
    #[command(flatten)]
    pub(in crate::cli) source: SourceArguments,
    /// Folder under which the run's own folder is made
    #[arg(short, long, value_name = "DIR", default_value = "results")]
    pub(in crate::cli) output_dir: PathBuf,
    /// What to print on stdout at the end
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(in crate::cli) format: OutputFormat,
    /// Write a report into a file too, e.g. junit=junit.xml; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_file::<OutputFormat>)]
    pub(in crate::cli) report: Vec<ReportFile<OutputFormat>>,
    #[command(flatten)]
    pub(in crate::cli) against: BaselineSource,
    /// Which verdict of the baseline makes the exit code 6 or 7
    #[arg(long, value_enum, value_name = "VERDICT", default_value_t = FailOn::Regression,
        help_heading = "Baseline")]
    pub(in crate::cli) fail_on: FailOn,
    /// Show all columns of the tables
    #[arg(long)]
    pub(in crate::cli) wide: bool,
    /// Show the full-screen view while the run goes on, where there is a terminal
    #[arg(long, conflicts_with = "quiet")]
    pub(in crate::cli) live: bool,
    /// Tell Prometheus where the run stands, under /metrics at this address, e.g. 127.0.0.1:9464;
    /// port 0 takes any free one
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) metrics_listen: Option<std::net::SocketAddr>,
    /// Which requests get a row in requests.csv
    #[arg(long, value_enum, default_value_t = Records::All)]
    pub(in crate::cli) records: Records,
    /// Go on with a run that was broken off: its folder, or its name under --output-dir; only the
    /// cells that are missing are run
    #[arg(long, value_name = "RUN", conflicts_with_all = ["records", "print_scenario",
        "skip_unusable"])]
    pub(in crate::cli) resume: Option<PathBuf>,
    /// Send load at once, without trying each backend first
    #[arg(long)]
    pub(in crate::cli) no_preflight: bool,
    /// Leave unusable backends out instead of stopping
    #[arg(long, conflicts_with = "no_preflight")]
    pub(in crate::cli) skip_unusable: bool,
    /// Print the scenario that the flags make, as YAML, and send nothing
    #[arg(long)]
    pub(in crate::cli) print_scenario: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Records {
    /// Every request
    All,
    /// A bounded, evenly spread sample
    Sample,
    /// None
    None,
}
