//! From the arguments to the exit code.

use std::io::{self, IsTerminal as _};

use clap::Parser as _;
use clap::error::ErrorKind;

use super::arguments::{Arguments, Command};
use super::exit::{CommandError, ExitCode};
use super::output::{print, say};
use super::{
    baseline, calibrate, capacity, check, compare, init, merge, mock, models, plan, probe, report,
    run, schema, serve,
};

/// Runs the program with the arguments it was started with.
pub fn main() -> std::process::ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error).into(),
    };
    let ended = match arguments.command {
        Command::Run(given) => run::run(&given, arguments.quiet),
        Command::Plan(given) => plan::plan(&given),
        Command::Check(given) => check::check(&given),
        Command::Compare(given) => compare::compare(&given),
        Command::Capacity(given) => capacity::capacity_of(&given),
        Command::Report(given) => report::report(&given),
        Command::Baseline(given) => baseline::baseline(&given),
        Command::Merge(given) => merge::merge(&given),
        Command::Models(given) => models::models(&given),
        Command::Probe(given) => probe::probe(&given, arguments.quiet),
        Command::Mock(given) => mock::mock(&given),
        Command::Calibrate(given) => calibrate::calibrate(&given, arguments.quiet),
        Command::Init(given) => init::init(&given),
        Command::Schema(given) => schema::schema(&given),
        Command::Serve(given) => serve::serve(&given),
    };
    ended
        .unwrap_or_else(|error| {
            explain(&error, arguments.verbose);
            error.code
        })
        .into()
}

/// Help and version go to stdout and are no errors; anything else is the user's to put right.
fn refuse(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = error.render();
            let printed = if io::stdout().is_terminal() {
                print(&text.ansi().to_string())
            } else {
                print(&text.to_string())
            };
            printed.map_or(ExitCode::Internal, |()| ExitCode::Done)
        }
        _ => {
            let text = error.render();
            let text =
                if io::stderr().is_terminal() { text.ansi().to_string() } else { text.to_string() };
            say(text.trim_end());
            ExitCode::Usage
        }
    }
}

fn explain(failure: &CommandError, verbose: bool) {
    let text = failure.error.to_string();
    if text.is_empty() {
        return;
    }
    say(&format!("error: {text}"));
    if verbose {
        for cause in failure.error.chain().skip(1) {
            say(&format!("  because: {cause}"));
        }
    }
}
