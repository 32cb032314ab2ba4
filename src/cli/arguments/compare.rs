//! What `compare` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::report::{ReportFile, report_file};
use crate::compare;
use crate::units::Share;

#[derive(Debug, Args)]
pub(in crate::cli) struct CompareArguments {
    /// One run, whose backends are compared, without it the latest one; or runs to compare with,
    /// and last the new one. A folder of several runs stands for all of them
    #[arg(value_name = "RUN")]
    pub(in crate::cli) runs: Vec<PathBuf>,
    /// Backend that the others of one run are compared with; without it, the first one
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) base: Option<String>,
    /// A measure that decides, instead of the usual ones, e.g. ttft.p99; may be repeated
    #[arg(long, value_name = "MEASURE")]
    pub(in crate::cli) metric: Vec<String>,
    /// From which size on a difference matters [default: 5%]
    #[arg(long, value_name = "SHARE")]
    pub(in crate::cli) tolerance: Option<Share>,
    /// Confidence of intervals and tests [default: 95%]
    #[arg(long, value_name = "SHARE")]
    pub(in crate::cli) confidence: Option<Share>,
    /// Ask for the whole interval beyond the tolerance, not only the estimate
    #[arg(long)]
    pub(in crate::cli) strict: bool,
    /// Which verdict ends with an exit code other than 0
    #[arg(long, value_enum, value_name = "VERDICT", default_value_t = FailOn::Regression)]
    pub(in crate::cli) fail_on: FailOn,
    /// What to print
    #[arg(long, value_enum, default_value_t = ComparisonOutput::Table)]
    pub(in crate::cli) format: ComparisonOutput,
    /// Write a report into a file too, e.g. junit=junit.xml; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_file::<ComparisonOutput>)]
    pub(in crate::cli) report: Vec<ReportFile<ComparisonOutput>>,
    /// Show every column of the tables, wider than the terminal if need be
    #[arg(long)]
    pub(in crate::cli) wide: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FailOn {
    /// A regression (6)
    Regression,
    /// A regression (6), and what is inconclusive or allows no verdict (7)
    Inconclusive,
    /// None
    Never,
}

impl From<FailOn> for compare::FailOn {
    fn from(given: FailOn) -> Self {
        match given {
            FailOn::Regression => Self::Regression,
            FailOn::Inconclusive => Self::Inconclusive,
            FailOn::Never => Self::Never,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ComparisonOutput {
    /// Tables for a terminal
    Table,
    /// The versioned document, with every round
    Json,
    /// Tables for a document
    Markdown,
    /// A line for each measure
    Csv,
    /// A few lines of Markdown for a comment on a pull request
    Comment,
    /// JUnit XML for CI servers: a case for each measure that decides
    Junit,
}
