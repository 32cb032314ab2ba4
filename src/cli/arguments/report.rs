//! What `report`, `check` and `merge` take, and the formats of reports.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::baseline::BaselineSource;
use super::scenario::GateArguments;
use crate::units::parse_span;

#[derive(Debug, Args)]
pub(in crate::cli) struct CapacityArguments {
    /// The run: its folder or name; without it, the latest
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: Option<PathBuf>,
    /// What a load must keep to, as 'ttft.p99 < 500ms'; may be repeated; without it, what the run
    /// searched for, or its SLO for 99% of its requests
    #[arg(long, value_name = "LIMIT")]
    pub(in crate::cli) limit: Vec<String>,
    /// Users to be served at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) users: Option<u64>,
    /// How long each user thinks between an answer and the next request, e.g. 10s
    #[arg(long, value_name = "TIME", value_parser = parse_span, default_value = "0s")]
    pub(in crate::cli) think: Duration,
    /// What one copy of the server costs by the hour, in US dollars
    #[arg(long, value_name = "DOLLARS", value_parser = price)]
    pub(in crate::cli) per_hour: Option<f64>,
    /// Print JSON instead of tables and sentences
    #[arg(long, conflicts_with = "csv")]
    pub(in crate::cli) json: bool,
    /// Write the points as CSV into a file, `-` for stdout instead of the tables
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) csv: Option<PathBuf>,
}

fn price(text: &str) -> Result<f64, String> {
    let price = text.parse::<f64>().ok().filter(|price| price.is_finite() && *price > 0.0);
    price.ok_or_else(|| "this is no price; write dollars, as 2.5".to_owned())
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArguments {
    /// Folder of a run, or its result.json; without it, the latest run under results/
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: Option<PathBuf>,
    /// Write a report into a file too, e.g. junit=junit.xml; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_file::<OutputFormat>)]
    pub(in crate::cli) report: Vec<ReportFile<OutputFormat>>,
    #[command(flatten)]
    pub(in crate::cli) gates: GateArguments,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MergeArguments {
    /// Folders of runs, or their result.json; at least two
    #[arg(value_name = "RUN", required = true, num_args = 1..)]
    pub(in crate::cli) runs: Vec<PathBuf>,
    /// Folder under which the folder of the sum is made
    #[arg(short, long, value_name = "DIR", default_value = "results")]
    pub(in crate::cli) output_dir: PathBuf,
    /// Take runs that sent the same requests (seed and rounds) as repetitions
    #[arg(long)]
    pub(in crate::cli) repeated: bool,
    /// Merge runs of different environments: servers, machines, versions of pacemark
    #[arg(long)]
    pub(in crate::cli) other_environments: bool,
    /// What to print on stdout at the end
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(in crate::cli) format: OutputFormat,
    /// Show all columns of the tables
    #[arg(long)]
    pub(in crate::cli) wide: bool,
}

/// A report and the file it is written into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct ReportFile<F> {
    /// Its format.
    pub(in crate::cli) format: F,
    /// The file.
    pub(in crate::cli) file: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArguments {
    /// Folder of a run, or its result.json; without it, the latest run under results/. Several
    /// runs stand beside each other in one page (html)
    #[arg(value_name = "RUN")]
    pub(in crate::cli) runs: Vec<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(in crate::cli) format: OutputFormat,
    /// Write a report into a file too, e.g. html=report.html; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_file::<OutputFormat>)]
    pub(in crate::cli) report: Vec<ReportFile<OutputFormat>>,
    #[command(flatten)]
    pub(in crate::cli) against: BaselineSource,
    /// Show all columns of the tables
    #[arg(long)]
    pub(in crate::cli) wide: bool,
    /// Show the rounds apart
    #[arg(long)]
    pub(in crate::cli) rounds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum OutputFormat {
    /// Tables for a terminal
    Table,
    /// Tables with every column, as --wide
    Wide,
    /// One line per cell, as summary.csv
    Csv,
    /// The whole result, as result.json
    Json,
    /// Tables for a document, as summary.md
    Markdown,
    /// A few lines of Markdown for a comment on a pull request
    Comment,
    /// JUnit XML for CI servers: a case for each gate in each cell
    Junit,
    /// Bencher's own JSON
    Bencher,
    /// A flat list of figures in JSON for dashboards
    Flat,
    /// A page for people, with pictures, that needs nothing else
    Html,
    /// OpenMetrics text for Prometheus
    Openmetrics,
}

pub(super) fn report_file<F: ValueEnum>(text: &str) -> Result<ReportFile<F>, String> {
    let formats: Vec<_> = F::value_variants()
        .iter()
        .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
        .collect();
    let (format, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or_else(|| format!("write FORMAT=FILE; the formats are {}", formats.join(", ")))?;
    let format = F::from_str(format, false)
        .map_err(|_| format!("there is no format `{format}`; there are {}", formats.join(", ")))?;
    Ok(ReportFile { format, file: PathBuf::from(file) })
}
