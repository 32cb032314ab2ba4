//! What `baseline` takes, and how a baseline is named elsewhere.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The baseline to compare with.
#[derive(Debug, Args)]
pub(in crate::cli) struct BaselineSource {
    /// Compare with the runs of this baseline
    #[arg(long, value_name = "NAME", help_heading = "Baseline")]
    pub(in crate::cli) baseline: Option<String>,
    /// Folder of the baselines
    #[arg(long, value_name = "DIR", default_value = BASELINES, help_heading = "Baseline")]
    pub(in crate::cli) baselines: PathBuf,
}

/// Where baselines are kept unless another folder is named.
pub(super) const BASELINES: &str = "baselines";

#[derive(Debug, Args)]
pub(in crate::cli) struct BaselineArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: BaselineCommand,
    /// Folder of the baselines
    #[arg(long, value_name = "DIR", default_value = BASELINES, global = true)]
    pub(in crate::cli) baselines: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum BaselineCommand {
    /// Add a stored run to a baseline
    Save(SaveArguments),
    /// List the baselines
    List,
    /// Show the runs of a baseline, by environment
    Show {
        /// Name of the baseline
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Remove a baseline with all its runs
    Rm {
        /// Name of the baseline
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SaveArguments {
    /// Name of the baseline, e.g. main
    #[arg(value_name = "NAME")]
    pub(in crate::cli) name: String,
    /// Folder of a run, or its result.json; without it, the latest run under results/
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: Option<PathBuf>,
    /// Keep so many runs of an environment, and remove older ones
    #[arg(long, value_name = "N", default_value_t = 20,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(in crate::cli) keep: usize,
    /// Save a run of another scenario, or one that is partial or not to be trusted
    #[arg(long)]
    pub(in crate::cli) force: bool,
}
