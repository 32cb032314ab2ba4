//! The command line as it is typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::compare;
use crate::metric::Unsupported;
use crate::openai::Endpoint;
use crate::scenario::BackendKind;
use crate::units::{Rate, Share, parse_span};

/// Load testing and latency benchmarks for servers that speak the OpenAI API.
#[derive(Debug, Parser)]
#[command(name = "pacemark", version, about, propagate_version = true, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Say less: no progress, only warnings and the result
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Say more: the whole chain of causes of an error
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(super) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a scenario; without one, the built-in quickstart on two simulated backends
    Run(Box<RunArguments>),
    /// Show what a run would do: cells in order, requests or time each; nothing is sent
    Plan(Box<PlanArguments>),
    /// Hold a stored run against its gates again; --gate adds more
    Check(CheckArguments),
    /// Compare stored runs, or the backends of one: ratios, intervals and verdicts
    Compare(CompareArguments),
    /// Make a report again from a stored run
    Report(ReportArguments),
    /// Keep stored runs to compare later runs with
    Baseline(BaselineArguments),
    /// Add stored runs of one scenario up, exactly: histograms, counts and rows
    Merge(MergeArguments),
    /// List the models that a server offers
    Models(ModelsArguments),
    /// Serve the simulated server on a port of its own until it is stopped
    Mock(MockArguments),
    /// Measure what this machine itself adds to a measurement, against the simulated server
    Calibrate(CalibrateArguments),
    /// Write a commented starter scenario
    Init(InitArguments),
    /// Print the JSON Schema of the scenario, the result or a comparison
    Schema(SchemaArguments),
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(super) struct RunArguments {
    #[command(flatten)]
    pub(super) source: SourceArguments,
    /// Folder under which the run's own folder is made
    #[arg(short, long, value_name = "DIR", default_value = "results")]
    pub(super) output_dir: PathBuf,
    /// What to print on stdout at the end
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(super) format: OutputFormat,
    /// Write a report into a file too, e.g. junit=junit.xml; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_file::<OutputFormat>)]
    pub(super) report: Vec<ReportFile<OutputFormat>>,
    #[command(flatten)]
    pub(super) against: BaselineSource,
    /// Which verdict of the baseline makes the exit code 6 or 7
    #[arg(long, value_enum, value_name = "VERDICT", default_value_t = FailOn::Regression,
        help_heading = "Baseline")]
    pub(super) fail_on: FailOn,
    /// Show all columns of the tables
    #[arg(long)]
    pub(super) wide: bool,
    /// Which requests get a row in requests.csv
    #[arg(long, value_enum, default_value_t = Records::All)]
    pub(super) records: Records,
    /// Send load at once, without trying each backend first
    #[arg(long)]
    pub(super) no_preflight: bool,
    /// Leave unusable backends out instead of stopping
    #[arg(long, conflicts_with = "no_preflight")]
    pub(super) skip_unusable: bool,
    /// Print the scenario that the flags make, as YAML, and send nothing
    #[arg(long)]
    pub(super) print_scenario: bool,
}

#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    #[command(flatten)]
    pub(super) source: SourceArguments,
    /// Show so many requests of each workload, the lengths asked for, and totals of each cell
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "3")]
    pub(super) show: Option<u64>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(super) json: bool,
}

/// Where the scenario comes from, and what is changed in it.
#[derive(Debug, Args)]
pub(super) struct SourceArguments {
    /// Scenario file; `-` reads it from stdin
    #[arg(value_name = "SCENARIO")]
    pub(super) scenario: Option<PathBuf>,
    /// Change one value of the scenario, e.g. load.stages.0.concurrency=32; may be repeated
    #[arg(long, value_name = "PATH=VALUE", help_heading = "Changes to the scenario")]
    pub(super) set: Vec<String>,
    /// Run only this backend; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Changes to the scenario")]
    pub(super) backend: Vec<String>,
    /// Run only this workload; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Changes to the scenario")]
    pub(super) workload: Vec<String>,
    /// Run the whole matrix this many times
    #[arg(long, value_name = "N", help_heading = "Changes to the scenario")]
    pub(super) rounds: Option<u32>,
    /// The seed of everything random
    #[arg(long, value_name = "N", help_heading = "Changes to the scenario")]
    pub(super) seed: Option<u64>,
    #[command(flatten)]
    pub(super) gates: GateArguments,
    #[command(flatten)]
    pub(super) flags: FlagArguments,
}

/// Gates besides those of the scenario.
#[derive(Debug, Args)]
pub(super) struct GateArguments {
    /// A limit the run must keep to, e.g. 'ttft.p99 < 800ms' or 'goodput > 5/s where
    /// backend=ollama'; may be repeated
    #[arg(long, value_name = "GATE", help_heading = "Gates")]
    pub(super) gate: Vec<String>,
    /// What becomes of a --gate whose percentile rests on too few values
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = UnsupportedGates::Fail,
        help_heading = "Gates")]
    pub(super) unsupported: UnsupportedGates,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum UnsupportedGates {
    /// The gate fails
    Fail,
    /// It is held against the limit all the same
    Allow,
}

impl From<UnsupportedGates> for Unsupported {
    fn from(given: UnsupportedGates) -> Self {
        match given {
            UnsupportedGates::Fail => Self::Fail,
            UnsupportedGates::Allow => Self::Allow,
        }
    }
}

/// A scenario from flags alone.
#[derive(Debug, Args)]
#[command(next_help_heading = "A run without a scenario file")]
pub(super) struct FlagArguments {
    /// Base URL of the server, with or without /v1
    #[arg(short, long, value_name = "URL", conflicts_with = "scenario")]
    pub(super) url: Option<String>,
    /// Kind of the server; gives its usual URL and key variable
    #[arg(long, value_name = "KIND", value_parser = kind, conflicts_with = "scenario")]
    pub(super) kind: Option<BackendKind>,
    /// Model, by the server's own name
    #[arg(short, long, value_name = "NAME", conflicts_with = "scenario")]
    pub(super) model: Option<String>,
    /// chat, completions or embeddings
    #[arg(long, value_name = "ENDPOINT", value_parser = endpoint, conflicts_with = "scenario")]
    pub(super) endpoint: Option<Endpoint>,
    /// Requests in flight (closed loop); a list makes one stage each: 1,4,16
    #[arg(long, value_name = "N", value_delimiter = ',', conflicts_with = "scenario")]
    pub(super) concurrency: Vec<u32>,
    /// Requests per second (open loop); a list makes one stage each: 5,10 or 20/s
    #[arg(long, value_name = "RATE", value_delimiter = ',', value_parser = rate,
        conflicts_with_all = ["scenario", "concurrency"])]
    pub(super) request_rate: Vec<Rate>,
    /// How arrivals are spread: constant, poisson or gamma
    #[arg(long, value_name = "PROCESS", requires = "request_rate")]
    pub(super) arrival: Option<String>,
    /// Shape of gamma arrivals: 1 is Poisson, below 1 burstier
    #[arg(long, value_name = "SHAPE", requires = "request_rate")]
    pub(super) burstiness: Option<f64>,
    /// Most requests in flight of an open loop
    #[arg(long, value_name = "N", requires = "request_rate")]
    pub(super) max_in_flight: Option<u32>,
    /// End each stage after so many requests
    #[arg(long, visible_alias = "num-prompts", value_name = "N", conflicts_with = "scenario")]
    pub(super) requests: Option<u64>,
    /// End each stage after so long, e.g. 30s
    #[arg(long, value_name = "TIME", value_parser = parse_span, conflicts_with = "scenario")]
    pub(super) duration: Option<Duration>,
    /// Requests sent before each stage and not measured
    #[arg(long, value_name = "N", conflicts_with = "scenario")]
    pub(super) warmup_requests: Option<u64>,
    /// A prompt; may be repeated
    #[arg(long, value_name = "TEXT", conflicts_with = "scenario")]
    pub(super) prompt: Vec<String>,
    /// A file of prompts: text lines, or JSONL
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenario", "prompt"])]
    pub(super) prompt_file: Option<PathBuf>,
    /// Most output tokens of an answer
    #[arg(long, value_name = "N", conflicts_with = "scenario")]
    pub(super) max_tokens: Option<u32>,
    /// Ask for whole answers instead of streams
    #[arg(long, conflicts_with = "scenario")]
    pub(super) no_stream: bool,
    /// Inputs per embedding request
    #[arg(long, value_name = "N", conflicts_with = "scenario")]
    pub(super) batch: Option<u32>,
    /// What every request should keep to, in milliseconds, e.g. "ttft:500 tpot:50"
    #[arg(long, value_name = "LIMITS", conflicts_with = "scenario")]
    pub(super) goodput: Option<String>,
    /// A header for every request, e.g. "x-team: bench"; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE", conflicts_with = "scenario")]
    pub(super) header: Vec<String>,
    /// Environment variable that holds the key
    #[arg(long, value_name = "NAME", conflicts_with = "scenario")]
    pub(super) api_key_env: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Folder of a run, or its result.json; without it, the latest run under results/
    #[arg(value_name = "RUN")]
    pub(super) run: Option<PathBuf>,
    /// Write a report into a file too, e.g. junit=junit.xml; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_file::<OutputFormat>)]
    pub(super) report: Vec<ReportFile<OutputFormat>>,
    #[command(flatten)]
    pub(super) gates: GateArguments,
}

/// The baseline to compare with.
#[derive(Debug, Args)]
pub(super) struct BaselineSource {
    /// Compare with the runs of this baseline
    #[arg(long, value_name = "NAME", help_heading = "Baseline")]
    pub(super) baseline: Option<String>,
    /// Folder of the baselines
    #[arg(long, value_name = "DIR", default_value = BASELINES, help_heading = "Baseline")]
    pub(super) baselines: PathBuf,
}

/// Where baselines are kept unless another folder is named.
const BASELINES: &str = "baselines";

#[derive(Debug, Args)]
pub(super) struct BaselineArguments {
    #[command(subcommand)]
    pub(super) command: BaselineCommand,
    /// Folder of the baselines
    #[arg(long, value_name = "DIR", default_value = BASELINES, global = true)]
    pub(super) baselines: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(super) enum BaselineCommand {
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
pub(super) struct SaveArguments {
    /// Name of the baseline, e.g. main
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// Folder of a run, or its result.json; without it, the latest run under results/
    #[arg(value_name = "RUN")]
    pub(super) run: Option<PathBuf>,
    /// Keep so many runs of an environment, and remove older ones
    #[arg(long, value_name = "N", default_value_t = 20,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(super) keep: usize,
    /// Save a run of another scenario, or one that is partial or not to be trusted
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
pub(super) struct MergeArguments {
    /// Folders of runs, or their result.json; at least two
    #[arg(value_name = "RUN", required = true, num_args = 1..)]
    pub(super) runs: Vec<PathBuf>,
    /// Folder under which the folder of the sum is made
    #[arg(short, long, value_name = "DIR", default_value = "results")]
    pub(super) output_dir: PathBuf,
    /// Take runs that sent the same requests (seed and rounds) as repetitions
    #[arg(long)]
    pub(super) repeated: bool,
    /// Merge runs of different environments: servers, machines, versions of pacemark
    #[arg(long)]
    pub(super) other_environments: bool,
    /// What to print on stdout at the end
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(super) format: OutputFormat,
    /// Show all columns of the tables
    #[arg(long)]
    pub(super) wide: bool,
}

/// A report and the file it is written into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReportFile<F> {
    /// Its format.
    pub(super) format: F,
    /// The file.
    pub(super) file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// Folder of a run, or its result.json; without it, the latest run under results/
    #[arg(value_name = "RUN")]
    pub(super) run: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(super) format: OutputFormat,
    #[command(flatten)]
    pub(super) against: BaselineSource,
    /// Show all columns of the tables
    #[arg(long)]
    pub(super) wide: bool,
    /// Show the rounds apart
    #[arg(long)]
    pub(super) rounds: bool,
}

#[derive(Debug, Args)]
pub(super) struct CompareArguments {
    /// One run, whose backends are compared, without it the latest one; or runs to compare with,
    /// and last the new one. A folder of several runs stands for all of them
    #[arg(value_name = "RUN")]
    pub(super) runs: Vec<PathBuf>,
    /// Backend that the others of one run are compared with; without it, the first one
    #[arg(long, value_name = "NAME")]
    pub(super) base: Option<String>,
    /// A measure that decides, instead of the usual ones, e.g. ttft.p99; may be repeated
    #[arg(long, value_name = "MEASURE")]
    pub(super) metric: Vec<String>,
    /// From which size on a difference matters [default: 5%]
    #[arg(long, value_name = "SHARE")]
    pub(super) tolerance: Option<Share>,
    /// Confidence of intervals and tests [default: 95%]
    #[arg(long, value_name = "SHARE")]
    pub(super) confidence: Option<Share>,
    /// Ask for the whole interval beyond the tolerance, not only the estimate
    #[arg(long)]
    pub(super) strict: bool,
    /// Which verdict ends with an exit code other than 0
    #[arg(long, value_enum, value_name = "VERDICT", default_value_t = FailOn::Regression)]
    pub(super) fail_on: FailOn,
    /// What to print
    #[arg(long, value_enum, default_value_t = ComparisonOutput::Table)]
    pub(super) format: ComparisonOutput,
    /// Write a report into a file too, e.g. junit=junit.xml; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report_file::<ComparisonOutput>)]
    pub(super) report: Vec<ReportFile<ComparisonOutput>>,
    /// Show every column of the tables, wider than the terminal if need be
    #[arg(long)]
    pub(super) wide: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
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
pub(super) enum ComparisonOutput {
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

#[derive(Debug, Args)]
pub(super) struct ModelsArguments {
    /// Base URL of the server, with or without /v1
    #[arg(short, long, value_name = "URL")]
    pub(super) url: Option<String>,
    /// Kind of the server; gives its usual URL and key variable
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(super) kind: Option<BackendKind>,
    /// Environment variable that holds the key
    #[arg(long, value_name = "NAME")]
    pub(super) api_key_env: Option<String>,
    /// A header for every request; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    pub(super) header: Vec<String>,
    /// Print JSON instead of one name a line
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct MockArguments {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8100")]
    pub(super) listen: std::net::SocketAddr,
    /// Behaviour to start from: ollama (few slots, a queue) or batching
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Any option of the simulated server as in a scenario, e.g. stalls=1%; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Time to the first token, e.g. 40ms
    #[arg(long, value_name = "TIME")]
    pub(super) ttft: Option<String>,
    /// Time between two tokens, e.g. 8ms
    #[arg(long, value_name = "TIME")]
    pub(super) gap: Option<String>,
    /// Tokens of an answer
    #[arg(long, value_name = "N")]
    pub(super) output_tokens: Option<u32>,
    /// Requests served at a time
    #[arg(long, value_name = "N")]
    pub(super) slots: Option<u32>,
    /// Share of requests that fail, e.g. 5%
    #[arg(long, value_name = "SHARE")]
    pub(super) errors: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct CalibrateArguments {
    /// Fewer and shorter measurements: a few seconds in all, too short for a good p99
    #[arg(long)]
    pub(super) quick: bool,
    /// How long each load is measured, e.g. 10s
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub(super) duration: Option<Duration>,
    /// Print the stored calibration and measure nothing
    #[arg(long, conflicts_with_all = ["quick", "duration"])]
    pub(super) show: bool,
    /// File of the calibration instead of the one in the user's cache folder, which runs use
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// Kind of server the scenario is for
    #[arg(long, value_name = "KIND", value_parser = kind, default_value = "ollama")]
    pub(super) kind: BackendKind,
    /// File to write; `-` prints to stdout
    #[arg(value_name = "FILE", default_value = "scenario.yaml")]
    pub(super) file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
pub(super) struct SchemaArguments {
    /// Which document
    #[arg(value_enum, default_value_t = Document::Scenario)]
    pub(super) document: Document,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Document {
    /// The scenario file
    Scenario,
    /// result.json
    Result,
    /// What `compare --format json` prints
    Comparison,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// Tables for a terminal
    Table,
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Records {
    /// Every request
    All,
    /// A bounded, evenly spread sample
    Sample,
    /// None
    None,
}

fn report_file<F: ValueEnum>(text: &str) -> Result<ReportFile<F>, String> {
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

fn kind(text: &str) -> Result<BackendKind, String> {
    BackendKind::from_key(text).ok_or_else(|| {
        let kinds: Vec<_> = BackendKind::ALL.iter().map(|kind| kind.key()).collect();
        format!("there are {}", kinds.join(", "))
    })
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    let endpoints = Endpoint::ALL.map(Endpoint::key).join(", ");
    Endpoint::from_key(text).ok_or_else(|| format!("there are {endpoints}"))
}

/// A bare number is requests per second, as in other tools.
fn rate(text: &str) -> Result<Rate, String> {
    match text.parse::<f64>() {
        Ok(number) => Rate::per_second(number).ok_or("a rate must be above 0".to_owned()),
        Err(_) => text.parse::<Rate>().map_err(|error| error.to_string()),
    }
}
