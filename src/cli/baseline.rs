//! `pacemark baseline`

use std::path::Path;

use super::arguments::{BaselineArguments, BaselineCommand, SaveArguments};
use super::exit::{CommandError, ExitCode};
use super::output::{print, say};
use super::report::stored;
use crate::audit::Confidence;
use crate::result::RunResult;
use crate::store::{BaselineEntry, Baselines, StoreError};

/// Saves, lists, shows or removes baselines.
pub(super) fn baseline(arguments: &BaselineArguments) -> Result<ExitCode, CommandError> {
    let dir = arguments.baselines.as_path();
    match &arguments.command {
        BaselineCommand::Save(given) => save(dir, given),
        BaselineCommand::List => list(dir),
        BaselineCommand::Show { name } => show(dir, name),
        BaselineCommand::Rm { name } => remove(dir, name),
    }
}

fn save(dir: &Path, given: &SaveArguments) -> Result<ExitCode, CommandError> {
    let name = checked(&given.name)?;
    let run = stored(given.run.as_deref())?;
    let baselines = Baselines::new(dir);
    let known = match baselines.find(name).map_err(internal)? {
        Some(entry) => baselines.runs(&entry).map_err(internal)?,
        None => Vec::new(),
    };
    if let Some(reason) = unfit(&run, &known).filter(|_| !given.force) {
        return Err(CommandError::usage(format!(
            "`{}` makes no good part of the baseline `{name}`: {reason}; --force saves it all the \
             same",
            run.id
        )));
    }
    let path = baselines.save(name, &run).map_err(internal)?;
    let digest = run.fingerprint().digest();
    let gone = baselines.prune(name, &digest, given.keep).map_err(internal)?;
    let entry = baselines.find(name).map_err(internal)?;
    let alike = entry.map_or(0, |entry| entry.runs_of(&digest));
    say(&format!("saved {}", path.display()));
    if gone > 0 {
        say(&format!("removed the oldest {gone} of this environment (--keep {})", given.keep));
    }
    let runs = if alike == 1 { "1 run".to_owned() } else { format!("{alike} runs") };
    let missing = crate::compare::FEWEST_RUNS.saturating_sub(alike);
    let outlook = match missing {
        0 => "enough for a verdict".to_owned(),
        1 => "one more is needed for a verdict".to_owned(),
        missing => format!("{missing} more are needed for a verdict"),
    };
    say(&format!("`{name}` has {runs} of this environment, {digest}: {outlook}"));
    Ok(ExitCode::Done)
}

/// Why `run` should be no part of a baseline that holds `known`.
fn unfit(run: &RunResult, known: &[RunResult]) -> Option<&'static str> {
    if run.partial {
        return Some("it is partial");
    }
    if run.confidence() == Confidence::NotToBeTrusted {
        return Some("it is not to be trusted");
    }
    let alike = |other: &RunResult| {
        (&run.name, &run.workloads, &run.stages) == (&other.name, &other.workloads, &other.stages)
    };
    known.iter().any(|other| !alike(other)).then_some("the baseline is of another scenario")
}

fn list(dir: &Path) -> Result<ExitCode, CommandError> {
    let entries = Baselines::new(dir).list().map_err(internal)?;
    if entries.is_empty() {
        say(&format!("there are no baselines in `{}`", dir.display()));
    }
    let lines = entries.iter().map(|entry| {
        let BaselineEntry { name, environments } = entry;
        let (runs, environments) = (entry.runs(), environments.len());
        format!("{name}: {}, {}\n", of(runs, "run"), of(environments, "environment"))
    });
    print(&lines.collect::<String>())?;
    Ok(ExitCode::Done)
}

fn show(dir: &Path, name: &str) -> Result<ExitCode, CommandError> {
    let baselines = Baselines::new(dir);
    let entry = baselines.find(name).map_err(internal)?.ok_or_else(|| unknown(dir, name))?;
    let runs = baselines.runs(&entry).map_err(internal)?;
    let mut lines = Vec::new();
    for (digest, files) in &entry.environments {
        lines.push(format!("{digest}: {}\n", of(files.len(), "run")));
        let alike: Vec<_> =
            runs.iter().filter(|run| run.fingerprint().digest() == *digest).collect();
        if let Some(first) = alike.first() {
            for fact in first.fingerprint().to_string().lines() {
                lines.push(format!("  {fact}\n"));
            }
        }
        for run in alike {
            let rounds = of(usize::try_from(run.load.rounds).unwrap_or(usize::MAX), "round");
            lines.push(format!("  - {}, {rounds}, {}\n", run.id, run.confidence()));
        }
    }
    print(&lines.concat())?;
    Ok(ExitCode::Done)
}

fn remove(dir: &Path, name: &str) -> Result<ExitCode, CommandError> {
    if !Baselines::new(dir).remove(checked(name)?).map_err(internal)? {
        return Err(unknown(dir, name));
    }
    say(&format!("removed the baseline `{name}`"));
    Ok(ExitCode::Done)
}

/// A name that a folder can have.
///
/// # Errors
///
/// That it is none, for exit code 2.
pub(super) fn checked(name: &str) -> Result<&str, CommandError> {
    let fits = |c: char| c.is_alphanumeric() || "._-".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(fits) {
        return Err(CommandError::usage(format!(
            "`{name}` cannot be the name of a baseline: use letters, digits, `-`, `_` and `.`, and \
             no `.` at its begin"
        )));
    }
    Ok(name)
}

fn unknown(dir: &Path, name: &str) -> CommandError {
    let names = Baselines::new(dir).list().unwrap_or_default();
    let names: Vec<_> = names.iter().map(|entry| format!("`{}`", entry.name)).collect();
    let hint = match names.as_slice() {
        [] => "there are none; `pacemark baseline save NAME RUN` makes one".to_owned(),
        names => format!("there are {}", names.join(", ")),
    };
    CommandError::usage(format!("no baseline `{name}` in `{}`: {hint}", dir.display()))
}

/// `1 run`, `3 runs`
fn of(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn internal(error: StoreError) -> CommandError {
    CommandError::new(ExitCode::Internal, error)
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn names_are_those_of_folders() {
        for name in ["main", "v1.2", "发布", "a-b_c"] {
            assert!(checked(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a b", ".hidden", "a\\b"] {
            assert!(checked(name).is_err(), "{name}");
        }
    }
}
