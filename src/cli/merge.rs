//! `pacemark merge`

use super::arguments::MergeArguments;
use super::command_line;
use super::exit::{CommandError, ExitCode};
use super::output::{print, say};
use super::reports::{format, internal, report_options};
use super::run::verdict;
use crate::clock::WallTime;
use crate::result::{MergeOptions, RunResult, merge as merged};
use crate::store::{self, MergedFolder, folder_name, save_merged};

/// Adds stored runs up and writes the folder of their sum.
pub(super) fn merge(arguments: &MergeArguments) -> Result<ExitCode, CommandError> {
    let usage = |error| CommandError::new(ExitCode::Usage, error);
    let runs: Vec<RunResult> = arguments
        .runs
        .iter()
        .map(|path| store::load(path).map_err(usage))
        .collect::<Result<_, _>>()?;
    let name = runs.first().map_or("run", |run| run.name.as_str());
    let id = format!("{}-merged", folder_name(WallTime::now(), name));
    let options = MergeOptions {
        repeated: arguments.repeated,
        other_environments: arguments.other_environments,
    };
    let command_line = command_line::without_secrets(std::env::args());
    let mut sum = merged(&runs, &id, command_line, options)
        .map_err(|error| CommandError::new(ExitCode::Usage, error))?;
    let parts = arguments.runs.iter().zip(&runs);
    let parts: Vec<_> =
        parts.map(|(path, run)| MergedFolder { path: path.as_path(), run }).collect();
    let folder = save_merged(&arguments.output_dir, &mut sum, &parts)
        .map_err(|error| CommandError::new(ExitCode::Internal, error))?;
    let text = format(arguments.format)
        .render(&sum, &report_options(arguments.wide, false))
        .map_err(internal)?;
    print(&text)?;
    say(&format!("results: {}", folder.display()));
    verdict(&sum)
}
