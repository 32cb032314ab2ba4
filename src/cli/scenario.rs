//! From the arguments to a checked scenario.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::arguments::{FlagArguments, SourceArguments};
use super::exit::{CommandError, ExitCode};
use super::output::{Terminal, say};
use crate::openai::Endpoint;
use crate::scenario::{
    Environment, Origin, Overrides, Scenario, ScenarioErrors, ScenarioFlags, parse_goodput,
    quickstart, scenario_text,
};

/// Longest scenario that is read from a file or a pipe.
const TEXT_LIMIT: u64 = 4 << 20;

/// An environment variable, if it is set and is text.
#[expect(clippy::disallowed_methods, reason = "this is the one home of the environment")]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The scenario that the arguments name: a file, stdin, flags alone, or the quickstart.
///
/// # Errors
///
/// Everything that is wrong with it, for exit code 2.
pub(super) fn load(source: &SourceArguments) -> Result<Arc<Scenario>, CommandError> {
    let (text, origin) = text_and_origin(source)?;
    let overrides = Overrides {
        set: settings_of(&source.flags).chain(source.set.iter().cloned()).collect(),
        backends: source.backend.clone(),
        workloads: source.workload.clone(),
        rounds: source.rounds,
        seed: source.seed,
        gates: source.gates.gate.clone(),
        unsupported: source.gates.unsupported.into(),
    };
    parse(&text, &origin, &overrides)
}

/// Whether the arguments name a scenario: by a file, or by flags.
pub(super) fn is_named(source: &SourceArguments) -> bool {
    source.scenario.is_some() || has_flags(&source.flags)
}

/// Whether the arguments change the scenario that they name.
pub(super) fn is_changed(source: &SourceArguments) -> bool {
    let lists = [&source.set, &source.backend, &source.workload, &source.gates.gate];
    lists.into_iter().any(|list| !list.is_empty())
        || source.rounds.is_some()
        || source.seed.is_some()
        || settings_of(&source.flags).next().is_some()
}

/// Reads and checks a text.
///
/// # Errors
///
/// Everything that is wrong with it, already told; the exit code is 2.
pub(super) fn parse(
    text: &str,
    origin: &Origin,
    overrides: &Overrides,
) -> Result<Arc<Scenario>, CommandError> {
    let environment = Environment { var: &variable, read: &read_text };
    Scenario::parse(text, origin, &environment, overrides).map(Arc::new).map_err(|errors| {
        say(&render(&errors));
        // It has been told already, in more than a line.
        CommandError::new(ExitCode::Usage, anyhow::anyhow!(""))
    })
}

/// The folder that relative paths of flags are meant from.
pub(super) fn working_folder() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

fn text_and_origin(source: &SourceArguments) -> Result<(String, Origin), CommandError> {
    let flags = &source.flags;
    match &source.scenario {
        Some(path) if path.as_os_str() == "-" => {
            let mut text = String::new();
            io::stdin().lock().take(TEXT_LIMIT).read_to_string(&mut text)?;
            Ok((text, Origin { name: "stdin".to_owned(), folder: working_folder() }))
        }
        Some(path) => {
            let text = read_text(path).map_err(|error| {
                CommandError::usage(format!(
                    "cannot read scenario `{}`: {error}\n  hint: `pacemark init` writes one to \
                     start from",
                    path.display()
                ))
            })?;
            let folder = path.parent().unwrap_or(Path::new(""));
            let origin =
                Origin { name: path.display().to_string(), folder: working_folder().join(folder) };
            Ok((text, origin))
        }
        None if has_flags(flags) => {
            let text = scenario_text(&flags_of(flags)?);
            Ok((text, Origin { name: "the flags".to_owned(), folder: working_folder() }))
        }
        None => {
            let origin = Origin { name: "quickstart".to_owned(), folder: working_folder() };
            Ok((quickstart().to_owned(), origin))
        }
    }
}

/// Whether the flags describe a scenario of their own.
fn has_flags(flags: &FlagArguments) -> bool {
    let texts = [&flags.url, &flags.model, &flags.goodput, &flags.api_key_env];
    let numbers = [flags.batch, flags.max_tokens];
    let counts = [flags.requests, flags.warmup_requests];
    texts.into_iter().any(Option::is_some)
        || numbers.iter().any(Option::is_some)
        || counts.iter().any(Option::is_some)
        || flags.kind.is_some()
        || flags.endpoint.is_some()
        || flags.duration.is_some()
        || flags.prompt_file.is_some()
        || flags.no_stream
        || flags.sweep.is_some()
        || flags.search.is_some()
        || !flags.concurrency.is_empty()
        || !flags.request_rate.is_empty()
        || !flags.prompt.is_empty()
        || !flags.header.is_empty()
}

/// The scenario's flags.
///
/// # Errors
///
/// What is missing, or what cannot be read, for exit code 2.
fn flags_of(flags: &FlagArguments) -> Result<ScenarioFlags, CommandError> {
    let Some(model) = &flags.model else {
        return Err(CommandError::usage(
            "which model? Give --model NAME; `pacemark models --url URL` lists what a server has",
        ));
    };
    if flags.url.is_none() && flags.kind.is_none() {
        return Err(CommandError::usage(
            "which server? Give --url http://localhost:11434, or --kind ollama for its usual one",
        ));
    }
    let slo = match &flags.goodput {
        Some(text) => parse_goodput(text).map_err(CommandError::usage)?,
        None => Vec::new(),
    };
    Ok(ScenarioFlags {
        url: flags.url.clone(),
        kind: flags.kind,
        concurrency: flags.concurrency.clone(),
        request_rate: flags.request_rate.clone(),
        arrival: flags.arrival.clone(),
        burstiness: flags.burstiness,
        sweep: flags.sweep.clone(),
        search: flags.search.clone(),
        limits: flags.limit.clone(),
        requests: flags.requests,
        duration: flags.duration,
        warmup_requests: flags.warmup_requests,
        prompts: flags.prompt.clone(),
        prompt_file: flags.prompt_file.clone(),
        max_tokens: flags.max_tokens,
        stream: flags.no_stream.then_some(false),
        headers: headers(&flags.header)?,
        api_key_env: flags.api_key_env.clone(),
        slo,
        ..ScenarioFlags::new(model, endpoint(flags))
    })
}

/// The names and values of header flags. They are not read by the reader of the command line,
/// which would repeat a wrong one in its message: it may hold a secret.
///
/// # Errors
///
/// That a header has no colon, for exit code 2.
pub(super) fn headers(given: &[String]) -> Result<Vec<(String, String)>, CommandError> {
    let header = |text: &String| {
        let (name, value) = text.split_once(':').ok_or_else(|| {
            CommandError::usage("-H takes a header as \"name: value\", with a colon")
        })?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    given.iter().map(header).collect()
}

fn endpoint(flags: &FlagArguments) -> Endpoint {
    flags.endpoint.unwrap_or(Endpoint::Chat)
}

/// Flags for values that are rare enough to be set by their path.
fn settings_of(flags: &FlagArguments) -> impl Iterator<Item = String> {
    let batch = flags.batch.map(|batch| format!("workloads.{}.batch={batch}", endpoint(flags)));
    let limit = flags.max_in_flight.map(|limit| format!("load.stages.0.max_in_flight={limit}"));
    batch.into_iter().chain(limit)
}

#[expect(clippy::disallowed_methods, reason = "scenarios and key files are read here")]
fn read_text(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
}

/// All problems: drawn with the lines they stand in on a terminal, a line each elsewhere.
fn render(errors: &ScenarioErrors) -> String {
    if !io::stderr().is_terminal() {
        return errors.to_string();
    }
    let terminal = Terminal::of_stderr();
    errors.fancy(terminal.width.into(), terminal.color)
}
