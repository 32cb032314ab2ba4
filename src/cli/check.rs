//! `pacemark check`

use super::arguments::CheckArguments;
use super::exit::{CommandError, ExitCode};
use super::github;
use super::output::{Terminal, print, say};
use super::report::stored;
use super::reports::{format, write_reports};
use super::run::verdict;
use crate::metric::Gate;
use crate::report::{ReportOptions, gates};
use crate::result::GateEntry;

/// Holds a stored run against its own gates and those of the command line.
pub(super) fn check(arguments: &CheckArguments) -> Result<ExitCode, CommandError> {
    let mut result = stored(arguments.run.as_deref())?;
    for text in &arguments.gates.gate {
        let gate: Gate = text
            .parse()
            .map_err(|error| CommandError::usage(format!("--gate '{text}': {error}")))?;
        let gate = Gate { unsupported: arguments.gates.unsupported.into(), ..gate };
        result.gates.push(GateEntry::from(&gate));
    }
    if result.gates.is_empty() {
        let id = &result.id;
        return Err(CommandError::usage(format!(
            "`{id}` was run without gates; add some with --gate 'ttft.p99 < 800ms'"
        )));
    }
    let width = Terminal::of_stdout().width.into();
    let text =
        gates(&result, width).map_err(|error| CommandError::new(ExitCode::Internal, error))?;
    print(&text)?;
    if result.partial {
        say("warning: the run is partial; only what was measured until it stopped is tested");
    }
    write_reports(&arguments.report, |asked| {
        format(asked).render(&result, &ReportOptions::default())
    })?;
    github::report_run(&result, None)?;
    let code = verdict(&result)?;
    if code == ExitCode::Untrusted {
        say("the run is not to be trusted, whatever its gates say; `pacemark report` tells why");
    }
    Ok(code)
}
